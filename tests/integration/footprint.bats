#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

created() {
	bundle "$@"
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	PROCESS=/proc/$(pid_of "$ID")
}

@test "what waits in a created container is the init from its memfd, and nothing of ocirun or a plugin is mapped" {
	for profile in minimal engine; do
		created "$profile"
		[[ $(readlink "$PROCESS/exe") == /memfd:* ]]
		fails grep -E 'ocirun|\.so|seccomp|cgroup' "$PROCESS/maps"
		ocirun delete --force "$ID"
	done
}

# memory_of PID FIELD: of /proc/PID/status, in KiB.
memory_of() { awk -v field="$2:" '$1 == field {print $2}' "/proc/$1/status"; }

@test "the init that waits takes at most 256 KiB, 64 of them its own" {
	skip_under_sanitizers 'memory'
	for profile in minimal engine; do
		created "$profile"
		resident=$(memory_of "${PROCESS##*/}" VmRSS) own=$(memory_of "${PROCESS##*/}" RssAnon)
		echo "$profile: $resident KiB, $own its own"
		((resident > 0 && resident <= 256 && own > 0 && own <= 64))
		ocirun delete --force "$ID"
	done
}

@test "ocirun takes at most 3 MB for engine, whose filter it has compiled before" {
	skip_under_sanitizers 'memory'
	linked_statically || skip "it shares libraries: the figure is of a static ocirun"
	grep -q '^CMAKE_BUILD_TYPE:.*=Release$' "$BUILD_DIR/CMakeCache.txt" || skip "the figure is of a release build"
	bundle engine
	ocirun run --bundle "$BUNDLE" "$ID" </dev/null
	args sleep 60
	"$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- &
	local waiting=$! peak
	until_true 20 has_status "$ID" running
	peak=$(memory_of "$waiting" VmHWM)
	ocirun kill "$ID" KILL
	wait "$waiting" || true
	echo "$peak KiB"
	((peak > 1000 && peak * 1024 <= 3000000))
}

@test "a memory limit of 512 KiB is enough for minimal" {
	skip_under_sanitizers 'memory'
	[ -d /sys/fs/cgroup/memory ] || skip "cgroup v1's memory controller is not here"
	bundle minimal '.linux.resources.memory.limit = 524288'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
}

@test "the init is sealed: it cannot be written through /proc/PID/exe, not even by root" {
	created
	fails bash -c 'echo overwritten >"$1"' overwrite "$PROCESS/exe"
	fails bash -c 'echo overwritten >>"$1"' overwrite "$PROCESS/exe"
	ocirun start "$ID"
	ocirun delete --force "$ID"
}

@test "the container gets descriptors 0, 1 and 2 and no others" {
	bundle engine
	shell 'cd /proc/self/fd && echo *'
	run -0 --separate-stderr bash -c "exec 7</ 8</etc; '$OCIRUN' --root '$ROOT' run --bundle '$BUNDLE' '$ID' </dev/null 3>&-"
	[ "$output" = '0 1 2 3' ] # 3 is the directory that is being read
}

# at_most CALLS PROFILE: a run takes no more system calls, those of its container among them. The limits are two above
# what was measured.
at_most() {
	local calls most=$1
	linked_statically || most=$((most + 25)) # the dynamic linker's
	bundle "$2"
	ocirun run --bundle "$BUNDLE" "$ID" </dev/null # compiles the filter
	strace -f -c -o "$WORK/calls" "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
	cat "$WORK/calls"
	calls=$(awk '$NF == "total" {print $4}' "$WORK/calls")
	((calls > 50 && calls <= most)) || fail "$2: $calls calls"
}

# cgroup v1 has a dozen hierarchies, each to be made, joined, mounted and removed.
@test "a run takes few system calls, with all that its container does" {
	skip_under_sanitizers 'system calls'
	if [ "$VIEW" = v2 ]; then
		at_most 287 minimal
		at_most 307 engine
	else
		at_most 385 minimal
		at_most 425 engine
	fi
}

@test "linked dynamically, ocirun needs neither libseccomp nor libsystemd, and libc alone with simdjson's source" {
	skip_under_sanitizers 'libraries'
	! linked_statically || skip "it needs none: linking.bats"
	run -0 ldd "$OCIRUN"
	[[ $output != *libseccomp* ]]
	[[ $output != *libsystemd* ]]
	[ -n "${SIMDJSON_SOURCE:-}" ] || skip "simdjson is Debian's shared library here"
	run -0 bash -c "ldd '$OCIRUN' | grep -v -e linux-vdso -e ld-linux"
	[ "${#lines[@]}" -eq 1 ]
	[[ ${lines[0]} == *libc.so* ]]
}

@test "a run that needs no plugin maps none" {
	skip_under_sanitizers 'libraries'
	bundle
	strace -f -e trace=openat -o "$WORK/opened" "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
	fails grep -E 'libseccomp|libsystemd|seccomp-libseccomp' "$WORK/opened"
}
