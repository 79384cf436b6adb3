#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

setup_file() {
	mkdir -p /etc/containerd
	documented containerd-config.toml >/etc/containerd/config.toml
	containerd >/tmp/containerd.log 2>&1 3>&- 4>&- &
	await command ctr version || { tail -20 /tmp/containerd.log && return 1; }
	image_root /tmp/image
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
	tar -C /tmp/image -c . | podman import --change 'CMD ["sh"]' --change 'ENV PATH=/bin' - box >/dev/null
	podman save --quiet --format oci-archive box | command ctr images import --base-name localhost/box - >/dev/null
}

# It ends with the process namespace of enter.sh.
teardown_file() { pkill -x containerd; }

setup() { export -f ctr; }

teardown() {
	ctr tasks delete --force c >/dev/null 2>&1 || true
	ctr containers delete c >/dev/null 2>&1 || true
}

# With the runtime whose turn it is.
ctr() {
	local options=()
	[ "$1" != run ] || options=(--runtime io.containerd.runc.v2 --runc-binary "$(type -P "$RUNTIME")")
	timeout --foreground --kill-after 1 60 /usr/bin/ctr "$1" "${options[@]}" "${@:2}"
}

box=localhost/box:latest

# box OPTION... -- PROGRAM...: a container c of the image, removed when the program has ended.
box() {
	local options=()
	while [ "$1" != -- ]; do options+=("$1") && shift; done
	shift
	ctr run --rm "${options[@]}" "$box" c "$@"
}

# running OPTION...: one that waits.
running() { ctr run --detach "$@" "$box" c sleep 1000; }

finish() {
	ctr tasks kill --signal SIGKILL c
	await ctr tasks delete --force c
	ctr containers delete c
}

@test "the documented config.toml makes ocirun the runtime of Kubernetes' containers" {
	run -0 containerd config dump
	grep -A12 'runtimes.ocirun\]' <<<"$output" | grep 'runtime_type = "io.containerd.runc.v2"'
	grep -A12 'runtimes.ocirun.options\]' <<<"$output" | grep 'BinaryName = "/usr/bin/ocirun"'
	grep 'default_runtime_name = "ocirun"' <<<"$output"
}

@test "run gives the program's output and exit status" {
	same_with_both box -- sh -c 'echo out; echo err >&2; exit 7'
	says out 'stderr: err' 'exit status 7'
}

@test "run passes its input on" {
	echo typed >"$BATS_TEST_TMPDIR/input"
	STDIN=$BATS_TEST_TMPDIR/input same_with_both box -- head -n 1
	says typed
}

@test "run gives a terminal of the user's size" {
	sized() { on_terminal bash -c "stty rows 33 cols 101; ctr run --rm --tty $box c sh -c 'tty; sleep 1; stty size'"; }
	same_with_both sized
	says /dev/pts/0 '33 101'
}

@test "tasks: detached, exec with its status, user and folder, processes, the end" {
	life() {
		running
		ctr tasks ls | sed -E 's/ +[0-9]+ +/ PID /'
		ctr tasks exec --exec-id e c sh -c 'echo out; echo err >&2; exit 7'
		echo "exec: $?"
		ctr tasks exec --exec-id e --user 1000:29 --cwd /data c sh -c 'id; pwd; env | sort'
		ctr tasks exec --exec-id e c sh -c 'kill -KILL $$'
		echo "exec: $?"
		ctr tasks exec --detach --exec-id d c sleep 2000
		await pgrep -f 'sleep 2000'
		ctr tasks ps c | wc -l
		finish
		pgrep -f 'sleep 2000' || echo gone
	}
	same_with_both life
	says 'exec: 7' 'exec: 137' gone /data
}

@test "exec on a terminal" {
	terminal() {
		running
		on_terminal bash -c 'stty rows 33 cols 101
			ctr tasks exec --tty --exec-id e c sh -c "tty; sleep 1; stty size; exit 5"'
		echo "exec: $?"
		finish
	}
	same_with_both terminal
	says '33 101' 'exec: 5'
}

@test "kill sends the signal that is named, and wait tells the status" {
	killed() {
		ctr run --detach "$box" c sh -c 'trap "exit 9" USR1; touch /ready; while :; do sleep 0.1; done'
		await ctr tasks exec --exec-id e c test -e /ready
		ctr tasks kill --signal SIGUSR1 c
		await bash -c 'ctr tasks ls | grep STOPPED'
		ctr tasks delete c
		ctr containers delete c
	}
	same_with_both killed
	[[ $output == *'non-zero exit code 9'* ]]
}

@test "pause and resume" {
	paused() {
		running
		ctr tasks pause c
		ctr tasks ls | grep -o PAUSED
		ctr tasks exec --exec-id e c true
		echo "exec: $?"
		ctr tasks resume c
		ctr tasks ls | grep -o RUNNING
		ctr tasks exec --exec-id e c echo awake
		finish
	}
	same_with_both paused
	says PAUSED RUNNING awake
}

# cgroup_files GROUP: its limits, in the cgroup's own files.
cgroup_files() {
	local file
	for file in memory/G/memory.limit_in_bytes cpu/G/cpu.cfs_quota_us cpu/G/cpu.cfs_period_us cpu/G/cpu.shares \
		G/memory.max G/cpu.max G/cpu.weight; do
		[ ! -e "/sys/fs/cgroup/${file/G/$1}" ] || echo "$file $(cat "/sys/fs/cgroup/${file/G/$1}")"
	done
}

