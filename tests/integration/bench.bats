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

@test "run.sh compares runtimes, and writes a table, a page and the numbers" {
	skip_under_sanitizers 'system calls'
	[ "$VIEW" = v2 ] || skip "it makes a view of cgroup v2 alone by itself: the test of that view has it"
	run -0 --separate-stderr "$BATS_TEST_DIRNAME/../../bench/run.sh" --build "$BUILD_DIR" --quick --rounds 2 --out "$WORK/out" \
		--runtime "other=$OCIRUN" 3>&-
	[ "$output" = "$(<"$WORK/out/results.md")" ]
	local what=' \|( [0-9.]+ / [0-9.]+ / [0-9.]+( \([0-9.]+\))? \|){2}'
	for row in 'run minimal' 'run engine' 'create minimal' 'start minimal' 'delete minimal' exec state 'run minimal, 32 at once'; do
		grep -qE "^\| $row$what" "$WORK/out/results.md" || fail "no row for $row: $output"
	done
	[ "$(jq '.milliseconds["run minimal"].floor.all | length' "$WORK/out/results.json")" -eq 2 ]
	(($(jq '.counts["system calls of run minimal"].ocirun' "$WORK/out/results.json") > 100))
	grep -q 'const found = {"runtimes":\["ocirun","other"\]' "$WORK/out/results.html"
}

@test "parts.sh measures the parts of ocikit, and writes a table and the numbers of each" {
	local out=$WORK/out number='[0-9.]+' part row
	local time="$number / $number"
	for part in spec_parse seccomp; do
		[ -x "$BUILD_DIR/bin/bench/$part" ] || skip "built without $part: the reason is that of CTest's bench.$part"
	done
	run -0 --separate-stderr "$BATS_TEST_DIRNAME/../../bench/parts.sh" --build "$BUILD_DIR" --repetitions 2 \
		--min-time 0.001 --out "$out" 3>&-
	[ "$output" = "$(cat "$out/spec_parse.md" "$out/seccomp.md")" ]
	has_row() { grep -qE "^\| $2 \|$" "$out/$1.md" || fail "no row $2: $output"; } # PART PATTERN
	for row in minimal engine '1 MiB'; do
		has_row spec_parse "read $row \| $time( \| $time \($number\)){5}"
		has_row spec_parse "write $row \| $time( \| $time \($number\)){3}( \| -){2}"
	done
	for row in 'profile to filter' getppid personality; do has_row seccomp "$row.* \| $time \| $time \| $number"; done
	has_row seccomp "(x86_64|aarch64) \| [0-9]+ \| $number \| [0-9]+"
	row='[.benchmarks[] | select(.run_name == "read/engine/json-c" and .run_type == "iteration")] | length'
	[ "$(jq "$row" "$out/spec_parse.json")" -eq 2 ]
	run -1 "$BATS_TEST_DIRNAME/../../bench/parts.sh" --build "$BUILD_DIR" --out "$out" nosuch 3>&-
	[[ $output == *'no part: nosuch'* ]]
}
