#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# spec_lint.sh SPEC-LINT CONFIG: examples/spec-lint with CONFIG, which is good, and with it spoilt in several ways.
set -euo pipefail
lint=$1 config=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# finds STATUS JQ-FILTER LINE...: CONFIG changed by the filter gives that exit status and exactly these lines, besides
# what CONFIG itself gets; L:C stands for any line and column.
finds() {
	local status=0
	jq "$2" "$config" >"$work/config.json"
	"$lint" "$work/config.json" >"$work/said" || status=$?
	sed -E "s/ at line [0-9]+, column [0-9]+ / at L:C /; /can't raise ambient/d" "$work/said" >"$work/found"
	diff <(printf '%s\n' "${@:3}" | sed '/^$/d') "$work/found"
	((status == $1))
}

finds 0 .
finds 0 '.linux.bogus = {a: 1} | .process.user.name = "x"' \
	'warning: unknown property at L:C (config.json#/process/user/name)' \
	'warning: unknown property at L:C (config.json#/linux/bogus)'
finds 1 '.mounts[1].destination = 4' \
	'error: expected a string, found a number at L:C (config.json#/mounts/1/destination)'
finds 1 '.process.cwd = "relative" | .bogus = 1' 'warning: unknown property at L:C (config.json#/bogus)' \
	'error: Cwd must be an absolute path at L:C (config.json#/process/cwd)'
finds 1 'del(.process)' 'error: process property must not be empty at L:C (config.json#/process)'

# The place, to the letter.
printf '{"ociVersion": "1.0.2",\n "process": {"args": ["a"],\n  "cwd": "b"}}' >"$work/config.json"
if "$lint" "$work/config.json" >"$work/said"; then exit 1; fi
grep -F 'at line 3, column 10 (config.json#/process/cwd)' "$work/said"
printf '{"process":\n  nul}' >"$work/config.json"
if "$lint" "$work/config.json" >"$work/said"; then exit 1; fi
grep -F 'error: expected a value at line 2' "$work/said"

"$lint" /nonexistent 2>/dev/null || [ $? -eq 2 ]
