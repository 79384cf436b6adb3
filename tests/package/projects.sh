#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# projects.sh SOURCE BUILD: the examples that are projects of their own, copied out of the tree, built against the
# installed package alone, and run. Needs root.
source "$(dirname "$(readlink -f "$0")")/build-consumer.sh"
install_package

# build_copy NAME: examples/NAME as $work/NAME, built in $work/NAME/build.
build_copy() {
	cp -R "$source/examples/$1" "$work/$1"
	cmake -S "$work/$1" -B "$work/$1/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Debug >/dev/null
	cmake --build "$work/$1/build"
}

build_copy cgroup-plugin
nm -D --defined-only "$work/cgroup-plugin/build/plugins/simple.so" | grep -w ocikit_plugin

build_copy spec-lint
"$source/tests/package/spec_lint.sh" "$work/spec-lint/build/spec-lint" "$source/bench/profiles/minimal.json"

build_copy minimal-runtime
! ldd "$work/minimal-runtime/build/minimal-runtime" | grep -E 'seccomp|systemd|libcap' || exit 1
"$source/tests/integration/bundle.sh" minimal "$work/bundle"
jq '.process.args = ["/bin/sh", "-c", "hostname; exit 3"] | .linux.cgroupsPath = "/ocikit-package-'$$'"' \
	"$work/bundle/config.json" >"$work/config.json"
cp "$work/config.json" "$work/bundle"
for view in host v2; do
	status=0
	"$source/tests/integration/isolated.sh" --view $view "$work/minimal-runtime/build/minimal-runtime" \
		"$work/state" "$work/bundle" one >"$work/said" || status=$?
	((status == 3))
	grep -qx runc "$work/said"
	[ -z "$(ls -A "$work/state")$(find /sys/fs/cgroup -name "ocikit-package-$$")" ]
done
