#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

setup_file() {
	mkdir -p /etc/containers/containers.conf.d
	documented podman-containers.conf >/etc/containers/containers.conf.d/ocirun.conf
	# No systemd, no journal, and no right to raise limits.
	cat >/etc/containers/containers.conf.d/tests.conf <<-CONF
		[containers]
		default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=$(ulimit -Hu):$(ulimit -Hu)"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	CONF
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
	printf 'root:100000:65536\n' | tee /etc/subuid >/etc/subgid
	image_root /tmp/image
	tar -C /tmp/image -c . | command podman import --change 'CMD ["sh"]' - box >/dev/null
}

setup() { export -f podman; }

teardown() {
	timeout 60 podman rm --all --force --time 0 >/dev/null &&
		timeout 60 podman pod rm --all --force >/dev/null
}

# With the runtime whose turn it is.
podman() { timeout --foreground --kill-after 1 60 /usr/bin/podman ${RUNTIME:+--runtime "$RUNTIME"} "$@"; }

# running OPTION...: a container c that waits.
running() { podman run --detach --name c "$@" box sleep 1000; }
# The engine may be busy with the end of an exec still.
finish() { await podman rm --force --ignore --time 0 c; }
state() { podman inspect --format "$1" c; }

@test "the documented containers.conf makes ocirun the default" {
	run -0 podman run --rm box true
	run -0 podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'
	[ "$output" = 'ocirun /usr/bin/ocirun' ]
}

@test "run gives the program's output and exit status" {
	same_with_both podman run --rm box sh -c 'echo out; echo err >&2; exit 7'
	says out 'stderr: err' 'exit status 7'
}

@test "run passes its input on" {
	echo typed >"$BATS_TEST_TMPDIR/input"
	STDIN=$BATS_TEST_TMPDIR/input same_with_both podman run --rm --interactive box cat
	says typed
}

@test "run gives a terminal of the user's size" {
	sized() {
		on_terminal bash -c 'stty rows 33 cols 101; podman run --rm --interactive --tty box sh -c "tty; stty size"'
	}
	same_with_both sized
	says /dev/pts/0 '33 101'
}

@test "detached, exec with its status, input, user, environment and folder, logs, stop, inspect" {
	life() {
		podman run --detach --name c box sh -c 'trap "echo stopping; exit 3" TERM; echo started; while :; do sleep 0.1; done'
		await podman exec c true
		podman exec c sh -c 'echo out; echo err >&2; exit 7'
		echo "exec: $?"
		echo typed | podman exec --interactive c cat
		podman exec --user user --env A=b --workdir /data c sh -c 'id; echo $A; pwd; env | sort'
		podman exec c sh -c 'kill -KILL $$'
		echo "exec: $?"
		podman stop --time 30 c
		podman wait c
		podman logs c
		state '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}'
		podman start c
		await podman exec c true
		finish
	}
	same_with_both life
	says started stopping 'exec: 7' 'exec: 137' typed 'exited 3 false '
}

@test "exec on a terminal" {
	terminal() {
		running
		on_terminal bash -c 'stty rows 33 cols 101; podman exec --interactive --tty c sh -c "tty; stty size; exit 5"'
		echo "exec: $?"
		podman exec --tty c sh -c 'test -t 1 && echo terminal'
		finish
	}
	same_with_both terminal
	says '33 101' 'exec: 5' terminal
}

@test "a detached exec runs on" {
	detached() {
		running
		podman exec --detach c sh -c 'echo done > /tmp/done'
		await podman exec c cat /tmp/done
		podman exec c cat /tmp/done
		finish
	}
	same_with_both detached
	says 'done'
}

@test "a container's processes end with it, those of exec too" {
	ended() {
		running
		podman exec --detach c sleep 2000
		await pgrep -f 'sleep 2000'
		podman stop --time 0 c
		pgrep -f 'sleep 2000' || echo gone
		finish
	}
	same_with_both ended
	says gone
}

