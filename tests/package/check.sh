#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# check.sh SOURCE BUILD: installs the library, builds a project outside the tree against it, and runs that.
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --component ocikit_Development --prefix "$work/prefix" >/dev/null
cmake -S "$source/tests/package/consumer" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
	-DCMAKE_BUILD_TYPE=Debug -DEXAMPLE="$source/examples/list_mounts.cpp" >/dev/null
cmake --build "$work/build"

"$work/build/consumer" "$source/bench/profiles/minimal.json" | grep -x '/dev/pts from devpts'
! ldd "$work/build/consumer" | grep -E 'seccomp|systemd|libcap' || exit 1

# The error names the place.
echo '{"mounts": [{"destination": 5}]}' >"$work/bad.json"
if "$work/build/consumer" "$work/bad.json" 2>"$work/said"; then exit 1; fi
grep -F '#/mounts/0/destination' "$work/said"

# An installed header names no file of the source tree.
if grep -rF "$source" "$work/prefix/include"; then exit 1; fi
