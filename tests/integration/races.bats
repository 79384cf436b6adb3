#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Containers that are made while somebody exchanges a part of a path with a link that leads out of the container: what a
# process can do that shares a volume with it. RACES is the number of starts, over all tests of this file. Each start
# may succeed or be refused in one line; nothing outside may change, be seen inside or be left behind.
load helpers
load outside

COMPONENTS=9
STARTS=$(((${RACES:-200} + COMPONENTS - 1) / COMPONENTS))

# one_start SEEN: runs the bundle; what it prints must not match SEEN.
one_start() {
	local status=0 command=("$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID")
	[ -n "${TERMINAL:-}" ] && command=(on_terminal "${command[@]}") || command=(timeout -k 1 60 "${command[@]}")
	"${command[@]}" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- || status=$?
	((status < 124)) || fail "it hung or crashed: $status $(cat "$WORK/err")" || return
	fails grep -E "$1" "$WORK/out" || fail "the outside is seen inside" || return
	outside_is_unchanged || return
	if ((status == 0)); then ran=$((ran + 1)); else refused=$((refused + 1)); fi
}

# race SEEN ONE OTHER...: STARTS starts of the bundle while each ONE is exchanged with its OTHER.
race() {
	local seen=$1 swapper i ran=0 refused=0 result=0
	shift
	: >"$WORK/swapper"
	"$BUILD_DIR/bin/tools/swap-race" "$@" >"$WORK/swapper" 2>&1 </dev/null 3>&- &
	swapper=$!
	until_true 5 grep -q swapping "$WORK/swapper"
	for ((i = 1; i <= STARTS && result == 0; ++i)); do one_start "$seen" || result=$?; done
	kill "$swapper" 2>/dev/null || fail "nothing was exchanged: $(cat "$WORK/swapper")"
	wait "$swapper" 2>/dev/null || true
	echo "start $((i - 1)) of $STARTS: $ran ran, $refused were refused"
	return "$result"
}

# The directory /volume of the image, and beside it a link that leads out.
volume() {
	outside
	writable "$@"
	mkdir -p "$BUNDLE/rootfs/volume"/{data,work,secret,locked}
	echo own | tee "$BUNDLE/rootfs/volume"/{data,work,secret,locked}/file >"$BUNDLE/rootfs/volume/file"
	mkdir "$OUTSIDE/dir"/{data,work,secret,locked}
	echo precious | tee "$OUTSIDE/dir"/{data,work,secret,locked}/file >/dev/null
	OUTSIDE_BEFORE=$(outside_state)
	ln -s "$OUTSIDE/dir" "$BUNDLE/rootfs/link"
	PAIR=("$BUNDLE/rootfs/volume" "$BUNDLE/rootfs/link")
}

@test "CVE-2024-45310: directories and files that are made for mounts below a path that is exchanged" {
	volume
	for n in {1..12}; do edit ".mounts += [{destination: \"/volume/new$n/deep\", type: \"tmpfs\", source: \"tmpfs\"}]"; done
	edit '.mounts += [{destination: "/volume/made/file", type: "bind", source: "files/hosts", options: ["bind"]}]'
	shell 'cat /volume/file /volume/*/file 2>/dev/null || true'
	race precious "${PAIR[@]}"
}

@test "CVE-2021-30465: a source in the image, and mounts before it, below a path that is exchanged" {
	volume '.mounts += [{destination: "/volume/data", type: "tmpfs", source: "tmpfs"},
		{destination: "/seen", type: "bind", source: "rootfs/volume/secret", options: ["rbind"]},
		{destination: "/also", type: "bind", source: "rootfs/volume", options: ["rbind"]}]'
	shell 'cat /seen/file /also/file /also/*/file 2>/dev/null || true'
	race precious "${PAIR[@]}"
}

@test "CVE-2024-21626: a working directory below a path that is exchanged" {
	volume '.process.cwd = "/volume/work"'
	shell 'cat file ../file ../../file 2>/dev/null || true'
	race precious "${PAIR[@]}"
}

@test "CVE-2019-19921: /proc and /sys that are exchanged" {
	volume
	ln -s "$OUTSIDE/dir" "$BUNDLE/rootfs/proclink"
	ln -s "$OUTSIDE/dir" "$BUNDLE/rootfs/syslink"
	shell 'stat -f -c "%T is mounted" /proc /sys; cat /proc/file /sys/file 2>/dev/null || true'
	race 'precious|(tmpfs|ext|overlay|UNKNOWN).* is mounted' "$BUNDLE/rootfs/proc" "$BUNDLE/rootfs/proclink" \
		"$BUNDLE/rootfs/sys" "$BUNDLE/rootfs/syslink"
}

@test "CVE-2026-41579: /dev that is exchanged, without a mount there" {
	volume
	without_dev
	ln -s "$OUTSIDE/dir" "$BUNDLE/rootfs/devlink"
	touch "$OUTSIDE/dir/ptmx"
	OUTSIDE_BEFORE=$(outside_state)
	shell 'cat /dev/file 2>/dev/null || true'
	race precious "$BUNDLE/rootfs/dev" "$BUNDLE/rootfs/devlink"
}

@test "masked and read-only paths below a path that is exchanged" {
	volume '.linux.maskedPaths += ["/volume/secret", "/volume/file"]' '.linux.readonlyPaths += ["/volume/locked"]'
	shell 'cat /volume/secret/file /volume/locked/file 2>/dev/null || true'
	race precious "${PAIR[@]}"
}

@test "CVE-2025-31133: the first masked directory is exchanged with a link to another one" {
	volume '.linux.maskedPaths = ["/volume/secret", "/hidden", "/proc/sys"]'
	mkdir "$BUNDLE/rootfs/hidden"
	echo hidden >"$BUNDLE/rootfs/hidden/file"
	ln -s /hidden "$BUNDLE/rootfs/volume/link"
	shell 'cat /hidden/file; ls /proc/sys'
	race 'hidden|kernel' "$BUNDLE/rootfs/volume/secret" "$BUNDLE/rootfs/volume/link"
}

# A volume at /dev whose nodes are right.
dev_volume() {
	volume "$@"
	mkdir -p "$WORK/dev"/{pts,shm,mqueue}
	for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 0666 "$WORK/dev/${node%:*}" c 1 "${node#*:}"; done
	mknod -m 0666 "$WORK/dev/tty" c 5 0
	edit ".mounts |= map(if .destination == \"/dev\" then {destination: \"/dev\", type: \"bind\", source: \"$WORK/dev\",
		options: [\"bind\", \"rw\"]} else . end)"
}

@test "CVE-2025-31133: /dev/null that is exchanged, while files are masked" {
	dev_volume '.linux.maskedPaths = ["/proc/version", "/volume/file"]'
	ln -s "$OUTSIDE/file" "$WORK/dev/link"
	shell 'cat /proc/version /volume/file'
	race 'precious|Linux|own' "$WORK/dev/null" "$WORK/dev/link"
}

@test "CVE-2025-52565, CVE-2026-88264: /dev/pts and /dev/console that are exchanged, with a terminal" {
	# shellcheck disable=SC2034 # one_start reads it
	TERMINAL=yes
	dev_volume '.process.terminal = true'
	touch "$WORK/dev/console"
	ln -s "$OUTSIDE/file" "$WORK/dev/link"
	ln -s "$OUTSIDE/dir" "$WORK/dev/ptslink"
	shell 'head -c 20 /dev/pts/file 2>/dev/null; stat -L -c %F /dev/console'
	race 'precious|regular' "$WORK/dev/console" "$WORK/dev/link" "$WORK/dev/pts" "$WORK/dev/ptslink"
}
