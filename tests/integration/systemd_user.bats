#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# An ordinary user's containers by the user's own systemd, under isolated.sh --view systemd or machine.
load helpers

USER_ID=4711
[ "$VIEW" != machine ] || USER_ID=1000
RUNTIME=/run/user/$USER_ID
MANAGER=/sys/fs/cgroup/user.slice/user-$USER_ID.slice/user@$USER_ID.service

# The runtime where the user can reach it, and, where logind has not started a manager, one such as it would.
setup_file() {
	[[ $VIEW == systemd || $VIEW == machine ]] || return 0
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/file "$BATS_FILE_TMPDIR" 2>/dev/null || true
	mkdir -p "$BATS_FILE_TMPDIR/prefix/bin" "$BATS_FILE_TMPDIR/prefix/lib"
	cp "$OCIRUN" "$BATS_FILE_TMPDIR/prefix/bin/"
	cp -a "$BUILD_DIR/lib/ocikit" "$BATS_FILE_TMPDIR/prefix/lib/"
	[ "$VIEW" = machine ] || start_manager
}

teardown_file() {
	[ "$VIEW" != systemd ] || stop_manager
}

start_manager() {
	{ cat /etc/passwd && echo "ordinary:x:$USER_ID:$USER_ID::/:/bin/sh"; } >"$BATS_FILE_TMPDIR/passwd"
	{ cat /etc/group && echo "ordinary:x:$USER_ID:"; } >"$BATS_FILE_TMPDIR/group"
	mount --bind "$BATS_FILE_TMPDIR/passwd" /etc/passwd
	mount --bind "$BATS_FILE_TMPDIR/group" /etc/group
	install -d -m 0700 -o "$USER_ID" -g "$USER_ID" "$RUNTIME"
	systemd-run --quiet --unit="user@$USER_ID.service" --slice="user-$USER_ID.slice" --uid=ordinary \
		--property=Delegate=yes --property=KillSignal=SIGKILL --service-type=notify --setenv=XDG_RUNTIME_DIR="$RUNTIME" \
		--setenv=SYSTEMD_UNIT_PATH=/run/ocikit-units --setenv=SYSTEMD_GENERATOR_PATH=/run/no-generators \
		/lib/systemd/systemd --user --unit=basic.target --log-target=null
}

stop_manager() {
	systemctl stop "user@$USER_ID.service"
	umount /etc/passwd /etc/group
}

as_user() {
	setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin XDG_RUNTIME_DIR="$RUNTIME" \
		${DBUS_SESSION_BUS_ADDRESS:+DBUS_SESSION_BUS_ADDRESS="$DBUS_SESSION_BUS_ADDRESS"} "$@"
}

ocirun() {
	as_user timeout --foreground --kill-after 1 60 "$BATS_FILE_TMPDIR/prefix/bin/ocirun" --root "$ROOT" --systemd-cgroup \
		"$@" 3>&-
}

user_bundle() {
	under_systemd
	bundle minimal
	rm "$BUNDLE/config.json"
	chown -R "$USER_ID:$USER_ID" "$WORK"
	(cd "$BUNDLE" && ocirun spec --rootless)
	edit '.process.terminal = false' ".linux.cgroupsPath = \"user.slice:t:$ID\"" "$@"
	chmod a+r "$BUNDLE/config.json"
	cd "$BUNDLE" || return
	UNIT=t-$ID.scope
	CGROUP=$MANAGER/user.slice/$UNIT
}

of_user() { as_user systemctl --user "$@"; }
is_loaded() { of_user list-units --all --no-legend --plain "$1" | grep -q .; }

