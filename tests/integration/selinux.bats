#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# SELinux that enforces, with the domain of tests/vm/selinux.cil, which may do everything but read ocikit_secret_t.
# tests/vm has a machine for it.

LABEL=unconfined_u:unconfined_r:ocikit_test_t:s0:c1,c2
MOUNT_LABEL=system_u:object_r:container_file_t:s0:c1,c2

# enforcing: goes on where SELinux enforces a policy with the test's domain.
enforcing() {
	grep -qw selinuxfs /proc/filesystems || skip "this kernel has no SELinux, or it is off"
	[ "$(cat /sys/fs/selinux/enforce)" = 1 ] || skip "SELinux does not enforce"
	printf %s "$LABEL" >/sys/fs/selinux/context || skip "the policy of tests/vm/selinux.cil is not loaded"
}

# as LABEL: a bundle whose process has it, with a file that the test's domain may not read.
as() {
	enforcing
	bundle minimal ".process.selinuxLabel = \"$1\"" '.root.readonly = false'
	echo secret >"$BUNDLE/rootfs/secret"
	chcon -t ocikit_secret_t "$BUNDLE/rootfs/secret"
}

current() { tr -d '\0' <"/proc/$1/attr/current"; }

@test "the program runs with the label, which keeps it from what the policy keeps it from" {
	as "$LABEL"
	shell 'tr -d "\0" </proc/self/attr/current; echo; cat /secret || echo denied'
	run --separate-stderr -0 ocirun run --bundle "$BUNDLE" "$ID"
	[ "${lines[0]}" = "$LABEL" ] || fail "$output"
	[[ $output == *denied ]]
}

@test "without the label the file is read, so that it is the label that denies" {
	enforcing
	bundle
	echo secret >"$BUNDLE/rootfs/secret"
	chcon -t ocikit_secret_t "$BUNDLE/rootfs/secret"
	shell 'cat /secret || echo denied'
	run --separate-stderr -0 ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = secret ]
}

@test "a label that the policy does not know ends the start, and says where it stands" {
	as "no_such_u:no_such_r:no_such_t:s0"
	run -1 ocirun run --no-new-keyring --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	words="can't set process label: write /proc/thread-self/attr/exec: invalid argument"
	[[ $output == *"$words (config.json#/process/selinuxLabel)"* ]]
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	words="can't set the label of the session keyring: write /proc/thread-self/attr/keycreate: invalid argument"
	[[ $output == *"$words (config.json#/process/selinuxLabel)"* ]]
	nothing_is_left
}

@test "exec has the container's label, or its own" {
	as "$LABEL"
	args sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	[ "$(current "$(pid_of "$ID")")" = "$LABEL" ]
	ocirun exec "$ID" sh -c 'tr -d "\0" </proc/self/attr/current; cat /secret || echo denied' >said
	[ "$(<said)" = "${LABEL}denied" ]
	own=${LABEL/c1,c2/c3}
	[ "$(ocirun exec --process-label "$own" "$ID" cat /proc/self/attr/current | tr -d '\0')" = "$own" ]
	ocirun delete --force "$ID"
}

@test "the session keyring has the label of the program, and the program no label for further keyrings" {
	as "$LABEL"
	cp "$BUILD_DIR/bin/tools/key_label" "$BUNDLE/rootfs/bin/"
	shell 'key_label 2>&1; cat /proc/self/attr/keycreate'
	run --separate-stderr -0 ocirun run --bundle "$BUNDLE" "$ID"
	[ "$(tr -d '\0' <<<"${lines[0]}")" = "_ses.$ID $LABEL" ] || fail "$output"
	[ "${#lines[@]}" -eq 1 ] || fail "keycreate: $output"
}

@test "the mount label is that of new file systems, masks and queues, not of proc and sysfs" {
	as "$LABEL"
	edit ".linux.mountLabel = \"$MOUNT_LABEL\"" '.linux.maskedPaths = ["/proc/acpi", "/sys/firmware", "/masked"]' \
		'.mounts += [{destination: "/t", type: "tmpfs", source: "tmpfs"},
			{destination: "/q", type: "mqueue", source: "mqueue"}]'
	mkdir "$BUNDLE/rootfs/masked"
	args sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	pid=$(pid_of "$ID")
	labelled() { grep -F "context=\"$MOUNT_LABEL\"" "/proc/$pid/mountinfo" | awk '{print $5}'; }
	for place in /t /dev /masked; do labelled | grep -qx "$place" || fail "$place: $(cat "/proc/$pid/mountinfo")"; done
	for place in /proc /sys; do fails grep -qx "$place" <(labelled); done
	: >"/proc/$pid/root/t/file"
	[ "$(stat -c %C "/proc/$pid/root/t/file")" = "$MOUNT_LABEL" ]
	[ "$(stat -c %C "/proc/$pid/root/q")" = "$MOUNT_LABEL" ]
	ocirun delete --force "$ID"
}

@test "hooks of startContainer have the label" {
	as "$LABEL"
	edit '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat /proc/self/attr/current >/tmp/label"]}]'
	args true
	ocirun run --bundle "$BUNDLE" "$ID"
	[ "$(tr -d '\0' <"$BUNDLE/rootfs/tmp/label")" = "$LABEL" ]
}

@test "an image's link in place of /proc does not get rid of the label" {
	as "$LABEL"
	rmdir "$BUNDLE/rootfs/proc"
	mkdir -p "$BUNDLE/rootfs/evil/self/attr"
	: >"$BUNDLE/rootfs/evil/self/attr/exec"
	ln -s evil "$BUNDLE/rootfs/proc"
	args true
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'must be mounted on ordinary directory'* ]]
	[ ! -s "$BUNDLE/rootfs/evil/self/attr/exec" ]
}
