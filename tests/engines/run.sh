#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs container engines, Debian 12's podman, containerd and Docker, with ocirun and with runc, and compares what their
# users see.
#
#   tests/engines/run.sh [--build DIR] [--cache DIR] [--tap DIR] [NAME...]
#
#   --build   what is tested (default: build/dev): a build, or a folder with the Debian packages that cpack has made
#   --cache   where the engines' root is kept (default: ~/.cache/ocikit/engines-root); built when missing, two minutes
#   --tap     a folder for the reports, one file for each NAME
#   NAME      podman, containerd, docker (default: all)
#
# Needs no network once the root is there, and touches no engine, /dev or network device of the host.
# Prints TAP. Exit status: 0 when all passed; 77, with the reason, where engines cannot be had.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/prepare.sh
source "$here/../prepare.sh"

build=$source_dir/build/dev cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ocikit/engines-root tap=''
while (($#)); do
	case $1 in
	--build) build=$(readlink -f "$2") ;; --cache) cache=$2 ;; --tap) tap=$2 ;;
	-*) sed -n '3,16s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	*) break ;;
	esac
	shift 2
done
names=("$@")
((${#names[@]})) || names=(podman containerd docker)

no_engines() {
	echo "SKIP: $*"
	exit 77
}
((EUID == 0)) || no_engines "engines as root need root"
[ -x "$build/bin/ocirun" ] || compgen -G "$build/ocirun_*.deb" >/dev/null ||
	die "there is neither a bin/ocirun nor a package of it in $build"
(install_packages mmdebstrap) || no_engines "the engines' root is made by mmdebstrap, which is not here"
"$here/root.sh" "$cache" >&2 || no_engines "the engines' root could not be built"

status=0
for name in "${names[@]}"; do
	start=$SECONDS
	report=${tap:+$tap/engines.$name}
	[ -z "$tap" ] || mkdir -p "$tap"
	"$here/enter.sh" "$cache/root" "$build" bats --formatter tap "/source/tests/engines/$name.bats" |
		tee "${report:-/dev/null}" || status=1
	echo "# $name: $((SECONDS - start)) s"
done
exit "$status"
