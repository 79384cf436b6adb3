#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# enter.sh ROOT BUILD COMMAND...: runs COMMAND in the Debian of root.sh, where engines may be started.
#
# ROOT itself is not changed: what is written goes to a tmpfs, and with COMMAND. COMMAND has its own mount, process,
# network, IPC, UTS and cgroup namespaces; its own device nodes, never the host's; a loopback device; the source as
# /source and BUILD as /build, both read-only; and the host's cgroup hierarchies from cgroups `ocikit-engines.PID` down,
# which are removed in the end. ocirun is /usr/bin/ocirun in there: BUILD's, or where BUILD is a folder with the Debian
# packages that cpack makes, the one that they install.
# Exit status 77, with the reason, where that is not possible.
# shellcheck disable=SC2317 # functions that the inner shell and the trap call
set -euo pipefail

source_dir=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
root=$(readlink -f "$1") build=$(readlink -f "$2")
shift 2
if ((EUID != 0)); then
	echo "SKIP: engines as root need root"
	exit 77
fi

# The hierarchies as `FOLDER TYPE OPTIONS`: what to mount below /sys/fs/cgroup.
hierarchies() {
	local controllers
	if [ ! -d /sys/fs/cgroup/unified ] && [ ! -d /sys/fs/cgroup/memory ]; then
		echo ". cgroup2 rw"
		return
	fi
	while IFS=: read -r _ controllers _; do
		case $controllers in
		'') echo "unified cgroup2 rw" ;;
		name=*) echo "${controllers#name=} cgroup none,$controllers" ;;
		*) echo "$controllers cgroup $controllers" ;;
		esac
	done </proc/self/cgroup
}

# Device nodes on a tmpfs instead of the host's, under their usual names.
own_dev() { # FOLDER
	local new=$1 name minor
	mount -t tmpfs -o mode=0755,size=64m tmpfs "$new"
	mkdir "$new"/{pts,shm,mqueue,net}
	while read -r name minor; do mknod -m 0666 "$new/$name" c 1 "$minor"; done <<-NODES
		null 3
		zero 5
		full 7
		random 8
		urandom 9
	NODES
	mknod -m 0666 "$new/tty" c 5 0
	mknod -m 0666 "$new/fuse" c 10 229
	ln -s pts/ptmx "$new/ptmx"
	ln -s /proc/self/fd "$new/fd"
	for name in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${name%:*}" "$new/${name#*:}"; done
	mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$new/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$new/shm"
	mount -t mqueue mqueue "$new/mqueue"
}

# The hierarchies, each with our cgroup as its root.
own_cgroups() { # FOLDER
	local folder type options
	[ "$own" = cgroup2 ] || mount -t tmpfs -o mode=0755 tmpfs "$1"
	while read -r folder type options; do
		mkdir -p "$1/$folder"
		mount -t "$type" -o "$options" "$type" "$1/$folder"
	done <<<"$tree"
}

install_ocirun() {
	if [ -x /build/bin/ocirun ]; then
		ln -s /build/bin/ocirun /usr/bin/ocirun
	else
		dpkg --install /build/ocirun_*.deb >&2
	fi
}

# First process of the namespaces: makes the new root and goes there.
inside() {
	local top=/mnt new=/mnt/new folder
	mount -t tmpfs -o mode=0755 tmpfs "$top"
	mkdir "$top"/{upper,work,new}
	mount -t overlay -o "lowerdir=$root,upperdir=$top/upper,workdir=$top/work" overlay "$new"
	# An overlay's upper layer cannot be on an overlay: the engines' own storage is on the tmpfs itself.
	for folder in containers containerd docker; do
		mkdir -p "$top/$folder" "$new/var/lib/$folder"
		mount --bind "$top/$folder" "$new/var/lib/$folder"
	done
	mkdir -p "$new"/{source,build,old}
	mount --bind -o ro "$source_dir" "$new/source"
	mount --bind -o ro "$build" "$new/build"
	own_dev "$new/dev"
	mount -t proc proc "$new/proc"
	mount -t sysfs sysfs "$new/sys"
	own_cgroups "$new/sys/fs/cgroup"
	mount -t tmpfs -o mode=0755 tmpfs "$new/run"
	mount -t tmpfs -o mode=1777 tmpfs "$new/tmp"
	hostname engines
	echo '127.0.0.1 localhost engines' >"$new/etc/hosts"
	cd "$new"
	pivot_root . old
	umount -l old
	rmdir /old
	ip link set lo up
	install_ocirun
	cd /source
	exec env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		tini -- "$@" </dev/null
}

own=cgroup tree=$(hierarchies)
[[ $tree != '. '* ]] || own=cgroup2
cgroups=() # ours
while read -r folder _; do cgroups+=("$(readlink -m "/sys/fs/cgroup/$folder/ocikit-engines.$$")"); done <<<"$tree"

# What a killed engine left is gone with the process namespace, but its cgroups are not.
remove_cgroups() {
	local i cgroup left
	for ((i = 0; i < 100; i++)); do
		left=()
		for cgroup in "${cgroups[@]}"; do
			[ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null || true
			[ ! -d "$cgroup" ] || left+=("$cgroup")
		done
		((${#left[@]})) || return 0
		sleep 0.1
	done
	echo "enter.sh: left: ${left[*]}" >&2
	return 1
}

trap remove_cgroups EXIT
for cgroup in "${cgroups[@]}"; do
	mkdir "$cgroup"
	# A new cpuset has no processors, and takes no process before it has; those below take its.
	for file in cpuset.cpus cpuset.mems; do
		[ ! -e "$cgroup/cgroup.clone_children" ] || [ ! -e "$cgroup/$file" ] || cat "$cgroup/../$file" >"$cgroup/$file"
	done
	[ ! -e "$cgroup/cgroup.clone_children" ] || echo 1 >"$cgroup/cgroup.clone_children"
done

export source_dir root build own tree
export -f own_dev own_cgroups install_ocirun inside
status=0
# shellcheck disable=SC2016 # expanded by the inner shell
(
	for cgroup in "${cgroups[@]}"; do echo "$BASHPID" >"$cgroup/cgroup.procs"; done
	exec unshare --mount --propagation private --cgroup --ipc --uts --net --pid --fork --kill-child -- \
		bash -c 'set -euo pipefail; inside "$@"' inside "$@"
) || status=$?
exit "$status"