@test "kill sends the signal that is named" {
	killed() {
		podman run --detach --name c box sh -c 'trap "echo usr1; exit 9" USR1; echo ready; while :; do sleep 0.1; done'
		await bash -c 'podman logs c | grep ready'
		podman kill --signal USR1 c
		podman wait c
		podman logs c
		podman start c
		podman kill c
		podman wait c
		finish
	}
	same_with_both killed
	says 9 137 usr1
}

@test "attach sees the rest of the output, and the end" {
	attached() {
		podman run --detach --name c box sh -c 'while ! test -e /go; do sleep 0.1; done; echo late; exit 6'
		(sleep 1 && podman exec c touch /go) &
		podman attach c
		echo "attach: $?"
		wait
		finish
	}
	same_with_both attached
	says late
}

@test "create and start are two steps" {
	two_steps() {
		podman create --name c box echo hello
		state '{{.State.Status}}'
		podman init c
		state '{{.State.Status}}'
		podman start --attach c
		state '{{.State.Status}} {{.State.ExitCode}}'
		finish
	}
	same_with_both two_steps
	says created initialized hello 'exited 0'
}

@test "restart policies start it again, and as often as they say" {
	restarted() {
		podman run --detach --name c --restart on-failure:2 box sh -c 'echo try; exit 4'
		await bash -c '[ "$(podman logs c | grep -c try)" = 3 ]'
		await bash -c '[ "$(podman inspect --format "{{.State.Status}}" c)" = exited ]'
		podman logs c
		state '{{.State.ExitCode}} {{.RestartCount}}'
		finish
	}
	same_with_both restarted
	says '4 2'
}

@test "restart starts it again by command" {
	again() {
		podman run --detach --name c box sh -c 'echo started; exec sleep 1000'
		podman restart --time 0 c
		await bash -c '[ "$(podman logs c | grep -c started)" = 2 ]'
		podman logs c
		finish
	}
	same_with_both again
	says started
}

@test "pause stops it, and commands say so" {
	paused() {
		running
		podman pause c
		state '{{.State.Status}}'
		podman exec c true
		echo "exec: $?"
		podman unpause c
		state '{{.State.Status}}'
		podman exec c echo awake
		podman unpause c
		finish
	}
	same_with_both paused
	says paused running awake
}

# limits_seen: what the container finds in its cgroup's files.
limits_seen() {
	podman exec c sh -c 'cd /sys/fs/cgroup && for file in memory/memory.limit_in_bytes memory/memory.soft_limit_in_bytes \
		pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu/cpu.shares cpuset/cpuset.cpus cpuset/cpuset.mems \
		memory.max memory.low pids.max cpu.max cpu.weight cpuset.cpus cpuset.mems; do
			test ! -e "$file" || echo "$file $(cat "$file")"; done'
}

@test "limits stand in the files that the container sees, and update changes them" {
	limited() {
		running --memory 64m --memory-reservation 32m --pids-limit 33 \
			--cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --cpuset-mems 0
		limits_seen
		podman update --memory 128m --cpus 0.25 --cpu-shares 256 c
		limits_seen
		finish
	}
	same_with_both limited
	grep -E '^(memory/memory.limit_in_bytes|memory.max) 67108864$' <<<"$output"
	grep -E '^(memory/memory.limit_in_bytes|memory.max) 134217728$' <<<"$output"
	grep -E '^(pids/)?pids.max 33$' <<<"$output"
	grep -E '(quota_us 25000|cpu.max 25000 100000)' <<<"$output"
}

@test "a container that uses more memory than it may is killed, and that is told" {
	too_much() {
		podman run --name c --memory 16m --memory-swap 16m box sh -c 'exec tail /dev/zero'
		echo "run: $?"
		state '{{.State.OOMKilled}} {{.State.ExitCode}}'
		finish
	}
	same_with_both too_much
	says 'run: 137'
}

