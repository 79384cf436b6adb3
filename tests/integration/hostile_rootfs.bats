#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers
load outside

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
