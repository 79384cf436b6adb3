#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The driver that has one unit of systemd's for all containers of a slice, under isolated.sh --view systemd.
load helpers
load systemd

UNIT=ocikit-machine.service
SHARED=/sys/fs/cgroup/machine.slice/$UNIT

# shared_bundle [JQ-FILTER...]: its cgroup has this test's id.
shared_bundle() {
	under_systemd
	bundle minimal '.linux.cgroupsPath = "machine.slice:t:'"$ID"'"' "$@"
	CGROUP=$SHARED/t-$ID
}

ocirun() {
	timeout --foreground --kill-after 1 90 "$OCIRUN" --root "$ROOT" --cgroup-manager cgroup-systemd-slice "$@" 3>&-
}

# Nobody can ask systemd anything.
without_bus() { DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere "$@"; }

running() { # in the background, a container that sleeps until it is told to end
	shared_bundle "$@"
	args /bin/sh -c 'trap "exit 0" TERM; sleep 1000 & wait'
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
}

# ends ID [OPTION...]: a container of the same bundle, with a cgroup of its own, that ends at once.
ends() {
	local id=$1
	edit '.linux.cgroupsPath = "machine.slice:t:'"$id"'"'
	args /bin/true
	"${@:2}" ocirun run --bundle "$BUNDLE" "$id"
}

# The unit stays for a while when its containers have gone.
teardown() {
	if [[ $VIEW == systemd || $VIEW == machine ]] && is_loaded "$UNIT"; then
		systemctl kill --signal=KILL "$UNIT"
		until_true 10 fails is_loaded "$UNIT"
	fi
	end_test
}

@test "a container is a cgroup below a delegated unit, and nothing but the unit is left of it" {
	running
	[ "$(property ActiveState) $(property Slice) $(property Delegate)" = "active machine.slice yes" ]
	[ "$(property ControlGroup) $(property TasksMax)" = "/machine.slice/$UNIT infinity" ]
	[ "$(jq -r '.cgroup_paths[""]' "$ROOT/$ID/state.json")" = "$CGROUP" ]
	[ "$(jq -r .ocikit.cgroup_manager "$ROOT/$ID/state.json")" = cgroup-systemd-slice ]
	grep -qx "$(pid_of "$ID")" "$CGROUP/cgroup.procs"
	[ -z "$(<"$SHARED/cgroup.procs")" ]
	ocirun delete --force "$ID"
	[ ! -e "$CGROUP" ]
	[ "$(property ActiveState)" = active ]
}

