#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

setup_file() {
	mkdir -p /etc/docker
	# What is documented, and what a machine without systemd and without the right to raise limits needs.
	documented docker-daemon.json | jq '. + {"oom-score-adjust": 0, "exec-opts": ["native.cgroupdriver=cgroupfs"],
		"containerd": "/run/containerd/containerd.sock"}' >/etc/docker/daemon.json
	containerd --config /dev/null >/tmp/containerd.log 2>&1 3>&- 4>&- &
	await test -S /run/containerd/containerd.sock
	dockerd $(ip link add name probe type bridge 2>/dev/null || echo --bridge none --iptables=false) \
		>/tmp/dockerd.log 2>&1 3>&- 4>&- &
	ip link delete probe 2>/dev/null || true
	await command docker version || { tail -20 /tmp/dockerd.log && return 1; }
	image_root /tmp/image
	tar -C /tmp/image -c . | command docker import --change 'CMD ["sh"]' --change 'ENV PATH=/bin' - box >/dev/null
}

# They end with the process namespace of enter.sh.
teardown_file() { pkill dockerd; pkill -x containerd; }

setup() { export -f docker; }

teardown() {
	local all
	mapfile -t all < <(docker ps --all --quiet)
	((${#all[@]} == 0)) || docker rm --force "${all[@]}" >/dev/null
}

# With the runtime whose turn it is.
docker() {
	local options=()
	case $1 in run | create) options=(${RUNTIME:+--runtime "$RUNTIME"}) ;; esac
	timeout --foreground --kill-after 1 60 /usr/bin/docker "$1" "${options[@]}" "${@:2}"
}

# running OPTION...: a container c1 that waits.
running() { docker run --detach --name c1 "$@" box sleep 1000; }
finish() { docker rm --force c1; }
state() { docker inspect --format "$1" c1; }

@test "the documented daemon.json makes ocirun a runtime" {
	run -0 docker info --format '{{.Runtimes.ocirun.Path}}'
	[ "$output" = /usr/bin/ocirun ]
	RUNTIME=ocirun run -0 docker run --rm box true
}

@test "run gives the program's output and exit status" {
	same_with_both docker run --rm box sh -c 'echo out; echo err >&2; exit 7'
	says out 'stderr: err' 'exit status 7'
}

@test "run passes its input on" {
	echo typed >"$BATS_TEST_TMPDIR/input"
	STDIN=$BATS_TEST_TMPDIR/input same_with_both docker run --rm --interactive box cat
	says typed
}

@test "run gives a terminal of the user's size" {
	sized() {
		on_terminal bash -c 'stty rows 33 cols 101
			docker run --rm --interactive --tty box sh -c "tty; sleep 1; stty size"'
	}
	same_with_both sized
	says /dev/pts/0 '33 101'
}

@test "detached, exec with its status, input, user, environment and folder, logs, stop, inspect" {
	life() {
		docker run --detach --name c1 box sh -c 'trap "echo stopping; exit 3" TERM; echo started; while :; do sleep 0.1; done'
		await docker exec c1 true
		docker exec c1 sh -c 'echo out; echo err >&2; exit 7'
		echo "exec: $?"
		echo typed | docker exec --interactive c1 cat
		docker exec --user user --env A=b --workdir /data c1 sh -c 'id; echo $A; pwd; env | sort'
		docker exec c1 sh -c 'kill -KILL $$'
		echo "exec: $?"
		docker stop --time 30 c1
		docker wait c1
		docker logs c1
		state '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}'
		docker start c1
		await docker exec c1 true
		finish
	}
	same_with_both life
	says started stopping 'exec: 7' 'exec: 137' typed 'exited 3 false '
}

@test "exec on a terminal" {
	terminal() {
		running
		on_terminal bash -c 'stty rows 33 cols 101
			docker exec --interactive --tty c1 sh -c "tty; sleep 1; stty size; exit 5"'
		echo "exec: $?"
		docker exec --tty c1 sh -c 'test -t 1 && echo terminal'
		finish
	}
	same_with_both terminal
	says '33 101' 'exec: 5' terminal
}

@test "a detached exec runs on, and ends with the container" {
	detached() {
		running
		docker exec --detach c1 sh -c 'echo done > /tmp/done; exec sleep 2000'
		await docker exec c1 cat /tmp/done
		await pgrep -f 'sleep 2000'
		docker stop --time 0 c1
		pgrep -f 'sleep 2000' || echo gone
		finish
	}
	same_with_both detached
	says gone
}

@test "kill sends the signal that is named" {
	killed() {
		docker run --detach --name c1 box sh -c 'trap "echo usr1; exit 9" USR1; echo ready; while :; do sleep 0.1; done'
		await bash -c 'docker logs c1 | grep ready'
		docker kill --signal USR1 c1
		docker wait c1
		docker logs c1
		docker start c1
		docker kill c1
		docker wait c1
		docker kill c1
		finish
	}
	same_with_both killed
	says 9 137 usr1
}

@test "create, start and attach are steps" {
	steps() {
		docker create --name c1 box sh -c 'echo hello; exit 6'
		state '{{.State.Status}}'
		docker start --attach c1
		echo "start: $?"
		state '{{.State.Status}} {{.State.ExitCode}}'
		finish
	}
	same_with_both steps
	says created hello 'start: 6' 'exited 6'
}

@test "restart policies start it again, and as often as they say; restart by command too" {
	restarted() {
		docker run --detach --name c1 --restart on-failure:2 box sh -c 'echo try; exit 4'
		await bash -c '[ "$(docker logs c1 | grep -c try)" = 3 ]'
		await bash -c '[ "$(docker inspect --format "{{.State.Status}}" c1)" = exited ]'
		state '{{.State.ExitCode}} {{.RestartCount}}'
		finish
		running
		docker restart --time 0 c1
		state '{{.State.Status}}'
		finish
	}
	same_with_both restarted
	says '4 2' running
}

@test "pause stops it, and commands say so" {
	paused() {
		running
		docker pause c1
		state '{{.State.Status}}'
		docker exec c1 true
		echo "exec: $?"
		docker unpause c1
		state '{{.State.Status}}'
		docker exec c1 echo awake
		docker unpause c1
		finish
	}
	same_with_both paused
	says paused running awake
}

# limits_seen: what the container finds in its cgroup's files.
limits_seen() {
	docker exec c1 sh -c 'cd /sys/fs/cgroup && for file in memory/memory.limit_in_bytes memory/memory.soft_limit_in_bytes \
		pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu/cpu.shares cpuset/cpuset.cpus cpuset/cpuset.mems \
		memory.max memory.low pids.max cpu.max cpu.weight cpuset.cpus cpuset.mems; do
			test ! -e "$file" || echo "$file $(cat "$file")"; done'
}

@test "limits stand in the files that the container sees, and update changes them" {
	limited() {
		running --memory 64m --memory-reservation 32m --pids-limit 33 \
			--cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --cpuset-mems 0
		limits_seen
		docker update --memory 128m --memory-swap 256m --cpus 0.25 --cpu-shares 256 --pids-limit 44 c1
		limits_seen
		finish
	}
	same_with_both limited
	grep -E '(memory.limit_in_bytes|memory.max) 67108864$' <<<"$output"
	grep -E '(memory.limit_in_bytes|memory.max) 134217728$' <<<"$output"
	grep -E 'pids.max 44$' <<<"$output"
	grep -E '(quota_us 25000|cpu.max 25000 100000)' <<<"$output"
}

@test "a container that uses more memory than it may is killed" {
	too_much() {
		docker run --name c1 --memory 16m --memory-swap 16m box sh -c 'exec tail /dev/zero'
		echo "run: $?"
		state '{{.State.ExitCode}}'
		finish
	}
	same_with_both too_much
	says 'run: 137'
}

@test "resource limits, the OOM score and the number of processes" {
	limits() {
		docker run --rm --ulimit nofile=100:200 --ulimit core=0:0 --ulimit nproc=50:60 box cat /proc/self/limits
		docker run --rm --oom-score-adj 500 box cat /proc/self/oom_score_adj
		docker run --rm --pids-limit 5 box sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 2 & done 2>/dev/null; echo never'
	}
	same_with_both limits
	[[ $output == *'Max open files '*100*200* && $output != *never* ]]
	says 500
}

@test "stats and top" {
	looked_at() {
		running
		docker stats --no-stream --format '{{.Name}} {{.PIDs}}' c1
		docker top c1 -o pid,args | sed -E 's/^[0-9]+ +/PID /'
		finish
	}
	same_with_both looked_at
	says 'c1 1'
	[[ $output == *'sleep 1000'* ]]
}

@test "health checks" {
	healthy() {
		running --health-cmd 'test -e /ok' --health-interval 1s --health-retries 1
		await bash -c 'docker inspect --format "{{.State.Health.Status}}" c1 | grep unhealthy'
		docker exec c1 touch /ok
		await bash -c 'docker inspect --format "{{.State.Health.Status}}" c1 | grep -x healthy'
		state '{{.State.Health.Status}} {{.State.Health.FailingStreak}}'
		finish
	}
	same_with_both healthy
	says 'healthy 0'
}

@test "a read-only root with what is writable in it" {
	same_with_both docker run --rm --read-only --tmpfs /new:size=1m,mode=0750 \
		box sh -c 'touch /file; touch /new/file /dev/shm/file
		ls -ld /new | cut -c1-10; dd if=/dev/zero of=/new/big bs=1k count=2000 2>&1 | tail -1
		grep -E " / | /new " /proc/mounts | cut -d, -f1'
	says drwxr-x---
	[[ $output == *'Read-only file system'* ]]
}

@test "volumes: named, of the host, read-only, copied up" {
	volumes() {
		mkdir -p /tmp/host && echo 'of the host' >/tmp/host/file
		docker run --rm --volume vol:/data --volume /tmp/host:/host:ro \
			box sh -c 'cat /data/file /host/file; echo new > /data/new; touch /host/a'
		docker run --rm --volume vol:/elsewhere box cat /elsewhere/new
		docker run --rm --mount type=bind,src=/tmp/host,dst=/host,bind-propagation=rprivate box cat /host/file
		docker run --rm --mount type=bind,src=/nosuch,dst=/host box true
		docker volume rm vol
	}
	same_with_both volumes
	says 'of the image' 'of the host' new
	[[ $output == *'Read-only file system'* ]]
}

@test "capabilities: the default ones, none, some, a user's" {
	capabilities() {
		docker run --rm box grep Cap /proc/self/status
		docker run --rm --cap-drop all box grep Cap /proc/self/status
		docker run --rm --cap-drop all --cap-add net_admin --cap-add chown box grep Cap /proc/self/status
		docker run --rm --cap-add net_admin --user user box grep Cap /proc/self/status
		docker run --rm --security-opt no-new-privileges box grep NoNewPrivs /proc/self/status
	}
	same_with_both capabilities
	says 'CapEff:	0000000000001001' 'NoNewPrivs:	1'
}

@test "privileged" {
	((0x$(sed -n 's/^CapBnd:\t//p' /proc/self/status) >> 24 & 1)) ||
		skip "Docker gives every capability, and root here lacks CAP_SYS_RESOURCE"
	same_with_both docker run --rm --privileged \
		box sh -c 'grep -E "Cap|Seccomp:" /proc/self/status; ls /dev | sort; grep -c . /proc/mounts'
	says 'Seccomp:	0'
}

@test "seccomp: the default profile, one's own, none" {
	no_mkdir_profile >"$BATS_TEST_TMPDIR/profile.json"
	profiles() {
		docker run --rm box sh -c 'grep Seccomp: /proc/self/status; unshare -U true; mkdir /tmp/a && echo made'
		docker run --rm --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" box mkdir /tmp/a
		docker run --rm --security-opt seccomp=unconfined box sh -c 'grep Seccomp: /proc/self/status'
	}
	same_with_both profiles
	says 'Seccomp:	2' 'Seccomp:	0' made
	[[ $output == *'ross-device link'* ]]
}

@test "devices: given ones, under other names, with other rights; the cgroup's rules" {
	devices() {
		docker run --rm --device /dev/fuse box ls -l /dev | sed -E 's/ [A-Z][a-z]{2} .*[0-9] / /'
		docker run --rm --device /dev/zero:/dev/nothing:r box sh -c 'head -c 3 /dev/nothing | od -c; echo > /dev/nothing'
		docker run --rm --device-cgroup-rule 'c 10:229 rwm' \
			box sh -c 'mknod /dev/f c 10 229 && echo made; cat /dev/f; mknod /tmp/m c 1 1; cat /tmp/m'
		docker run --rm --device /dev/nosuch box true
	}
	same_with_both devices
	says made
	[[ $output == *'10, 229'* ]]
}

@test "names, folders and users of the process" {
	process() {
		docker run --rm --hostname name --env A=b --workdir /data box sh -c 'hostname; pwd; env | sort'
		docker run --rm --user 1234:1000 --group-add audio --group-add 77 box id
		docker run --rm --user user box sh -c 'id; echo $HOME'
		docker run --rm --entrypoint /bin/echo box given
		docker run --rm --workdir /made/now box pwd
		docker run --rm --init box ps -o args
		docker run --rm --sysctl kernel.msgmax=4321 box cat /proc/sys/kernel/msgmax
		docker run --rm --shm-size 3m box sh -c 'df -k /dev/shm | tail -1'
		docker run --rm --security-opt systempaths=unconfined box sh -c 'grep -c " /proc" /proc/mounts'
	}
	same_with_both process
	says name A=b given /made/now 4321
}

@test "namespaces: shared with the host, with another container, private cgroups" {
	namespaces() {
		running --ipc shareable
		docker run --rm --pid container:c1 --network container:c1 --ipc container:c1 \
			box sh -c 'ps -o args | grep -c "[s]leep 1000"'
		docker run --rm --uts host box hostname
		docker run --rm --pid host box sh -c 'ps -o args | grep -c "[d]ockerd"'
		docker run --rm --network host box ip -o addr show dev lo
		docker run --rm --network none box ip -o addr
		docker run --rm --cgroupns private box cat /proc/self/cgroup
		finish
	}
	same_with_both namespaces
	says engines 1
}

@test "a bridge, an address on it, and a published port" {
	ip link show docker0 >/dev/null 2>&1 || skip "the kernel has no bridges"
	bridged() {
		docker run --detach --name c1 --publish 127.0.0.1:8099:80 \
			box sh -c 'echo served > /tmp/index.html; exec httpd -f -h /tmp'
		await docker exec c1 wget -q -O - http://127.0.0.1/
		busybox wget -q -O - "http://$(state '{{.NetworkSettings.IPAddress}}')/"
		busybox wget -q -O - http://127.0.0.1:8099/
		finish
	}
	same_with_both bridged
	says served
}

# The order of mounts is left to the runtime, and so is how hidden files are covered.
@test "what the container sees is the same: mounts, links, environment, signals" {
	sees() {
		docker run --rm box cut -d' ' -f5- /proc/self/mountinfo |
			sed -E '/ - overlay |fs.cgroup rw|fs.cgroup ro/d; s,^(/proc|/sys/(firmware|dev|devices))(/[^ ]*)? .*,\1\3,' | sort
		docker run --rm box find /dev -exec ls -ldn {} + | sed -E 's/[A-Z][a-z]{2} .*[0-9]:[0-9]{2}//'
		docker run --rm box sh -c 'ls -l /proc/self/fd | sed -E "s/.*:[0-9]{2}//; s/:.*//"; env | sort'
		docker run --rm box cat /proc/self/status |
			grep -E '^(Umask|Groups|Uid|Gid|NoNewPrivs|Seccomp|Sig[BIC]|Cap|Cpus_allowed|Mems)'
	}
	same_with_both sees
	says 'SigIgn:	0000000000000000' 'HOME=/root'
}

@test "inspect shows the same container" {
	inspected() {
		running --memory 64m --cap-add net_admin --volume /tmp:/host
		docker inspect c1 | jq '.[0] | {State: (.State | del(.Pid, .StartedAt)), Config, HostConfig, Mounts, AppArmorProfile}'
		finish
	}
	same_with_both inspected
	[[ $output == *'"Running": true'* ]]
}

@test "events: the same ones in the same order" {
	happened() {
		local since
		since=$(date +%s.%N)
		docker run --name c1 box true
		docker start --attach c1
		finish
		docker events --since "$since" --until "$(date +%s.%N)" --filter container=c1 --format '{{.Type}} {{.Action}}'
	}
	same_with_both happened
	says 'container die' 'container destroy'
}

@test "images made from containers: commit, cp, diff, build" {
	made() {
		docker run --name c1 box sh -c 'echo new > /data/new; rm /data/file'
		docker diff c1 | sort
		docker cp c1:/data/new - | tar -xO
		docker commit c1 made >/dev/null
		docker run --rm made ls /data
		docker rmi made >/dev/null
		finish
	}
	same_with_both made
	says new 'A /data/new'
}

# --- what goes wrong

# wrong COMMAND...: what it says and its exit status. Whether the client waits already when a container fails is chance.
wrong() {
	docker "$@" 2>&1 | sed '/error waiting for container/d; s/error during container init: //'
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
		wrong run --rm --cpuset-cpus 999 box true
		wrong run --rm --memory 1 box true
	}
	same_with_both wrongly
	says 'run: 127' 'run: 126'
}

@test "errors of exec: no such program, not one, no folder, no user, no running container" {
	wrongly() {
		running
		wrong exec c1 /nosuch
		wrong exec c1 nosuch
		wrong exec c1 /bin/plain
		wrong exec --user nobody-knows c1 true
		wrong exec --workdir /nosuch c1 true
		docker stop --time 0 c1
		wrong exec c1 true
		wrong pause c1
		wrong kill c1
		finish
	}
	same_with_both wrongly
	says 'exec: 126' # Docker's own, for all of them
}
