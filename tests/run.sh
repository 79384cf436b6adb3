#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing (Debian 12, as root), builds, and runs every test that this machine can run.
#
#   tests/run.sh [--preset dev|asan] [--label unit|root|vm] [--vm] [--engines] [-R REGEX]
#
#   --preset   which build (default: dev)
#   --label    unit: tests that need no privilege; root: tests that run containers; vm: those that need the virtual
#              machine of tests/vm (default: the first two)
#   --vm       those of the virtual machine too
#   --engines  podman, containerd and Docker too, see tests/engines
#   -R         only tests whose name matches
#
# Ends with the skipped tests and their reasons, the failed ones with what they said, and a line `N passed, N failed, N
# skipped`. A file of integration tests counts as the tests in it. Exit status: 0 when none failed.
set -euo pipefail
# shellcheck source=tests/prepare.sh
source "$(dirname "$(readlink -f "$0")")/prepare.sh"

preset=dev label='' regex=. vm='' engines=''
while (($#)); do
	case $1 in
	--vm)
		vm=yes
		shift
		continue
		;;
	--engines)
		engines=yes
		shift
		continue
		;;
	--preset) preset=$2 ;; --label) label=$2 ;; -R) regex=$2 ;;
	*) sed -n '3,16s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	esac
	shift 2
done

install_packages "${build_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}"
find_simdjson
build "$preset"
build_dir=$source_dir/build/$preset
out=$(mktemp) log=$(mktemp)
trap 'rm -f "$out" "$log"' EXIT
rm -rf "$build_dir/tap"

run_tests() { # LABEL JOBS CTEST-OPTION...
	local which=$1 jobs=$2
	shift 2
	[ -z "$label" ] || [ "$label" = "$which" ] || return 0
	(cd "$source_dir" && ctest --preset "$preset" -R "$regex" -j "$jobs" --no-tests=ignore "$@") 2>&1 | tee -a "$out" || true
	cat "$build_dir/Testing/Temporary/LastTest.log" >>"$log"
}

# Tests that run containers get their own /dev; this proves it.
dev_null() { stat -c '%U:%G %a %t:%T' /dev/null; }
dev_null_before=$(dev_null)
run_tests unit "$(nproc)" -LE '^root$'
run_tests root "$(nproc)" -L '^root$'
dev_null_after=$(dev_null)

passed=0 failed=0 skipped=0 skips=() failures=()
skip() { # NAME REASON
	skipped=$((skipped + 1))
	skips+=("$1: $2")
}

fail() { # NAME WHAT-IT-SAID
	failed=$((failed + 1))
	failures+=("$1: $2")
}

# What a test said that failed follows its `not ok`, each line after a `#`.
count_tap() { # NAME FILE
	local line failing=''
	while IFS= read -r line; do
		case $line in
		'ok '*'# skip'*) failing='' && skip "$1: $(sed -E 's/^ok [0-9]+ (.*) # skip.*/\1/' <<<"$line")" "${line##*# skip }" ;;
		'ok '*) failing='' && passed=$((passed + 1)) ;;
		'not ok '*) failing=yes && fail "$1" "${line#not ok }" ;;
		'#'*) [ -z "$failing" ] || failures[-1]+=$'\n'$line ;;
		esac
	done <"$2"
}

said() { sed -n "/ Testing: $1\$/,/^<end of output>/p" "$log"; } # NAME: what ctest has from it

# ctest's line for a test: "  3/12 Test  #3: integration.hooks ....   Passed    1.02 sec".
while read -r name verdict; do
	tap=$build_dir/tap/$name
	before=$failed
	case $verdict in
	Skipped) skip "$name" "$(said "$name" | sed -n 's/^SKIP: //p' | head -1)" ;;
	Passed) if [ -e "$tap" ]; then count_tap "$name" "$tap"; else passed=$((passed + 1)); fi ;;
	*)
		[ ! -e "$tap" ] || count_tap "$name" "$tap"
		((failed > before)) || fail "$name" "$verdict"$'\n'"$(said "$name" | tail -40)" # it reported none by itself
		;;
	esac
done < <(sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) \.*(\*\*\*)? *([A-Za-z]+).*/\1 \3/p' "$out")

# run_elsewhere NAME: the tests of tests/NAME, whose reports are called NAME.*.
run_elsewhere() {
	local name=$1 status=0 before=$failed tap
	"$source_dir/tests/$name/run.sh" --build "$build_dir" --tap "$build_dir/tap" 2>&1 | tee "$out" || status=$?
	for tap in "$build_dir"/tap/"$name".*; do [ ! -e "$tap" ] || count_tap "${tap##*/}" "$tap"; done
	case $status in
	0) ;;
	77) skip "$name" "$(sed -n 's/^SKIP: //p' "$out" | head -1)" ;;
	*) ((failed > before)) || fail "$name" "$(tail -40 "$out")" ;; # it never got as far as reporting one
	esac
}
if [ -n "$vm" ] || [ "$label" = vm ]; then run_elsewhere vm; fi
if [ -n "$engines" ]; then run_elsewhere engines; fi
if [ "$dev_null_before" != "$dev_null_after" ]; then
	fail tests "they changed the host's /dev/null: $dev_null_before, now $dev_null_after"
fi
for line in ${skips[@]+"${skips[@]}"}; do echo "skipped: $line"; done
for lines in ${failures[@]+"${failures[@]}"}; do echo "failed: $lines"; done
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed + skipped > 0))
