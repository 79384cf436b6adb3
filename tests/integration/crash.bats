#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

@test "a create that is killed at any moment leaves nothing that delete --force does not remove" {
	bundle engine
	args /bin/sleep 100
	local i delay
	for i in {1..60}; do
		"$OCIRUN" --root "$ROOT" create --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 3>&- &
		# From before it has done anything to after it is done: a create takes a few milliseconds.
		printf -v delay '0.%04d' $((i * 4 + RANDOM % 4))
		sleep "$delay"
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		ocirun delete --force "$ID"
		nothing_is_left || fail "after $delay s"
	done
}

@test "a create that is killed while its init is busy takes the init and its hook along" {
	bundle engine '.hooks.createContainer = [{path: "/bin/sleep", args: ["sleep", "100"]}]'
	for command in create run; do
		"$OCIRUN" --root "$ROOT" $command --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 3>&- &
		until_true 5 pgrep -f '^sleep 100'
		kill -9 $!
		wait $! 2>/dev/null || true
		ocirun delete --force "$ID"
		nothing_is_left || fail "after $command"
	done
}

@test "a run that is killed takes its container along, or leaves one that delete --force removes" {
	bundle
	args /bin/sleep 100
	for delay in 0.002 0.005 0.01 0.2; do
		"$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 3>&- &
		sleep "$delay"
		kill -9 $!
		wait $! 2>/dev/null || true
		ocirun delete --force "$ID"
		nothing_is_left || fail "after $delay s"
	done
}

@test "a create whose init is killed is an error at once, not a wait for ever" {
	bundle engine '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "kill -9 $(jq .pid)"], env: ["PATH=/bin:/usr/bin"]}]'
	run -1 timeout 60 "$OCIRUN" --root "$ROOT" create --bundle "$BUNDLE" "$ID"
	[ -n "$output" ]
}

@test "a full disk under the state root is one clear error and leaves nothing" {
	bundle
	local size
	for size in 0 4 8 12 16; do
		mount -t tmpfs -o size=1M,mode=0700 tmpfs "$ROOT"
		dd if=/dev/zero of="$ROOT/.fill" bs=1k count=$((1024 - size)) status=none 2>/dev/null || true
		status=0
		ocirun run --bundle "$BUNDLE" "$ID" >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
		((status <= 1)) || fail "status $status"
		((status == 0)) || grep -q 'no space left on device' "$WORK/err" || fail "$size KiB: $(tail -c 300 "$WORK/err")"
		[ ! -e "$ROOT/$ID" ]
		umount "$ROOT"
		[ -z "$(cgroups)" ]
	done
}

@test "a state root that cannot be made, is a file or is everybody's is refused" {
	bundle
	echo text >"$WORK/file"
	run -1 "$OCIRUN" --root "$WORK/file" run --bundle "$BUNDLE" "$ID"
	run -1 "$OCIRUN" --root "$WORK/file/below" run --bundle "$BUNDLE" "$ID"
	mkdir -m 0777 "$WORK/open"
	chown 65534 "$WORK/open"
	run -1 "$OCIRUN" --root "$WORK/open" run --bundle "$BUNDLE" "$ID"
	[ -z "$(ls -A "$WORK/open")" ]
}
