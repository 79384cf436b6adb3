#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# debian.sh BUILD: the two Debian packages have what `cmake --install` installs, and ocirun works from where one of them
# was unpacked.
set -euo pipefail
build=$1
command -v dpkg-shlibdeps >/dev/null || { echo 'SKIP: not on Debian, or without dpkg-dev' && exit 77; }
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$build/CMakeCache.txt")
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
(umask 077 && cpack --config "$build/CPackConfig.cmake" -B "$work" >log 2>&1) || { cat log && exit 1; }

package() { echo "$work/$1_${version}_$(dpkg --print-architecture).deb"; }
field() { dpkg-deb -f "$(package "$1")" "$2"; }
names() { field "$1" "$2" | tr ',' '\n' | awk '{print $1}'; } # of a list of packages

# unpack PACKAGE COMPONENT: below $work/PACKAGE; it must have what is installed, man pages and changelog compressed.
unpack() {
	cmake --install "$build" --component "$2" --prefix "$work/stage/$1$prefix" >/dev/null
	find "$work/stage/$1" \( -name '*.8' -o -name changelog \) -exec gzip {} +
	dpkg-deb -x "$(package "$1")" "$work/$1"
	diff <(cd "$work/stage/$1" && find . | sort) <(cd "$work/$1" && find . | sort)
	# All is root's, nobody else may write there, and nothing runs with its file's user or group.
	[ "$(dpkg-deb -c "$(package "$1")" | awk '{print $2}' | sort -u)" = root/root ]
	[ -z "$(find "$work/$1" -mindepth 1 ! -type l \( -perm /6022 -o ! -perm -0444 \))" ]
}

unpack ocirun ocikit_Runtime
unpack libocikit-dev ocikit_Development
for package in ocirun libocikit-dev; do
	[ "$(field "$package" Description | wc -l)" -gt 1 ]
	grep -q '<.*@.*>' <<<"$(field "$package" Maintainer)"
	[ -e "$work/$package$prefix/share/doc/$package/copyright" ]
done

# Each library that something in the package needs is in a package that it depends on.
programs=$(find "$work/ocirun$prefix/bin" "$work/ocirun$prefix/lib/ocikit" -type f)
# shellcheck disable=SC2086 # a list
needed=$(readelf -d $programs |
	sed -n 's/.*Shared library: \[\(.*\)\]/\1/p' | sort -u)
for library in libc.so.6 libseccomp.so.2; do grep -qx "$library" <<<"$needed"; done
grep -qx libc6 <<<"$(names ocirun Depends)"
grep -qx libseccomp2 <<<"$(names ocirun Depends)"
! grep -q libsystemd <<<"$needed" || grep -qx libsystemd0 <<<"$(names ocirun Depends)"
grep -qx libexpected-dev <<<"$(names libocikit-dev Depends)"

ocirun=$work/ocirun$prefix/bin/ocirun
grep '^ocirun version ' <<<"$("$ocirun" --version)"
"$ocirun" plugins --format json | jq -e '[.[] | select(has("refusal"))] == []'
# shellcheck disable=SC2086
readelf -S $programs >"$work/sections"
! grep -F .debug_info "$work/sections" || exit 1