@test "more processes than --pids-limit cannot be made" {
	same_with_both podman run --rm --pids-limit 5 \
		box sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 2 & done 2>/dev/null; echo never'
	[[ $output != *never* ]]
}

@test "resource limits" {
	same_with_both podman run --rm --ulimit nofile=100:200 --ulimit core=0:0 --ulimit nproc=50:60 box cat /proc/self/limits
	[[ $output == *'Max open files '*100*200* ]]
}

@test "stats and top" {
	looked_at() {
		running
		podman stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' c | sed -E 's/[0-9.]+[kM]?B/SIZE/'
		podman top c user pid ppid args capeff seccomp state
		podman top c -o pid,args | sed -E 's/^ *[0-9]+/PID/'
		finish
	}
	same_with_both looked_at
	says 'c 1 SIZE / '"$(sed -n 's/^c 1 SIZE . //p' <<<"$output")"
	[[ $output == *'sleep 1000'* ]]
}

@test "health checks" {
	healthy() {
		running --health-cmd 'test -e /ok' --health-interval disable --health-retries 1
		podman healthcheck run c
		echo "check: $?"
		state '{{.State.Health.Status}}'
		podman exec c touch /ok
		podman healthcheck run c
		echo "check: $?"
		state '{{.State.Health.Status}} {{.State.Health.FailingStreak}}'
		finish
	}
	same_with_both healthy
	says 'check: 1' 'check: 0' 'healthy 0'
}

@test "user namespaces: by maps" {
	same_with_both podman run --rm --uidmap 0:100000:2000 --gidmap 0:200000:2000 --user user box \
		sh -c 'id; cat /proc/self/uid_map /proc/self/gid_map; touch /home/user/a && ls -ln /home/user/a | cut -d" " -f1-12'
	says 'uid=1000(user) gid=1000(user) groups=1000(user)'
	[[ $output == *100000* ]]
}

@test "exec in a user namespace" {
	mapped() {
		running --uidmap 0:100000:2000 --gidmap 0:200000:2000
		podman exec c sh -c 'id; cat /proc/self/uid_map'
		podman exec --user user c id
		finish
	}
	same_with_both mapped
	[[ $output == *100000* ]]
}

@test "a read-only root with what is writable in it" {
	same_with_both podman run --rm --read-only --tmpfs /data:size=1m box sh -c \
		'touch /file; touch /data/new /tmp/file /dev/shm/file && cat /data/file; ls -ld /data | cut -c1-10
		dd if=/dev/zero of=/data/big bs=1k count=2000 2>&1 | tail -1; grep -E " / | /data | /tmp " /proc/mounts | cut -d, -f1 | sort'
	says 'of the image'
	[[ $output == *'Read-only file system'* ]]
}

@test "volumes: named, of the host, read-only, copied up" {
	volumes() {
		mkdir -p /tmp/host && echo 'of the host' >/tmp/host/file
		podman run --rm --volume v:/data --volume /tmp/host:/host:ro \
			box sh -c 'cat /data/file /host/file; echo new > /data/new; touch /host/a'
		podman run --rm --volume v:/elsewhere box cat /elsewhere/new
		podman run --rm --mount type=bind,src=/tmp/host,dst=/host,bind-propagation=rslave box \
			sh -c 'grep /host /proc/self/mountinfo | grep -o master | head -1; cat /host/file'
		podman run --rm --mount type=bind,src=/nosuch,dst=/host box true
		podman volume rm v
	}
	same_with_both volumes
	says 'of the image' 'of the host' new
	[[ $output == *'Read-only file system'* ]]
}

@test "capabilities: the default ones, none, some, all, and a user's" {
	capabilities() {
		podman run --rm box grep Cap /proc/self/status
		podman run --rm --cap-drop all box grep Cap /proc/self/status
		podman run --rm --cap-drop all --cap-add net_admin,chown box grep Cap /proc/self/status
		podman run --rm --cap-add net_admin --user user box grep Cap /proc/self/status
		podman run --rm --security-opt no-new-privileges box grep NoNewPrivs /proc/self/status
	}
	same_with_both capabilities
	says 'CapEff:	0000000000001001' 'NoNewPrivs:	1'
}

