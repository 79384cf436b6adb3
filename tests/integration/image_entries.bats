#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Every path that the runtime touches in an image, replaced by everything that an image can hold there. What is checked
# is the same for all: the outside does not change, nothing is left or waited for, and the container is either right or
# refused in one line.
load helpers

outside() {
	OUTSIDE=$WORK/outside
	mkdir -p "$OUTSIDE/dir"
	echo precious | tee "$OUTSIDE/file" >"$OUTSIDE/dir/file"
	OUTSIDE_BEFORE=$(outside_state)
	"$BUILD_DIR/bin/tools/recvtty" --mode null "$WORK/socket" >/dev/null 2>&1 </dev/null 3>&- &
	until_true 5 test -S "$WORK/socket"
	kill -9 $!
	wait $! || true
	[ -S "$WORK/socket" ]
}
outside_state() { find "$OUTSIDE" -printf '%P %y %m %U:%G %s %T@ %n\n' | sort; }

KINDS=(absent file directory absolute relative dangling loop magic fifo socket other_node block)

# plant KIND PATH: it, instead of what the image has there.
plant() {
	local at=$BUNDLE/rootfs$2
	rm -rf "$at"
	mkdir -p "${at%/*}"
	case $1 in
	absent) ;;
	file) echo fake >"$at" ;;
	directory) mkdir "$at" && echo fake >"$at/file" ;;
	absolute) ln -s "$OUTSIDE/dir" "$at" ;;
	relative) ln -s "$(realpath -sm --relative-to="${at%/*}" "$OUTSIDE/dir")" "$at" ;;
	dangling) ln -s "$OUTSIDE/missing" "$at" ;;
	loop) ln -s "${at##*/}" "$at" ;;
	magic) ln -s /proc/self/fd/5 "$at" ;;
	fifo) mkfifo -m 0777 "$at" ;;
	socket) cp -a "$WORK/socket" "$at" ;;
	other_node) mknod -m 0666 "$at" c 1 11 ;;
	block) mknod -m 0666 "$at" b 1 3 ;;
	esac
}

# What a container must find where it runs.
# shellcheck disable=SC2016 # expanded in there
LOOK='echo running; for n in null zero full random urandom tty; do stat -c "%n %F %t:%T" /dev/$n; done'
SEEN='running
/dev/null character special file 1:3
/dev/zero character special file 1:5
/dev/full character special file 1:7
/dev/random character special file 1:8
/dev/urandom character special file 1:9
/dev/tty character special file 5:0'

# judge WHAT: runs the bundle, on a terminal of its own when TERMINAL is set.
judge() {
	local status=0 command=("$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID") said
	[ -n "${TERMINAL:-}" ] && command=(on_terminal "${command[@]}") || command=(timeout -k 1 60 "${command[@]}")
	"${command[@]}" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- || status=$?
	said=$(cat "$WORK/err" "$WORK/out" | tr -d '\r')
	((status < 124 || status == 255)) || fail "$1: it hung or crashed: $status $said"
	if [[ $said == *running* ]]; then
		[ "$said" = "$SEEN" ] || fail "$1: not a right container: $said"
	else
		((status != 0)) || fail "$1: neither run nor refused: $said"
		[ "$(grep -c . <<<"$said")" -eq 1 ] || fail "$1: not one line: $said"
	fi
	[ "$(outside_state)" = "$OUTSIDE_BEFORE" ] ||
		fail "$1: the outside changed: $(diff <(echo "$OUTSIDE_BEFORE") <(outside_state))"
	nothing_is_left || fail "after $1"
}

# each_kind_at PATH...: all kinds, in a bundle that `prepare` makes.
each_kind_at() {
	local path kind
	outside
	for path; do
		for kind in "${KINDS[@]}"; do
			prepare
			plant "$kind" "$path"
			shell "$LOOK"
			judge "$kind at $path"
		done
	done
}

without_dev() {
	edit '.mounts |= map(select(.destination == "/dev/pts" or (.destination | startswith("/dev") | not)))'
}
DEVICES=(/dev /dev/null /dev/tty /dev/console /dev/ptmx /dev/pts /dev/fd)

@test "below mounts: what the image has at a mount point" {
	prepare() { bundle engine '.root.readonly = false'; }
	each_kind_at /dev /proc /sys /etc/hosts /run
}

@test "below mounts: what the image has at a masked or a read-only path or at the working directory" {
	prepare() {
		bundle engine '.root.readonly = false' '.linux.maskedPaths += ["/masked"]' '.linux.readonlyPaths += ["/locked"]' \
			'.process.cwd = "/work"'
	}
	each_kind_at /masked /locked /work
}

@test "without a mount at /dev: what the image has in place of the default devices" {
	prepare() {
		bundle engine '.root.readonly = false'
		without_dev
	}
	each_kind_at "${DEVICES[@]}"
}

@test "without a mount at /dev, in a user namespace" {
	prepare() {
		bundle userns '.root.readonly = false'
		without_dev
	}
	each_kind_at "${DEVICES[@]}"
}

@test "without a mount at /dev, with a terminal and a read-only root" {
	# shellcheck disable=SC2034 # judge reads it
	TERMINAL=yes
	prepare() {
		bundle engine '.root.readonly = true' '.process.terminal = true'
		without_dev
	}
	each_kind_at "${DEVICES[@]}"
}
