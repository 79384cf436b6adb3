#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

@test "--preserve-fds passes that many on, and the next stays outside" {
	bundle
	shell 'cat <&3; cat <&4; cd /proc/self/fd && echo *'
	echo three >"$WORK/three"
	echo four >"$WORK/four"
	run -0 --separate-stderr bash -c "'$OCIRUN' --root '$ROOT' run --preserve-fds 2 --bundle '$BUNDLE' '$ID' 3<'$WORK/three' 4<'$WORK/four' 5</etc/passwd"
	[ "${lines[0]}" = three ]
	[ "${lines[1]}" = four ]
	[ "${lines[2]}" = '0 1 2 3 4 5' ] # the last is the directory that is being read
}

@test "--preserve-fds of a closed descriptor is refused by its place" {
	bundle
	run -1 bash -c "exec 3<&- 4<&-; '$OCIRUN' --root '$ROOT' run --preserve-fds 2 --bundle '$BUNDLE' '$ID' 3</etc/passwd"
	[[ $output == *'unable to stat preserved-fd 1 (of 2)'* ]]
}

@test "descriptors of socket activation come first and the container is told how many" {
	bundle
	shell 'echo $LISTEN_FDS $LISTEN_PID; cat <&3; cat <&4'
	echo activated >"$WORK/three"
	echo preserved >"$WORK/four"
	run -0 --separate-stderr bash -c "LISTEN_FDS=1 LISTEN_PID=\$\$ exec '$OCIRUN' --root '$ROOT' run --preserve-fds 1 --bundle '$BUNDLE' '$ID' 3<'$WORK/three' 4<'$WORK/four'"
	[ "$output" = '1 1
activated
preserved' ]
	run -0 --separate-stderr bash -c "LISTEN_FDS=1 LISTEN_PID=1 '$OCIRUN' --root '$ROOT' run --bundle '$BUNDLE' '$ID' 3<'$WORK/three' 4<&- || true"
	[[ $output != *activated* ]]
}

@test "exec passes preserved descriptors on too" {
	bundle
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	echo kept >"$WORK/three"
	run -0 --separate-stderr bash -c "'$OCIRUN' --root '$ROOT' exec --preserve-fds 1 '$ID' sh -c 'cat <&3' 3<'$WORK/three'"
	[ "$output" = kept ]
	ocirun delete --force "$ID"
}

@test "the pid file holds the number of the container's process, without a newline" {
	bundle
	args /bin/sleep 100
	ocirun_detached run --detach --pid-file pid --bundle "$BUNDLE" "$ID"
	[ "$(wc -l <pid)" -eq 0 ]
	[ "$(cat pid)" = "$(pid_of "$ID")" ]
	ocirun delete --force "$ID"
}

@test "a pid file that cannot be written fails the run, and the container is gone" {
	bundle
	args /bin/sleep 100
	run -1 ocirun run --detach --pid-file /nosuch/pid --bundle "$BUNDLE" "$ID"
	[[ $output == *'no such file or directory'* ]]
	mkdir "$WORK/taken"
	run -1 ocirun run --detach --pid-file "$WORK/taken" --bundle "$BUNDLE" "$ID"
	[ -z "$(ls -A "$ROOT")" ]
}

@test "a runtime whose standard descriptors are closed gives the container /dev/null, not its own files" {
	bundle
	shell 'cd /proc/self/fd && echo * >&2'
	bash -c "'$OCIRUN' --root '$ROOT' run --bundle '$BUNDLE' '$ID' <&- >&- 2>'$WORK/said'"
	grep -qx '0 1 2 3' "$WORK/said" # 3 is the directory that is being read
}