# Without CAP_SYS_RESOURCE nobody can give it.
@test "privileged" {
	same_with_both podman run --rm --privileged \
		box sh -c 'grep -E "Cap|Seccomp:" /proc/self/status; ls /dev | sort; grep -c . /proc/mounts'
	says 'Seccomp:	0'
}

@test "seccomp: the default profile, one's own, none" {
	no_mkdir_profile >"$BATS_TEST_TMPDIR/profile.json"
	profiles() {
		podman run --rm box sh -c 'grep Seccomp: /proc/self/status; unshare -U true; mkdir /tmp/a && echo made'
		podman run --rm --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" box mkdir /tmp/a
		podman run --rm --security-opt seccomp=unconfined box sh -c 'grep Seccomp: /proc/self/status'
	}
	same_with_both profiles
	says 'Seccomp:	2' 'Seccomp:	0' made
	[[ $output == *'ross-device link'* ]]
}

@test "devices: given ones, under other names, with other rights; the cgroup's rules" {
	devices() {
		podman run --rm --device /dev/fuse box ls -l /dev | sed -E 's/ [A-Z][a-z]{2} .*[0-9] / /'
		podman run --rm --device /dev/zero:/dev/nothing:r box sh -c 'head -c 3 /dev/nothing | od -c; echo > /dev/nothing'
		podman run --rm --cap-add mknod --device-cgroup-rule 'c 10:229 rwm' \
			box sh -c 'mknod /dev/f c 10 229 && echo made; mknod /dev/g c 10 228'
		podman run --rm --device /dev/nosuch box true
	}
	same_with_both devices
	says made
	[[ $output == *'10, 229'* ]]
}

@test "names, folders and users of the process" {
	process() {
		podman run --rm --hostname name --env A=b --env-file <(echo C=d) --workdir /data box sh -c 'hostname; pwd; env | sort'
		podman run --rm --user 1234:29 --group-add audio --group-add 77 box id
		podman run --rm --user user box sh -c 'id; echo $HOME'
		podman run --rm --entrypoint /bin/echo box given
		podman run --rm --umask 0077 box sh -c umask
		podman run --rm --init box ps -o args
		podman run --rm --sysctl kernel.msgmax=4321 box cat /proc/sys/kernel/msgmax
		podman run --rm --shm-size 3m box sh -c 'df -k /dev/shm | tail -1'
		podman run --rm --oom-score-adj 500 box cat /proc/self/oom_score_adj
		podman run --rm --security-opt mask=/data --security-opt unmask=/proc/kcore \
			box sh -c 'ls /data; ls -l /proc/kcore | cut -c1'
	}
	same_with_both process
	says name A=b C=d given 0077 4321 500
}

@test "namespaces: shared with the host, with another container, private cgroups" {
	namespaces() {
		running
		podman run --rm --pid container:c --network container:c --ipc container:c \
			box sh -c 'ps -o args | grep -c "[s]leep 1000"; readlink /proc/1/ns/net | cut -c1-5'
		podman run --rm --uts host box hostname
		podman run --rm --network host box ip -o addr show dev lo
		podman run --rm --network none box sh -c 'ip -o addr | cut -c1-30'
		podman run --rm --cgroupns private box cat /proc/self/cgroup
		podman run --rm --network ns:/proc/1/ns/net box sh -c 'ip -o addr | cut -c1-9'
		finish
	}
	same_with_both namespaces
	says engines
}

