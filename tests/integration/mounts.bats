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
		shell 'cd /data
			stat -c "%n %a %u:%g %F" . * inner/*
			cat inner/file
			readlink link
			echo new >new
			mount | grep -c /data'
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

@test "a directory beside one that had to be made keeps its mode and content, because it is not missing itself" {
	bundle
	mkdir --mode 0711 "$BUNDLE/rootfs/data"
	echo text >"$BUNDLE/rootfs/data/file"
	mount_entry '{destination: "/made", type: "tmpfs", source: "tmpfs"}'
	copied_up
	edit '.root.readonly = false'
	shell 'stat -c %a /data; cat /data/file'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = $'711\ntext' ]
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
	[[ $output == *'error mounting'*'/data'*'tmpcopyup: copy'*'"d'*'more than 128 levels deep (config.json#/mounts/7)'* ]]
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

mapped() { # SOURCE DESTINATION OPTIONS: inside 0 is 5000 outside
	mount_entry "{destination: \"$2\", source: \"$1\", options: $3,
		uidMappings: [{containerID: 0, hostID: 5000, size: 10}], gidMappings: [{containerID: 0, hostID: 6000, size: 10}]}"
}

# A tree on a file system that can be id-mapped, with a mount inside.
tree() {
	mkdir "$WORK/tree"
	mount -t tmpfs tmpfs "$WORK/tree"
	mkdir "$WORK/tree/inner"
	mount -t tmpfs tmpfs "$WORK/tree/inner"
	touch "$WORK"/tree/{file,inner/file}
	chown 1:2 "$WORK"/tree/{file,inner/file}
}
no_tree() { umount -R "$WORK/tree"; }

@test "ids of a mount are mapped, with ridmap also in what is mounted below" {
	bundle
	tree
	mapped "$WORK/tree" /alone '["rbind"]'
	mapped "$WORK/tree" /option '["rbind", "idmap"]'
	mapped "$WORK/tree" /all '["rbind", "ridmap"]'
	edit '.root.readonly = false'
	shell 'stat -c "%n %u:%g" /alone/file /alone/inner/file /option/inner/file /all/file /all/inner/file'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	no_tree
	[ "$output" = '/alone/file 5001:6002
/alone/inner/file 1:2
/option/inner/file 1:2
/all/file 5001:6002
/all/inner/file 5001:6002' ]
}

@test "in a container with a user namespace a mount without maps of its own takes the container's" {
	bundle userns
	tree
	mount_entry "{destination: \"/data\", source: \"$WORK/tree\", options: [\"bind\", \"idmap\"]}"
	mount_entry "{destination: \"/plain\", source: \"$WORK/tree\", options: [\"bind\"]}"
	edit '.root.readonly = false'
	shell 'stat -c "%n %u:%g" /data/file /plain/file; touch /data/new'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	local owner
	owner=$(stat -c %u:%g "$WORK/tree/new")
	no_tree
	[ "$output" = $'/data/file 1:2\n/plain/file 65534:65534' ]
	[ "$owner" = 0:0 ]
}

@test "a file system that cannot be id-mapped is named, with the mount" {
	bundle
	mapped /proc/1 /data '["bind"]'
	edit '.root.readonly = false'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *'/data'*'MOUNT_ATTR_IDMAP on /proc/1 (can its file system be id-mapped?): invalid arg'*'/mounts/7'* ]]
}

@test "a source in the root file system is what the mounts before it made there, and no link of the image leads out" {
	bundle minimal '.root.readonly = false'
	mkdir "$WORK/secret" "$BUNDLE/rootfs/inner"
	echo secret >"$WORK/secret/file"
	ln -s "$WORK/secret" "$BUNDLE/rootfs/link"
	mount_entry '{destination: "/first", source: "files", options: ["bind"]}'
	mount_entry "{destination: \"/second\", source: \"$BUNDLE/rootfs/first\", options: [\"bind\"]}"
	shell 'cat /second/hosts'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = '# hosts' ]
	edit '.mounts[-1].source |= sub("first"; "link")'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *'rootfs/link: no such file or directory (config.json#/mounts/8/source)'* ]]
}

@test "in a user namespace too a source in the root file system is mapped: the runtime does it for the init" {
	bundle userns '.root.readonly = false'
	tree
	mount_entry "{destination: \"/first\", source: \"$WORK/tree\", options: [\"rbind\"]}"
	mount_entry "{destination: \"/second\", source: \"$BUNDLE/rootfs/first\", options: [\"rbind\", \"ridmap\"]}"
	mount_entry "{destination: \"/third\", source: \"$BUNDLE/rootfs/first\", options: [\"rbind\", \"idmap\"]}"
	shell 'stat -c %u:%g /first/file /second/file /second/inner/file /third/file /third/inner/file'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	no_tree
	[ "$output" = $'65534:65534\n1:2\n1:2\n1:2\n65534:65534' ]
}

@test "links at both ends of a bind mount are taken themselves where that is asked for" {
	bundle minimal '.root.readonly = false'
	ln -s points-nowhere "$WORK/link"
	echo text >"$WORK/file"
	ln -s /etc/group "$BUNDLE/rootfs/target"
	mount_entry "{destination: \"/new/copied\", source: \"$WORK/link\", options: [\"bind\", \"copy-symlink\"]}"
	mount_entry "{destination: \"/bound\", source: \"$WORK/file\", options: [\"bind\", \"copy-symlink\"]}"
	mount_entry "{destination: \"/taken\", source: \"$WORK/link\", options: [\"bind\", \"src-nofollow\"]}"
	mount_entry "{destination: \"/target\", source: \"$WORK/file\", options: [\"bind\", \"dest-nofollow\"]}"
	shell 'readlink /new/copied; cat /bound; readlink /taken; cat /target; cat /etc/group'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = $'points-nowhere\ntext\npoints-nowhere\ntext\nroot:x:0:\nnobody:x:65534:' ]
	[ "$(readlink "$BUNDLE/rootfs/new/copied")" = points-nowhere ] # it was made; a second run finds it
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	rm "$BUNDLE/rootfs/new/copied"
	ln -s elsewhere "$BUNDLE/rootfs/new/copied"
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *'copy the link to /new/copied: file exists (config.json#/mounts/7)'* ]]
}

@test "flags of a bind mount are those asked for and no others, but in a user namespace the host's stay" {
	local data=$WORK/data profile
	mkdir "$data"
	mount -t tmpfs -o strictatime tmpfs "$data"
	mount -o remount,bind,nosuid,nodev,noexec "$data"
	for profile in minimal userns; do
		bundle "$profile" '.root.readonly = false'
		mount_entry "{destination: \"/plain\", source: \"$data\", options: [\"bind\"]}"
		mount_entry "{destination: \"/data\", source: \"$data\", options: [\"bind\", \"ro\"]}"
		shell 'awk "\$2 == \"/plain\" || \$2 == \"/data\" {print \$4}" /proc/mounts | cut -d, -f1-4'
		run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
		echo "$output"
		[[ ${lines[0]} = rw,nosuid,nodev,noexec* ]]
		if [ "$profile" = minimal ]; then
			[[ ${lines[1]} = ro ]] || [[ ${lines[1]} != *no[sde]* ]]
		else
			[[ ${lines[1]} = ro,nosuid,nodev,noexec* ]]
		fi
	done
	edit '.mounts[-1].options = ["bind", "exec"]'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	umount "$data"
	one_error <<<"$output"
	[[ $output == *'/data'*'operation not permitted'* ]]
}

@test "a shared mount is shared in the container, and whatever the root's propagation is, none is lost on the host" {
	bundle
	mkdir "$WORK/data"
	mount_entry "{destination: \"/data\", source: \"$WORK/data\", options: [\"bind\", \"rshared\"]}"
	edit '.root.readonly = false' '.linux.rootfsPropagation = "rshared"'
	shell 'grep " /data " /proc/self/mountinfo'
	run -0 --separate-stderr unshare --mount --propagation private bash -c 'mount --make-rshared /
		before=$(</proc/self/mountinfo)
		"$@" || exit
		[ "$before" = "$(</proc/self/mountinfo)" ] || { echo lost; diff <(echo "$before") /proc/self/mountinfo; }' \
		bash "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
	echo "$output"
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *' shared:'* ]]
}

# without CALLS ERRNO COMMAND...: as on a kernel that lacks these calls, or below a filter that denies them.
without() {
	run --separate-stderr strace -qq -f -o /dev/null "--inject=$1:error=$2" "$OCIRUN" --root "$ROOT" \
		run --bundle "$BUNDLE" "$ID" 3>&-
	echo "$1 $2: $output $stderr"
}

every_kind_of_mount() {
	mkdir -p "$WORK/data/inner"
	mountpoint -q "$WORK/data/inner" || mount -t tmpfs tmpfs "$WORK/data/inner"
	mount_entry "{destination: \"/data\", source: \"$WORK/data\", options: [\"rbind\", \"ro\", \"nosuid\", \"rslave\"]}"
	mount_entry '{destination: "/etc/hosts", source: "files/hosts", options: ["bind", "ro", "noexec"]}'
	mount_entry '{destination: "/new/file", source: "files/hosts", options: ["bind", "dest-nofollow"]}'
	mount_entry '{destination: "/ro", type: "tmpfs", source: "tmpfs", options: ["ro", "shared"]}'
	edit '.root.readonly = true' '.linux.readonlyPaths += ["/etc/group"]' '.linux.maskedPaths += ["/etc/passwd", "/home"]'
	mkdir -p "$BUNDLE/rootfs/home/secret"
	shell 'grep -E " (/|/data|/data/inner|/etc/.*|/new/file|/ro|/home|/proc/sys) " /proc/self/mountinfo |
			sed -E "s/(shared|master):[0-9]+/\1/" | cut -d" " -f 4-7 | sort
		cat /etc/hosts /new/file
		cat /etc/passwd
		ls /home
		ls -l /dev/null | cut -c 1-10
		touch /etc/group /data/x /ro/x /x'
}

@test "without the new calls for mounts, or with some of them, a container has the same mounts" {
	skip_under_sanitizers 'the tracer slows them down'
	command -v strace >/dev/null || skip "strace is not installed"
	local profile calls code expected
	for profile in minimal userns; do
		bundle "$profile"
		every_kind_of_mount
		run --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
		echo "$output $stderr"
		[ "$status" -eq 1 ]
		[ "$(grep -c 'Read-only file system' <<<"$stderr")" -eq 4 ]
		[[ $output == *'/etc/hosts ro,no'*'/data ro,nosuid'*'# hosts'*'# hosts'*crw-rw-rw-* ]]
		expected=$output
		for calls in open_tree,move_mount,mount_setattr open_tree move_mount mount_setattr; do
			for code in ENOSYS EPERM; do
				without "$calls" "$code"
				[ "$status" -eq 1 ]
				[ "$output" = "$expected" ] || fail "$calls $code: $(diff <(echo "$expected") <(echo "$output"))"
				[ "$(grep -c 'Read-only file system' <<<"$stderr")" -eq 4 ]
			done
		done
		umount "$WORK/data/inner"
	done
}

@test "what only the new calls can do is refused without them, with the mount and the call" {
	skip_under_sanitizers 'they do not work below a tracer'
	command -v strace >/dev/null || skip "strace is not installed"
	bundle minimal '.root.readonly = false'
	mkdir "$WORK/data"
	mount_entry "{destination: \"/data\", source: \"$WORK/data\", options: [\"rbind\", \"rro\"]}"
	local call
	for call in open_tree mount_setattr; do
		without "$call" ENOSYS
		[ "$status" -eq 1 ]
		one_error <<<"$stderr"
		[[ $stderr == *'error mounting'*'/data'*'recursive attributes take mount_setattr(2)'*'/mounts/7)'* ]]
	done
	edit 'del(.mounts[-1])'
	mapped "$WORK/data" /data '["bind"]'
	without open_tree EPERM
	one_error <<<"$stderr"
	[[ $stderr == *"source $WORK/data: open_tree(2), without which no ids can be mapped: function not implemented"* ]]
	without mount_setattr EPERM
	one_error <<<"$stderr"
	[[ $stderr == *'/data'*"MOUNT_ATTR_IDMAP on $WORK/data: mount_setattr(2): function not implemented"*'/mounts/7)'* ]]
}