@test "while the unit is there systemd is asked nothing" {
	running
	local second=$ID-beside
	edit '.linux.cgroupsPath = "machine.slice:t:'"$second"'"'
	without_bus ocirun_detached run --detach --bundle "$BUNDLE" "$second"
	[ "$(find "$SHARED" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 3 ]
	run -0 without_bus ocirun exec "$second" cat /proc/self/cgroup
	without_bus ocirun pause "$second"
	[ "$(status_of "$second")" = paused ]
	without_bus ocirun resume "$second"
	run -0 without_bus ocirun ps --format json "$second"
	[[ $output == *"$(pid_of "$second")"* ]] || fail "$output"
	without_bus ocirun delete --force "$second"
	[ ! -e "$SHARED/t-$second" ]
	without_bus ocirun delete --force "$ID"
}

@test "a unit without containers ends by itself, one with a container does not" {
	running
	sleep 25
	[ "$(property ActiveState)" = active ]
	[ "$(<"$SHARED/cgroup.max.descendants")" = max ]
	ocirun delete --force "$ID"
	until_true 60 fails is_loaded "$UNIT"
	[ ! -e "$SHARED" ]
	ends "$ID"
}

@test "whoever comes while the unit is being ended waits, and gets in" {
	running
	echo 1 >"$SHARED/cgroup.max.descendants" # as its keeper does
	(sleep 1 && echo max >"$SHARED/cgroup.max.descendants") 3>&- &
	ends "$ID-beside"
	[ "$(<"$SHARED/cgroup.max.descendants")" = max ]
	wait
	ocirun delete --force "$ID"
}

@test "a unit that was stopped takes its containers along, and the next container starts it anew" {
	running
	systemctl stop "$UNIT"
	has_status "$ID" stopped
	[ ! -e "$CGROUP" ]
	ocirun delete "$ID"
	running
	kill -9 "$(head -1 "$SHARED/keeper/cgroup.procs")"
	until_true 10 has_status "$ID" stopped
	ocirun delete "$ID"
	ends "$ID"
}

@test "systemd starting anew leaves the containers alone" {
	running '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	systemctl daemon-reload
	systemctl daemon-reexec
	until_true 10 eval '[ "$(property ActiveState)" = active ]'
	grep -qx "$(pid_of "$ID")" "$CGROUP/cgroup.procs"
	ends "$ID-beside"
	ocirun delete --force "$ID"
}

@test "a process killed for want of memory takes no other container along" {
	grep -qw memory /sys/fs/cgroup/cgroup.controllers || skip "the memory controller is not on cgroup v2 here"
	running
	edit '.linux.cgroupsPath = "machine.slice:t:'"$ID-beside"'" | .linux.resources.memory = {limit: 16777216}'
	args /bin/sh -c 'exec tail /dev/zero'
	run -137 ocirun run --bundle "$BUNDLE" "$ID-beside"
	has_status "$ID" running
	ocirun delete --force "$ID"
}

@test "limits are in the container's files alone" {
	grep -qw pids /sys/fs/cgroup/cgroup.controllers || skip "the pids controller is not on cgroup v2 here"
	running '.linux.resources.pids.limit = 77'
	[ "$(<"$CGROUP/pids.max") $(<"$SHARED/pids.max")" = "77 max" ]
	without_bus ocirun update --pids-limit 78 "$ID"
	[ "$(<"$CGROUP/pids.max")" = 78 ]
	ocirun delete --force "$ID"
}

@test "what cannot be a container's place is refused before systemd is asked" {
	local path
	for path in /a/b a:b 'a:b:c' 'x.slice:p:../y' 'x.slice:p:a/b' 'x.slice:p:x-y.slice' 'x.slice:p:a\nb'; do
		shared_bundle ".linux.cgroupsPath = \"$path\""
		run -1 without_bus ocirun run --bundle "$BUNDLE" "$ID"
		one_error <<<"$output"
		[[ $output == *"/linux/cgroupsPath"* ]] || fail "$output"
	done
	shared_bundle '.annotations = {"org.systemd.property.KillSignal": "37"}'
	run -1 without_bus ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *"no unit of its own"*"/annotations/org.systemd.property.KillSignal"* ]] || fail "$output"
}

@test "a bus that is not there is an error, and nothing is left" {
	shared_bundle
	run -1 without_bus ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *"cannot connect to systemd at unix:path=/nowhere: no such file or directory"* ]] || fail "$output"
}

@test "a create that fails or is killed at any moment leaves nothing that delete --force does not remove" {
	running '.hooks.createRuntime = [{path: "/bin/false"}]' || true
	[ ! -e "$CGROUP" ]
	edit 'del(.hooks)'
	local i delay
	for i in {1..25}; do
		"$OCIRUN" --root "$ROOT" --cgroup-manager cgroup-systemd-slice create --bundle "$BUNDLE" "$ID" </dev/null \
			>"$WORK/out" 2>&1 3>&- &
		printf -v delay '0.%04d' $((i * 8 + RANDOM % 8))
		sleep "$delay"
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		ocirun delete --force "$ID"
		[ ! -e "$CGROUP" ] || fail "after $delay s"
	done
}

@test "${PARALLEL:-200} containers at once leave no cgroup, and in a while no unit" {
	shared_bundle
	args /bin/sh -c 'exit 5'
	at_once cgroup-systemd-slice "machine.slice:t:$ID"
	[ "$(find "$SHARED" -mindepth 1 -maxdepth 1 -type d)" = "$SHARED/keeper" ]
	until_true 60 fails is_loaded "$UNIT"
	[ ! -e "$SHARED" ]
}
