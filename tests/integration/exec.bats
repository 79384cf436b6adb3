#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

running() {
	bundle "$@"
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
}

@test "exec joins every namespace of the container and its cgroup" {
	running engine
	expected=$(for n in pid net ipc uts mnt cgroup; do readlink "/proc/$(pid_of "$ID")/ns/$n"; done)
	run -0 --separate-stderr ocirun exec "$ID" sh -c 'for n in pid net ipc uts mnt cgroup; do readlink /proc/self/ns/$n; done'
	[ "$output" = "$expected" ]
	ocirun exec "$ID" sh -c 'diff /proc/1/cgroup /proc/self/cgroup'
	ocirun delete --force "$ID"
}

@test "exec exits as its process does: 7, 128+N, and 255 when it could not start" {
	running
	run -7 ocirun exec "$ID" sh -c 'exit 7'
	run -137 ocirun exec "$ID" sh -c 'kill -9 $$'
	run -255 ocirun exec "$ID" /nosuch
	[[ $output == *'exec failed: '*'no such file or directory'* ]]
	run -255 ocirun exec "$ID" nosuch
	[[ $output == *'executable file not found in $PATH'* ]]
	ocirun delete --force "$ID"
}

@test "exec takes cwd, env and user from its options" {
	running
	run -0 --separate-stderr ocirun exec --cwd /tmp --env A=1 --env B=2 --user 1000:100 "$ID" sh -c 'pwd; echo $A$B; id -u; id -g'
	[ "$output" = "/tmp
12
1000
100" ]
	ocirun delete --force "$ID"
}

@test "exec --process takes the whole process from a file" {
	running
	echo '{"args": ["/bin/sh", "-c", "echo $X"], "cwd": "/", "env": ["X=from the file"]}' >"$WORK/process.json"
	run -0 --separate-stderr ocirun exec --process "$WORK/process.json" "$ID"
	[ "$output" = "from the file" ]
	ocirun delete --force "$ID"
}

@test "exec has no more capabilities than the container, and its seccomp filter" {
	running engine
	run -0 --separate-stderr ocirun exec "$ID" grep -E 'Cap(Bnd|Eff|Prm)|Seccomp:' /proc/self/status
	[ "$output" = "$(grep -E 'Cap(Bnd|Eff|Prm)|Seccomp:' "/proc/$(pid_of "$ID")/status")" ]
	ocirun delete --force "$ID"
}

@test "exec --detach returns at once and writes the pid of its process" {
	running
	ocirun_detached exec --detach --pid-file "$WORK/pid" "$ID" sleep 50
	[ "$(tr '\0' ' ' <"/proc/$(cat "$WORK/pid")/cmdline")" = 'sleep 50 ' ]
	ocirun delete --force "$ID"
}

@test "exec works in a created container, before its process runs" {
	bundle
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	run -0 --separate-stderr ocirun exec "$ID" echo early
	[ "$output" = early ]
	ocirun delete --force "$ID"
}

@test "exec in a user namespace is root there" {
	running userns
	run -0 --separate-stderr ocirun exec "$ID" sh -c 'id -u; readlink /proc/self/ns/user'
	[ "$output" = "0
$(readlink "/proc/$(pid_of "$ID")/ns/user")" ]
	ocirun delete --force "$ID"
}

@test "stdin reaches an exec'ed process, its end too" {
	running
	run -0 --separate-stderr bash -c "printf 'one\ntwo' | '$OCIRUN' --root '$ROOT' exec '$ID' cat 3>&-"
	[ "$output" = "one
two" ]
	ocirun delete --force "$ID"
}
