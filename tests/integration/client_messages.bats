#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Engines tell failures apart by their words. Each test calls ocirun as an engine does, and looks for what it looks for.
load helpers

# as_client ARG...: as containerd's shim and conmon call it, in vain; `$told` is what they take from it: the message of the last
# error in the log.
as_client() {
	local status=0
	rm -f "$WORK/log"
	ocirun --log "$WORK/log" --log-format json "$@" >"$WORK/out" 2>"$WORK/err" <<<'{}' || status=$?
	[[ $status == 1 || $status == 255 && $1 == exec ]] || fail "$*: status $status" || return
	told=$(jq -r 'select(.level == "error").msg' "$WORK/log" | tail -1)
	[ -n "$told" ] || fail "no error in the log: $(cat "$WORK/log")"
}

stopped_container() {
	bundle
	args /bin/true
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	until_true 5 has_status "$ID" stopped
}

running_container() {
	bundle
	args sleep 1000
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
}

# process_file [JQ-FILTER...]: a document for exec, as $WORK/process.json.
process_file() { jq ".process | ${1:-.}" "$BUNDLE/config.json" >"$WORK/process.json"; }

@test "containerd, CRI-O, podman: a container that is not there does not exist" {
	for command in state start delete pause resume 'kill nosuch TERM' 'exec nosuch true' 'ps --format json' \
		'events --stats' 'update --resources -'; do
		read -ra words <<<"$command"
		[[ $command == *nosuch* ]] || words+=(nosuch)
		as_client "${words[@]}"
		[[ $told == *'does not exist'* ]] || fail "$command: $told"
	done
}

@test "podman: the state of a container that is not there says so on standard error too" {
	as_client state nosuch
	grep -E 'does not exist|No such file' "$WORK/err"
}

@test "containerd: a signal to what has ended finds a container that is not running" {
	stopped_container
	as_client kill "$ID" 15
	[[ $told == *'container not running'* || $told == *'os: process already finished'* || $told == *'no such process'* ]]
	ocirun delete "$ID"
}

@test "CRI-O: what needs a running container says that it is not running" {
	stopped_container
	as_client pause "$ID"
	[[ $told == *'container not running'* ]] || fail "$told"
	as_client update --resources - "$ID"
	[[ $told == *'container not running'* ]] || fail "$told"
	ocirun delete "$ID"
}

@test "Docker: 127 for a program that is not there, at the start and for exec" {
	bundle
	for name in nosuch /bin/nosuch; do
		args "$name"
		as_client create --bundle "$BUNDLE" "$ID"
		[[ $told == *'executable file not found'* || $told == *'no such file or directory'* ]] || fail "$told"
	done
	running_container
	process_file '.args = ["nosuch"]'
	as_client exec --process "$WORK/process.json" "$ID"
	[[ $told == *'executable file not found'* ]]
	ocirun delete --force "$ID"
}

@test "Docker: 126 for a program that may not be executed, at the start and for exec" {
	bundle
	args /etc/passwd
	as_client create --bundle "$BUNDLE" "$ID"
	[[ $told == *'permission denied'* ]]
	running_container
	process_file '.args = ["/etc/passwd"]'
	as_client exec --process "$WORK/process.json" "$ID"
	[[ $told == *'permission denied'* ]]
	ocirun delete --force "$ID"
}

@test "Docker: a file on a directory, and a directory on a file, is not a directory, which it explains" {
	bundle minimal '.mounts += [{destination: "/etc", type: "bind", source: "/etc/passwd", options: ["bind"]}]'
	as_client create --bundle "$BUNDLE" "$ID"
	[[ $told == *'not a directory'* ]] || fail "$told"
	bundle minimal '.mounts += [{destination: "/etc/passwd", type: "bind", source: "/etc", options: ["bind"]}]'
	as_client create --bundle "$BUNDLE" "$ID"
	[[ $told == *'not a directory'* ]] || fail "$told"
}

@test "podman: the words for 127 and for 126 on standard error, as its expressions have them" {
	bundle
	args nosuch
	as_client create --bundle "$BUNDLE" "$ID"
	grep -E 'executable file not found in|no such file or directory' "$WORK/err"
	args /etc/passwd
	as_client create --bundle "$BUNDLE" "$ID"
	grep -E 'permission denied|operation not permitted' "$WORK/err"
}

@test "podman: a state is one of created, running, paused and stopped" {
	bundle
	args sleep 1000
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	[ "$(status_of "$ID")" = created ]
	ocirun start "$ID"
	[ "$(status_of "$ID")" = running ]
	ocirun pause "$ID"
	[ "$(status_of "$ID")" = paused ]
	ocirun resume "$ID"
	ocirun kill "$ID" KILL
	until_true 5 has_status "$ID" stopped
	ocirun delete "$ID"
}

@test "podman: without HOME and with next to no environment" {
	bundle
	args /bin/true
	env -i PATH="$PATH" "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" 3>&-
}
