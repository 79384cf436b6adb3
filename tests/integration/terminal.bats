#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

RECVTTY=$BUILD_DIR/bin/tools/recvtty

with_terminal() { bundle minimal '.process.terminal = true' "$@"; }

# run_on_terminal COMMAND: as bats' run; what it prints loses the carriage returns of the terminal.
run_on_terminal() {
	status=0
	on_terminal sh -c "$1" >"$WORK/terminal" || status=$?
	output=$(tr -d '\r' <"$WORK/terminal")
	echo "$output"
}

listen() {
	"$RECVTTY" "$@" --pid-file "$WORK/recvtty.pid" "$WORK/console.sock" >"$WORK/console" 2>&1 </dev/null 3>&- &
	LISTENER=$!
	until_true 5 test -S "$WORK/console.sock"
}
stop_listening() {
	kill -9 "$LISTENER" 2>/dev/null || true
	wait "$LISTENER" || true
}

@test "a container with a terminal has it as stdin, stdout, stderr and /dev/console" {
	with_terminal
	shell 'for fd in 0 1 2; do readlink /proc/self/fd/$fd; done; tty; test -c /dev/console && echo console'
	run_on_terminal "$OCIRUN --root $ROOT run --bundle $BUNDLE $ID"
	[ "$status" -eq 0 ]
	[ "$(grep -c '/dev/pts/0$' <<<"$output")" -eq 4 ]
	[[ $output == *console* ]]
}

@test "the terminal belongs to the container's user and to the group of its devpts mount" {
	with_terminal '.process.user = {uid: 1000, gid: 100}'
	shell 'stat -c %u:%g $(tty)'
	run_on_terminal "$OCIRUN --root $ROOT run --bundle $BUNDLE $ID"
	[[ $output == *1000:5* ]]
}

@test "the exit status comes through a terminal, and the caller's mode is restored" {
	with_terminal
	shell 'echo out; exit 9'
	run_on_terminal "stty -a >$WORK/before; $OCIRUN --root $ROOT run --bundle $BUNDLE $ID; code=\$?; stty -a >$WORK/after; exit \$code"
	[ "$status" -eq 9 ]
	diff "$WORK/before" "$WORK/after"
}

@test "all of a long output arrives through a terminal" {
	with_terminal
	shell 'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i + 1)); done'
	run_on_terminal "$OCIRUN --root $ROOT run --bundle $BUNDLE $ID" >/dev/null
	[ "$(grep -c 'line [0-9]' "$WORK/terminal")" -eq 20000 ]
}

@test "the window size of the caller's terminal, and consoleSize without one, is what the container sees" {
	with_terminal
	shell 'stty size'
	run_on_terminal "stty rows 33 cols 77; $OCIRUN --root $ROOT run --bundle $BUNDLE $ID"
	[[ $output == *'33 77'* ]]
	with_terminal '.process.consoleSize = {height: 10, width: 110}'
	shell 'stty size; sleep 100'
	listen --mode null
	ocirun_detached run --detach --console-socket "$WORK/console.sock" --bundle "$BUNDLE" "$ID"
	run -0 --separate-stderr ocirun exec "$ID" sh -c 'stty size </proc/1/fd/0'
	[ "$output" = '10 110' ]
	ocirun delete --force "$ID"
	stop_listening
}

@test "a detached container's terminal goes to the console socket" {
	with_terminal
	shell 'echo through the socket; exec sleep 100'
	listen --mode single --no-stdin
	ocirun_detached run --detach --console-socket "$WORK/console.sock" --bundle "$BUNDLE" "$ID"
	until_true 5 grep -q 'through the socket' "$WORK/console"
	ocirun delete --force "$ID"
	stop_listening
}