@test "a bridge, an address on it, and a published port" {
	ip link add name probe type bridge 2>/dev/null || skip "the kernel has no bridges"
	ip link delete probe
	bridged() {
		podman run --detach --name c --publish 127.0.0.1:8099:80 \
			box sh -c 'echo served > /tmp/index.html; exec httpd -f -h /tmp'
		await podman exec c wget -q -O - http://127.0.0.1/
		podman exec c sh -c 'ip -o -4 addr show eth0 | grep -c inet; cat /etc/hosts | grep -c "	c$\| c"'
		busybox wget -q -O - "http://$(state '{{.NetworkSettings.IPAddress}}')/"
		finish
	}
	same_with_both bridged
	says served
}

# Not compared: the order of mounts, how engines' empty files and folders are mounted over hidden ones, and whether
# /sys/fs/cgroup itself is read-only; runc 1.1.5 leaves that one writable, though the config says `ro`.
@test "what the container sees is the same: mounts, links, environment, signals" {
	sees() {
		podman run --rm box cut -d' ' -f5- /proc/self/mountinfo |
			sed -E '/[(]overlay[)]|fs.cgroup rw|fs.cgroup ro/d; s/ - tmpfs .*size=4k.*| - .*//
				s,^(/proc|/sys/(firmware|dev))(/[^ ]*)? .*,\1\3,' | sort
		podman run --rm box find /dev -exec ls -ldn {} + | sed -E 's/[A-Z][a-z]{2} .*[0-9]:[0-9]{2}//'
		podman run --rm box sh -c 'ls -l /proc/self/fd | sed -E "s/.*:[0-9]{2}//; s/:.*//"; env | sort'
		podman run --rm box cat /proc/self/status |
			grep -E '^(Umask|Groups|Uid|Gid|NoNewPrivs|Seccomp|Sig[BIC]|Cap|Cpus_allowed|Mems)'
	}
	same_with_both sees
	says 'SigIgn:	0000000000000000' 'HOME=/root'
}

@test "inspect shows the same container" {
	inspected() {
		running --memory 64m --cap-add net_admin --volume /tmp:/host
		podman inspect c | jq '.[0] | {
			State: (.State | del(.Pid, .ConmonPid, .StartedAt, .FinishedAt, .CgroupPath, .PidFile)),
			Config: (.Config | del(.CreateCommand) | .Env |= sort),
			HostConfig, Mounts, EffectiveCaps, BoundingCaps}'
		finish
	}
	same_with_both inspected
	[[ $output == *'"Running": true'* ]]
}

# Whether a container of the pod has ended before it is killed is chance.
@test "pods: their containers share namespaces and a cgroup, and start and stop with them" {
	pods() {
		podman pod create --name p --hostname shared --share net,ipc,uts,pid
		podman run --detach --pod p --name c box sleep 1000
		podman run --rm --pod p box sh -c 'hostname; ps -o args | grep -c "[s]leep 1000"'
		podman pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
		podman pod pause p
		podman pod ps --format '{{.Status}}'
		podman pod unpause p
		podman pod stop --time 0 p 2> >(grep -v 'container not running' >&2)
		podman pod ps --format '{{.Status}}'
		podman pod start p
		podman exec c echo again
		podman pod rm --force --time 0 p 2> >(grep -v 'container not running' >&2)
	}
	same_with_both pods
	says shared again Paused
}

@test "play kube: a pod from a description" {
	cat >"$BATS_TEST_TMPDIR/pod.yaml" <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata: {name: kube}
		spec:
		  restartPolicy: Never
		  containers:
		  - name: one
		    image: localhost/box:latest
		    imagePullPolicy: Never
		    command: [/bin/sh, -c, "echo from $NAME; id -u; exec sleep 1000"]
		    env: [{name: NAME, value: kube}]
		    securityContext: {runAsUser: 1000, readOnlyRootFilesystem: true}
		    resources: {limits: {memory: 64Mi}}
	YAML
	played() {
		podman play kube "$BATS_TEST_TMPDIR/pod.yaml" | grep -v -e '^ID' -e '^[0-9a-f]*$'
		await bash -c 'podman logs kube-one | grep 1000'
		podman logs kube-one
		podman play kube --down "$BATS_TEST_TMPDIR/pod.yaml" >/dev/null
	}
	same_with_both played
	says 'from kube' 1000
}

