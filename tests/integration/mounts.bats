#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# mount_entry JSON: one more entry of /mounts.
mount_entry() { edit ".mounts += [$1]"; }

copied_up() { mount_entry '{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}'; }

@test "tmpcopyup fills a tmpfs with what it covers: content, owner and mode, and not the image itself" {
	for profile in minimal userns; do
		bundle "$profile" '.root.readonly = false'
		local data=$BUNDLE/rootfs/data base=0
		[ "$profile" = minimal ] || base=100000
		mkdir -p "$data/inner"
		echo text >"$data/inner/file"
		ln -s /etc/passwd "$data/link"
		mkfifo "$data/pipe"
		chown -R "$base:$base" "$data"
		chown -h $((base + 7)):$((base + 8)) "$data/inner" "$data/link"
		chmod 1775 "$data"
		chmod 2775 "$data/inner"
		chmod 4755 "$data/inner/file"
		copied_up
		shell 'cd /data; stat -c "%n %a %u:%g %F" . * inner/*; cat inner/file; readlink link; echo new >new; mount | grep -c /data'
		run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
		[ "${lines[0]}" = '. 1775 0:0 directory' ]
		[ "${lines[1]}" = 'inner 2775 7:8 directory' ]
		[ "${lines[2]}" = 'link 777 7:8 symbolic link' ]
		[[ ${lines[3]} = 'pipe '*' 0:0 fifo' ]]
		[ "${lines[4]}" = 'inner/file 4755 0:0 regular file' ]
		[ "${lines[5]}" = text ]
		[ "${lines[6]}" = /etc/passwd ]
		[ "${lines[7]}" = 1 ]
		[ ! -e "$data/new" ]
	done
}

@test "tmpcopyup of a directory that is not there is an empty tmpfs, and a read-only one is filled too" {
	bundle
	mount_entry '{destination: "/new/one", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}'
	mount_entry '{destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "ro"]}'
	edit '.root.readonly = false'
	shell 'ls -A /new/one; cat /etc/group; touch /etc/new'
	run -1 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "${lines[0]}" = root:x:0: ]
	[[ $stderr == *'Read-only file system'* ]]
}

@test "tmpcopyup brings in nothing of the host, whatever links, devices or depths an image has" {
	bundle minimal '.root.readonly = false'
	local data=$BUNDLE/rootfs/data
	mkdir "$data"
	echo secret >"$WORK/secret"
	ln -s "$WORK/secret" "$data/absolute"
	ln -s ../../../../../../../../../"$WORK" "$data/upwards"
	mknod "$data/memory" c 1 1
	copied_up
	shell 'ls /data; cat /data/absolute /data/upwards/secret'
	run -1 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = $'absolute\nupwards' ]
	mkdir -p "$data$(printf '/d%.0s' {1..150})"
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *'error mounting'*'tmpfs'*'/data'*'tmpcopyup: copy'*'"d'*'more than 128 levels deep (config.json#/mounts/7)'* ]]
}

@test "tmpcopyup of more than its tmpfs holds fails with the name of the file" {
	bundle minimal '.root.readonly = false'
	mkdir "$BUNDLE/rootfs/data"
	dd if=/dev/zero of="$BUNDLE/rootfs/data/large" bs=64k count=4 status=none
	copied_up
	edit '.mounts[-1].options += ["size=64k"]'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *'tmpcopyup: copy'*'large'*'no space left on device (config.json#/mounts/7)'* ]]
}
