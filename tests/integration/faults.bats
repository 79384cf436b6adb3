#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Each system call of `create`, in the runtime and in the init, fails once or is its process's last.
load helpers

# Of these, a failure is the loader's, or none of the kernel's, or strace is too old to know the call.
NOT_OURS='^(exit|exit_group|execve|munmap|brk|mmap|mprotect|arch_prctl|set_tid_address|set_robust_list|rseq|futex'
NOT_OURS+='|syscall_0x.*|rt_sig.*|pread64|access|newfstatat)$'

setup_file() { command -v strace >/dev/null || skip "strace is not installed"; }

traced() { # STRACE-OPTION...: a create; the tracer stays as long as the container
	timeout --foreground -k 1 60 strace -D -f "$@" "$OCIRUN" --root "$ROOT" create --bundle "$BUNDLE" "$ID" \
		</dev/null >"$WORK/out" 2>"$WORK/err" 3>&-
}

# calls LIMIT: `NAME K` for the first LIMIT calls of each name in the process that makes most of them.
calls() {
	bundle engine
	args /bin/sleep 100
	traced -o "$WORK/trace"
	ocirun delete --force "$ID"
	nothing_is_left
	awk -v limit="$1" -v not_ours="$NOT_OURS" 'match($2, /^[a-z0-9_]+\(/) {
			name = substr($2, 1, RLENGTH - 1)
			if (name !~ not_ours && ++count[$1, name] > most[name]) most[name] = count[$1, name]
		}
		END { for (name in most) for (k = 1; k <= most[name] && k <= limit; ++k) print name, k }' "$WORK/trace"
}

@test "a system call that fails is one clear error, which leaves nothing, or is borne" {
	skip_under_sanitizers "their own calls fail"
	local list name k n=0 codes=(ENOSPC EMFILE ENOMEM EACCES EIO) status
	list=$(calls 6)
	[ "$(wc -l <<<"$list")" -gt 80 ]
	while read -r name k; do
		code=${codes[n++ % 5]}
		[ "$name:$k" != read:1 ] || continue # the loader's
		status=0
		traced -o "$WORK/trace" --inject="$name:error=$code:when=$k" || status=$?
		((status <= 1)) || grep -q 'error while loading shared libraries' "$WORK/err" || fail "$name $k $code: status $status"
		if ((status == 1)); then
			one_error <"$WORK/err" || fail "$name $k $code"
			[ -z "$(ls -A "$ROOT")" ] || fail "$name $k $code: state is left"
			[ -z "$(cgroups)" ] || fail "$name $k $code: cgroups are left"
		fi
		ocirun delete --force "$ID" || fail "$name $k $code: delete failed"
		nothing_is_left || fail "$name $k $code"
	done <<<"$list"
}

@test "a create that is killed at any system call leaves nothing that delete --force does not remove" {
	skip_under_sanitizers "their own calls are too many"
	local list name k
	list=$(calls 6)
	while read -r name k; do
		traced -o "$WORK/trace" --inject="$name:signal=SIGKILL:when=$k" || true
		ocirun delete --force "$ID" || fail "$name $k: delete failed"
		nothing_is_left || fail "killed at $name $k"
	done <<<"$list"
}
