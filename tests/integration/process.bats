#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What config.json says of the process's place in the scheduler, its memory and its CPUs.
load helpers

running() {
	bundle "$@"
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	PROCESS=/proc/$(pid_of "$ID")
}

# Field 19 of /proc/PID/stat is the nice value, 41 the policy.
scheduling() { sed 's/.*) //' "$1/stat" | awk '{print "nice " $17 " policy " $39}'; }

@test "the scheduler: policy and nice value, for exec the container's or its own" {
	running minimal '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
	[ "$(scheduling "$PROCESS")" = 'nice 7 policy 3' ]
	run -0 --separate-stderr ocirun exec "$ID" cat /proc/self/stat
	[ "$(sed 's/.*) //' <<<"$output" | awk '{print $17, $39}')" = '7 3' ]
	echo '{"args": ["/bin/cat", "/proc/self/stat"], "cwd": "/", "scheduler": {"policy": "SCHED_IDLE"}}' >"$WORK/process.json"
	run -0 --separate-stderr ocirun exec --process "$WORK/process.json" "$ID"
	[ "$(sed 's/.*) //' <<<"$output" | awk '{print $39}')" = 5 ]
	ocirun delete --force "$ID"
}

@test "a scheduler that the kernel refuses is an error that names it" {
	bundle minimal '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 3, deadline: 2, period: 1}'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'set the scheduler'*'/process/scheduler'* ]]
}

@test "the I/O priority" {
	bundle minimal '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	args /bin/ionice -p 1
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = 'best-effort: prio 6' ]
	bundle minimal '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	args /bin/ionice -p 1
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == idle* ]]
}

@test "the personality, for exec too" {
	[ "$(uname -m)" = x86_64 ] || skip "this is no x86_64"
	running minimal '.linux.personality = {domain: "LINUX32"}'
	run -0 --separate-stderr ocirun exec "$ID" uname -m
	[ "$output" = i686 ]
	[ "$(cat "$PROCESS/personality")" = 00000008 ]
	ocirun delete --force "$ID"
}

@test "the memory policy, for exec too" {
	[ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA"
	running minimal '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	grep -q 'interleave=static:0' "$PROCESS/numa_maps"
	run -0 --separate-stderr ocirun exec "$ID" cat /proc/self/numa_maps
	[[ $output == *'interleave=static:0'* ]]
	ocirun delete --force "$ID"
	bundle minimal '.linux.memoryPolicy = {mode: "MPOL_DEFAULT"}'
	ocirun run --bundle "$BUNDLE" "$ID"
	bundle minimal '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1000"}'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'set the memory policy'*'/linux/memoryPolicy'* ]]
}

@test "a container's process may use every CPU, whatever its caller may" {
	bundle
	shell 'grep Cpus_allowed_list /proc/self/status'
	run -0 --separate-stderr taskset -c 0 "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" 3>&-
	[ "${output##*[[:space:]]}" = "$(cat /sys/devices/system/cpu/online)" ]
}

@test "exec chooses its CPUs as execCPUAffinity says" {
	(($(nproc) > 1)) || skip "this machine has one CPU"
	running
	cpus() { # INITIAL FINAL: the CPUs of an exec with that affinity, started from the CPU 0
		jq -n --arg initial "$1" --arg final "$2" '{args: ["/bin/grep", "Cpus_allowed_list", "/proc/self/status"], cwd: "/",
			execCPUAffinity: ({initial: $initial, final: $final} | map_values(select(. != "")))}' >"$WORK/process.json"
		taskset -c 0 "$OCIRUN" --root "$ROOT" exec --process "$WORK/process.json" "$ID" 3>&- | sed 's/.*:\t//'
		return "${PIPESTATUS[0]}"
	}
	[ "$(cpus '' '')" = "$(cat /sys/devices/system/cpu/online)" ]
	[ "$(cpus 1 '')" = 1 ]
	[ "$(cpus 1 0)" = 0 ]
	[ "$(cpus '' 1)" = 1 ]
	run -255 cpus x ''
	[[ $output == *execCPUAffinity* ]]
	ocirun delete --force "$ID"
}

@test "a session keyring of the container's own, which exec joins; none with --no-new-keyring" {
	keyring() { ocirun exec "$ID" /key_label 2>&1 | grep -o '_ses\.[^ ]*'; }
	bundle minimal '.root.readonly = false'
	args /bin/sleep 100
	cp "$BUILD_DIR/bin/tools/key_label" "$BUNDLE/rootfs/key_label"
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	[ "$(keyring)" = "_ses.$ID" ]
	ocirun delete --force "$ID"
	ocirun_detached run --detach --no-new-keyring --bundle "$BUNDLE" "$ID"
	[ "$(keyring)" != "_ses.$ID" ] # but the caller's
	ocirun delete --force "$ID"
}

@test "SIGPIPE ends a process that writes to a closed pipe, though the caller ignored it, for exec too" {
	bundle
	args /bin/sleep 100
	(trap '' PIPE && ocirun_detached run --detach --bundle "$BUNDLE" "$ID")
	grep -Ex 'SigIgn:\s0+' "/proc/$(pid_of "$ID")/status"
	(trap '' PIPE && ocirun exec "$ID" grep SigIgn: /proc/self/status) | grep -Ex 'SigIgn:\s0+'
	ocirun delete --force "$ID"
}

@test "what waits in a created container ends by the signals that ask it to" {
	for signal in HUP INT QUIT TERM; do
		bundle
		ocirun_detached create --bundle "$BUNDLE" "$ID"
		ocirun kill "$ID" "$signal"
		until_true 5 has_status "$ID" stopped || fail "it lives on after SIG$signal"
		ocirun delete "$ID"
	done
}

@test "a container joins the pid and user namespaces of another one, and has the OOM score that it asks for" {
	for profile in engine userns; do
		bundle "$profile"
		args /bin/sleep 100
		ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
		first=$(pid_of "$ID")
		for namespaces in pid user 'pid user'; do
			[[ $profile == userns || $namespaces != *user* ]] || continue
			bundle "$profile" ".linux.cgroupsPath = \"/$ID-second\"" '.process.oomScoreAdj = 3'
			for type in $namespaces; do
				edit ".linux.namespaces |= map(if .type == \"$type\" then .path = \"/proc/$first/ns/$type\" else . end)"
			done
			[[ $namespaces != *user* ]] || edit 'del(.linux.uidMappings, .linux.gidMappings)'
			if [ "$profile $namespaces" = 'userns pid' ]; then # the new user namespace may not mount that one's /proc
				run -1 ocirun create --bundle "$BUNDLE" "$ID-second"
				one_error <<<"$output"
				continue
			fi
			ocirun_detached create --bundle "$BUNDLE" "$ID-second"
			second=$(pid_of "$ID-second")
			for type in $namespaces; do
				[ "$(readlink "/proc/$second/ns/$type")" = "$(readlink "/proc/$first/ns/$type")" ]
			done
			[ "$(readlink "/proc/$second/ns/mnt")" != "$(readlink "/proc/$first/ns/mnt")" ]
			[ "$(cat "/proc/$second/oom_score_adj")" = 3 ]
			ocirun start "$ID-second"
			ocirun delete --force "$ID-second"
		done
		ocirun delete --force "$ID"
	done
}
