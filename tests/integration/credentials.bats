#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The order in which the init gives up what it may do, as the kernel sees it: each step while it is still allowed, and
# none that lets the container have more than the next one takes away.
load helpers

setup_file() { command -v strace >/dev/null || skip "strace is not installed"; }

# order FILE PATTERN...: the lines of the init's trace that match each pattern stand in this order.
order() {
	local file=$1 pattern line last=0
	shift
	for pattern; do
		line=$(awk -v pattern="$pattern" -v last="$last" 'NR > last && $0 ~ pattern {print NR; exit}' "$file")
		[ -n "$line" ] || fail "not found behind line $last: $pattern" || return
		last=$line
	done
}

# only_before FILE PATTERN MARK: no line that matches PATTERN stands behind the first that matches MARK.
only_before() {
	awk -v pattern="$2" -v mark="$3" '$0 ~ mark {seen = 1} seen && $0 ~ pattern && $0 !~ mark {print; found = 1}
		END {exit found}' "$1" || fail "behind $3"
}

# trace_of COMMAND...: the calls of the process that becomes `true`, without those of the others, in $WORK/init.
trace_of() {
	strace -f -qq -s 64 -o "$WORK/trace" "$@" </dev/null 3>&-
	pid=$(awk '/execve[(]"\/bin\/true"/ {print $1; exit}' "$WORK/trace")
	[ -n "$pid" ]
	awk -v pid="$pid" '$1 == pid {print} $1 == pid && /execve[(]"\/bin\/true"/ {exit}' "$WORK/trace" >"$WORK/init"
}

STEPS=(
	'prctl[(]PR_CAPBSET_DROP'
	'chdir[(]"/tmp"'
	'prctl[(]PR_SET_KEEPCAPS, 1'
	'setgroups[(]1, [[]7'
	'setresgid[(]1000, 1000, 1000'
	'setresuid[(]1000, 1000, 1000'
	'prctl[(]PR_SET_DUMPABLE, (0|SUID_DUMP_DISABLE)'
	'capset[(]'
	'prctl[(]PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL'
	'prctl[(]PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL'
	'close_range[(]'
)
with_user() {
	bundle engine '.process.user = {uid: 1000, gid: 1000, additionalGids: [7]}' '.process.cwd = "/tmp"' \
		'.process.capabilities |= map_values(["CAP_KILL"])' \
		'.process.capabilities.inheritable = ["CAP_KILL"] | .process.capabilities.ambient = ["CAP_KILL"]' \
		'.process.oomScoreAdj = 5' ".process.noNewPrivileges = $1"
	args /bin/true
}

@test "with no_new_privs: root, limits, no_new_privs, credentials, the start, the filter, the program" {
	skip_under_sanitizers "their own calls are in the trace"
	with_user true
	trace_of "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
	order "$WORK/init" 'prctl[(]PR_SET_DUMPABLE' KEYCTL_JOIN_SESSION_KEYRING 'sethostname|pivot_root' 'pivot_root' \
		'prlimit64' 'prctl[(]PR_SET_NO_NEW_PRIVS, 1' "${STEPS[@]}" 'read[(]' 'seccomp[(]SECCOMP_SET_MODE_FILTER|PR_SET_SECCOMP' \
		'execve[(]"/bin/true"'
	only_before "$WORK/init" '(open_tree|move_mount|mount|mknodat|sethostname|prlimit64|keyctl|setns|unshare)[(]' 'PR_CAPBSET_DROP'
}

@test "without no_new_privs: the filter is loaded while it may be, and stays in force for what follows" {
	skip_under_sanitizers "their own calls are in the trace"
	with_user false
	trace_of "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
	order "$WORK/init" pivot_root 'prlimit64' 'seccomp[(]SECCOMP_SET_MODE_FILTER|PR_SET_SECCOMP' "${STEPS[@]}" 'execve[(]"/bin/true"'
	fails grep -q PR_SET_NO_NEW_PRIVS "$WORK/init"
}

@test "exec takes the same steps in the same order, and is non-dumpable before it joins" {
	skip_under_sanitizers "their own calls are in the trace"
	with_user true
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	args /bin/true # for exec, which takes the rest of the process from the bundle
	trace_of "$OCIRUN" --root "$ROOT" exec "$ID" /bin/true
	order "$WORK/init" 'prlimit64' 'prctl[(]PR_SET_NO_NEW_PRIVS, 1' "${STEPS[@]}" 'seccomp[(]SECCOMP_SET_MODE_FILTER|PR_SET_SECCOMP' \
		'execve[(]"/bin/true"'
	joiner=$(awk '/setns[(]/ {print $1; exit}' "$WORK/trace")
	awk -v pid="$joiner" '$1 == pid' "$WORK/trace" >"$WORK/joiner"
	order "$WORK/joiner" 'execveat[(]' 'oom_score_adj' 'prctl[(]PR_SET_DUMPABLE' 'setns[(]' 'clone[(].*CLONE_PARENT' 'exit_group'
	ocirun delete --force "$ID"
}

@test "exec has the rights of the container's own process, and no others" {
	for no_new_privileges in true false; do
		with_user "$no_new_privileges"
		edit '.process.user.umask = 63' '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 2}]'
		args /bin/sleep 100
		ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
		what='^(Uid|Gid|Groups|Cap.*|NoNewPrivs|Seccomp|Umask)'
		[ "$(ocirun exec "$ID" cat /proc/self/status | grep -E "$what")" = "$(grep -E "$what" "/proc/$(pid_of "$ID")/status")" ]
		[ "$(ocirun exec "$ID" grep core /proc/self/limits)" = "$(grep core "/proc/$(pid_of "$ID")/limits")" ]
		ocirun delete --force "$ID"
	done
}
