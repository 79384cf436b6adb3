#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The programs of bench/ run and say what they promise. What they measure is judged by people.
load helpers

@test "cgroup_drivers compares the drivers that it is given, and leaves nothing" {
	local driver=cgroup-fs
	[ "$VIEW" != v2 ] || driver=cgroup-fs2
	run -0 --separate-stderr "$BATS_TEST_DIRNAME/../../bench/cgroup_drivers.sh" --build "$BUILD_DIR" --rounds 2 \
		--plugin-dir "$BUILD_DIR/examples/cgroup-plugin/plugins" "$driver" simple 3>&-
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[2]} =~ ^"| $driver |"(\ [0-9]+\.[0-9]{2}\ \|){6}" 1.00 |"$ ]]
	[[ ${lines[3]} =~ ^"| simple |"(\ [0-9]+\.[0-9]{2}\ \|){7}$ ]]
	[ -z "$(find /sys/fs/cgroup -name 'ocikit-bench*' -o -name simple-bench)" ]
	run -1 "$BATS_TEST_DIRNAME/../../bench/cgroup_drivers.sh" --build "$BUILD_DIR" --rounds 1 nosuch 3>&-
	[[ $output == *nosuch* ]]
}
