# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the checks of the installed package: installs the library and builds a project outside the tree against it.
set -euo pipefail
# shellcheck disable=SC2034 # used by those who source this
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# install_package: the library, in $work/prefix.
install_package() { cmake --install "$build" --component ocikit_Development --prefix "$work/prefix" >/dev/null; }

# build_consumer MODULE EXAMPLE FORBIDDEN: $work/build/consumer from EXAMPLE, which asks for MODULE alone; the modules in
# FORBIDDEN (separated by semicolons) must not come with it.
build_consumer() {
	install_package
	cmake -S "$source/tests/package/consumer" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
		-DCMAKE_BUILD_TYPE=Debug -DMODULE="$1" -DEXAMPLE="$source/examples/$2" -DFORBIDDEN="$3" >/dev/null
	cmake --build "$work/build"
}
