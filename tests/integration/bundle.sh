#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bundle.sh PROFILE DIR: a bundle in DIR from bench/profiles/PROFILE.json, with a busybox root file system.
set -euo pipefail

profile=$(readlink -f "$(dirname "$(readlink -f "$0")")/../../bench/profiles")/$1.json dir=$2
busybox=$(command -v busybox)
mkdir -p "$dir"/rootfs/{bin,dev,etc,proc,run,sys,tmp,root} "$dir"/files/shm
chmod 1777 "$dir/rootfs/tmp"
cp "$busybox" "$dir/rootfs/bin/busybox"
(
	cd "$dir/rootfs/bin"
	"$busybox" --list | grep -vx busybox | "$busybox" xargs -n 1 "$busybox" ln -s busybox
)
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$dir/rootfs/etc/passwd"
printf 'root:x:0:\nnobody:x:65534:\n' >"$dir/rootfs/etc/group"
for file in resolv.conf hosts hostname .containerenv; do echo "# $file" >"$dir/files/$file"; done
cp "$profile" "$dir/config.json"

# What the profile's own mapping makes the container's root.
owner=$(jq -r '.linux.uidMappings[0].hostID // 0' "$profile")
if ((owner != 0)); then chown -R "$owner:$owner" "$dir/rootfs" "$dir/files/shm"; fi
