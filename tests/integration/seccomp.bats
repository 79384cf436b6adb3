#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# Filters are kept beside this test's own state root.
kept() { ls -A "$ROOT.seccomp"; }
count_kept() { kept | wc -l; }

# traced_run: runs the container; whether the compiler writes a filter meanwhile is in $WORK/opened.
traced_run() {
	strace -f -e trace=openat,memfd_create -o "$WORK/opened" "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
}

compiled() { grep -q 'memfd_create("seccomp-filter"' "$WORK/opened"; }
nothing_compiled() { fails grep -E 'seccomp-filter|libseccomp' "$WORK/opened"; }

# --- kept filters

@test "the second run of a profile compiles nothing, opens neither the plugin nor libseccomp, and has the same filter" {
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
	strace -f -e trace=openat,memfd_create -o "$WORK/opened" "$OCIRUN" --root "$ROOT" exec "$ID" true </dev/null 3>&-
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
	strace -e trace=memfd_create,seccomp -e inject=seccomp:error=EINVAL -o "$WORK/opened" \
		"$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
	compiled
	[ "$(count_kept)" = 3 ]

	touch "$WORK/its/bin/ocirun"
	traced_run
	compiled
	traced_run
	nothing_compiled
	[ "$(count_kept)" = 4 ]
	! linked_statically || return 0 # then the compiler is a part of ocirun
	touch "$WORK/its/lib/ocikit/plugins/seccomp-libseccomp.so"
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
	run -0 on_terminal "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
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

@test "a filter that is older than the init's calls refuses no program that can be executed, and none that is missing" {
	bundle engine '.process.noNewPrivileges = false'
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{action: "SCMP_ACT_ERRNO",
		names: ["statx", "faccessat2", "close_range", "openat2"]}]}' # with EPERM, as by default
	args true # looked for in PATH
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	args /bin/true
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	args nowhere
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'executable file not found in $PATH'* ]]
	args /etc/passwd
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'permission denied'* ]]
}

@test "a failure behind the filter is told as before it" {
	bundle engine '.process.noNewPrivileges = false'
	denying SCMP_ACT_ERRNO capset sendmsg
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *'set the capabilities'*'function not implemented (config.json#/process/capabilities)'* ]]
}

# --- actions and flags

@test "each action does what its name says" {
	bundle engine
	args mkdir /tmp/new
	for action in KILL KILL_THREAD KILL_PROCESS TRAP; do
		denying "SCMP_ACT_$action" mkdir mkdirat
		run -159 ocirun run --bundle "$BUNDLE" "$ID" # SIGSYS
	done
	denying SCMP_ACT_LOG mkdir mkdirat
	run -0 ocirun run --bundle "$BUNDLE" "$ID"
	for action in ERRNO TRACE; do # a call that is to be traced by nobody is not implemented
		denying "SCMP_ACT_$action" mkdir mkdirat
		run -1 ocirun run --bundle "$BUNDLE" "$ID"
		[[ $output == *'Function not implemented'* ]]
	done
	edit 'del(.linux.seccomp.syscalls[].errnoRet)' '.linux.seccomp.syscalls[].action = "SCMP_ACT_ERRNO"'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'Operation not permitted'* ]]
}

@test "the flags are those of the profile, and SPEC_ALLOW where it says nothing" {
	bundle engine
	args true
	denying SCMP_ACT_ERRNO mkdir
	while read -r flags number; do
		edit ".linux.seccomp.flags = $flags"
		run -0 --separate-stderr ocirun --debug run --bundle "$BUNDLE" "$ID"
		[[ $stderr == *"\"seccomp filter flags: $number\""* ]] || fail "$flags: $stderr"
	done <<-'END'
		null 4
		[] 0
		["SECCOMP_FILTER_FLAG_TSYNC"] 0
		["SECCOMP_FILTER_FLAG_LOG"] 2
		["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_SPEC_ALLOW"] 6
	END
	edit '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *'needs a system call with SCMP_ACT_NOTIFY (config.json#/linux/seccomp/flags/0)'* ]]
}

# --- the agent

AGENT=$BUILD_DIR/bin/tools/seccompagent

# The agent makes each directory under its name with `-agent` behind it, and says no to chmod.
start_agent() {
	[ -x "$AGENT" ] || fail 'the tools are not built' || return
	"$AGENT" -socketfile "$WORK/agent" </dev/null >"$WORK/agent.log" 2>&1 3>&- &
	AGENT_PID=$!
	until_true 5 test -S "$WORK/agent"
}
stop_agent() {
	kill -9 "$AGENT_PID"
	wait "$AGENT_PID" || true
	rm -f "$WORK/agent"
}

# notifying CALL...: a profile whose agent is asked about these.
notifying() {
	denying SCMP_ACT_NOTIFY "$@"
	edit 'del(.linux.seccomp.syscalls[].errnoRet)' \
		".linux.seccomp += {listenerPath: \"$WORK/agent\", listenerMetadata: \"agent\"}"
}

@test "the agent answers for run, create and exec, with and without no_new_privs and in a user namespace" {
	start_agent
	for profile in engine userns; do
		for no_new_privileges in true false; do
			bundle "$profile" ".process.noNewPrivileges = $no_new_privileges"
			notifying mkdir
			shell 'mkdir /tmp/new && stat -c %n /tmp/new-agent && cd /proc/self/fd && echo *'
			run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
			[ "$output" = '/tmp/new-agent
0 1 2 3' ]
			args sleep 100
			ocirun_detached create --bundle "$BUNDLE" "$ID"
			ocirun start "$ID"
			edit ".process.noNewPrivileges = $no_new_privileges"
			run -0 --separate-stderr ocirun exec "$ID" sh -c 'mkdir /tmp/more && stat -c %n /tmp/more-agent'
			[ "$output" = /tmp/more-agent ]
			ocirun delete --force "$ID"
		done
	done
	stop_agent
}

@test "calls that the init itself makes may be the agent's to answer, all but write" {
	start_agent
	for no_new_privileges in true false; do
		bundle engine ".process.noNewPrivileges = $no_new_privileges"
		notifying read close openat fcntl sendmsg capset setresuid setgroups chdir close_range prctl umask execve
		edit ".linux.seccomp.flags = [\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]"
		run -0 --separate-stderr ocirun --debug run --bundle "$BUNDLE" "$ID"
		[[ $stderr == *'"seccomp filter flags: 40"'* ]]
	done
	notifying write
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *'SCMP_ACT_NOTIFY cannot be used for the write syscall (config.json#/linux/seccomp/syscalls/0'* ]]
	stop_agent
}

