# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the tests of engines share: the image, and same_with_both. They run in the root that enter.sh makes, which has
# nothing of anybody's: a file's engine is started with it and is not told apart from others.

bats_require_minimum_version 1.5.0

# --- comparing

# What two runs of one command cannot have in common: ids, times, and which runtime it was. ocirun's errors also name
# the place in config.json. Docker's client tells of its wait that was cancelled, or ends before it does.
normalise() {
	sed -E \
		-e '/error waiting for container: context canceled/d' \
		-e 's/\b[0-9a-f]{64}\b/ID64/g; s/\b[0-9a-f]{12}\b/ID12/g' \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}([.][0-9]+)?( [+]0000 UTC|Z|[+]00:00)?/TIME/g' \
		-e 's,(/usr/s?bin/)?\b(runc|ocirun)\b,RUNTIME,g' \
		-e 's/ [(]config[.]json#[^)]*[)]//g; s/\r//g'
}

# said_with RUNTIME COMMAND...: what the user sees: stdout, stderr and the exit status.
said_with() {
	local status=0 out=$BATS_TEST_TMPDIR/said
	export RUNTIME=$1
	shift
	("$@" <"${STDIN:-/dev/null}") >"$out.1" 2>"$out.2" 3>&- || status=$?
	normalise <"$out.1"
	sed 's/^/stderr: /' "$out.2" | normalise
	echo "exit status $status"
}

# same_with_both COMMAND...: runs it with runc, then with ocirun; what the user sees must be the same, and is $output.
# COMMAND may be a function, in which a failure ends nothing: its output tells. $RUNTIME is which one it is.
same_with_both() {
	local wanted
	wanted=$(said_with runc "$@")
	output=$(said_with ocirun "$@")
	[ "$output" != "$wanted" ] || return 0
	echo "not the same, '-' is what runc gives:"
	diff -u <(echo "$wanted") <(echo "$output") | tail -n +3
	return 1
}

# says LINE...: each is one of $output.
says() {
	local line
	for line in "$@"; do
		grep -qxF -- "$line" <<<"$output" || { printf 'no line %q in:\n%s\n' "$line" "$output" && return 1; }
	done
}

# await COMMAND...: until it succeeds. What never comes is an error in a minute.
await() {
	local i
	for ((i = 0; i < 600; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "never succeeded: $*"
	return 1
}

# on_terminal COMMAND...: runs it on a pty of its own. COMMAND may be an exported function.
on_terminal() {
	local words
	printf -v words '%q ' "$@"
	[ -p "$BATS_TEST_TMPDIR/keyboard" ] || mkfifo "$BATS_TEST_TMPDIR/keyboard"
	SHELL=/bin/bash timeout --foreground --kill-after 1 60 \
		script --quiet --return --command "$words" /dev/null <>"$BATS_TEST_TMPDIR/keyboard"
}

# --- what engines are given

# image_root FOLDER: busybox with all its names, two users, and the programs that cannot be run.
image_root() {
	mkdir -p "$1"/{bin,etc,home/user,proc,sys,dev,tmp,root,data}
	cp /bin/busybox "$1/bin/"
	chroot "$1" /bin/busybox --install -s /bin
	printf 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\naudio:x:29:\n' >"$1/etc/group"
	chown 1000:1000 "$1/home/user"
	echo 'of the image' >"$1/data/file"
	printf '#!/bin/sh\n' >"$1/bin/plain"
	printf '#!/nosuch\n' >"$1/bin/no-interpreter"
	chmod 0755 "$1/bin/no-interpreter"
}

# documented NAME: the block of docs/engines.md behind the line `<!-- tests/engines: NAME -->`.
documented() {
	awk -v mark="<!-- tests/engines: $1 -->" '
		$0 == mark { found = 1; next }
		found && /^```/ { if (inside) exit; inside = 1; next }
		inside { print }' /source/docs/engines.md | grep . || { echo "docs/engines.md has no $1" >&2 && return 1; }
}

# A seccomp profile in the engines' own form: all is allowed but mkdir, which fails with EXDEV.
no_mkdir_profile() {
	cat <<-'PROFILE'
		{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
		 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 18}]}
	PROFILE
}
