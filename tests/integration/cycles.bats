#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# CYCLES (default 100) says how often.
load helpers

@test "create, start, kill and delete, ${CYCLES:-100} times, leave nothing behind" {
	bundle
	args /bin/sleep 100
	for ((i = 0; i < ${CYCLES:-100}; ++i)); do
		ocirun_detached create --bundle "$BUNDLE" "$ID-$i"
		ocirun start "$ID-$i"
		ocirun kill "$ID-$i" KILL
		until_true 5 has_status "$ID-$i" stopped
		ocirun delete "$ID-$i"
	done
	nothing_is_left
}

@test "run, ${CYCLES:-100} times, leaves nothing behind" {
	bundle
	for ((i = 0; i < ${CYCLES:-100}; ++i)); do ocirun run --bundle "$BUNDLE" "$ID-$i"; done
	nothing_is_left
}
