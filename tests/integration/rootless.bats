#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# An ordinary user's containers: user namespaces of one entry and of ranges from /etc/subuid, cgroups with and without
# permission, and what is refused.
load helpers

USER_ID=4711

# The runtime where an ordinary user can reach it, and that user's account in files of this test's own.
setup_file() {
	local prefix=$BATS_FILE_TMPDIR/prefix
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/file "$BATS_FILE_TMPDIR" 2>/dev/null || true
	mkdir -p "$prefix/bin" "$prefix/lib"
	cp "$OCIRUN" "$prefix/bin/"
	cp -a "$BUILD_DIR/lib/ocikit" "$prefix/lib/"
	{ cat /etc/passwd && echo "ordinary:x:$USER_ID:$USER_ID::/:/bin/sh"; } >"$BATS_FILE_TMPDIR/passwd"
	echo "ordinary:500000:65536" >"$BATS_FILE_TMPDIR/subuid"
	touch /etc/subuid /etc/subgid
	mount --bind "$BATS_FILE_TMPDIR/passwd" /etc/passwd
	mount --bind "$BATS_FILE_TMPDIR/subuid" /etc/subuid
	mount --bind "$BATS_FILE_TMPDIR/subuid" /etc/subgid
}

teardown_file() { umount /etc/passwd /etc/subuid /etc/subgid; }

as_user() {
	setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups \
		env -i PATH="${SEARCH:-/usr/sbin:/usr/bin:/sbin:/bin}" XDG_RUNTIME_DIR="$WORK/run" "$@"
}

ocirun() {
	as_user timeout --foreground --kill-after 1 60 "$BATS_FILE_TMPDIR/prefix/bin/ocirun" --root "$ROOT" "$@" 3>&-
}

# user_bundle [JQ-FILTER...]: the bundle of `spec --rootless`, of the user.
user_bundle() {
	local filter
	bundle minimal
	rm "$BUNDLE/config.json"
	chown -R "$USER_ID:$USER_ID" "$WORK"
	(cd "$BUNDLE" && ocirun spec --rootless)
	edit '.process.terminal = false' "$@"
	chmod a+r "$BUNDLE/config.json"
	cd "$BUNDLE" || return
}

# The ranges of /etc/subuid behind the user itself.
ranges='[{containerID: 0, hostID: 4711, size: 1}, {containerID: 1, hostID: 500000, size: 65536}]'
with_ranges=".linux.uidMappings = $ranges | .linux.gidMappings = $ranges"

refused() { # MESSAGE
	run -1 ocirun run "$ID"
	[[ $output == *"$1"* ]] || fail "$output"
}

@test "an ordinary user runs what spec --rootless writes, as root of a namespace of one" {
	user_bundle
	shell 'id -u; tr -s " " </proc/self/uid_map; cat /proc/self/setgroups; echo >/dev/null && exit 7'
	run -7 ocirun run "$ID"
	[ "${lines[*]}" = "0  0 $USER_ID 1 deny" ] || fail "$output"
}

@test "create, start, exec, kill and delete as an ordinary user" {
	user_bundle
	args sleep 100
	ocirun_detached create "$ID"
	run -0 ocirun exec "$ID" id -u
	[ "$output" = 0 ]
	ocirun start "$ID"
	has_status "$ID" running
	run -3 ocirun exec "$ID" sh -c 'test "$(cat /proc/1/comm)" = sleep && exit 3'
	ocirun kill "$ID" KILL
	until_true 5 has_status "$ID" stopped
	ocirun delete "$ID"
}

@test "state goes below XDG_RUNTIME_DIR, in a sticky directory of the user alone" {
	user_bundle
	args true
	mkdir "$WORK/run"
	chown "$USER_ID:$USER_ID" "$WORK/run"
	as_user "$BATS_FILE_TMPDIR/prefix/bin/ocirun" run "$ID" 3>&-
	[ "$(stat -c '%a %u' "$WORK/run/ocirun")" = "1700 $USER_ID" ]
}

@test "ranges of /etc/subuid are mapped by newuidmap and newgidmap" {
	user_bundle "$with_ranges" '.process.user = {uid: 1000, gid: 1000}'
	mkdir -m 0777 rootfs/shared
	edit '.root.readonly = false'
	shell 'tr -s " " </proc/self/gid_map; touch /shared/file'
	run -0 ocirun run "$ID"
	[ "${lines[*]}" = " 0 $USER_ID 1  1 500000 65536" ] || fail "$output"
	[ "$(stat -c '%u %g' rootfs/shared/file)" = "500999 500999" ]
}

@test "a range that is not the user's is refused by the helper, in one line, and nothing is left" {
	user_bundle "$with_ranges" '.linux.uidMappings[1].hostID = 600000'
	refused "failed to use newuid map on"
	[[ $output == *"newuidmap: uid range"*"(config.json#/linux/uidMappings)"* ]] || fail "$output"
	one_error <<<"$output"
}

@test "a helper that is missing, lies or hangs about in the bundle" {
	user_bundle "$with_ranges"
	mkdir "$WORK/bin"
	ln -s "$(command -v env)" "$(command -v timeout)" "$WORK/bin/"
	SEARCH=$WORK/bin refused 'newgidmap is not in $PATH'
	printf '#!/bin/sh\ntouch %s/executed\n' "$WORK" | tee newgidmap newuidmap >/dev/null
	chmod 0755 newgidmap newuidmap
	SEARCH=:.:$WORK/bin refused 'newgidmap is not in $PATH'
	[ ! -e "$WORK/executed" ]
	cp newgidmap newuidmap "$WORK/bin/"
	SEARCH=$WORK/bin:/bin refused 'newgidmap has written another map'
}

