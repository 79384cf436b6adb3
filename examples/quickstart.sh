#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# From a fresh Debian 12 to a running container: installs what is missing, builds ocirun, makes a bundle with busybox,
# and runs a greeting in it. Needs root. Leaves build/release/ and nothing else.
set -euo pipefail
# shellcheck source=tests/prepare.sh
source "$(dirname "$(readlink -f "$0")")/../tests/prepare.sh"

((EUID == 0)) || die "examples/quickstart.sh runs a container as root: start it with sudo"
install_packages "${build_packages[@]}" busybox-static jq
find_simdjson
build release
ocirun=$source_dir/build/release/bin/ocirun

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$source_dir/tests/integration/bundle.sh" minimal "$work/bundle"
jq '.process.args = ["/bin/echo", "Hello from a container made by ocirun."]' "$work/bundle/config.json" >"$work/config"
mv "$work/config" "$work/bundle/config.json"

say "the plan, which no system call has been made for yet:"
"$ocirun" explain --bundle "$work/bundle" >&2
say "the container:"
"$ocirun" --root "$work/state" run --bundle "$work/bundle" quickstart
