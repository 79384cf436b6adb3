#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# ocirun is linked statically, and has a twin that is not, for plugins that are files.
load helpers

# An installation of the tests' own, where only root can write: /tmp is not such a place.
PLACE=/run/ocikit-test-linking
TWIN=$PLACE/lib/ocikit/ocirun-with-plugins

setup_file() {
	linked_statically || return 0
	rm -rf "$PLACE"
	mkdir -p "$PLACE/bin" "$PLACE/lib/ocikit"
	chmod -R 0755 "$PLACE"
	strip -o "$PLACE/bin/ocirun" "$OCIRUN"
}

teardown_file() { rm -rf "$PLACE"; }

setup() {
	common_setup
	linked_statically || skip "ocirun is linked dynamically here"
	rm -rf "$PLACE"/lib/ocikit/*
	strip -o "$TWIN" "$BUILD_DIR/lib/ocikit/ocirun-with-plugins"
	mkdir -m 0755 "$PLACE/lib/ocikit/plugins"
	cp "$(find "$BUILD_DIR/examples" -name simple.so | head -1)" "$PLACE/lib/ocikit/plugins/"
	OCIRUN=$PLACE/bin/ocirun
}

# other_driver: a bundle for the third party's driver, which names its cgroups itself.
other_driver() { bundle minimal 'del(.linux.cgroupsPath)'; }

@test "ocirun needs no dynamic linker and no library, lies where it likes and is read-only after its start" {
	readelf -lW "$OCIRUN" >"$WORK/segments"
	fails grep -E 'INTERP|NEEDED' "$WORK/segments"
	grep -q GNU_RELRO "$WORK/segments"
	grep -q 'type is DYN' "$WORK/segments"
	run -0 readelf -dW "$OCIRUN"
	[[ $output != *NEEDED* ]]
	readelf -lW "$TWIN" | grep -q INTERP
}

@test "a container that needs what is linked in opens no library, and there is no twin" {
	for profile in minimal engine; do
		bundle "$profile"
		strace -f -e trace=openat,execve,execveat -o "$WORK/calls" \
			"$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
		fails grep -E '\.so|ocirun-with-plugins' "$WORK/calls"
	done
}

@test "another plugin runs in the twin, which has the command's streams, descriptors and name, and its exit status" {
	other_driver
	shell 'read line; echo "$line"; cat <&3; exit 7'
	echo descriptor >"$WORK/passed"
	run -7 --separate-stderr bash -c "echo input | strace -f -e trace=execve,execveat -o '$WORK/calls' \
		'$OCIRUN' --root '$ROOT' --cgroup-manager simple run --preserve-fds 1 --bundle '$BUNDLE' '$ID' 3<'$WORK/passed'"
	[ "$output" = $'input\ndescriptor' ]
	[ "$(grep -c '"ocirun-with-plugins"' "$WORK/calls")" -eq 1 ]
	run -1 bash -c "exec -a runc '$OCIRUN' --root '$ROOT' --cgroup-manager simple run --bundle /nonexistent '$ID' 3>&-"
	[[ $output == *'runc run failed: '* ]]
}

@test "all that can be done with a container finds the plugin that its state names" {
	other_driver
	args sleep 100
	ocirun_detached --cgroup-manager simple create --bundle "$BUNDLE" "$ID"
	ocirun start "$ID"
	[ "$(status_of "$ID")" = running ]
	run -5 ocirun exec "$ID" sh -c 'exit 5'
	mkdir "$ROOT/a-broken-one"
	run -0 --separate-stderr ocirun list --quiet
	[ "$output" = "$ID" ]
	[ "$(grep -c 'load container a-broken-one' <<<"$stderr")" -eq 1 ]
	rmdir "$ROOT/a-broken-one"
	ocirun kill "$ID" KILL
	until_true 5 has_status "$ID" stopped
	ocirun delete "$ID"
}

@test "without the twin, its path and the plugin are named in one line, and all else works" {
	rm "$TWIN"
	other_driver
	run -1 ocirun --cgroup-manager simple run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *"plugin simple needs a program that is not there: $PLACE/bin/../lib/ocikit/ocirun-with-plugins"* ]]
	nothing_is_left
	ocirun run --bundle "$BUNDLE" "$ID"
	run -0 --separate-stderr ocirun features
	jq -e '.linux.cgroup | .v1 and .v2 and (.systemd | not)' <<<"$output"
	[[ $stderr == *level=warning*ocirun-with-plugins* ]]
	run -0 --separate-stderr ocirun plugins --format json
	jq -e 'any(.[]; .name == "seccomp-libseccomp") and any(.[]; .name == "simple" and has("refusal"))' <<<"$output"
}

@test "a twin that others could have written is not executed" {
	refused() {
		run -1 ocirun --cgroup-manager simple run --bundle "$BUNDLE" "$ID"
		one_error <<<"$output"
		[[ $output == *ocirun-with-plugins*"$1"* ]] || fail "$output"
	}
	other_driver
	chmod 0757 "$TWIN"
	refused 'can be written by others'
	chmod 0755 "$TWIN"
	chown 65534 "$TWIN"
	refused 'belongs to uid 65534'
	mv "$TWIN" "$PLACE/lib/ocikit/other"
	chown 0 "$PLACE/lib/ocikit/other"
	ln -s other "$TWIN"
	refused 'not a regular file'
	rm "$TWIN"
	mv "$PLACE/lib/ocikit/other" "$TWIN"
	chmod 0777 "$PLACE/lib/ocikit"
	refused 'can be written by others'
	chmod 0755 "$PLACE/lib/ocikit"
	ocirun --cgroup-manager simple run --bundle "$BUNDLE" "$ID"
}
