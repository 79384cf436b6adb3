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

@test "twenty containers at once do not get in each other's way" {
	bundle
	shell 'sleep 0.2; exit 5'
	local jobs=() job i
	for i in {1..20}; do
		jq --arg path "/$ID-$i" '.linux.cgroupsPath = $path' "$BUNDLE/config.json" >"$WORK/config.$i"
		mkdir "$WORK/bundle-$i"
		jq --arg root "$BUNDLE/rootfs" '.root.path = $root' "$WORK/config.$i" >"$WORK/bundle-$i/config.json"
		"$OCIRUN" --root "$ROOT" run --bundle "$WORK/bundle-$i" "$ID-$i" </dev/null 3>&- &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		status=0
		wait "$job" || status=$?
		[ "$status" -eq 5 ]
	done
}
