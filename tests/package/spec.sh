#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# spec.sh SOURCE BUILD: the installed module spec, used from outside the tree.
source "$(dirname "$(readlink -f "$0")")/build-consumer.sh"
build_consumer spec list_mounts.cpp 'sys;plugin;mounts;cgroups;container'

"$work/build/consumer" "$source/bench/profiles/minimal.json" | grep -x '/dev/pts from devpts'
! ldd "$work/build/consumer" | grep -E 'seccomp|systemd|libcap' || exit 1

# The error names the place.
echo '{"mounts": [{"destination": 5}]}' >"$work/bad.json"
if "$work/build/consumer" "$work/bad.json" 2>"$work/said"; then exit 1; fi
grep -F '#/mounts/0/destination' "$work/said"

# An installed header names no file of the source tree.
if grep -rF "$source" "$work/prefix/include"; then exit 1; fi
