#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run-file.sh [--view host|v2] TAP FILE.bats: runs one file of tests in isolation and keeps its report in TAP.
set -uo pipefail

export VIEW=host
if [ "$1" = --view ]; then
	VIEW=$2
	shift 2
fi
tap=$1 file=$2
mkdir -p "$(dirname "$tap")"
"$(dirname "$0")/isolated.sh" --view "$VIEW" bats --formatter tap "$file" | tee "$tap"
status=${PIPESTATUS[0]}
((status != 77)) || rm -f "$tap"
exit "$status"
