#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# A bundle that an ordinary user may read, and the runtime as that user, without a state root.
readable() { # PROFILE
	bundle "$@"
	chmod -R o+rX "$WORK"
}
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@" 3>&-; }
explain() { as_nobody env -u XDG_RUNTIME_DIR "$OCIRUN" explain --bundle "$BUNDLE"; }

# Each mount of the configuration is in the plan, with its pointer.
has_every_mount() {
	local i destination
	for ((i = 0; i < $(jq '.mounts | length' "$BUNDLE/config.json"); ++i)); do
		destination=$(jq -r ".mounts[$i].destination" "$BUNDLE/config.json")
		grep -F "/mounts/$i" <<<"$output" | grep -qF "$destination" || fail "no step for $destination (/mounts/$i)"
	done
}

@test "explain prints the whole plan of each profile for an ordinary user" {
	for profile in minimal engine limits userns; do
		readable "$profile"
		run -0 explain
		has_every_mount
		for pointer in /linux/namespaces /process/args /hostname /linux/maskedPaths /linux/readonlyPaths /process/capabilities; do
			grep -qF "$pointer" <<<"$output" || fail "$profile: no step from $pointer"
		done
	done
	grep -qF /linux/uidMappings <<<"$output"
	grep -qF /linux/seccomp <<<"$output"
}

@test "explain makes no mount, process, directory or file, and writes to stdout alone" {
	skip_under_sanitizers 'system calls'
	for profile in minimal engine limits userns; do
		readable "$profile"
		touch "$WORK/trace" && chmod 0666 "$WORK/trace"
		as_nobody strace -f -o "$WORK/trace" "$OCIRUN" explain --bundle "$BUNDLE" >"$WORK/plan"
		fails grep -E '\b(mount|umount2|move_mount|open_tree|fsopen|fsmount|clone|clone3|fork|vfork|unshare|setns|pivot_root)\(' "$WORK/trace"
		fails grep -E '\b(mkdir|mkdirat|mknod|mknodat|unlink|unlinkat|rename|renameat|renameat2|symlink|symlinkat|link|linkat)\(' "$WORK/trace"
		fails grep -E '\bopen(at|at2)?\(.*(O_WRONLY|O_RDWR|O_CREAT)' "$WORK/trace"
		fails grep -E '\bp?write(v|64|v2)?\((0|[2-9]|[1-9][0-9]+),' "$WORK/trace"
		grep -qE '\bwrite\(1,' "$WORK/trace"
	done
}

@test "explain changes nothing for root either" {
	bundle engine
	before=$(find "$BUNDLE" "$ROOT" -printf '%p %m %T@ %s\n')
	run -0 ocirun explain --bundle "$BUNDLE"
	[ "$(find "$BUNDLE" "$ROOT" -printf '%p %m %T@ %s\n')" = "$before" ]
}

@test "explain refuses what run would refuse, with the same words" {
	bundle minimal '.process.cwd = "tmp"'
	run -1 ocirun explain --bundle "$BUNDLE"
	[[ $output == *'Cwd must be an absolute path'* ]]
}
