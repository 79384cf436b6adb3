#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# image.sh DIR: builds what tests/vm/boot.sh boots, from Debian's packages: vmlinuz, initrd and root.img in DIR.
#
# A Debian 13 with systemd, cgroup v2 alone, AppArmor, SELinux's policy and the test policy of selinux.cil, whose files
# are labelled; user 1000 is `rootless` and has subordinate ids. Needs root, mmdebstrap and e2fsprogs; takes about five
# minutes and 6 GiB while it runs. Does nothing where the image is there and no older than this folder.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
dir=$1

# What the image is made from: another text is another image.
recipe=$(cat "$here/image.sh" "$here/selinux.cil" "$here/guest.sh" | sha256sum)
[ ! -e "$dir/root.img" ] || [ "$(cat "$dir/recipe" 2>/dev/null)" != "$recipe" ] || exit 0

packages=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,udev,kmod,linux-image-cloud-amd64
packages+=,iproute2,procps,util-linux,bsdextrautils,jq,gawk,strace,tini,busybox-static,attr,acl,uidmap,sudo,login
packages+=,passwd,bats,apparmor,selinux-policy-default,policycoreutils,libseccomp2,libcap2,libsystemd0

mkdir -p "$dir"
tree=$(mktemp -d "$dir/tree.XXXXXX")
trap 'rm -rf "$tree" "$dir/root.img.new"' EXIT
mmdebstrap --quiet --variant=minbase --include="$packages" trixie - | tar -C "$tree" --xattrs -x
cp "$tree"/boot/vmlinuz-* "$dir/vmlinuz"
cp "$tree"/boot/initrd.img-* "$dir/initrd"

echo guest >"$tree/etc/hostname"
echo '/dev/vda / ext4 rw,noatime 0 1' >"$tree/etc/fstab"
chroot "$tree" useradd --create-home --uid 1000 --shell /bin/bash rootless
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer; do
	ln -sf /dev/null "$tree/etc/systemd/system/$unit"
done
install -m 0755 "$here/guest.sh" "$tree/usr/local/sbin/guest"
cat >"$tree/etc/systemd/system/guest.service" <<'END'
[Unit]
Description=The tests that were brought along
After=multi-user.target dbus.service systemd-logind.service
[Service]
Type=oneshot
SELinuxContext=-unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023
Environment=HOME=/root
ExecStart=/usr/local/sbin/guest
TasksMax=infinity
LimitNOFILE=65536
Delegate=yes
TimeoutStartSec=infinity
END
mkdir -p "$tree/etc/systemd/system/default.target.wants"
ln -s ../guest.service "$tree/etc/systemd/system/default.target.wants/"

# Neither needs a kernel with SELinux; the labels are extended attributes.
cp "$here/selinux.cil" "$tree/root/ocikit_test.cil"
chroot "$tree" semodule --noreload --store default --install /root/ocikit_test.cil
chroot "$tree" setfiles -F /etc/selinux/default/contexts/files/file_contexts /

mke2fs -q -t ext4 -L root -d "$tree" "$dir/root.img.new" 4G >/dev/null
mv "$dir/root.img.new" "$dir/root.img"
echo "$recipe" >"$dir/recipe"
