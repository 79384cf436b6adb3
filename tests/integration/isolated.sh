#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# isolated.sh [--view host|v2|systemd|machine] COMMAND...: runs COMMAND as a test of containers may be run.
#
# It gets a mount namespace with device nodes of its own, so that nothing it does to /dev reaches the host's; a process
# namespace whose first process reaps (without one, killed processes stay zombies), so that whatever it leaves behind is
# seen and ends with it; and, with --view v2, a /sys/fs/cgroup that is a cgroup2 tree alone. With --view systemd that
# first process is Debian's systemd, with a cgroup namespace and a /run of its own; COMMAND is in a cgroup that it
# does not know. Where that would move the processes of the caller's own cgroup, it asks for NEST_SYSTEMD=yes.
# With --view machine it is the machine's own systemd, which must see COMMAND's processes under its own numbers: there is
# no process namespace. Nothing but the virtual machine of tests/vm may be used so.
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

# With the options that the hierarchy has: they are the whole machine's.
cgroup2_alone() {
	local options
	options=$(sed -n '/ - cgroup2 /{s/.* //p;q}' /proc/self/mountinfo)
	umount -R /sys/fs/cgroup
	mount -t cgroup2 -o "${options:-rw}" cgroup2 /sys/fs/cgroup
}

inside() {
	private_dev
	[ "$view" = host ] || cgroup2_alone
	[ "$view" = systemd ] || exec tini -- "$@"
	become_systemd
}

# It gets no unit of the machine's, whose services would set kernel parameters and clean /tmp: D-Bus alone. It would
# also raise fs.file-max for everybody; /proc/sys is to be writable again once it runs.
become_systemd() {
	local units=/run/ocikit-units name
	mount -t tmpfs -o mode=0755 tmpfs /run
	mkdir -p /run/lock "$units" /run/no-generators
	for name in basic sysinit sockets shutdown; do printf '[Unit]\nDefaultDependencies=no\n' >"$units/$name.target"; done
	for name in socket service; do
		sed '/^\[Unit\]/a DefaultDependencies=no' "/usr/lib/systemd/system/dbus.$name" >"$units/dbus.$name"
	done
	printf 'Wants=dbus.socket dbus.service\n' >>"$units/basic.target"
	mount --bind -o ro /proc/sys /proc/sys
	exec env -i PATH="$PATH" container=ocikit SYSTEMD_UNIT_PATH="$units" SYSTEMD_GENERATOR_PATH=/run/no-generators \
		/lib/systemd/systemd --system --unit=basic.target --show-status=false --log-target=null
}

# The unified hierarchy, and in it where we are: a cgroup in which others can be made, with every controller.
own_cgroup() {
	local root=/sys/fs/cgroup name pid processes
	[ ! -d "$root/unified" ] || root=$root/unified
	own=$root$(sed -n 's/^0:://p' /proc/self/cgroup)
	own=${own%/}
	[ -e "$own/cgroup.procs" ] || return 0
	if [ "$own" != "$root" ]; then # one with processes passes no controllers on
		if [ "${NEST_SYSTEMD:-}" != yes ]; then
			echo "SKIP: a systemd in here needs the processes of $own moved out of it; NEST_SYSTEMD=yes allows that"
			exit 77
		fi
		mkdir -p "$own/outside"
		for _ in {1..10}; do # the list changes while it is read
			mapfile -t processes <"$own/cgroup.procs"
			((${#processes[@]})) || break
			for pid in "${processes[@]}"; do echo "$pid" >"$own/outside/cgroup.procs" || true; done 2>/dev/null
		done
	fi
	# Where the kernel refuses one, its tests say that they lack it.
	for name in $(<"$own/cgroup.controllers"); do
		{ echo "+$name" >"$own/cgroup.subtree_control" || true; } 2>/dev/null
	done
}

# under_systemd COMMAND...: everything that is left in the end dies with systemd.
under_systemd() {
	local top pid manager='' status=0 i
	if [ ! -x /lib/systemd/systemd ] || [ ! -x /usr/bin/dbus-daemon ]; then
		echo "SKIP: there is no systemd with dbus here to run tests under"
		exit 77
	fi
	own_cgroup
	top=$own/ocikit-systemd.$$
	mkdir "$top"
	# shellcheck disable=SC2016 # expanded by the inner shell
	(
		echo "$BASHPID" >"$top/cgroup.procs"
		exec unshare --mount --propagation private --cgroup --ipc --uts --pid --fork --kill-child --mount-proc -- \
			bash -c 'set -euo pipefail; inside' isolated </dev/null >/dev/null 2>&1
	) &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		manager=$(pgrep -P "$pid" -x systemd || true)
		[ -z "$manager" ] || [ ! -S "/proc/$manager/root/run/dbus/system_bus_socket" ] || break
		sleep 0.1
	done
	nsenter --target "$manager" --mount umount /proc/sys
	# Nothing may be left in the top one, or it passes no controllers on.
	if [ "$own" = /sys/fs/cgroup ] || [ "$own" = /sys/fs/cgroup/unified ]; then
		echo "$pid" >"$own/cgroup.procs"
	else
		echo "$pid" >"$own/outside/cgroup.procs"
	fi
	mkdir "$top/tests"
	(
		echo "$BASHPID" >"$top/tests/cgroup.procs"
		unset "${!DBUS@}" "${!XDG@}"
		exec nsenter --target "$manager" --mount --pid --cgroup --ipc --uts --wd="$PWD" -- "$@"
	) || status=$?
	kill -KILL "$manager"
	wait "$pid" || true
	for ((i = 0; i < 100; i++)); do
		find "$top" -depth -type d -exec rmdir {} + 2>/dev/null && break
		sleep 0.1
	done
	exit "$status"
}

# on_machine COMMAND...: where there is nobody to disturb. User 1000 gets a manager with every controller that systemd
# can delegate; it must be there before the mounts are private, and with it the user's /run/user.
on_machine() {
	local i
	if [ ! -c /dev/virtio-ports/tests ] || ! systemd-detect-virt --quiet --vm; then
		echo "SKIP: this is not the virtual machine of tests/vm, and no other systemd is to be tested with"
		exit 77
	fi
	mkdir -p /run/systemd/system/user@.service.d
	printf '[Service]\nDelegate=cpu cpuset io memory pids\n' >/run/systemd/system/user@.service.d/delegate.conf
	systemctl daemon-reload
	loginctl enable-linger 1000
	for ((i = 0; i < 600; i++)); do
		[ ! -S /run/user/1000/bus ] || [ ! -S /run/user/1000/systemd/private ] || break
		sleep 0.1
	done
	# shellcheck disable=SC2016 # expanded by the inner shell
	exec unshare --mount --propagation private -- bash -c 'set -euo pipefail; private_dev; exec "$@"' isolated "$@"
}

export view
export -f private_dev cgroup2_alone become_systemd inside
[ "$view" != systemd ] || under_systemd "$@"
[ "$view" != machine ] || on_machine "$@"
# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc -- \
	bash -c 'set -euo pipefail; inside "$@"' isolated "$@"
