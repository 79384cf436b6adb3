#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# zsh_completion.sh REFERENCE OCIRUN: what zsh completes.
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=reference/completion.bash
source "$here/completion.bash"
command -v zsh >/dev/null || { echo 'SKIP: zsh is missing' && exit 77; }

# zsh quotes what it offers.
complete_line() {
	local each
	HOME=$work zsh -f "$here/complete.zsh" "$reference" "$1" | sed 's,\\,,g' | while read -r each; do
		case $each in -? | '') ;; *) if [ -d "$each" ]; then echo "$each/"; else echo "$each"; fi ;; esac
	done
}
zsh -n "$reference/_ocirun"
expect_everything
expect 'ocirun list --format=' table json
