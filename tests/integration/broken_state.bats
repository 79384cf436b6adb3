#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# A container whose state.json is then spoiled; the good one is kept in $WORK/good.
started() {
	bundle
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	STATE=$ROOT/$ID/state.json
	cp -p "$STATE" "$WORK/good"
}
ended() {
	rm -rf "$STATE"
	cp -p "$WORK/good" "$STATE"
	ocirun delete --force "$ID"
}

# is_refused TEXT: by every command that needs the state, in one line with TEXT; nothing happens to the container.
is_refused() {
	local command status
	for command in state "kill ID 9" exec start pause resume ps delete; do
		status=0
		case $command in
		'kill ID 9') ocirun kill "$ID" 9 ;;
		exec) ocirun exec "$ID" true ;;
		*) ocirun "$command" "$ID" ;;
		esac >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
		((status == 1 || status == 255)) || fail "$command: status $status"
		one_error <"$WORK/err"
		grep -qF -- "$1" "$WORK/err" || fail "$command without '$1': $(cat "$WORK/err")"
	done
	run -0 --separate-stderr ocirun list
	[[ $stderr == *"$1"* ]]
	kill -0 "$(jq .init_process_pid "$WORK/good")"
}

@test "a state.json that is cut short or no such document" {
	started
	for text in '' null '[]' '{}' "$(head -c 700 "$WORK/good")" "$(cat "$WORK/good")}"; do
		printf '%s' "$text" >"$STATE"
		is_refused 'invalid state'
	done
	ended
}

@test "a state.json of another container, another version or with a process that cannot be" {
	started
	for filter in '.id = "other"' '.ocikit.schema = 99' '.init_process_pid = -1' '.init_process_pid = "1"'; do
		jq -c "$filter" "$WORK/good" >"$STATE"
		is_refused 'invalid state'
	done
	ended
}

@test "a state.json that is no regular file is neither waited for nor followed" {
	started
	rm "$STATE" && mkfifo "$STATE"
	is_refused 'invalid state'
	rm "$STATE" && ln -s "$WORK/good" "$STATE"
	is_refused 'invalid state'
	rm "$STATE" && ln -s /dev/zero "$STATE"
	is_refused 'invalid state'
	rm "$STATE" && mkdir "$STATE"
	is_refused 'invalid state'
	rmdir "$STATE" && mknod "$STATE" c 1 5
	is_refused 'invalid state'
	rm "$STATE" && truncate -s 8G "$STATE"
	is_refused 'invalid state'
	ended
}

@test "a state.json that somebody else may write is not believed" {
	started
	chown 1000 "$STATE"
	is_refused 'belongs to another user'
	chown 0 "$STATE"
	chmod 0622 "$STATE"
	is_refused 'others may write to it'
	ended
}

@test "a state.json whose cgroup is the root of all is not believed" {
	started
	jq -c '.cgroup_paths |= map_values("/sys/fs/cgroup/" + (ltrimstr("/sys/fs/cgroup/") | split("/")[0]) + "/")' \
		"$WORK/good" >"$STATE"
	is_refused 'the root of all cgroups'
	ended
}