@test "an ordinary user's container is a scope of the user's manager" {
	user_bundle
	args sleep 1000
	ocirun_detached run --detach "$ID"
	[ "$(of_user show --property=ControlGroup --value "$UNIT")" = "${CGROUP#/sys/fs/cgroup}" ]
	grep -qx "$(pid_of "$ID")" "$CGROUP/cgroup.procs"
	[ "$(jq -r '.cgroup_paths[""]' "$ROOT/$ID/state.json")" = "$CGROUP" ]
	ocirun pause "$ID"
	[ "$(status_of "$ID")" = paused ]
	ocirun resume "$ID"
	run -0 ocirun exec "$ID" id -u
	[ "${lines[-1]}" = 0 ] || fail "$output"
	ocirun delete --force "$ID"
	until_true 5 fails is_loaded "$UNIT"
	[ ! -e "$CGROUP" ]
}

@test "without cgroupsPath it is in user.slice under its id" {
	user_bundle 'del(.linux.cgroupsPath)'
	args sleep 1000
	ocirun_detached run --detach "$ID"
	[ "$(jq -r '.cgroup_paths[""]' "$ROOT/$ID/state.json")" = "$MANAGER/user.slice/runc-$ID.scope" ]
	ocirun delete --force "$ID"
}

@test "containers that share a unit of the user's" {
	user_bundle
	args sleep 1000
	UNIT=ocikit-user.service
	ocirun_detached --cgroup-manager cgroup-systemd-slice run --detach "$ID"
	[ "$(of_user show --property=ControlGroup --value "$UNIT")" = "${MANAGER#/sys/fs/cgroup}/user.slice/$UNIT" ]
	grep -qx "$(pid_of "$ID")" "$MANAGER/user.slice/$UNIT/t-$ID/cgroup.procs"
	run -0 ocirun exec "$ID" cat /proc/self/cgroup
	[[ $output == *0::/ ]] || fail "$output" # where its cgroup namespace begins
	ocirun delete --force "$ID"
	[ ! -e "$MANAGER/user.slice/$UNIT/t-$ID" ]
	of_user kill --signal=KILL "$UNIT"
	until_true 5 fails is_loaded "$UNIT"
}

@test "limits of the user's manager's" {
	grep -qw memory "$MANAGER/cgroup.controllers" || skip "the memory controller is not on cgroup v2 here"
	user_bundle '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 55}}'
	args sleep 1000
	ocirun_detached run --detach "$ID"
	[ "$(<"$CGROUP/memory.max") $(<"$CGROUP/pids.max")" = "67108864 55" ]
	ocirun delete --force "$ID"
}

@test "by the session's bus as well" {
	user_bundle
	[ -S "$RUNTIME/bus" ] || skip "this user's manager has no bus beside its own socket"
	args sleep 1000
	DBUS_SESSION_BUS_ADDRESS=unix:path=$RUNTIME/bus ocirun_detached run --detach "$ID"
	grep -qx "$(pid_of "$ID")" "$CGROUP/cgroup.procs"
	DBUS_SESSION_BUS_ADDRESS=unix:path=$RUNTIME/bus ocirun delete --force "$ID"
	until_true 5 fails is_loaded "$UNIT"
}

@test "a manager that was stopped is waited for, not for ever, and nothing is left" {
	user_bundle
	local manager
	manager=$(systemctl show --property=MainPID --value "user@$USER_ID.service")
	kill -STOP "$manager"
	run -1 ocirun run "$ID"
	kill -CONT "$manager"
	one_error <<<"$output"
	until_true 5 fails is_loaded "$UNIT"
	[ ! -e "$CGROUP" ]
}

@test "without a manager there is a reason" {
	user_bundle
	RUNTIME=$WORK run -1 ocirun run "$ID"
	one_error <<<"$output"
	[[ $output == *"cannot connect to the user's systemd at unix:path="* ]] || fail "$output"
	run -1 as_user env -u XDG_RUNTIME_DIR "$BATS_FILE_TMPDIR/prefix/bin/ocirun" --root "$ROOT" --systemd-cgroup \
		run "$ID" 3>&-
	[[ $output == *"neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR leads to a systemd"* ]] || fail "$output"
}