@test "the agent is told which process of which container it is" {
	skip_under_sanitizers 'they do not work below a tracer'
	start_agent
	bundle engine '.annotations = {a: "b"}'
	notifying mkdir
	args sleep 100
	strace -e trace=sendmsg -s 4096 -o "$WORK/sent" "$OCIRUN" --root "$ROOT" run --detach --bundle "$BUNDLE" "$ID" \
		</dev/null >"$WORK/out" 2>&1 3>&-
	strace -e trace=sendmsg -s 4096 -o "$WORK/sent.exec" "$OCIRUN" --root "$ROOT" exec --detach --pid-file "$WORK/pid" \
		"$ID" sleep 100 </dev/null >"$WORK/out" 2>&1 3>&-
	document() { grep SCM_RIGHTS "$1" | sed -E 's/.*iov_base="(.*)", iov_len.*/\1/; s/\\"/"/g'; }
	[ "$(document "$WORK/sent" | jq -c '[.ociVersion, .fds, .metadata, .state.id, .state.status, .state.bundle,
		.state.annotations]')" = "[\"1.3.0\",[\"seccompFd\"],\"agent\",\"$ID\",\"creating\",\"$BUNDLE\",{\"a\":\"b\"}]" ]
	pid=$(pid_of "$ID")
	[ "$(document "$WORK/sent" | jq -c '[.pid, .state.pid]')" = "[$pid,$pid]" ]
	[ "$(document "$WORK/sent.exec" | jq -c '[.fds, .pid, .state.pid, .state.status]')" = \
		"[[\"seccompFd\"],$(cat "$WORK/pid"),$pid,\"running\"]" ]
	ocirun delete --force "$ID"
	stop_agent
}

@test "calls whose agent has died fail, also those of an init that waits for its start" {
	for no_new_privileges in true false; do
		start_agent
		bundle engine ".process.noNewPrivileges = $no_new_privileges"
		notifying execve
		args true
		ocirun_detached create --bundle "$BUNDLE" "$ID"
		stop_agent
		ocirun start "$ID"
		until_true 5 has_status "$ID" stopped
		grep -q 'exec /bin/true: function not implemented' "$WORK/err"
		ocirun delete "$ID"
	done
}

@test "without an agent there is one clear error, no container and no process" {
	for no_new_privileges in true false; do
		bundle engine ".process.noNewPrivileges = $no_new_privileges"
		notifying mkdir
		for command in run create; do
			run -1 ocirun "$command" --bundle "$BUNDLE" "$ID"
			one_error <<<"$output"
			[[ $output == *'failed to connect with seccomp agent: connect(\"'"$WORK"'/agent\"): no such file or directory'* ]]
			[[ $output == *'(config.json#/linux/seccomp/listenerPath)'* ]]
			nothing_is_left
		done
		start_agent
		args sleep 100
		ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
		stop_agent
		run -255 ocirun exec "$ID" true
		one_error <<<"$output"
		[[ $output == *'failed to connect with seccomp agent'*'(config.json#/linux/seccomp/listenerPath)'* ]]
		[ "$(status_of "$ID")" = running ]
		ocirun delete --force "$ID"
	done
	edit '.linux.seccomp.listenerPath = ""'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'seccomp listenerPath is not set (config.json#/linux/seccomp/listenerPath)'* ]]
	edit '.linux.seccomp.listenerPath = "/run/nobody"' '.linux.seccomp.syscalls = []'
	args true
	run -0 ocirun run --bundle "$BUNDLE" "$ID" # nothing to notify about
}
