#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# Filters are kept beside this test's own state root.
kept() { ls -A "$ROOT.seccomp"; }
count_kept() { kept | wc -l; }

# traced_run: runs the container; what ocirun opens meanwhile is in $WORK/opened.
traced_run() {
	strace -f -e trace=openat -o "$WORK/opened" "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
}

compiled() { grep -q 'seccomp-libseccomp\.so' "$WORK/opened" && grep -q '/libseccomp\.so' "$WORK/opened"; }
nothing_compiled() { fails grep -E 'libseccomp' "$WORK/opened"; }

# --- kept filters

@test "the second run of a profile opens neither the plugin nor libseccomp, and has the same filter" {
	skip_under_sanitizers 'libraries'
	bundle engine
	args sh -c 'grep Seccomp /proc/self/status; mount -t tmpfs x /tmp 2>&1 || echo refused'
	first=$(traced_run)
	compiled
	second=$(traced_run)
	nothing_compiled
	[ "$first" = "$second" ]
	[[ $first == *'Seccomp_filters:	1'* ]]
	[[ $first == *refused ]]
	[ "$(count_kept)" = 1 ]
	[ "$(stat -c '%a %u' "$ROOT.seccomp")" = '700 0' ]
}

@test "exec finds the filter that run has kept" {
	skip_under_sanitizers 'libraries'
	bundle engine
	args sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	strace -f -e trace=openat -o "$WORK/opened" "$OCIRUN" --root "$ROOT" exec "$ID" true </dev/null 3>&-
	nothing_compiled
	ocirun delete --force "$ID"
}

@test "another profile, kernel, plugin or ocirun is another filter" {
	skip_under_sanitizers 'libraries'
	mkdir -p "$WORK/its/bin" "$WORK/its/lib/ocikit/plugins"
	chmod 0755 "$WORK/its" "$WORK/its/bin" "$WORK/its/lib" "$WORK/its/lib/ocikit" "$WORK/its/lib/ocikit/plugins"
	cp "$OCIRUN" "$WORK/its/bin/"
	cp "$(dirname "$OCIRUN")"/../lib/ocikit/plugins/*.so "$WORK/its/lib/ocikit/plugins/"
	OCIRUN=$WORK/its/bin/ocirun
	bundle engine
	traced_run
	compiled
	traced_run
	nothing_compiled

	edit '.linux.seccomp.syscalls += [{names: ["acct"], action: "SCMP_ACT_ERRNO", errnoRet: 7}]'
	traced_run
	compiled
	traced_run
	nothing_compiled
	[ "$(count_kept)" = 2 ]

	# A kernel that knows no flags. Without -f ocirun alone is deceived; its init loads the filter.
	strace -e trace=openat,seccomp -e inject=seccomp:error=EINVAL -o "$WORK/opened" \
		"$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
	compiled
	[ "$(count_kept)" = 3 ]

	touch "$WORK/its/lib/ocikit/plugins/seccomp-libseccomp.so"
	traced_run
	compiled
	traced_run
	nothing_compiled
	touch "$WORK/its/bin/ocirun"
	traced_run
	compiled
	traced_run
	nothing_compiled
	[ "$(count_kept)" = 5 ]
}

@test "a damaged filter is compiled again, and what others could have written is not used" {
	skip_under_sanitizers 'libraries'
	bundle engine
	traced_run
	compiled
	entry=$ROOT.seccomp/$(kept)
	for damage in 'truncate -s 100' 'truncate -s 0' 'chmod 0620' 'chown 65534'; do
		$damage "$entry"
		traced_run
		compiled
		traced_run
		nothing_compiled
		[ "$(stat -c '%a %u' "$entry")" = '600 0' ]
	done
	printf x | dd of="$entry" bs=1 seek=300 conv=notrunc status=none
	traced_run
	compiled
	traced_run
	nothing_compiled
}

@test "without a place that can be trusted the filter is compiled each time, and only the debug log says so" {
	skip_under_sanitizers 'libraries'
	bundle engine
	try() {
		run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
		[ -z "$output$stderr" ] || fail "$output$stderr" || return
		run -0 ocirun --debug run --bundle "$BUNDLE" "$ID"
		[[ $output == *"seccomp filter not kept: $1"* ]] || fail "$output"
	}
	mkdir -m 0777 "$ROOT.seccomp"
	chmod 0777 "$ROOT.seccomp"
	try 'others could write to the seccomp cache'
	chmod 0755 "$ROOT.seccomp"
	chown 65534 "$ROOT.seccomp"
	try 'others could write to the seccomp cache'
	rmdir "$ROOT.seccomp"
	ln -s / "$ROOT.seccomp"
	try 'openat('
	rm "$ROOT.seccomp"
	touch "$ROOT.seccomp"
	try 'openat('
	rm "$ROOT.seccomp"
	mkdir "$ROOT.seccomp"
	mount -t tmpfs -o mode=0700,nr_inodes=1 full "$ROOT.seccomp"
	try 'openat('
	umount "$ROOT.seccomp"
}

# --- what stands behind the filter

# denying ACTION CALL...: a profile that allows all calls but these.
denying() {
	local action=$1
	shift
	edit ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{action: \"$action\", errnoRet: 38,
		names: $(jq -cn '$ARGS.positional' --args -- "$@")}]}"
}

@test "behind the filter the init needs no call to speak to the runtime but write, with and without no_new_privs" {
	for no_new_privileges in true false; do
		bundle engine ".process.noNewPrivileges = $no_new_privileges"
		denying SCMP_ACT_KILL_PROCESS sendmsg sendto sendmmsg recvmsg recvfrom fcntl
		args grep -E 'Seccomp:|NoNewPrivs' /proc/self/status
		run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
		[[ ${lines[0]} == *$([ $no_new_privileges = true ] && echo 1 || echo 0) ]]
		[[ ${lines[1]} == *2 ]]
		run -0 --separate-stderr ocirun --debug run --bundle "$BUNDLE" "$ID"
		[[ $stderr == *'"seccomp filter flags: 4"'* ]]
	done
}

@test "a terminal is handed over before the filter that forbids it" {
	bundle engine '.process.noNewPrivileges = false' '.process.terminal = true'
	denying SCMP_ACT_KILL_PROCESS sendmsg
	args tty
	run -0 script -qec "'$OCIRUN' --root '$ROOT' run --bundle '$BUNDLE' '$ID'" /dev/null </dev/null 3>&-
	[[ $output == */dev/pts/0* ]]
}

@test "a program gets no more descriptors where the filter forbids to close them" {
	for profile in engine userns; do
		bundle "$profile" '.process.noNewPrivileges = false'
		[ "$profile" = userns ] ||
			edit '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)'
		denying SCMP_ACT_ERRNO close_range
		shell 'cd /proc/self/fd && echo *'
		run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
		[ "$output" = '0 1 2 3' ] # 3 is the directory that is being read
	done
}

@test "a failure behind the filter is told as before it" {
	bundle engine '.process.noNewPrivileges = false'
	denying SCMP_ACT_ERRNO capset sendmsg
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *'set the capabilities'*'function not implemented (config.json#/process/capabilities)'* ]]
}
