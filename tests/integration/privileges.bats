#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# What takes a capability that containers of tests often lack: raising limits, and a better OOM score than the caller's.

resource_capability() { # CAP_SYS_RESOURCE is bit 24
	local effective
	effective=$(sed -n 's/^CapEff:\t//p' /proc/self/status)
	(((0x$effective >> 24) & 1)) || skip "CAP_SYS_RESOURCE is missing"
}

@test "limits are raised above those of the caller" {
	resource_capability
	bundle minimal '.process.rlimits = [{type: "RLIMIT_NOFILE", hard: 4096, soft: 4096}]'
	shell 'ulimit -n; ulimit -Hn'
	(
		ulimit -n 512
		ocirun run --bundle "$BUNDLE" "$ID" >raised
	)
	[ "$(xargs <raised)" = '4096 4096' ]
}

@test "in a user namespace too, where the container's root could not" {
	resource_capability
	bundle userns '.process.rlimits = [{type: "RLIMIT_NOFILE", hard: 4096, soft: 4096}]'
	shell 'ulimit -n; ulimit -Hn'
	(
		ulimit -n 512
		ocirun run --bundle "$BUNDLE" "$ID" >raised
	)
	[ "$(xargs <raised)" = '4096 4096' ]
}

@test "exec raises limits as well" {
	resource_capability
	bundle minimal '.process.rlimits = [{type: "RLIMIT_NOFILE", hard: 4096, soft: 4096}]'
	args sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	(
		ulimit -n 512
		ocirun exec "$ID" sh -c 'ulimit -Hn' >raised
	)
	[ "$(<raised)" = 4096 ]
	ocirun delete --force "$ID"
}

@test "an OOM score below zero, for the container and for exec" {
	resource_capability
	bundle minimal '.process.oomScoreAdj = -500'
	args sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	[ "$(cat "/proc/$(pid_of "$ID")/oom_score_adj")" = -500 ]
	[ "$(ocirun exec "$ID" cat /proc/self/oom_score_adj)" = -500 ]
	ocirun delete --force "$ID"
}

@test "a dummy network device moves into the container and is renamed" {
	modprobe dummy 2>/dev/null || true
	device=oci$((RANDOM % 10000))
	ip link add "$device" type dummy 2>/dev/null || skip "this kernel or machine has no dummy network devices"
	ip address add 192.0.2.7/24 dev "$device"
	bundle minimal ".linux.netDevices = {\"$device\": {name: \"moved\"}}"
	shell 'ip address show moved'
	run ocirun run --bundle "$BUNDLE" "$ID"
	ip link delete "$device" 2>/dev/null || true
	[ "$status" -eq 0 ]
	[[ $output == *192.0.2.7/24* ]]
}
