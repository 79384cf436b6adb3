#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What each cgroup driver costs: the time of `create` and of `delete`, the drivers in alternation, as a Markdown table.
#
#   bench/cgroup_drivers.sh [--build DIR] [--rounds N] [--plugin-dir DIR] [DRIVER...]
#
#   --build       whose ocirun (default: build/release, else build/dev)
#   --rounds      containers per driver (default: 100), after three that are not counted
#   --plugin-dir  where else drivers are looked for
#   DRIVER        of --cgroup-manager (default: those that this machine can use)
#
# A container is that of bench/profiles/minimal.json, created and deleted without being started. Times are wall time in
# milliseconds; the last column is the median of both against that of the first driver, which is the one to compare on
# a noisy machine. Needs root, jq and busybox.
set -euo pipefail
source_dir=$(dirname "$(dirname "$(readlink -f "$0")")")

build='' rounds=100 plugins=()
while (($#)); do
	case $1 in
	--build) build=$2 ;; --rounds) rounds=$2 ;; --plugin-dir) plugins=(--plugin-dir "$2") ;;
	-*) sed -n '3,15s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	*) break ;;
	esac
	shift 2
done
[ -n "$build" ] || { build=$source_dir/build/release && [ -e "$build/bin/ocirun" ]; } || build=$source_dir/build/dev
ocirun=$build/bin/ocirun

usable_drivers() {
	if [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]; then echo cgroup-fs && return; fi
	echo cgroup-fs2
	[ ! -d /run/systemd/system ] || printf '%s\n' cgroup-systemd cgroup-systemd-slice
}
drivers=("$@")
((${#drivers[@]})) || mapfile -t drivers < <(usable_drivers)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$source_dir/tests/integration/bundle.sh" minimal "$work/bundle"
cgroups_path() { # DRIVER
	case $1 in
	cgroup-systemd*) echo system.slice:ocikit-bench:$$ ;;
	cgroup-fs*) echo /ocikit-bench-$$ ;;
	esac
}
for driver in "${drivers[@]}"; do
	cp -r "$work/bundle" "$work/$driver"
	jq --arg path "$(cgroups_path "$driver")" '.linux.cgroupsPath = $path | if $path == "" then del(.linux.cgroupsPath)
		else . end' "$work/bundle/config.json" >"$work/$driver/config.json"
done

# timed FILE COMMAND...: adds the microseconds that it takes to FILE. Without a process of our own in between.
timed() {
	local file=$1 start=${EPOCHREALTIME/[.,]/} end
	shift
	"$@" || return
	end=${EPOCHREALTIME/[.,]/}
	echo $((end - start)) >>"$file"
}

for ((round = -3; round < rounds; round++)); do
	for driver in "${drivers[@]}"; do
		run=("$ocirun" --root "$work/root" "${plugins[@]}" --cgroup-manager "$driver")
		to=$work/$driver
		((round >= 0)) || to=$work/warm
		timed "$to.create" "${run[@]}" create --bundle "$work/$driver" bench </dev/null >/dev/null 2>"$work/err" ||
			{ cat "$work/err" >&2 && exit 1; }
		timed "$to.delete" "${run[@]}" delete --force bench </dev/null
	done
done

# of FILE PERCENT: the value below which that part lies, in milliseconds.
of() { sort -n "$1" | awk -v part="$2" '{ v[NR] = $1 } END { printf "%.2f", v[int((NR - 1) * part / 100) + 1] / 1000 }'; }
echo "| driver | create: min | median | p99 | delete: min | median | p99 | both, against ${drivers[0]} |"
echo "|---|---|---|---|---|---|---|---|"
for driver in "${drivers[@]}"; do
	paste -d+ "$work/$driver.create" "$work/$driver.delete" | awk -F+ '{ print $1 + $2 }' >"$work/$driver.both"
	printf '| %s' "$driver"
	for part in create delete; do for percent in 0 50 99; do printf ' | %s' "$(of "$work/$driver.$part" "$percent")"; done; done
	awk -v a="$(of "$work/$driver.both" 50)" -v b="$(of "$work/${drivers[0]}.both" 50)" 'BEGIN { printf " | %.2f |\n", a / b }'
done
