#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

needs_limits() { [ "$VIEW" = host ] || skip "the cgroup2 tree beside v1 hierarchies has no memory, cpu and pids controllers"; }

@test "minimal, what the spec command writes, runs to a status of 0" {
	bundle minimal
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ -z "$output" ]
}

@test "engine, what a container engine writes, runs to a status of 0" {
	bundle engine
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ -z "$output" ]
}

@test "limits, the engine's with resource limits, runs to a status of 0" {
	needs_limits
	bundle limits
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ -z "$output" ]
}

@test "userns, the engine's in a user namespace, runs to a status of 0" {
	bundle userns
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ -z "$output" ]
}

@test "the container sees its own host name, process 1, root and mounts, because each namespace is new" {
	bundle engine
	shell 'hostname; echo $$; ls /; grep -c " /sys/fs/cgroup " /proc/self/mountinfo; cat /etc/hosts'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "${lines[0]}" = engine ]
	[ "${lines[1]}" = 1 ]
	[[ $output == *bin*proc*sys* ]]
	[[ $output == *'# hosts'* ]]
}

@test "in a user namespace root is 0 inside and its mapped id outside" {
	bundle userns
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	[ "$(stat -c %u "/proc/$(pid_of "$ID")")" = 100000 ]
	run -0 --separate-stderr ocirun exec "$ID" id -u
	[ "$output" = 0 ]
	ocirun delete --force "$ID"
}

@test "the engine's seccomp profile is loaded, and a rule's errno is what the program sees" {
	bundle engine
	args grep Seccomp: /proc/self/status
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *2 ]]
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 123}]}'
	args mkdir /tmp/new
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'No medium found'* ]]
}

@test "capabilities, no_new_privs and rlimits are those of the profile, no more" {
	bundle minimal
	shell 'grep -E "Cap(Bnd|Eff|Prm)|NoNewPrivs" /proc/self/status; ulimit -n'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = "CapPrm:	0000000020000420
CapEff:	0000000020000420
CapBnd:	0000000020000420
NoNewPrivs:	1
1024" ]
}

@test "masked paths are empty and read-only paths cannot be written, because the host's kernel is behind them" {
	bundle minimal
	shell 'wc -c </proc/keys; ls /sys/firmware | wc -l; echo 0 >/proc/sys/vm/swappiness'
	run --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[[ ${lines[0]} == 0 ]]
	[[ ${lines[1]} == 0 ]]
	[[ $stderr == *'Read-only file system'* ]]
}

@test "exit 7 in a container is 7 outside, and death by signal N is 128+N" {
	bundle minimal
	shell 'exit 7'
	run -7 ocirun run --bundle "$BUNDLE" "$ID"
	args /bin/sleep 100
	for signal in KILL TERM ABRT; do
		# Process 1 of a pid namespace ignores signals that it has no handler for, but not in the host's namespace.
		edit '.linux.namespaces |= map(select(.type != "pid"))'
		ocirun run --bundle "$BUNDLE" "$ID" &
		until_true 5 has_status "$ID" running
		ocirun kill "$ID" "$signal"
		status=0
		wait $! || status=$?
		[ "$status" -eq $((128 + $(kill -l "$signal"))) ]
	done
}

@test "a signal to the runtime in the foreground reaches the container" {
	bundle minimal
	shell 'trap "exit 33" USR1; echo ready; while :; do sleep 0.1; done'
	"$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" >"$WORK/said" 3>&- &
	until_true 5 grep -q ready "$WORK/said"
	kill -USR1 $!
	status=0
	wait $! || status=$?
	[ "$status" -eq 33 ]
}
