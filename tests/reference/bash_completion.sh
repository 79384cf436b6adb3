#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# bash_completion.sh REFERENCE OCIRUN: what bash completes.
# shellcheck source=reference/completion.bash
source "$(dirname "$(readlink -f "$0")")/completion.bash"
# shellcheck source=/dev/null
source "$reference/ocirun"

# bash has split the line at = as well, and completes what stands behind it; a folder's slash is readline's.
complete_line() {
	local COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=() each
	_ocirun ocirun
	for each in "${COMPREPLY[@]}"; do
		case $each in -?) ;; *) if [ -d "$each" ]; then echo "$each/"; else echo "$each"; fi ;; esac
	done
}
[ "$(complete -p ocirun)" = 'complete -F _ocirun ocirun' ]
expect_everything
expect 'ocirun list --format=' table json
