#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# The names of what THREAD did, in their order.
names() { # FILE THREAD
	jq -er --arg thread "$2" '([.traceEvents[] | select(.ph == "M" and .args.name == $thread)][0].tid) as $tid
		| .traceEvents[] | select(.ph == "X" and .tid == $tid) | .name' "$1"
}

@test "a trace has every step of the plan, by whom it is taken" {
	bundle engine '.hooks = {createRuntime: [{path: "/bin/true"}], poststop: [{path: "/bin/echo"}]}'
	ocirun --trace "$WORK/trace" run --bundle "$BUNDLE" "$ID"
	jq -e '[.traceEvents[] | select(.ph == "X") | .ts >= 0 and .dur >= 0] | all' "$WORK/trace"
	names "$WORK/trace" runtime >"$WORK/runtime"
	names "$WORK/trace" init >"$WORK/init"
	for line in run 'read and check config.json' 'make the plan' 'wait for the init' 'createRuntime hook /bin/true' \
		"wait for the container's end" 'destroy the container' 'poststop hook /bin/echo'; do
		grep -Fxq "$line" "$WORK/runtime" || fail "no \"$line\" in $(<"$WORK/runtime")"
	done
	# Up to the filter; behind it the init may not ask for the time.
	ocirun explain --bundle "$BUNDLE" "$ID" | sed -n 's/^init  *//p' | sed 's/  \[[^]]*\]$//; /^load /,$d' >"$WORK/planned"
	[ "$(wc -l <"$WORK/planned")" -gt 40 ]
	diff "$WORK/planned" <(sed '/^load /,$d' "$WORK/init") || fail "the init told something else"
	grep -q '^load .*; execute /bin/true$' "$WORK/init" || fail "the init ends with $(tail -1 "$WORK/init")"
}

@test "a create, its start and an exec have traces of their own" {
	bundle
	args /bin/sleep 100
	ocirun_detached --trace "$WORK/create" create --bundle "$BUNDLE" "$ID"
	ocirun --trace "$WORK/start" start "$ID"
	ocirun --trace "$WORK/exec" exec "$ID" true
	ocirun --trace "$WORK/delete" delete --force "$ID"
	for command in create start exec delete; do [ "$(names "$WORK/$command" runtime | head -1)" = "$command" ]; done
	names "$WORK/create" init | grep -q '^mount proc'
	names "$WORK/exec" init | grep -q '^find the program true'
}

@test "the text of a trace is on standard error, with what the container prints left alone" {
	bundle
	shell 'echo out'
	run -0 --separate-stderr ocirun --trace - run --bundle "$BUNDLE" "$ID"
	[ "$output" = out ]
	# shellcheck disable=SC2154 # stderr is run's
	grep -Eq '^ +0\.000 +[0-9]+\.[0-9]{3}  runtime \|#+ *\| run$' <<<"$stderr" || fail "$stderr"
	grep -Eq '^ +[0-9.]+ +[0-9.]+  init    \| *=+ *\| mount proc at /proc' <<<"$stderr" || fail "$stderr"
}

@test "what fails is traced as far as it came, and a trace that cannot be written is an error before anything is done" {
	bundle
	args /no/such
	run -1 ocirun --trace "$WORK/trace" run --bundle "$BUNDLE" "$ID"
	names "$WORK/trace" init | grep -q '^mount proc'
	args /bin/true
	run -1 ocirun --trace "$WORK/no/such" run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *"opening the trace file $WORK/no/such: no such file or directory"* ]] || fail "$output"
}

@test "an init whose filter kills whoever asks for the time is traced up to that filter" {
	bundle minimal '.process.noNewPrivileges = true | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["clock_gettime", "sendto"], action: "SCMP_ACT_KILL_PROCESS"}]}'
	ocirun --trace "$WORK/trace" run --bundle "$BUNDLE" "$ID"
	names "$WORK/trace" init | tail -1 | grep -q '^load '
}

@test "without --trace the init is told to say nothing of its steps" {
	skip_under_sanitizers 'they do not work below a tracer'
	bundle
	strace -f -e trace=sendto,sendmsg -o "$WORK/calls" "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
		</dev/null 3>&-
	[ "$(grep -c 'sendto\|sendmsg' "$WORK/calls")" -lt 10 ] || fail "$(cat "$WORK/calls")"
}
