#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# isolated.sh [--view host|v2] COMMAND...: runs COMMAND as a test of containers may be run.
#
# It gets a mount namespace with device nodes of its own, so that nothing it does to /dev reaches the host's; a process
# namespace whose first process reaps (without one, killed processes stay zombies), so that whatever it leaves behind is
# seen and ends with it; and, with --view v2, a /sys/fs/cgroup that is a cgroup2 tree alone.
# Exit status 77, with the reason, where that is not possible.
set -euo pipefail

view=host
if [ "$1" = --view ]; then
	view=$2
	shift 2
fi
if ((EUID != 0)); then
	echo "SKIP: running containers as root needs root"
	exit 77
fi

# Device nodes on a tmpfs instead of the host's, under their usual names.
private_dev() {
	local new=/dev/shm name
	mount -t tmpfs -o mode=0755,size=65536k tmpfs "$new"
	mkdir "$new"/{pts,shm,mqueue}
	while read -r name minor; do mknod -m 0666 "$new/$name" c 1 "$minor"; done <<-END
		null 3
		zero 5
		full 7
		random 8
		urandom 9
	END
	mknod -m 0666 "$new/tty" c 5 0
	[ ! -e /dev/fuse ] || mknod -m 0666 "$new/fuse" c 10 229
	ln -s pts/ptmx "$new/ptmx"
	ln -s /proc/self/fd "$new/fd"
	for name in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${name%:*}" "$new/${name#*:}"; done
	mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$new/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$new/shm"
	mount -t mqueue mqueue "$new/mqueue"
	mount --move "$new" /dev
}

cgroup2_alone() {
	umount -R /sys/fs/cgroup
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
}

inside() {
	private_dev
	[ "$view" = host ] || cgroup2_alone
	exec tini -- "$@"
}

export view
export -f private_dev cgroup2_alone inside
# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc -- \
	bash -c 'set -euo pipefail; inside "$@"' isolated "$@"
