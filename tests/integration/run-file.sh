#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run-file.sh [--view host|v2|systemd|machine] TAP FILE.bats|PROGRAM [ARGUMENT...]: runs one file of tests, or a program that
# reports in TAP, in isolation and keeps its report in TAP.
set -uo pipefail

export VIEW=host
if [ "$1" = --view ]; then
	VIEW=$2
	shift 2
fi
tap=$1
shift
[[ $1 != *.bats ]] || set -- bats --formatter tap "$@"
mkdir -p "$(dirname "$tap")"
"$(dirname "$0")/isolated.sh" --view "$VIEW" "$@" | tee "$tap"
status=${PIPESTATUS[0]}
((status != 77)) || rm -f "$tap"
exit "$status"