@test "the runtime of an ordinary user is undumpable again when the container runs" {
	user_bundle
	args sleep 100
	ocirun run "$ID" </dev/null &
	until_true 10 has_status "$ID" running
	local runtime
	runtime=$(awk '$1 == "PPid:" { print $2 }' "/proc/$(pid_of "$ID")/status")
	[ "$(cat "/proc/$runtime/comm")" = ocirun ]
	[ "$(stat -c %u "/proc/$runtime/environ")" = 0 ] # of a dumpable process: its user's
	ocirun kill "$ID" KILL
	wait
}

@test "what only root can have is refused to an ordinary user, with its place" {
	user_bundle '.linux.namespaces -= [{"type": "user"}]'
	refused "rootless container requires user namespaces"
	user_bundle '.linux.uidMappings = []'
	refused "rootless containers requires at least one UID mapping"
	user_bundle '.linux.gidMappings = []'
	refused "rootless containers requires at least one GID mapping"
	user_bundle '.process.user.additionalGids = [1]'
	refused "cannot set any additional groups in a rootless container"
	user_bundle '.mounts += [{"destination": "/x", "type": "tmpfs", "source": "x", "options": ["uid=5"]}]'
	refused "cannot specify uid=5 mount option for rootless container"
	user_bundle '.mounts += [{"destination": "/x", "type": "bind", "source": "/tmp", "options": ["rbind", "idmap"]}]'
	refused "id-mapped mounts are not supported for rootless containers"
	one_error <<<"$output"
}

@test "without permission for cgroups: none at all, but not where one was asked for" {
	user_bundle
	args true
	ocirun run "$ID"
	edit '.linux.resources = {"pids": {"limit": 10}}'
	refused "limit"
	edit '.linux.resources = null' ".linux.cgroupsPath = \"/$ID\""
	refused "denied"
	[ -z "$(cgroups)" ]
}

@test "in a cgroup that was delegated, an ordinary user pauses and limits" {
	local parent
	for parent in $(hierarchies); do
		mkdir "$parent/$ID"
		chown "$USER_ID:$USER_ID" "$parent/$ID" "$parent/$ID"/{cgroup.procs,tasks,cpuset.cpus,cpuset.mems} 2>/dev/null || true
	done
	# Processes may only be moved below what both ends have in common.
	[ "$VIEW" = host ] || chown "$USER_ID" /sys/fs/cgroup/cgroup.procs
	user_bundle ".linux.cgroupsPath = \"/$ID/c\""
	args sleep 100
	ocirun_detached run -d "$ID"
	grep -q "/$ID/c" "/proc/$(pid_of "$ID")/cgroup"
	ocirun pause "$ID"
	has_status "$ID" paused
	ocirun resume "$ID"
	ocirun delete --force "$ID"
	for parent in $(hierarchies); do rmdir "$parent/$ID"; done
	[ "$VIEW" = host ] || chown 0 /sys/fs/cgroup/cgroup.procs
}

@test "a cgroup that may be made but not entered is an error with its place, and nothing is left" {
	[ "$VIEW" = v2 ] || skip "cgroup v1 asks nothing of the cgroups above"
	mkdir "/sys/fs/cgroup/$ID"
	chown "$USER_ID" "/sys/fs/cgroup/$ID" "/sys/fs/cgroup/$ID/cgroup.procs"
	user_bundle ".linux.cgroupsPath = \"/$ID/c\""
	refused "entering the cgroup /sys/fs/cgroup/$ID/c: "
	[[ $output == *"permission denied (config.json#/linux/cgroupsPath)"* ]] || fail "$output"
	one_error <<<"$output"
	rmdir "/sys/fs/cgroup/$ID"
}

hierarchies() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts; }

@test "the cgroups that an ordinary user sees inside cannot be written (CVE-2023-25809)" {
	user_bundle '.linux.namespaces -= [{"type": "cgroup"}]'
	shell 'for at in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir "$at/made" && exit 1; done 2>&1 | sort -u | head -50
		grep " /sys/fs/cgroup" /proc/self/mountinfo'
	run -0 ocirun run "$ID"
	[[ $output == *"Read-only file system"* ]] || fail "$output"
	[[ $output != *"Permission denied"* ]] || fail "$output"
	[[ $output == *" /sys/fs/cgroup ro,"* ]] || fail "$output"
}

@test "a container with neither cgroup nor pid namespace is warned of" {
	user_bundle '.linux.namespaces -= [{"type": "pid"}]' \
		'(.mounts[] | select(.type == "proc")) |= . + {"type": "none", "source": "/proc", "options": ["rbind"]}'
	args true
	run -0 ocirun run "$ID"
	[[ $output == *level=warning*"strongly discouraged"* ]] || fail "$output"
}

@test "--rootless decides whether a missing permission is bearable, whoever asks" {
	user_bundle
	args true
	run -1 ocirun --rootless=false run "$ID"
	[[ $output == *"ermission denied"* ]] || fail "$output"
	ocirun --rootless=auto run "$ID"
	ocirun --rootless true run "$ID"
	run -1 ocirun --rootless=maybe run "$ID"
	[[ $output == *maybe* ]] || fail "$output"
}
