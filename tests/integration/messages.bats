#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# What run says on stderr.
complaint() { # STATUS
	run "-$1" ocirun run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
}

# program NAME MODE < CONTENT: a program in the container.
program() {
	cat >"$BUNDLE/rootfs/bin/$1"
	chmod "$2" "$BUNDLE/rootfs/bin/$1"
	args "/bin/$1"
}

@test "a missing program is told in the words from which engines make exit status 127" {
	bundle
	args /nosuch
	complaint 1
	[[ $output == *'exec: \"/nosuch\": stat /nosuch: no such file or directory'* ]]  # quoted in the log's text form
	args nosuch
	complaint 1
	[[ $output == *'exec: \"nosuch\": executable file not found in $PATH'* ]]
}

@test "a program without permission is told in the words from which engines make exit status 126" {
	bundle
	program plain 0644 <<<'#!/bin/sh'
	complaint 1
	[[ $output == *'/bin/plain'*'permission denied'* ]]
	args /etc
	complaint 1
	[[ $output == *'/etc'* ]]
}

@test "a script's missing interpreter is named, not the script, because the kernel says only ENOENT" {
	bundle
	program script 0755 <<<'#!/usr/bin/nosuch -x'
	run ocirun run --bundle "$BUNDLE" "$ID"
	[ "$status" -ne 0 ]
	[[ $output == */usr/bin/nosuch* ]]
}

@test "a carriage return behind the interpreter's name is pointed out, because it is invisible" {
	bundle
	printf '#!/bin/sh\r\necho\r\n' | program script 0755
	run ocirun run --bundle "$BUNDLE" "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *'\r'* ]]
}

@test "a missing ELF loader is named, because the kernel says only ENOENT" {
	bundle
	program dynamic 0755 <"$(readlink -f /bin/cat)"
	run ocirun run --bundle "$BUNDLE" "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *ld-linux* ]]
}

@test "a program for another machine, and one that is no program, are told apart" {
	bundle
	# An ELF header for a 64-bit big-endian s390x (machine 22).
	printf '\x7fELF\x02\x02\x01\0\0\0\0\0\0\0\0\0\0\x02\0\x16\0\0\0\x01%040d' 0 | program foreign 0755
	run ocirun run --bundle "$BUNDLE" "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *rchitecture* || $output == *machine* ]]
	head -c 100 /dev/urandom | program noise 0755
	run ocirun run --bundle "$BUNDLE" "$ID"
	[ "$status" -ne 0 ]
	[[ $output == *'exec format error'* ]]
}

@test "a failed mount names the target, its place in the configuration, the source and the reason" {
	bundle minimal '.mounts += [{destination: "/data", type: "bind", source: "/srv/nosuch", options: ["bind"]}]'
	complaint 1
	[[ $output == *'ocirun run failed: '*'/data'*'source /srv/nosuch: no such file or directory'*'/mounts/7'* ]]
}

@test "a step that fails in the container's init names the step and its place too" {
	bundle minimal '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["size=nonsense"]}]'
	complaint 1
	[[ $output == *'/data'*'invalid argument'*'/mounts/7'* ]]
}

@test "unknown commands exit with 3, unknown options with 1" {
	run -3 ocirun nosuch
	run -1 ocirun run --nosuch x
}

@test "start says so when the container died while it waited" {
	bundle
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	kill -9 "$(pid_of "$ID")"
	until_true 5 has_status "$ID" stopped
	run -1 ocirun start "$ID"
	ocirun delete "$ID"
}