@test "events: the same ones in the same order" {
	happened() {
		local since
		since=$(date +%s.%N)
		podman run --name c box true
		podman start c
		podman wait c >/dev/null
		await bash -c "podman events --stream=false --since $since --filter container=c --format '{{.Status}}' |
			grep -c died | grep 2"
		finish
		podman events --stream=false --since "$since" --filter container=c --format '{{.Type}} {{.Name}} {{.Status}}'
	}
	same_with_both happened
	says 'container c died' 'container c remove'
}

@test "images made from containers: commit and cp" {
	made() {
		podman run --name c box sh -c 'echo new > /data/new; rm /data/file'
		podman cp c:/data/new - | tar -xO
		podman commit --quiet c made >/dev/null
		podman run --rm made ls /data
		podman rmi made >/dev/null
		finish
	}
	same_with_both made
	says new
}

# podman's build asks for ambient capabilities that are not inheritable. ocirun, as newer runc, warns of each.
@test "build runs its steps" {
	mkdir "$BATS_TEST_TMPDIR/context"
	printf 'FROM box\nRUN echo built > /built && id -u\nUSER user\nRUN id -u\n' >"$BATS_TEST_TMPDIR/context/Containerfile"
	built() {
		podman build --no-cache --tag built "$BATS_TEST_TMPDIR/context" 2> >(grep -v 'raise ambient' >&2) |
			grep -v -e '^-->' -e '^[0-9a-f]\{64\}$'
		podman run --rm built sh -c 'cat /built; id -u'
		podman rmi --force built >/dev/null
	}
	same_with_both built
	says built 1000
}

# --- what goes wrong
#
# Not compared, as newer runc differs from 1.1.5 in it as well: a folder as the program is "is a directory", not
# "permission denied"; and the exit status after a script without its interpreter is 255, not 1.

# wrong COMMAND...: what it says and its exit status. Sentences of the runtime's that podman does not know are not
# compared.
wrong() {
	podman "$@" 2>&1 | sed -E 's/error during container init: //; s/(OCI runtime error: (runc|ocirun): ).*/\1/'
	echo "$1: ${PIPESTATUS[0]}"
}

@test "errors of run: no such program, not one, no folder, no user, and their exit statuses" {
	wrongly() {
		wrong run --rm box /nosuch
		wrong run --rm box nosuch
		wrong run --rm box /bin/plain
		wrong run --rm --user nobody-knows box true
		wrong run --rm --workdir /data/file box true
		wrong run --rm --cap-add nosuch box true
		wrong run --rm --sysctl kernel.nosuch=1 box true
		wrong run --rm --volume /tmp:/data/file box true
		wrong run --rm --cpuset-cpus 999 box true
		wrong run --rm --memory 1 box true
	}
	same_with_both wrongly
	says 'run: 127' 'run: 126'
	local said='exec: "/nosuch": stat /nosuch: no such file or directory: '
	said+='OCI runtime attempted to invoke a command that was not found'
	[[ $output == *"$said"* ]]
	[[ $output == *'exec: "/bin/plain": permission denied: OCI permission denied'* ]]
}

@test "errors of exec: no such program, not one, no folder, no user, no running container" {
	wrongly() {
		running
		wrong exec c /nosuch
		wrong exec c nosuch
		wrong exec c /bin/plain
		wrong exec --user nobody-knows c true
		wrong exec --workdir /nosuch c true
		wrong exec --tty c /nosuch
		podman stop --time 0 c
		wrong exec c true
		wrong pause c
		wrong kill c
		finish
	}
	same_with_both wrongly
	says 'exec: 127' 'exec: 126'
	[[ $output == *'exec: "/bin/plain": permission denied: OCI permission denied'* ]]
}
