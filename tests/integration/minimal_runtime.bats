#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# examples/minimal-runtime: a runtime of one file. What it leaves behind is looked for after each test.

load helpers

minimal_runtime() {
	timeout --foreground --kill-after 1 60 "$BUILD_DIR/bin/minimal-runtime" "$ROOT" "$BUNDLE" "$ID" 3>&-
}

# The same in the background, as $RUNTIME.
start_minimal_runtime() {
	timeout --foreground --kill-after 1 60 "$BUILD_DIR/bin/minimal-runtime" "$ROOT" "$BUNDLE" "$ID" \
		>"$WORK/out" 2>"$WORK/err" 3>&- &
	RUNTIME=$!
}

# refused PATTERN: it fails with one line of error, which matches, and has made nothing.
refused() {
	local status=0
	minimal_runtime >"$WORK/out" 2>"$WORK/err" || status=$?
	((status == 1)) || fail "status $status" || return
	[ "$(grep -vc '^warning: ' "$WORK/err")" -eq 1 ] || fail "not one line: $(cat "$WORK/err")" || return
	grep -vE '^warning: ' "$WORK/err" | grep -E "$1" || fail "$(cat "$WORK/err")"
	nothing_is_left
}

@test "a program runs in its namespaces and cgroup, and its exit status is the runtime's" {
	bundle minimal '.hostname = "small"'
	shell 'hostname; echo "pid $$"; grep -c . /proc/net/dev; cat /proc/self/cgroup; exit 7'
	run -7 minimal_runtime
	grep -qx small <<<"$output"
	grep -qx 'pid 1' <<<"$output"
	grep -q "/$ID\$" <<<"$output"
	[ "$(hostname)" != small ]
	nothing_is_left
}

@test "a program that a signal ends gives 128 and its number" {
	bundle minimal '.linux.namespaces |= map(select(.type != "pid"))'
	shell 'kill -KILL $$'
	run -137 minimal_runtime
	nothing_is_left
}

@test "signals are passed on to the program, and what it had started ends with it" {
	bundle
	shell 'trap "exit 9" TERM; echo ready; sleep 1000 & wait'
	start_minimal_runtime
	local status=0
	until_true 10 grep -q ready "$WORK/out"
	pkill -TERM --parent "$RUNTIME"
	wait "$RUNTIME" || status=$?
	((status == 9)) || fail "status $status: $(cat "$WORK/err")"
	nothing_is_left
}

@test "its containers are those of ocirun" {
	bundle
	shell 'trap "exit 0" TERM; echo ready; sleep 1000 & wait'
	start_minimal_runtime
	until_true 10 grep -q ready "$WORK/out"
	has_status "$ID" running
	[ "$(ocirun exec "$ID" hostname 2>"$WORK/exec.err")" = runc ]
	ocirun kill "$ID" TERM
	wait "$RUNTIME"
	nothing_is_left
}

@test "what is left when it is killed, ocirun removes" {
	bundle
	args sleep 1000
	start_minimal_runtime
	until_true 10 has_status "$ID" running
	pkill -KILL --parent "$RUNTIME"
	fails wait "$RUNTIME"
	ocirun delete --force "$ID"
	nothing_is_left
}

@test "descriptors of the caller stay out" {
	bundle
	shell 'ls -l /proc/self/fd'
	local output
	output=$(minimal_runtime 9</etc/passwd)
	fails grep -q passwd <<<"$output"
	nothing_is_left
}

@test "what is wrong with config.json is one line with its place, and leaves nothing" {
	bundle minimal '.mounts[0].destination = 4'
	refused 'expected a string, found a number at line [0-9]+, column [0-9]+ \(config\.json#/mounts/0/destination\)$'
	bundle minimal '.root.path = "nowhere"'
	refused 'no such file or directory \(config\.json#/root/path\)$'
	bundle minimal '.process.terminal = true'
	refused '\(config\.json#/process/terminal\)$'
	bundle minimal '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["swapon"], action: "SCMP_ACT_ERRNO"}]}'
	refused '\(config\.json#/linux/seccomp\)$'
	bundle
	rm "$BUNDLE/config.json"
	refused 'config\.json.*no such file or directory$'
}

@test "what fails inside the container is one line with its place, and leaves nothing" {
	bundle minimal '.mounts += [{destination: "/data", type: "bind", source: "/nowhere", options: ["bind"]}]'
	refused '/nowhere.*no such file or directory \(config\.json#/mounts/[0-9]+(/source)?\)$'
	bundle
	args /bin/nothing
	refused 'no such file or directory \(config\.json#/process/args/0\)$'
	bundle minimal '.hooks.createRuntime = [{path: "/bin/false"}]'
	refused '\(config\.json#/hooks/createRuntime\)$'
}
