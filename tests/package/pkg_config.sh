#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# pkg_config.sh SOURCE BUILD: the installed modules by pkg-config, as one who does not use CMake has them.
# shellcheck source=package/build-consumer.sh
source "$(dirname "$(readlink -f "$0")")/build-consumer.sh"
cmake --install "$build" --component ocikit_Development --prefix "$work/prefix" >/dev/null
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name ocikit-base.pc)")
export PKG_CONFIG_PATH

# One file for each module that CMake knows, and everything that it requires is there.
modules=$(find "$source/include/ocikit" -mindepth 2 -name CMakeLists.txt -printf '%h\n' | sed 's,.*/,,')
for module in $modules; do pkg-config --exists --print-errors "ocikit-$module"; done

# The init, for a runtime of one's own, is a library beside the modules.
if [ -e "$build/libexec/ocikit/ocirun-init" ]; then
	printf '#include <ocikit/container/embedded_init.hpp>\nint main() { return ocikit::container::embedded_init().empty(); }\n' \
		>"$work/init.cpp"
	read -ra flags <<<"$(pkg-config --cflags --libs ocikit-init)"
	c++ -std=gnu++20 "$work/init.cpp" -o "$work/consumer" "${flags[@]}"
	"$work/consumer"
fi

# The module spec brings what it links, a plugin's author gets no JSON parser.
read -ra flags <<<"$(pkg-config --cflags --libs ocikit-spec)"
c++ -std=gnu++20 "$source/examples/list_mounts.cpp" -o "$work/consumer" "${flags[@]}"
"$work/consumer" "$source/bench/profiles/minimal.json" | grep -x '/dev/pts from devpts'
pkg-config --cflags --libs ocikit-plugin >"$work/flags"
grep -- "-I$PKG_CONFIG_PATH/" "$work/flags"
! grep simdjson "$work/flags" || exit 1
