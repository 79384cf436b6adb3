#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

@test "create, start, pause, resume, kill and delete lead through every state" {
	bundle
	args /bin/sleep 100
	ocirun_detached create --bundle "$BUNDLE" --pid-file "$WORK/pid" "$ID"
	[ "$(status_of "$ID")" = created ]
	[ "$(cat "$WORK/pid")" = "$(pid_of "$ID")" ]
	ocirun start "$ID"
	[ "$(status_of "$ID")" = running ]
	run -0 --separate-stderr ocirun exec "$ID" echo inside
	[ "$output" = inside ]
	run -0 ocirun ps --format json "$ID"
	[ "$output" = "[$(pid_of "$ID")]" ]
	ocirun pause "$ID"
	[ "$(status_of "$ID")" = paused ]
	ocirun resume "$ID"
	[ "$(status_of "$ID")" = running ]
	ocirun kill "$ID" KILL
	until_true 5 has_status "$ID" stopped
	[ "$(pid_of "$ID")" = 0 ]
	ocirun delete "$ID"
	run -1 ocirun state "$ID"
	[[ $output == *'container does not exist'* ]]
}

@test "each state refuses what it does not allow, in runc's words, because clients match on them" {
	bundle
	args /bin/sleep 100
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	run -1 ocirun create --bundle "$BUNDLE" "$ID"
	[[ $output == *'container with given ID already exists'* ]]
	run -1 ocirun resume "$ID"
	[[ $output == *'container not paused'* ]]
	ocirun start "$ID"
	run -1 ocirun start "$ID"
	[[ $output == *'cannot start an already running container'* ]]
	run -1 ocirun delete "$ID"
	[[ $output == *"cannot delete container $ID that is not stopped: running"* ]]
	ocirun pause "$ID"
	run -1 ocirun pause "$ID"
	[[ $output == *'container not running'* ]]
	run -255 ocirun exec "$ID" true
	[[ $output == *'cannot exec in a paused container (use --ignore-paused to override)'* ]]
	ocirun kill "$ID" KILL
	until_true 5 has_status "$ID" stopped
	run -1 ocirun kill "$ID" KILL
	[[ $output == *'container not running'* ]]
	run -1 ocirun start "$ID"
	[[ $output == *'cannot start a container that has stopped'* ]]
	run -255 ocirun exec "$ID" true
	[[ $output == *'cannot exec in a stopped container'* ]]
	ocirun delete "$ID"
}

@test "a created container that never started is deleted without force" {
	bundle
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	ocirun delete "$ID"
}

@test "delete --force ends a container in any state, and is silent about one that is not there" {
	bundle
	args /bin/sleep 100
	for state in created running paused; do
		ocirun_detached create --bundle "$BUNDLE" "$ID"
		[ "$state" = created ] || ocirun start "$ID"
		[ "$state" != paused ] || ocirun pause "$ID"
		[ "$(status_of "$ID")" = "$state" ]
		ocirun delete --force "$ID"
	done
	run -0 ocirun delete --force "$ID"
	[ -z "$output" ]
	run -1 ocirun delete "$ID"
	[[ $output == *'container does not exist'* ]]
}

@test "state and list agree, and a stranger in the state root is reported and skipped" {
	bundle engine
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	run -0 ocirun state "$ID"
	jq -e --arg id "$ID" --arg bundle "$BUNDLE" '.ociVersion == "1.3.0" and .id == $id and .status == "running" and
		.bundle == $bundle and .rootfs == $bundle + "/rootfs" and .owner == "" and
		.annotations["io.container.manager"] == "libpod"' <<<"$output"
	[[ $(jq -r .created <<<"$output") =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z$ ]]
	mkdir "$ROOT/stranger"
	run -0 --separate-stderr ocirun list --format json
	[ "$(jq -r '.[].id' <<<"$output")" = "$ID" ]
	[[ $stderr == *'load container stranger'* ]]
	rmdir "$ROOT/stranger"
	run -0 ocirun list --quiet
	[ "$output" = "$ID" ]
	ocirun delete --force "$ID"
}

@test "run --keep leaves a stopped container, run without it nothing" {
	bundle
	ocirun run --keep --bundle "$BUNDLE" "$ID"
	[ "$(status_of "$ID")" = stopped ]
	ocirun delete "$ID"
	ocirun run --bundle "$BUNDLE" "$ID"
}

@test "a state file that is empty, truncated or another container's is an error, and delete --force removes it" {
	bundle
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	cp "$ROOT/$ID/state.json" "$WORK/good"
	mkdir "$ROOT/other"
	for bad in '' "$(head -c 100 "$WORK/good")" "$(cat "$WORK/good")" 'null' '[]'; do
		printf '%s' "$bad" >"$ROOT/other/state.json"
		run -1 ocirun state other
		one_error <<<"$output"
		run -1 ocirun kill other KILL
	done
	[ "$(status_of "$ID")" = running ]
	ocirun delete --force other
	[ ! -e "$ROOT/other" ]
	[ "$(status_of "$ID")" = running ]
	ocirun delete --force "$ID"
}

@test "a process number that now belongs to somebody else is never signalled" {
	bundle
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	local bystander real
	real=$(pid_of "$ID")
	sleep 0.05 # the kernel tells two processes of one number apart by the hundredth of a second in which they started
	sleep 100 3>&- &
	bystander=$!
	cp "$ROOT/$ID/state.json" "$WORK/good"
	jq --argjson pid "$bystander" '.init_process_pid = $pid' "$WORK/good" >"$ROOT/$ID/state.json"
	[ "$(status_of "$ID")" = stopped ]
	run ocirun kill "$ID" KILL
	kill -0 "$bystander"
	kill "$bystander"
	cp "$WORK/good" "$ROOT/$ID/state.json"
	[ "$(pid_of "$ID")" = "$real" ]
	ocirun delete --force "$ID"
}

@test "an id with a slash, a dot alone or a strange character is refused, because it names a directory" {
	bundle
	for id in ../x . .. a/b 'a b' '' "$(printf '%01025d' 0)"; do
		run -1 ocirun create --bundle "$BUNDLE" "$id"
		[ ! -e "$WORK/x" ]
	done
}

@test "a container without a pid namespace dies with all of its processes" {
	bundle minimal '.linux.namespaces |= map(select(.type != "pid"))'
	shell 'sleep 100 & sleep 100 & wait'
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	ocirun delete --force "$ID"
}
