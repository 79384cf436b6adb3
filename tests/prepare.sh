# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the project's scripts share: packages, simdjson's source, builds. Sourced, from anywhere:
#
#   source "$(dirname "$(readlink -f "$0")")/../tests/prepare.sh"

source_dir=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/..")

# What a build needs, and what the tests need beyond that: names of Debian 12's packages.
# shellcheck disable=SC2034 # used by those who source this
build_packages=(g++ cmake ninja-build pkg-config libexpected-dev libseccomp-dev libsystemd-dev)
# shellcheck disable=SC2034
test_packages=(catch2 systemd dbus busybox-static tini jq gawk strace bats procps mount util-linux uidmap
	groff-base mandoc bsdextrautils zsh fish dpkg-dev file)

# What the programs of bench/ need that measure parts of ocikit.
# shellcheck disable=SC2034
bench_packages=(libbenchmark-dev nlohmann-json3-dev rapidjson-dev libjson-c-dev jq)

simdjson_version=3.9.4
# The registry's integrity value, sha512-/3oCP8GBpdyeiBMEnuI6S0yl0yekD6Qxfed67hZqU1GIVn3o/vZgE8qANm69THfw7JgHLS9zjx56F/dO3q+koA==,
# in the digits of sha512sum.
simdjson_sha512=ff7a023fc181a5dc9e8813049ee23a4b4ca5d327a40fa4317de77aee166a535188567de8fef66013ca80366ebd4c77f0ec98072d2f738f1e7a17f74edeafa4a0

say() { printf '%s\n' "$*" >&2; }
die() {
	say "$*"
	exit 1
}

# packages_missing NAME...: those that are not installed, one a line.
packages_missing() {
	local name
	for name in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s\n' "$name"
	done
}

# install_packages NAME...: installs those that are missing; says which when it may not.
install_packages() {
	local missing
	command -v dpkg-query >/dev/null || return 0 # not Debian: the build says what it does not find
	mapfile -t missing < <(packages_missing "$@")
	((${#missing[@]})) || return 0
	if ((EUID != 0)); then die "not installed: ${missing[*]}; as root: apt-get install --no-install-recommends ${missing[*]}"; fi
	say "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# A fresh machine has no package lists, or stale ones.
	apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null; } ||
		die "apt-get could not install ${missing[*]}"
}

# unpack_simdjson FOLDER: npm's package as FOLDER, if npm is there and delivers what was pinned.
unpack_simdjson() (
	command -v npm >/dev/null || return 1
	mkdir -p "$(dirname "$1")"
	work=$(mktemp -d "$1.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	cd "$work" || return 1
	npm pack --silent "@nozbe/simdjson@$simdjson_version" >/dev/null 2>&1 || return 1
	mv ./*.tgz package.tgz || return 1
	if ! echo "$simdjson_sha512  package.tgz" | sha512sum --check --status; then
		say "@nozbe/simdjson@$simdjson_version is not the package that was pinned; not used"
		return 1
	fi
	tar -xzf package.tgz package/src/simdjson.h package/src/simdjson.cpp package/LICENSE || return 1
	mkdir new && mv package/src/simdjson.h package/src/simdjson.cpp package/LICENSE new/ || return 1
	mv -T new "$1" 2>/dev/null || [ -e "$1/simdjson.cpp" ] # another run may have been quicker
)

# find_simdjson: exports OCIKIT_SIMDJSON_SOURCE, or installs Debian's shared library and says what that costs.
find_simdjson() {
	local cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ocikit/simdjson-$simdjson_version
	[ -z "${OCIKIT_SIMDJSON_SOURCE:-}" ] || return 0
	if [ -e "$cache/simdjson.cpp" ] || unpack_simdjson "$cache"; then
		export OCIKIT_SIMDJSON_SOURCE=$cache
		return 0
	fi
	say "simdjson: no source from npm, so Debian's shared library is used; ocirun starts about 0.7 ms slower with it"
	install_packages libsimdjson-dev
}

# build PRESET: configures and builds it.
build() {
	(
		cd "$source_dir" || exit
		cmake --preset "$1" >/dev/null || exit
		cmake --build --preset "$1" -- --quiet
	)
}
