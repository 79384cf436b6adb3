#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# guide.sh SOURCE: each piece of code in docs/building-a-runtime.md is that of the file named above it, the whole of it
# or what stands between two lines `// [NAME]`.
set -euo pipefail
cd "$1"
guide=docs/building-a-runtime.md

# pieces: each FILE or FILE [NAME] that is shown.
pieces() { sed -nE 's/^<!-- (.*) -->$/\1/p' "$guide"; }

# shown PIECE: what the guide has. original PIECE: what the file has, without the lines that a copy needs not.
shown() {
	awk -v mark="<!-- $1 -->" '/^```/ { on = 0 } on; $0 == mark { seen = 1 } seen && /^```./ { on = 1; seen = 0 }' "$guide"
}
original() {
	local file=${1%% *} name=${1#* }
	if [ "$name" = "$file" ]; then
		grep -v '^// SPDX' "$file"
	else
		awk -v mark="$name" '$1 ~ /^(\/\/|#)$/ && $2 == mark && NF == 2 { on = !on; next } on' "$file"
	fi
}

[ "$(pieces | wc -l)" -eq "$(grep -c '^```.' "$guide")" ] # no piece without a source
while read -r piece; do
	[ -n "$(original "$piece")" ] || { echo "$piece: nothing there" && exit 1; }
	diff <(shown "$piece") <(original "$piece") || { echo "$guide differs from $piece" && exit 1; }
done < <(pieces)
