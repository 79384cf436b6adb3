# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For tests of hostile images: a directory beside the bundle that nothing may touch, ways to lead there, and the verdict.

# The directory beside the root file system that nothing may touch.
outside() {
	OUTSIDE=$WORK/outside
	mkdir "$OUTSIDE" "$OUTSIDE/dir"
	echo precious | tee "$OUTSIDE/file" >"$OUTSIDE/dir/file"
	OUTSIDE_BEFORE=$(outside_state)
}
outside_state() { find "$OUTSIDE" -printf '%P %y %m %U:%G %s %T@ %n\n' | sort && cat "$OUTSIDE/file" "$OUTSIDE/dir/file"; }
outside_is_unchanged() {
	[ "$(outside_state)" = "$OUTSIDE_BEFORE" ] || fail "the outside changed: $(diff <(echo "$OUTSIDE_BEFORE") <(outside_state))"
}

# The container may run (255: to an execve that fails) or be refused, in one clear line; it may not hang, and the
# outside stays as it was.
runs_or_is_refused() {
	status=0
	timeout -k 1 60 "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- || status=$?
	cat "$WORK/err"
	((status < 124 || status == 255)) || fail "it hung or crashed: $status"
	((status == 0 || status == 255)) || one_error <"$WORK/err"
	outside_is_unchanged
	nothing_is_left
}

# is_refused [TEXT]: in one line, which says TEXT.
is_refused() {
	runs_or_is_refused
	((status == 1)) || fail "not refused: $status"
	[[ $(cat "$WORK/err") == *"${1:-}"* ]] || fail "refused for another reason"
}

# plant PATH TARGET: a symlink in the root file system instead of what is there.
plant() {
	rm -rf "$BUNDLE/rootfs${1:?}"
	mkdir -p "$BUNDLE/rootfs${1%/*}"
	ln -s "$2" "$BUNDLE/rootfs$1"
}

writable() { bundle engine '.root.readonly = false' "$@"; }
without_dev() { edit '.mounts |= map(select(.destination | startswith("/dev") | not))'; }

# The ways a symlink can point out: absolute, upwards, and through a link of its own.
ways_out() { printf '%s\n' "$OUTSIDE/$1" "../../outside/$1" "/proc/1/root$OUTSIDE/$1" "/proc/self/cwd/../../outside/$1"; }
