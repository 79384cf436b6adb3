#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# An ordinary user's containers by the user's own systemd, under isolated.sh --view systemd.
load helpers

USER_ID=4711
RUNTIME=/run/user/$USER_ID
MANAGER=/sys/fs/cgroup/user.slice/user-$USER_ID.slice/user@$USER_ID.service

# A manager as logind would start it, and the runtime where the user can reach it.
setup_file() {
	[ "$VIEW" = systemd ] || return 0
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/file "$BATS_FILE_TMPDIR" 2>/dev/null || true
	mkdir -p "$BATS_FILE_TMPDIR/prefix/bin" "$BATS_FILE_TMPDIR/prefix/lib"
	cp "$OCIRUN" "$BATS_FILE_TMPDIR/prefix/bin/"
	cp -a "$BUILD_DIR/lib/ocikit" "$BATS_FILE_TMPDIR/prefix/lib/"
	{ cat /etc/passwd && echo "ordinary:x:$USER_ID:$USER_ID::/:/bin/sh"; } >"$BATS_FILE_TMPDIR/passwd"
	{ cat /etc/group && echo "ordinary:x:$USER_ID:"; } >"$BATS_FILE_TMPDIR/group"
	mount --bind "$BATS_FILE_TMPDIR/passwd" /etc/passwd
	mount --bind "$BATS_FILE_TMPDIR/group" /etc/group
	install -d -m 0700 -o "$USER_ID" -g "$USER_ID" "$RUNTIME"
	systemd-run --quiet --unit="user@$USER_ID.service" --slice="user-$USER_ID.slice" --uid=ordinary \
		--property=Delegate=yes --service-type=notify --setenv=XDG_RUNTIME_DIR="$RUNTIME" \
		--setenv=SYSTEMD_UNIT_PATH=/run/ocikit-units --setenv=SYSTEMD_GENERATOR_PATH=/run/no-generators \
		/lib/systemd/systemd --user --unit=basic.target --log-target=null
}

teardown_file() {
	[ "$VIEW" = systemd ] || return 0
	systemctl stop "user@$USER_ID.service"
	umount /etc/passwd /etc/group
}

as_user() {
	setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin XDG_RUNTIME_DIR="$RUNTIME" "$@"
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

@test "limits of the user's manager's" {
	grep -qw memory "$MANAGER/cgroup.controllers" || skip "the memory controller is not on cgroup v2 here"
	user_bundle '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 55}}'
	args sleep 1000
	ocirun_detached run --detach "$ID"
	[ "$(<"$CGROUP/memory.max") $(<"$CGROUP/pids.max")" = "67108864 55" ]
	ocirun delete --force "$ID"
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
