#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Compares ocirun with other container runtimes: builds release, takes them in turn, and writes what it found.
#
#   bench/run.sh [--runtime NAME=PATH]... [--rounds N] [--quick] [--view host|v2] [--build DIR] [--out DIR]
#
#   --runtime  another runtime (default: runc and crun, where PATH has them)
#   --rounds   samples of each time (default: 50)
#   --quick    leaves out what takes minutes: 500 containers alive, the smallest memory limits
#   --view     v2: with a /sys/fs/cgroup that is cgroup v2 alone (default); host: as the machine has it
#   --build    measures this build instead (default: builds build/release)
#   --out      where results.json, results.md and results.html go (default: build/bench)
#
# The bundles and the state are on a tmpfs. The runtimes are kept from the machine's /dev. Prints the Markdown table.
# Needs root. On a machine that does other things, compare the ratios of one run, not times of two.
set -euo pipefail
# shellcheck source=tests/prepare.sh
source "$(dirname "$(readlink -f "$0")")/../tests/prepare.sh"

others=() rounds=50 quick=() view=v2 build='' out=$source_dir/build/bench
while (($#)); do
	case $1 in
	--quick) quick=(--quick) && shift && continue ;;
	--runtime) others+=("$2") ;; --rounds) rounds=$2 ;; --view) view=$2 ;; --build) build=$(readlink -f "$2") ;; --out) out=$(readlink -m "$2") ;;
	*) sed -n '3,17s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	esac
	shift 2
done
if ((${#others[@]} == 0)); then
	for name in runc crun; do ! path=$(command -v "$name") || others+=("$name=$path"); done
fi

if [ -z "$build" ]; then
	install_packages "${build_packages[@]}" busybox-static jq strace tini util-linux
	find_simdjson
	build=$source_dir/build/release
	(cd "$source_dir" && cmake --preset release -DOCIKIT_BUILD_BENCH=ON >/dev/null && cmake --build --preset release) >&2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
floor=()
[ "$view" != v2 ] || floor=(--floor "$build/bin/bench/floor")
measure=("$source_dir/tests/integration/isolated.sh" --view "$view" "$build/bin/bench/compare" --bundles "$work/bundles"
	--work "$work/state" --rounds "$rounds" "${quick[@]}" "${floor[@]}" --out "$out/results.json"
	ocirun="$build/bin/ocirun" "${others[@]}")
# shellcheck disable=SC2016 # expanded by the inner shell
unshare --mount --propagation private bash -euc '
	work=$1 bundle=$2
	shift 2
	mount -t tmpfs tmpfs "$work"
	mkdir "$work/bundles" "$work/state"
	for profile in minimal engine; do "$bundle" "$profile" "$work/bundles/$profile"; done
	"$@"' on_tmpfs "$work" "$source_dir/tests/integration/bundle.sh" "${measure[@]}"

jq -r -f "$source_dir/bench/report.jq" "$out/results.json" | tee "$out/results.md"
page=$(<"$source_dir/bench/report.html")
printf '%s\n' "${page/FINDINGS;/"$(jq -c . "$out/results.json");"}" >"$out/results.html"
say "results.json, results.md and results.html are in $out"
