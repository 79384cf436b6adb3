# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the tests of the completion scripts: REFERENCE, OCIRUN -> $work/bin/ocirun, which is the program with two
# containers below --root $work/root and one, `alone`, elsewhere; and what each shell is asked.
set -euo pipefail
# shellcheck disable=SC2034 # used by those who source this
reference=$1 ocirun=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin" "$work/folder" "$work/root"
touch "$work/file" "$work/form"

# Containers are root's to make; for completion it is enough who is asked, and how.
cat >"$work/bin/ocirun" <<-'EOF'
	#!/bin/sh
	case $* in
	'list --quiet') echo alone ;;
	"--root $WORK/root list --quiet") printf '%s\n' db web 'evil$(touch${IFS}touched)' ;;
	*) exit 1 ;;
	esac
EOF
chmod +x "$work/bin/ocirun"
export WORK=$work PATH=$work/bin:$PATH
cd "$work"

# options_of [COMMAND]: the long options in its help.
options_of() { "$ocirun" "$@" --help | sed -nE 's/^   (--[a-z0-9-]+).*/\1/p' | sort; }
commands() { "$ocirun" --help | sed -nE '/^COMMANDS:/,/^$/s/^   ([a-z]+).*/\1/p' | sort; }

# expect LINE WORD...: `complete_line LINE`, which the shell's test defines, prints exactly these words.
expect() {
	local line=$1 got
	shift
	got=$(complete_line "$line" | sort -u)
	[ "$got" = "$(printf '%s\n' "$@" | sort)" ] || { echo "completing '$line': got ${got//$'\n'/ }, not $*" && exit 1; }
}

# What every shell has to know.
expect_everything() {
	local command
	# shellcheck disable=SC2046
	expect 'ocirun ' $(commands)
	# shellcheck disable=SC2046
	expect 'ocirun --' $(options_of)
	for command in $(commands); do
		[ "$command" = help ] && continue
		# shellcheck disable=SC2046
		expect "ocirun $command --" $(options_of "$command")
	done
	expect 'ocirun --log-format json r' restore resume run
	expect 'ocirun --log-format=json list --format ' table json
	expect 'ocirun list --format j' json
	expect 'ocirun delete ' alone
	expect "ocirun --root $work/root delete w" web
	expect "ocirun --root=$work/root delete --force d" db
	expect "ocirun --debug --root $work/root kill web KIL" KILL
	expect 'ocirun run --bundle fo' folder/
	expect 'ocirun run --pid-file fi' file
	expect 'ocirun run --bundle folder --pid-f' --pid-file
	expect 'ocirun exec alone --'
	expect 'ocirun create '
	expect 'ocirun help pa' pause
	# shellcheck disable=SC2016
	expect "ocirun --root $work/root delete " db web 'evil$(touch${IFS}touched)'
	[ ! -e touched ]
}
