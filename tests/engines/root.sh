#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# root.sh DIR: makes DIR a Debian 12 with podman, containerd and Docker, from Debian's packages.
#
# Nothing in it is started or configured; enter.sh does that, on a layer of its own. Needs root and mmdebstrap; takes
# about two minutes and 1 GiB. Does nothing where DIR was made from the same recipe already.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
dir=$1

# What the root is made from: another text is another root.
recipe=$(sha256sum <"$here/root.sh")
[ "$(cat "$dir/recipe" 2>/dev/null)" != "$recipe" ] || exit 0

packages=podman,conmon,crun-,runc,containerd,docker.io,fuse-overlayfs,uidmap,catatonit,netavark,iptables,iproute2
packages+=,busybox-static,bats,jq,procps,util-linux,bsdextrautils,tini,ca-certificates,kmod,psmisc
packages+=,libseccomp2,libcap2,libsystemd0,libyajl2

rm -rf "$dir"
mkdir -p "$dir/root"
mmdebstrap --quiet --variant=minbase --include="$packages" bookworm - | tar -C "$dir/root" --xattrs -x
# An engine that was started by a package's scripts has left its state.
rm -rf "$dir/root/var/lib/"{containers,containerd,docker}
mkdir -p "$dir/root/source"
echo "$recipe" >"$dir/recipe"
