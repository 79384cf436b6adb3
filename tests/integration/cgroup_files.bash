# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the tests share that look at the files of a container's cgroup, in either view.

# file CONTROLLER NAME: a file of the container's cgroup.
file() {
	if [ "$VIEW" = v2 ]; then echo "/sys/fs/cgroup/$ID/$2"; else echo "/sys/fs/cgroup/$1/$ID/$2"; fi
}

has_controller() {
	if [ "$VIEW" = v2 ]; then grep -qw "$1" /sys/fs/cgroup/cgroup.controllers; else [ -e "/sys/fs/cgroup/$1/cgroup.procs" ]; fi
}

# remove_cgroups: as somebody else would, behind the back of the container, whose process goes to the cgroup above.
remove_cgroups() {
	local pid place
	pid=$(pid_of "$ID")
	while read -r place; do
		echo "$pid" >"$(dirname "$place")/cgroup.procs"
		rmdir "$place"
	done < <(cgroups)
}
