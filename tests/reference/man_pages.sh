#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# man_pages.sh REFERENCE OCIRUN: the formatters have nothing to say about any page, and each help text's options and
# commands are in its page.
set -euo pipefail
reference=$1 ocirun=$2
type groff mandoc >/dev/null 2>&1 || { echo 'SKIP: groff or mandoc is missing' && exit 77; }

complaints() {
	groff -man -ww -Tutf8 -z "$1" 2>&1
	# Pages without a date are made on purpose: the same source gives the same page.
	mandoc -Tlint -Wwarning "$1" | grep -v 'missing date'
}
for page in "$reference"/*.8; do
	if found=$(complaints "$page") || [ -n "$found" ]; then echo "$found" && exit 1; fi
done

# compare PAGE HELP-ARGUMENT...: what begins a row of help begins a paragraph of the page.
compare() {
	local page=$1
	shift
	diff <("$ocirun" "$@" | grep -oE '^   --[a-z0-9-]+' | tr -d ' ' | sort) \
		<(mandoc -Tascii -Owidth=200 "$page" | col -bx | grep -oE '^ +--[a-z0-9-]+' | tr -d ' ' | sort)
}
compare "$reference/ocirun.8" --help
commands=$("$ocirun" --help | sed -n '/^COMMANDS:/,/^$/s/^   \([a-z]*\)  .*/\1/p')
for command in $commands; do compare "$reference/ocirun-$command.8" "$command" --help; done
[ "$(find "$reference" -name 'ocirun*.8' | wc -l)" -eq $(($(wc -w <<<"$commands") + 1)) ]