@test "combinations of terminal, detaching and console socket that make no sense are refused in runc's words" {
	with_terminal
	run -1 ocirun run --detach --bundle "$BUNDLE" "$ID"
	[[ $output == *'cannot allocate tty if '*' will detach without setting console socket'* ]]
	run -1 ocirun run --console-socket "$WORK/console.sock" --bundle "$BUNDLE" "$ID"
	[[ $output == *'cannot use console socket if '*' will not detach or allocate tty'* ]]
	bundle
	run -1 ocirun run --detach --console-socket "$WORK/console.sock" --bundle "$BUNDLE" "$ID"
	[[ $output == *'cannot use console socket if '*' will not detach or allocate tty'* ]]
}

@test "a console socket that is missing, not a socket or too long a path fails the run" {
	with_terminal
	echo text >"$WORK/file"
	for path in "$WORK/nosuch" "$WORK/file" "$WORK/$(printf '%0120d' 0)"; do
		run -1 ocirun run --detach --console-socket "$path" --bundle "$BUNDLE" "$ID"
		nothing_is_left
	done
}

@test "a terminal in the foreground needs one of the caller's" {
	with_terminal
	run -1 setsid "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null
	[[ $output == *'/dev/tty: no such device or address'* ]]
}

@test "exec --tty gives the process a terminal of its own, and exit statuses come through it" {
	bundle
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	run_on_terminal "$OCIRUN --root $ROOT exec --tty $ID sh -c 'tty; exit 4'"
	[ "$status" -eq 4 ]
	[[ $output == */dev/pts/* ]]
	run -0 ocirun exec "$ID" sh -c 'tty || true'
	[[ $output == *'not a tty'* ]]
	ocirun delete --force "$ID"
}

@test "exec --tty --detach sends its terminal to the console socket" {
	bundle
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	listen --mode single --no-stdin
	ocirun_detached exec --tty --detach --console-socket "$WORK/console.sock" "$ID" sh -c 'tty; sleep 1'
	until_true 5 grep -q /dev/pts/ "$WORK/console"
	ocirun delete --force "$ID"
	stop_listening
}

@test "keys typed at the caller's terminal reach the container, control-C as the signal that it means there" {
	with_terminal
	shell 'trap "echo interrupted; exit 5" INT; echo ready; while :; do sleep 0.1; done'
	mkfifo "$WORK/keys"
	# A shell starts what it puts in the background with SIGINT ignored, and so would be the container.
	env --default-signal=INT,QUIT script -qec "$OCIRUN --root $ROOT run --bundle $BUNDLE $ID" /dev/null \
		<"$WORK/keys" >"$WORK/terminal" 3>&- &
	exec 8>"$WORK/keys"
	until_true 5 grep -q ready "$WORK/terminal"
	printf '\003' >&8
	status=0
	wait $! || status=$?
	exec 8>&-
	[ "$status" -eq 5 ]
	grep -q interrupted "$WORK/terminal"
}

@test "a container that ends while a process holds its terminal does not keep the caller waiting" {
	with_terminal '.linux.namespaces |= map(select(.type != "pid"))'
	shell 'sleep 30 & echo done'
	SECONDS=0
	run_on_terminal "$OCIRUN --root $ROOT run --bundle $BUNDLE $ID"
	((SECONDS < 10))
	[[ $output == *done* ]]
}

@test "--pidfd-socket gets a descriptor that kills the container" {
	bundle
	args /bin/sleep 100
	"$BUILD_DIR/bin/tools/pidfd-kill" --pid-file "$WORK/kill.pid" --signal KILL "$WORK/pidfd.sock" </dev/null >/dev/null 2>&1 3>&- &
	local killer=$!
	until_true 5 test -S "$WORK/pidfd.sock"
	ocirun_detached run --detach --pidfd-socket "$WORK/pidfd.sock" --bundle "$BUNDLE" "$ID"
	until_true 5 test -s "$WORK/kill.pid"
	kill -TERM "$(cat "$WORK/kill.pid")"
	until_true 5 has_status "$ID" stopped
	wait "$killer"
	ocirun delete "$ID"
}