@test "limits stand in the cgroup's files, metrics are read from them, and nothing is left" {
	limited() {
		running --cgroup /group/c --memory-limit 67108864 --cpus 0.5 --cpu-shares 512
		cgroup_files group/c
		ctr tasks metrics --format json c |
			jq -r '[paths(scalars) | map(tostring) | map(select(test("^[0-9]+$") | not)) | join(".")] | unique[]' |
			grep -v throttling # which is left out when it is 0
		finish
		find /sys/fs/cgroup -path '*/group/c'
	}
	same_with_both limited
	grep -E '^(memory/G/memory.limit_in_bytes|G/memory.max) 67108864$' <<<"$output"
	grep -E '(cfs_quota_us|cpu.max) 50000' <<<"$output"
}

@test "a container that uses more memory than it may is killed" {
	same_with_both box --memory-limit 16777216 -- tail /dev/zero
	says 'exit status 137'
}

@test "user namespaces" {
	same_with_both box --uidmap 0:100000:65536 --gidmap 0:200000:65536 --remap-labels \
		-- sh -c 'id; cat /proc/self/uid_map /proc/self/gid_map'
}

@test "a read-only root, mounts of the host, a tmpfs" {
	mkdir -p /tmp/host && echo 'of the host' >/tmp/host/file
	same_with_both box --read-only --mount type=bind,src=/tmp/host,dst=/host,options=rbind:ro \
		--mount type=tmpfs,src=tmpfs,dst=/new,options=size=1m:mode=0750 \
			-- sh -c 'touch /file /host/a; cat /host/file; ls -ld /new | cut -c1-10
			dd if=/dev/zero of=/new/big bs=1k count=2000 2>&1 | tail -1'
	says 'of the host' drwxr-x---
	[[ $output == *'Read-only file system'* ]]
}

@test "capabilities, privileges, seccomp" {
	no_mkdir_profile >"$BATS_TEST_TMPDIR/profile.json"
	rights() {
		box -- grep -E 'Cap|NoNewPrivs|Seccomp:' /proc/self/status
		box --cap-drop CAP_CHOWN --cap-add CAP_NET_ADMIN -- grep Cap /proc/self/status
		box --allow-new-privs -- grep NoNewPrivs /proc/self/status
		box --privileged -- grep -E 'Cap|Seccomp:' /proc/self/status
		box --seccomp -- grep Seccomp: /proc/self/status
		box --seccomp --seccomp-profile "$BATS_TEST_TMPDIR/profile.json" -- mkdir /tmp/a
	}
	same_with_both rights
	says 'Seccomp:	0' 'Seccomp:	2' 'NoNewPrivs:	0' 'NoNewPrivs:	1'
	[[ $output == *'ross-device link'* ]]
}

@test "devices" {
	same_with_both box --device /dev/fuse \
		-- sh -c 'ls -l /dev | sed -E "s/ [A-Z][a-z]{2} .*[0-9] / /"; cat /dev/full | head -c 3 | od -c'
	[[ $output == *'10, 229'* ]]
}

@test "names, folders, namespaces of the process" {
	process() {
		box --env A=b --cwd /data -- sh -c 'pwd; env | sort'
		box --cwd /made/now -- pwd
		box --net-host -- ip -o addr show dev lo
		box --with-ns "uts:/proc/1/ns/uts" -- hostname
		box -- cat /proc/self/limits
	}
	same_with_both process
	says A=b /made/now engines
}

# The order of mounts is left to the runtime, and so is how hidden files are covered.
@test "what the container sees is the same: mounts, links, environment, signals" {
	sees() {
		box -- cut -d' ' -f5- /proc/self/mountinfo |
		sed -E '/ - overlay /d; s,^(/proc|/sys/firmware)(/[^ ]*)? .*,\1\2,' | sort
		box -- find /dev -exec ls -ldn {} + | sed -E 's/[A-Z][a-z]{2} .*[0-9]:[0-9]{2}//'
		box -- cat /proc/self/status | grep -E '^(Umask|Groups|Uid|Gid|NoNewPrivs|Seccomp|Sig[BIC]|Cap|Cpus_allowed|Mems)'
	}
	same_with_both sees
	says 'SigIgn:	0000000000000000'
}

@test "events: the same ones in the same order" {
	happened() {
		local events=$BATS_TEST_TMPDIR/events.$RUNTIME
		ctr events >"$events" 2>&1 &
		local reader=$!
		sleep 1
		box -- true
		await grep -q /containers/delete "$events"
		kill "$reader"
		grep -oE '/(tasks|containers)/[a-z-]+' "$events"
	}
	same_with_both happened
	says /tasks/create /tasks/start /tasks/exit /tasks/delete
}

# --- what goes wrong

# wrong COMMAND...: what it says and its exit status.
wrong() {
	"$@" 2>&1 | sed 's/error during container init: //'
	echo "status: ${PIPESTATUS[0]}"
}

@test "errors: no such program, not one, no running container" {
	wrongly() {
		wrong box -- /nosuch
		wrong box -- nosuch
		wrong box -- /bin/plain
		running
		wrong ctr tasks exec --exec-id e c /nosuch
		wrong ctr tasks exec --exec-id e c nosuch
		wrong ctr tasks exec --exec-id e c /bin/plain
		wrong ctr tasks exec --exec-id e --cwd /nosuch c true
		finish
		wrong ctr tasks exec --exec-id e c true
	}
	same_with_both wrongly
	[[ $output == *'exec: "/nosuch": stat /nosuch: no such file or directory'* ]]
	[[ $output == *'exec: "/bin/plain": permission denied'* ]]
}
