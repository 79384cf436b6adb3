#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# The directory beside the root file system that nothing may touch.
outside() {
	OUTSIDE=$WORK/outside
	mkdir "$OUTSIDE" "$OUTSIDE/dir"
	echo precious | tee "$OUTSIDE/file" >"$OUTSIDE/dir/file"
	OUTSIDE_BEFORE=$(outside_state)
}
outside_state() { find "$OUTSIDE" -printf '%P %y %m %U:%G %s %T@ %n\n' | sort && cat "$OUTSIDE/file" "$OUTSIDE/dir/file"; }

# The container may run (255: to an execve that fails) or be refused, in one clear line; it may not hang, and the
# outside stays as it was.
runs_or_is_refused() {
	status=0
	timeout -k 1 20 "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- || status=$?
	cat "$WORK/err"
	((status < 124 || status == 255)) || fail "it hung or crashed: $status"
	((status == 0 || status == 255)) || one_error <"$WORK/err"
	[ "$(outside_state)" = "$OUTSIDE_BEFORE" ] || fail "the outside changed: $(diff <(echo "$OUTSIDE_BEFORE") <(outside_state))"
	nothing_is_left
}

# plant PATH TARGET: a symlink in the root file system instead of what is there.
plant() {
	rm -rf "$BUNDLE/rootfs${1:?}"
	mkdir -p "$BUNDLE/rootfs${1%/*}"
	ln -s "$2" "$BUNDLE/rootfs$1"
}

writable() { bundle engine '.root.readonly = false'; }
without_dev() { edit '.mounts |= map(select(.destination | startswith("/dev") | not))'; }

# The ways a symlink can point out: absolute, upwards, and through a link of its own.
ways_out() { printf '%s\n' "$OUTSIDE/$1" "../../outside/$1" "/proc/1/root$OUTSIDE/$1" "/proc/self/cwd/../../outside/$1"; }

@test "a symlink at /dev, /proc or /sys leads nowhere outside, because each mount is attached to a verified directory" {
	outside
	for path in /dev /proc /sys; do
		while read -r target; do
			writable
			plant "$path" "$target"
			runs_or_is_refused
		done < <(ways_out dir)
	done
}

@test "a proc or sysfs mount on a symlinked directory is refused, even one that stays inside" {
	outside
	for path in /proc /sys; do
		writable
		mkdir "$BUNDLE/rootfs/elsewhere"
		plant "$path" /elsewhere
		runs_or_is_refused
		[ "$status" -ne 0 ]
	done
}

@test "symlinks at the default devices are replaced or refused, never followed, when /dev is no mount" {
	outside
	for name in null zero full random urandom tty console ptmx fd stdin stdout stderr pts shm; do
		writable
		without_dev
		plant "/dev/$name" "$OUTSIDE/file"
		runs_or_is_refused
		plant "/dev/$name" ../../../outside/file
		runs_or_is_refused
	done
}

@test "a device node that is not the expected one is not used as /dev/null" {
	outside
	writable
	without_dev
	rm -f "$BUNDLE/rootfs/dev/null"
	echo fake >"$BUNDLE/rootfs/dev/null"
	shell 'cat /dev/null'
	runs_or_is_refused
	((status != 0)) || [ ! -s "$WORK/out" ]
}

@test "a mount target that is a symlink is looked up below the root" {
	outside
	for path in /etc/hosts /etc/resolv.conf /run/.containerenv; do
		while read -r target; do
			writable
			plant "$path" "$target"
			runs_or_is_refused
		done < <(ways_out file; ways_out missing)
	done
	writable
	plant /run "$OUTSIDE/dir"
	runs_or_is_refused
	[ ! -e "$OUTSIDE/dir/.containerenv" ]
}

@test "a mount target with dots in its name is looked up below the root" {
	outside
	writable
	edit '.mounts += [{destination: "/../../../outside/dir/new", type: "tmpfs", source: "tmpfs"},
		{destination: "/a/../../outside/dir/other", type: "bind", source: "files/hosts", options: ["bind"]}]'
	runs_or_is_refused
}

@test "masked and read-only paths that are symlinks change nothing outside" {
	outside
	writable
	plant /masked "$OUTSIDE/file"
	plant /locked "$OUTSIDE/dir"
	edit '.linux.maskedPaths += ["/masked"] | .linux.readonlyPaths += ["/locked"]'
	runs_or_is_refused
	echo still writable >"$OUTSIDE/dir/new"
	rm "$OUTSIDE/dir/new"
}

@test "a working directory that is a symlink ends below the root or is refused" {
	outside
	while read -r target; do
		writable
		plant /work "$target"
		edit '.process.cwd = "/work"'
		shell 'ls'
		runs_or_is_refused
		fails grep -q '^file$' "$WORK/out"
	done < <(ways_out dir)
}

@test "/etc/passwd and /etc/group as a FIFO, a device or a huge file are passed over, not waited for" {
	outside
	for file in /etc/passwd /etc/group; do
		writable
		edit 'del(.process.env[] | select(startswith("HOME=")))' '.process.user.uid = 1000'
		rm "$BUNDLE/rootfs$file"
		mkfifo "$BUNDLE/rootfs$file"
		runs_or_is_refused
		rm "$BUNDLE/rootfs$file"
		mknod "$BUNDLE/rootfs$file" c 1 5
		runs_or_is_refused
		rm "$BUNDLE/rootfs$file"
		truncate -s 4G "$BUNDLE/rootfs$file"
		runs_or_is_refused
		plant "$file" "$OUTSIDE/file"
		runs_or_is_refused
	done
}

@test "a program that is a symlink out of the root is not found, and a FIFO as program is refused" {
	outside
	writable
	cp /bin/busybox "$OUTSIDE/dir/busybox" 2>/dev/null || cp "$(command -v busybox)" "$OUTSIDE/dir/busybox"
	OUTSIDE_BEFORE=$(outside_state)
	plant /bin/escaped "$OUTSIDE/dir/busybox"
	args /bin/escaped true
	runs_or_is_refused
	[ "$status" -ne 0 ]
	mkfifo "$BUNDLE/rootfs/bin/fifo"
	chmod +x "$BUNDLE/rootfs/bin/fifo"
	args /bin/fifo
	runs_or_is_refused
	[ "$status" -ne 0 ]
}

@test "a root file system that is missing, a file or a symlink is refused" {
	outside
	writable
	mv "$BUNDLE/rootfs" "$BUNDLE/real"
	runs_or_is_refused
	[ "$status" -eq 1 ]
	echo text >"$BUNDLE/rootfs"
	runs_or_is_refused
	[ "$status" -eq 1 ]
}
