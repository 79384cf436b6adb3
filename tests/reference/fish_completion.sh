#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# fish_completion.sh REFERENCE OCIRUN: what fish completes.
# shellcheck source=reference/completion.bash
source "$(dirname "$(readlink -f "$0")")/completion.bash"
command -v fish >/dev/null || { echo 'SKIP: fish is missing' && exit 77; }

complete_line() {
	# shellcheck disable=SC2016
	HOME=$work fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$reference/ocirun.fish" "$1" |
		cut -f1 | sed '/^-.$/d'
}
fish --no-execute "$reference/ocirun.fish"
expect_everything
expect 'ocirun list --format=' --format=table --format=json
