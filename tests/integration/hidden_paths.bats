#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

@test "masked directories are one empty directory that nobody can write to, masked files are empty" {
	bundle minimal '.root.readonly = false' '.linux.maskedPaths = ["/one", "/missing", "/two", "/file", "/deep/three"]'
	mkdir -p "$BUNDLE"/rootfs/{one,two,deep/three}
	touch "$BUNDLE"/rootfs/{one,two,deep/three}/secret
	echo secret >"$BUNDLE/rootfs/file"
	shell 'stat -c %d /one /two /deep/three | uniq | wc -l
		ls -A /one /two /deep/three | grep secret
		cat /file
		for at in one two deep/three; do touch /$at/new 2>&1; done'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[ "$(grep -c 'Read-only file system' <<<"$output")" = 3 ]
	[ "$(grep -v -e 'Read-only file system' -e level=warning <<<"$output")" = 1 ]
	[ -e "$BUNDLE/rootfs/one/secret" ]
}

@test "a masked path may be a link into another one" {
	bundle minimal '.root.readonly = false' '.linux.maskedPaths = ["/link", "/two", "/one"]'
	mkdir -p "$BUNDLE"/rootfs/{one,two}
	touch "$BUNDLE"/rootfs/{one,two}/secret
	ln -s one "$BUNDLE/rootfs/link"
	shell 'ls -A /link /one /two | grep secret'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output != *secret* ]]
}

@test "read-only paths can be read and not written, whatever is mounted below them" {
	bundle minimal '.root.readonly = false' '.linux.readonlyPaths = ["/locked", "/missing", "/file"]' \
		'.mounts += [{destination: "/locked/below", type: "tmpfs", source: "tmpfs"}]'
	mkdir "$BUNDLE/rootfs/locked"
	echo text | tee "$BUNDLE/rootfs/locked/file" >"$BUNDLE/rootfs/file"
	shell 'cat /locked/file /file
		for at in locked/new locked/below/new file; do (echo x >/$at) 2>&1; done'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[ "$(grep -c 'Read-only file system' <<<"$output")" = 3 ]
	[ "$(grep -c '^text$' <<<"$output")" = 2 ]
}
