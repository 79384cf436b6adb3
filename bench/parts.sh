#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures parts of ocikit, without a container, and prints what it found as Markdown tables.
#
#   bench/parts.sh [--repetitions N] [--min-time SECONDS] [--build DIR] [--out DIR] [PART...]
#
#   PART           spec_parse: config.json to types and back, compared with other JSON libraries;
#                  seccomp: a profile to a filter, and what a filter costs (default: both)
#   --repetitions  how often each is measured, all in random order (default: 15)
#   --min-time     how long each time, at least (default: 0.1)
#   --build        measures this build instead (default: builds build/release)
#   --out          where PART.json, which is Google Benchmark's, and PART.md go (default: build/bench)
#
# Times are processor time, on the last processor alone. Compare the ratios of one run, not times of two.
set -euo pipefail
# shellcheck source=tests/prepare.sh
source "$(dirname "$(readlink -f "$0")")/../tests/prepare.sh"

repetitions=15 min_time=0.1 build='' out=$source_dir/build/bench
while (($#)); do
	case $1 in
	--repetitions) repetitions=$2 ;; --min-time) min_time=$2 ;;
	--build) build=$(readlink -f "$2") ;; --out) out=$(readlink -m "$2") ;;
	-*) sed -n '3,15s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	*) break ;;
	esac
	shift 2
done
parts=("$@")
((${#parts[@]})) || parts=(spec_parse seccomp)

profiles=$source_dir/bench/profiles
documents_of() { # PART
	case $1 in
	spec_parse) printf '%s\n' "$profiles/minimal.json" "$profiles/engine.json" ;;
	seccomp) printf '%s\n' "$profiles/engine.json" ;;
	*) die "no part: $1" ;;
	esac
}
for part in "${parts[@]}"; do documents_of "$part" >/dev/null; done

if [ -z "$build" ]; then
	install_packages "${build_packages[@]}" "${bench_packages[@]}" util-linux
	find_simdjson
	build=$source_dir/build/release
	targets=("${parts[@]/#/bench-}")
	(cd "$source_dir" && cmake --preset release -DOCIKIT_BUILD_BENCH=ON >/dev/null &&
		cmake --build --preset release --target "${targets[@]//_/-}") >&2
fi

mkdir -p "$out"
for part in "${parts[@]}"; do
	[ -x "$build/bin/bench/$part" ] || die "$build has no bin/bench/$part: it was built without ${bench_packages[*]}"
	mapfile -t documents < <(documents_of "$part")
	taskset --cpu-list $(($(nproc --all) - 1)) "$build/bin/bench/$part" "${documents[@]}" \
		--benchmark_repetitions="$repetitions" --benchmark_min_time="$min_time" \
		--benchmark_enable_random_interleaving=true \
		--benchmark_out="$out/$part.json" --benchmark_out_format=json >/dev/null 2>"$out/$part.log" ||
		die "$(<"$out/$part.log")"
	rm "$out/$part.log"
	jq -r -f "$source_dir/bench/$part/report.jq" "$out/$part.json" | tee "$out/$part.md"
done
say "the numbers are in $out"
