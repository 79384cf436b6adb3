#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# AppArmor that enforces. tests/vm has a machine for it.

PREFIX=ocikit-test

# What is missing, in words; nothing: all is there.
missing() {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] ||
		echo "this kernel has no AppArmor, or it is off"
	command -v apparmor_parser >/dev/null || echo "apparmor_parser is not here"
}

# enforcing: goes on where AppArmor enforces.
enforcing() {
	local reason
	reason=$(missing | head -1)
	[ -z "$reason" ] || skip "$reason"
}

setup_file() {
	[ -z "$(missing)" ] || return 0
	# securityfs is the host's, and not in every mount namespace.
	mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
	profiles | apparmor_parser --replace --skip-cache
}

teardown_file() { [ -n "$(missing)" ] || profiles | apparmor_parser --remove ; }

# Everything is allowed, but for what the test looks at.
profiles() {
	local rules='file, capability, network, mount, umount, pivot_root, signal, ptrace, unix, dbus, change_profile,'
	cat <<-END
		abi <abi/4.0>,
		profile $PREFIX-denies flags=(attach_disconnected,mediate_deleted) { $rules deny /tmp/forbidden w, }
		profile $PREFIX-complains flags=(complain,attach_disconnected,mediate_deleted) { $rules deny /tmp/forbidden w, }
		profile $PREFIX-nested flags=(attach_disconnected,mediate_deleted) { $rules }
	END
}

write_forbidden='cat /proc/self/attr/current; echo x >/tmp/forbidden && echo written || echo denied'

# as PROFILE: a bundle whose process has it.
as() {
	enforcing
	bundle minimal ".process.apparmorProfile = \"$1\"" '.root.readonly = false'
}

@test "the program runs under the profile, which denies what it denies" {
	as "$PREFIX-denies"
	shell "$write_forbidden"
	run --separate-stderr -0 ocirun run --bundle "$BUNDLE" "$ID"
	[ "${lines[0]}" = "$PREFIX-denies (enforce)" ]
	[[ $output == *denied ]]
	[ ! -e "$BUNDLE/rootfs/tmp/forbidden" ]
}

@test "without the profile the same write is done, so that it is the profile that denies" {
	enforcing
	bundle minimal '.root.readonly = false'
	shell "$write_forbidden"
	run --separate-stderr -0 ocirun run --bundle "$BUNDLE" "$ID"
	[ "${lines[0]}" = unconfined ]
	[[ $output == *written ]]
}

@test "with no_new_privs, another user and a filter the profile is the same" {
	enforcing
	bundle engine ".process.apparmorProfile = \"$PREFIX-denies\"" '.process.noNewPrivileges = true' '.root.readonly = false' \
		'.process.user = {uid: 1000, gid: 1000}'
	shell "$write_forbidden"
	run --separate-stderr -0 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == "$PREFIX-denies (enforce)"*denied ]]
}

@test "a profile that complains is said to, and unconfined is a profile too" {
	as "$PREFIX-complains"
	shell 'cat /proc/self/attr/current'
	run --separate-stderr -0 ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = "$PREFIX-complains (complain)" ]
	as unconfined
	shell 'cat /proc/self/attr/current'
	run --separate-stderr -0 ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = unconfined ]
}

@test "a profile that is not loaded ends the start, in runc's words and with its place" {
	as "$PREFIX-missing"
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	words='unable to start container process: error during container init: unable to apply apparmor profile: '
	words+='apparmor failed to apply profile: write /proc/thread-self/attr/apparmor/exec: no such file or directory'
	[[ $output == *"$words (config.json#/process/apparmorProfile)"* ]]
	nothing_is_left
}

@test "exec has the container's profile, or its own" {
	as "$PREFIX-denies"
	args sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	[ "$(cat "/proc/$(pid_of "$ID")/attr/current")" = "$PREFIX-denies (enforce)" ]
	[[ $(ocirun exec "$ID" sh -c "$write_forbidden") == "$PREFIX-denies (enforce)"*denied ]]
	[ "$(ocirun exec --apparmor "$PREFIX-nested" "$ID" cat /proc/self/attr/current)" = "$PREFIX-nested (enforce)" ]
	jq -n '{args: ["cat", "/proc/self/attr/current"], cwd: "/", env: ["PATH=/bin"], apparmorProfile: ""}' >process.json
	[ "$(ocirun exec --process process.json "$ID")" = "$PREFIX-denies (enforce)" ]
	run -255 ocirun exec --apparmor "$PREFIX-missing" "$ID" true
	[[ $output == *'unable to apply apparmor profile'*'no such file or directory'* ]]
	ocirun delete --force "$ID"
}

@test "hooks of startContainer are confined, those before the container's root are not" {
	as "$PREFIX-denies"
	edit '.hooks = {
		createContainer: [{path: "/bin/sh", args: ["sh", "-c", "cat /proc/self/attr/current >'"$WORK"'/created"]}],
		startContainer: [{path: "/bin/sh", args: ["sh", "-c", "cat /proc/self/attr/current >/tmp/started"]}]}'
	args true
	ocirun run --bundle "$BUNDLE" "$ID"
	[ "$(<created)" = unconfined ]
	[ "$(<"$BUNDLE/rootfs/tmp/started")" = "$PREFIX-denies (enforce)" ]
}

@test "in a user namespace the profile holds too" {
	enforcing
	bundle userns ".process.apparmorProfile = \"$PREFIX-denies\""
	shell 'cat /proc/self/attr/current'
	run --separate-stderr -0 ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = "$PREFIX-denies (enforce)" ]
}

# --- CVE-2019-16884, CVE-2023-28642, CVE-2025-52881: a /proc that is none, or not all of one

@test "an image's link in place of /proc does not get rid of the profile" {
	as "$PREFIX-denies"
	rmdir "$BUNDLE/rootfs/proc"
	mkdir -p "$BUNDLE/rootfs/evil/self/attr/apparmor"
	: >"$BUNDLE/rootfs/evil/self/attr/apparmor/exec"
	ln -s evil "$BUNDLE/rootfs/proc"
	shell "$write_forbidden"
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == */proc*'must be mounted on ordinary directory'* ]]
	[ ! -s "$BUNDLE/rootfs/evil/self/attr/apparmor/exec" ]
}

@test "a volume over /proc is refused, and without any /proc the profile holds" {
	as "$PREFIX-denies"
	mkdir -p "$WORK/volume/self/attr/apparmor"
	edit "(.mounts[] | select(.destination == \"/proc\")) =
		{destination: \"/proc\", type: \"bind\", source: \"$WORK/volume\", options: [\"bind\"]}"
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'cannot be mounted because it is not of type proc'* ]]
	edit 'del(.mounts[] | select(.destination == "/proc"))' 'del(.linux.maskedPaths)' 'del(.linux.readonlyPaths)'
	shell 'echo x >/tmp/forbidden && echo written || echo denied'
	run --separate-stderr -0 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *denied ]]
}

@test "what a container mounts over its /proc does not reach an exec" {
	as "$PREFIX-denies"
	edit '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"] | unique)'
	shell 'mkdir -p /tmp/self; mount --bind /tmp /proc; sleep 100'
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	until_true 20 grep -q '/rootfs/tmp /proc ' "/proc/$(pid_of "$ID")/mountinfo"
	run --separate-stderr -0 ocirun exec "$ID" sh -c 'echo x >/tmp/forbidden && echo written || echo denied'
	[[ $output == *denied ]]
	ocirun delete --force "$ID"
}
