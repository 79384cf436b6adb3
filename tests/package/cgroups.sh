#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# cgroups.sh SOURCE BUILD: the installed module cgroups, used from outside the tree to make, limit, freeze and read a
# cgroup, on cgroup v1 or hybrid and on v2 alone. Needs root.
source "$(dirname "$(readlink -f "$0")")/build-consumer.sh"
build_consumer cgroups in_cgroup.cpp 'mounts;process;seccomp;lsm;container'
! ldd "$work/build/consumer" | grep -E 'seccomp|systemd|libcap' || exit 1

name=ocikit-package-$$
for view in host v2; do
	"$source/tests/integration/isolated.sh" --view $view "$work/build/consumer" $name \
		sh -c 'cat /proc/self/cgroup; exit 3' >"$work/said" 2>&1 && exit 1
	cat "$work/said"
	grep -q "/$name\$" "$work/said"
	grep -qx 'processes: 1, frozen' "$work/said"
	grep -qE '^processor time: [1-9][0-9]+ us$' "$work/said"
	grep -qx 'limit of processes: 64' "$work/said" || grep -q '^no limit: .*pids' "$work/said"
	[ -z "$(find /sys/fs/cgroup -name $name)" ]
done
