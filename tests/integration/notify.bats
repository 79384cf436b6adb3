#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

PEER=$BUILD_DIR/bin/tools/notify-peer

# A bundle whose program says SCRIPT's things to its NOTIFY_SOCKET, and a service manager, whose log is $WORK/heard.
service() {
	bundle minimal '.root.readonly = false'
	cp "$PEER" "$BUNDLE/rootfs/notify-peer"
	shell "say() { /notify-peer say \"\$NOTIFY_SOCKET\" \"\$1\"; }; $1"
	export NOTIFY_SOCKET=$WORK/manager.sock
	"$PEER" serve "$NOTIFY_SOCKET" >"$WORK/heard" 3>&- &
	MANAGER=$!
	until_true 5 test -S "$NOTIFY_SOCKET"
}

@test "a detached run waits for READY and tells the manager, with the container's first process" {
	service 'say "STATUS=starting|WATCHDOG=1"; sleep 0.3; say "STATUS=go|READY=1|ERRNO=3"; sleep 100'
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	wait "$MANAGER"
	[ "$(cat "$WORK/heard")" = "READY=1|
MAINPID=$(pid_of "$ID")|
BARRIER=1" ]
	ocirun delete --force "$ID"
}

@test "start does it for a created container, whose program finds the socket read-only at /run/notify" {
	service 'echo "$NOTIFY_SOCKET"; (echo x >/run/notify/new) 2>&1; say READY=1; sleep 100'
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	[ ! -s "$WORK/heard" ]
	ocirun start "$ID"
	wait "$MANAGER"
	grep -qx "MAINPID=$(pid_of "$ID")|" "$WORK/heard"
	grep -qx /run/notify/notify.sock "$WORK/out"
	grep -q 'Read-only file system' "$WORK/out"
	ocirun delete --force "$ID"
}

@test "in the foreground the main process is the runtime, which goes on waiting" {
	service 'say READY=1; sleep 0.3; exit 3'
	"$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 3>&- &
	runtime=$!
	wait "$MANAGER"
	status=0
	wait "$runtime" || status=$?
	[ "$status" -eq 3 ]
	grep -qx "MAINPID=$runtime|" "$WORK/heard"
}

@test "a container that ends without a word keeps nobody waiting" {
	service 'exit 0'
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	kill "$MANAGER"
	[ ! -s "$WORK/heard" ]
	ocirun delete "$ID"
}

@test "without NOTIFY_SOCKET there is no mount and no variable" {
	bundle
	shell 'echo "[$NOTIFY_SOCKET]"; ls -d /run/notify 2>&1'
	run -1 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == '[]'*'No such file'* ]]
}
