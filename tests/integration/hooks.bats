#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# hook KIND SCRIPT: a hook of this kind that runs SCRIPT with the state in $STATE; $LOG is this test's journal.
hook() {
	edit ".hooks.$1 += [{path: \"/bin/sh\", args: [\"sh\", \"-c\", $(jq -Rs . <<<"$2")],
		env: [\"PATH=/bin:/usr/bin\", \"LOG=$WORK/log\"]}]"
}

# note KIND: a hook that writes its kind and the container's status to the journal.
note() { hook "$1" "echo $1 \$(jq -r .status) >>\$LOG"; }

host_kinds=(prestart createRuntime createContainer poststart poststop)

@test "the hooks on the host's side run in their order, each with the container's state on stdin" {
	bundle
	for kind in "${host_kinds[@]}"; do note "$kind"; done
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	[ "$(cat "$WORK/log")" = 'prestart creating
createRuntime creating
createContainer creating' ]
	ocirun start "$ID"
	until_true 5 grep -q poststart "$WORK/log"
	until_true 5 has_status "$ID" stopped
	fails grep -q poststop "$WORK/log"
	ocirun delete "$ID"
	[ "$(sed -n '4,5s/ .*//p' "$WORK/log")" = 'poststart
poststop' ]
	grep -qx 'poststop stopped' "$WORK/log"
}

@test "the state that a hook reads names the container, its process, bundle and annotations" {
	bundle engine
	hook createRuntime 'cat >$LOG'
	ocirun run --bundle "$BUNDLE" "$ID"
	jq -e --arg id "$ID" --arg bundle "$BUNDLE" '.id == $id and .bundle == $bundle and .pid > 1 and
		.ociVersion == "1.3.0" and .annotations["io.container.manager"] == "libpod"' "$WORK/log"
}

@test "createRuntime runs in the host's mount namespace, createContainer in the container's, on its root but not in it" {
	bundle
	host=$(readlink /proc/self/ns/mnt)
	hook createRuntime 'readlink /proc/self/ns/mnt >>$LOG'
	hook createContainer 'readlink /proc/self/ns/mnt >>$LOG; ls -d /etc/debian_version >>$LOG; pwd >>$LOG'
	ocirun run --bundle "$BUNDLE" "$ID"
	[ "$(sed -n 1p "$WORK/log")" = "$host" ]
	[ "$(sed -n 2p "$WORK/log")" != "$host" ]
	[ "$(sed -n 3p "$WORK/log")" = /etc/debian_version ]
	[ "$(sed -n 4p "$WORK/log")" = "$BUNDLE/rootfs" ]
}

@test "startContainer runs inside the container, after start and before the user's process" {
	bundle minimal '.root.readonly = false'
	edit '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat /proc/1/comm >/tmp/hook; pwd >>/tmp/hook"]}]'
	shell 'cat /tmp/hook'
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	[ ! -e "$BUNDLE/rootfs/tmp/hook" ]
	ocirun start "$ID"
	until_true 5 has_status "$ID" stopped
	[ -s "$BUNDLE/rootfs/tmp/hook" ]
	[ -s "$WORK/out" ]
	ocirun delete "$ID"
}

@test "poststart runs after the user's process has started, although it may have ended by then" {
	bundle
	args /bin/sleep 100
	hook poststart 'pid=$(jq .pid); tr "\0" " " </proc/$pid/cmdline >>$LOG'
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	[ "$(cat "$WORK/log")" = '/bin/sleep 100 ' ]
	ocirun delete --force "$ID"
}

@test "a failing hook before the start stops the container and is named; poststop hooks still run" {
	for kind in prestart createRuntime createContainer; do
		bundle
		rm -f "$WORK/log"
		hook "$kind" 'echo broken on purpose >&2; exit 3'
		note poststop
		run -1 ocirun run --bundle "$BUNDLE" "$ID"
		[[ $output == *"$kind"* ]]
		[[ $output == *'broken on purpose'* ]]
		grep -q poststop "$WORK/log"
		nothing_is_left
	done
}

@test "a hook that takes longer than its timeout is killed and fails the container" {
	bundle minimal '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "60"], timeout: 1}]'
	SECONDS=0
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	((SECONDS < 20))
}

@test "a hook gets the environment that is named and nothing of the caller's, and no descriptors but three" {
	bundle
	hook createRuntime 'env | grep -vE "^(PWD|SHLVL|_)=" >$LOG; ls /proc/self/fd >>$LOG'
	SECRET=1 ocirun run --bundle "$BUNDLE" "$ID" 9</etc/passwd
	[ "$(sort "$WORK/log" | tr '\n' ' ')" = "0 1 2 3 LOG=$WORK/log PATH=/bin:/usr/bin " ] || { cat "$WORK/log" && false; }
}

@test "a hook that is missing, not absolute or a directory is refused" {
	for path in /nosuch relative /etc; do
		bundle minimal ".hooks.createRuntime = [{path: \"$path\"}]"
		run -1 ocirun run --bundle "$BUNDLE" "$ID"
		nothing_is_left
	done
}

@test "a hook that never reads its stdin harms nobody" {
	bundle engine ".annotations.long = \"$(head -c 200000 /dev/zero | tr '\0' x | head -c 100000)\""
	edit '.hooks.createRuntime = [{path: "/bin/true"}]'
	run -0 ocirun run --bundle "$BUNDLE" "$ID"
}
