#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# Plugins are searched where only root can write, /tmp is not such a place.
PLUGINS=/run/ocikit-test-plugins
INCLUDE=$(readlink -f "$BATS_TEST_DIRNAME/../../include")

setup_file() { rm -rf "$PLUGINS" && mkdir -m 0755 "$PLUGINS"; }
teardown_file() { rm -rf "$PLUGINS"; }

# A third party's driver, from examples/cgroup-plugin.
third_party() {
	THIRD_PARTY=$(find "$BUILD_DIR/examples" -name '*.so' -path '*cgroup*' | head -1)
	[ -n "$THIRD_PARTY" ] || fail "examples/cgroup-plugin is not built"
	NAME=$(basename "$THIRD_PARTY" .so)
}

# plugin NAME KIND ABI-MAJOR: a shared object that calls itself a plugin.
plugin() {
	printf '#include <ocikit/plugin/abi.h>\nstatic const struct ocikit_head none = {sizeof none, %su, 0};
		__attribute__((visibility("default"))) const struct ocikit_plugin_info ocikit_plugin = {
		{sizeof(struct ocikit_plugin_info), %su, 0}, "%s", "%s", "a test", "1", &none};' "$3" "$3" "$2" "$1" |
		cc -xc -std=c11 -shared -fPIC -I"$INCLUDE" -o "$PLUGINS/$1.so" -
}

# refuses NAME TEXT: the run that selects it fails with TEXT and leaves nothing, any other run is unharmed.
refuses() {
	bundle
	run -1 ocirun --plugin-dir "$PLUGINS" --cgroup-manager "$1" run --bundle "$BUNDLE" "$ID"
	one_error <<<"$output"
	[[ $output == *"$2"* ]]
	nothing_is_left
	run -0 ocirun --plugin-dir "$PLUGINS" run --bundle "$BUNDLE" "$ID"
}

@test "the plugins that were built are listed with their kind" {
	run -0 ocirun plugins --format json
	for name in cgroup-fs cgroup-fs2 seccomp-libseccomp; do
		jq -e --arg name "$name" 'any(.[]; .name == $name and (has("refusal") | not))' <<<"$output"
	done
}

@test "the drivers that are linked in are listed once, and need no file" {
	run -0 ocirun plugins --format json
	jq -e 'group_by(.kind + .name) | all(length == 1)' <<<"$output"
	jq -e 'any(.[]; .name == "cgroup-fs" and .path == "")' <<<"$output"
	cp "$OCIRUN" "$PLUGINS/alone"
	bundle
	OCIRUN=$PLUGINS/alone ocirun run --bundle "$BUNDLE" "$ID"
	rm "$PLUGINS/alone"
}

@test "a third party's cgroup driver runs a container through the whole state machine" {
	third_party
	cp "$THIRD_PARTY" "$PLUGINS/$NAME.so"
	bundle minimal 'del(.linux.cgroupsPath)' # the example names its cgroups itself
	args /bin/sleep 100
	ocirun_detached --plugin-dir "$PLUGINS" --cgroup-manager "$NAME" create --bundle "$BUNDLE" "$ID"
	ocirun --plugin-dir "$PLUGINS" --cgroup-manager "$NAME" start "$ID"
	[ "$(ocirun --plugin-dir "$PLUGINS" state "$ID" | jq -r .status)" = running ]
	ocirun --plugin-dir "$PLUGINS" --cgroup-manager "$NAME" delete --force "$ID"
}

@test "a plugin that is missing" { refuses nosuch nosuch; }

@test "a plugin that is no shared object" {
	echo text >"$PLUGINS/text.so"
	refuses text 'not a shared object'
	: >"$PLUGINS/empty.so"
	refuses empty 'not a shared object'
}

@test "a plugin that ends in the middle" {
	third_party
	head -c 6000 "$THIRD_PARTY" >"$PLUGINS/cut.so"
	refuses cut cut
}

@test "a shared object that is no plugin" {
	echo 'int x;' | cc -xc -shared -fPIC -o "$PLUGINS/other.so" -
	refuses other ocikit_plugin
}

@test "a plugin of another ABI" {
	plugin future cgroup 99
	refuses future ABI
}

@test "a plugin of another kind" {
	plugin filter seccomp 1
	refuses filter filter
}

@test "a plugin that others can write is refused, because whoever writes it is root" {
	third_party
	cp "$THIRD_PARTY" "$PLUGINS/$NAME.so"
	chmod 0757 "$PLUGINS/$NAME.so"
	refuses "$NAME" "$NAME"
	run -0 ocirun --plugin-dir "$PLUGINS" plugins
	[[ $output == *refused* ]]
	chmod 0755 "$PLUGINS/$NAME.so"
	chown 65534 "$PLUGINS/$NAME.so"
	refuses "$NAME" "$NAME"
	rm -f "$PLUGINS/$NAME.so"
	ln -s "$THIRD_PARTY" "$PLUGINS/$NAME.so"
	refuses "$NAME" "$NAME"
	rm -f "$PLUGINS/$NAME.so"
}

@test "a plugin directory that others can write is refused" {
	third_party
	cp "$THIRD_PARTY" "$PLUGINS/$NAME.so"
	chmod 0777 "$PLUGINS"
	bundle
	run -1 ocirun --plugin-dir "$PLUGINS" --cgroup-manager "$NAME" run --bundle "$BUNDLE" "$ID"
	[[ $output == *"$PLUGINS"* ]]
	chmod 0755 "$PLUGINS"
	rm -f "$PLUGINS/$NAME.so"
}

@test "a plugin's name is no path" {
	for name in ../x /etc/passwd a/b ''; do
		bundle
		run ocirun --plugin-dir "$PLUGINS" --cgroup-manager "$name" run --bundle "$BUNDLE" "$ID"
		[ -z "$name" ] || [ "$status" -eq 1 ]
	done
}

@test "a refused plugin's code never runs, not even its constructor" {
	printf '__attribute__((constructor)) static void f(void) { __builtin_trap(); } int ocikit_nothing;' |
		cc -xc -shared -fPIC -o "$PLUGINS/trap.so" -
	chmod 0757 "$PLUGINS/trap.so"
	refuses trap trap
	rm -f "$PLUGINS/trap.so"
}
