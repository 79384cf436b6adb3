#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# value CONTROLLER V1-FILE V2-FILE: what the container's cgroup says.
value() {
	local v1=/sys/fs/cgroup/$1/$ID/$2 v2=/sys/fs/cgroup/$ID/$3
	if [ -e "$v1" ]; then cat "$v1"; else cat "$v2"; fi
}

v1() { [ -d /sys/fs/cgroup/memory ]; }

@test "the limits profile's values stand in the cgroup's files while it runs, and go with it" {
	bundle limits
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	[ "$(value memory memory.limit_in_bytes memory.max)" = 268435456 ]
	[ "$(value memory memory.soft_limit_in_bytes memory.low)" = 134217728 ]
	[ "$(value pids pids.max pids.max)" = 2048 ]
	if v1; then
		[ "$(value cpu cpu.shares -)" = 512 ]
		[ "$(value cpu cpu.cfs_quota_us -)" = 50000 ]
		[ "$(value cpu cpu.cfs_period_us -)" = 100000 ]
	else
		[ "$(value cpu - cpu.max)" = '50000 100000' ]
	fi
	grep -qx "$(pid_of "$ID")" <(value pids cgroup.procs cgroup.procs)
	ocirun delete --force "$ID"
	[ -z "$(cgroups)" ]
}

@test "devices that the rules do not allow cannot be opened, the default ones can" {
	bundle engine '.process.capabilities[] += ["CAP_MKNOD"]' '.mounts |= map(if .destination == "/dev" then .options -= ["nodev"] else . end)'
	shell 'mknod /dev/mem2 c 1 1 && cat /dev/mem2 | head -c 1; head -c 1 /dev/zero | wc -c'
	run ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'not permitted'* ]]
	[ "${lines[-1]}" = 1 ]
}

@test "more processes than pids.limit cannot be started" {
	bundle limits '.linux.resources.pids.limit = 3'
	shell 'sleep 5 & sleep 5 & sleep 5 & sleep 5 & echo all'
	run ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output != *all* ]]
}

@test "memory that does not suffice to start anything is an error at the limit, and leaves nothing" {
	local limit
	for limit in 1 4096 65536; do
		bundle minimal ".linux.resources = {memory: {limit: $limit}}"
		args true
		for command in run create; do
			fails ocirun "$command" --bundle "$BUNDLE" "$ID" 2>err
			one_error <err
			grep -q 'memory limit.* too low.*(config.json#/linux/resources/memory/limit)' err || fail "$(cat err)"
			[ -z "$(cgroups)" ]
			[ -z "$(ls -A "$ROOT")" ]
		done
	done
}
