#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# linux.intelRdt. Few machines have a resctrl file system, so most of this runs on what behaves like one as far as it
# goes: a cgroup v1 hierarchy without controllers. Its folders come with a file `tasks`, which takes processes, and can
# be removed with it; they have no `schemata` and no `mon_groups`.

load helpers

setup_file() {
	export RDT=$BATS_FILE_TMPDIR/resctrl
	mkdir "$RDT"
	export HIERARCHY=ocikit-$RANDOM
	mount -t cgroup -o "none,name=$HIERARCHY" none "$RDT"
}

teardown_file() {
	find "$RDT" -mindepth 1 -depth -type d -exec rmdir {} + # else the kernel keeps the hierarchy for ever
	umount "$RDT"
}

# An ocirun that takes $RDT for a resctrl file system.
with_resctrl() {
	OCIRUN=$BUILD_DIR/bin/ocirun-any-resctrl
	export OCIKIT_TEST_RESCTRL=$RDT
}

# group_of PID: the group that the process is in.
group_of() { sed -n "s/^[0-9]*:name=$HIERARCHY://p" "/proc/$1/cgroup"; }

groups_are() { [ "$(cd "$RDT" && echo */)" = "$1" ] || fail "groups: $(cd "$RDT" && echo */)"; }

@test "without a resctrl file system intelRdt is refused with its place" {
	bundle minimal '.linux.intelRdt = {enableMonitoring: true}'
	fails ocirun run --bundle "$BUNDLE" "$ID" 2>err
	grep -q 'intelRdt is specified in config, but Intel RDT is not enabled (config.json#/linux/intelRdt)' err
	one_error <err
}

@test "features tells that intelRdt is supported" {
	ocirun features | jq -e '.linux.intelRdt == {enabled: true, schemata: true, monitoring: true}'
}

@test "the group is called like the container, holds its processes and goes with it" {
	with_resctrl
	bundle minimal '.linux.intelRdt = {}'
	args sleep 60
	ocirun_detached run -d --bundle "$BUNDLE" "$ID"
	[ "$(group_of "$(pid_of "$ID")")" = "/$ID" ]
	jq -e --arg path "$RDT/$ID" '.intel_rdt_path == $path' "$ROOT/$ID/state.json"
	ocirun exec "$ID" sleep 60 </dev/null >/dev/null 2>&1 &
	until_true 5 [ "$(wc -l <"$RDT/$ID/tasks")" -ge 1 ]
	two_tasks() { [ "$(wc -l <"$RDT/$ID/tasks")" -eq 2 ]; }
	until_true 5 two_tasks
	ocirun delete --force "$ID"
	wait $! || true
	groups_are "*/"
}

@test "hooks before the start run in the group's container already" {
	with_resctrl
	bundle minimal '.linux.intelRdt = {}' \
		".hooks.createRuntime = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat $RDT/*/tasks >$WORK/seen\"]}]"
	ocirun create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
	[ "$(cat seen)" = "$(pid_of "$ID")" ]
	ocirun delete --force "$ID"
}

@test "run in the foreground leaves no group, in user namespaces too" {
	with_resctrl
	bundle userns '.linux.intelRdt = {}'
	args true
	ocirun run --bundle "$BUNDLE" "$ID"
	groups_are "*/"
}

@test "a group that closID names is joined, with a monitoring group that goes with the container" {
	with_resctrl
	mkdir -p "$RDT/gold/mon_groups"
	bundle minimal '.linux.intelRdt = {closID: "gold", enableMonitoring: true}'
	args sleep 60
	ocirun_detached run -d --bundle "$BUNDLE" "$ID"
	[ "$(group_of "$(pid_of "$ID")")" = "/gold/mon_groups/$ID" ]
	ocirun delete --force "$ID"
	groups_are gold/
	[ ! -e "$RDT/gold/mon_groups/$ID" ]
	rmdir "$RDT/gold/mon_groups" "$RDT/gold"
}

@test "closID / is the root group" {
	with_resctrl
	bundle minimal '.linux.intelRdt = {closID: "/"}'
	args sleep 60
	ocirun_detached run -d --bundle "$BUNDLE" "$ID"
	[ "$(group_of "$(pid_of "$ID")")" = / ]
	ocirun delete --force "$ID"
	groups_are "*/"
}

@test "closID without a schema must name a group that exists" {
	with_resctrl
	bundle minimal '.linux.intelRdt = {closID: "gold"}'
	fails ocirun run --bundle "$BUNDLE" "$ID" 2>err
	grep -q "clos dir not accessible (must be pre-created when schemata, l3CacheSchema and memBwSchema are empty): \
stat $RDT/gold: no such file or directory (config.json#/linux/intelRdt/closID)" err
	one_error <err
	groups_are "*/"
}

@test "a create that fails behind the group removes it, also one that closID names" {
	with_resctrl
	local rdt
	for rdt in '{schemata: ["L3:0=f"]}' '{closID: "gold", schemata: ["L3:0=f"]}'; do
		bundle minimal ".linux.intelRdt = $rdt"
		fails ocirun run --bundle "$BUNDLE" "$ID" 2>err
		grep -q "set the schema .*L3:0=f.*: openat.*/schemata.*: no such file or directory" err
		grep -q '(config.json#/linux/intelRdt/schemata/0)' err
		one_error <err
		groups_are "*/"
	done
}

@test "a monitoring group of the same name is another's: refused and left" {
	with_resctrl
	mkdir -p "$RDT/gold/mon_groups/$ID"
	bundle minimal '.linux.intelRdt = {closID: "gold", enableMonitoring: true}'
	fails ocirun run --bundle "$BUNDLE" "$ID" 2>err
	grep -q 'file exists (config.json#/linux/intelRdt/enableMonitoring)' err
	rmdir "$RDT/gold/mon_groups/$ID" "$RDT/gold/mon_groups" "$RDT/gold"
}

@test "what a create that was killed has made is removed by delete" {
	with_resctrl
	bundle minimal '.linux.intelRdt = {}' '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "60"]}]'
	"$OCIRUN" --root "$ROOT" create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- &
	local runtime=$!
	until_true 5 pgrep -x -P "$runtime" sleep
	kill -KILL "$runtime" "$(pgrep -x -P "$runtime" sleep)"
	wait "$runtime" || true
	[ -d "$RDT/$ID" ]
	ocirun delete --force "$ID"
	groups_are "*/"
}

@test "explain names the groups, and nothing is made" {
	with_resctrl
	bundle minimal '.linux.intelRdt = {enableMonitoring: true, schemata: ["L3:0=f"]}'
	ocirun explain --bundle "$BUNDLE" "$ID" >plan
	grep -q "make the resctrl group $RDT/$ID  \[/linux/intelRdt\]" plan
	grep -q 'set the schema "L3:0=f"  \[/linux/intelRdt/schemata/0\]' plan
	grep -q "make the resctrl monitoring group $RDT/$ID/mon_groups/$ID" plan
	groups_are "*/"
}
