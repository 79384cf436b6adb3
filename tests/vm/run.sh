#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs integration tests in a virtual machine, for what a development machine lacks: AppArmor, SELinux, every
# capability, a network device to give away, cgroup v2 alone under a systemd of the machine's.
#
#   tests/vm/run.sh [--build DIR] [--cache DIR] [--tap DIR] [--lsm apparmor|selinux] [NAME...]
#
#   --build   what is tested (default: build/dev)
#   --cache   where the machine's image is kept (default: $OCIKIT_VM_CACHE, else ~/.cache/ocikit-vm); built when missing
#   --tap     a folder for the reports, one file for each NAME and module
#   --lsm     boots with this security module alone (default: once with each)
#   NAME      of a file in tests/integration, without .bats (default: those in suites.APPARMOR and suites.SELINUX)
#
# Prints TAP. Exit status: 0 when all passed; 77, with the reason, where no machine can be had.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/prepare.sh
source "$here/../prepare.sh"

build=$source_dir/build/dev cache=${OCIKIT_VM_CACHE:-${HOME:-/root}/.cache/ocikit-vm} tap='' modules=(apparmor selinux)
while (($#)); do
	case $1 in
	--build) build=$(readlink -f "$2") ;; --cache) cache=$2 ;; --tap) tap=$2 ;; --lsm) modules=("$2") ;;
	-*) sed -n '3,16s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	*) break ;;
	esac
	shift 2
done
names=("$@")

no_machine() {
	echo "SKIP: $*"
	exit 77
}
((EUID == 0)) || no_machine "building the virtual machine's image needs root"
[ "$(uname -m)" = x86_64 ] || no_machine "the virtual machine is an x86-64 one"
(install_packages qemu-system-x86 mmdebstrap e2fsprogs) || no_machine "qemu-system-x86 and mmdebstrap are not here"
"$here/image.sh" "$cache" >&2 || no_machine "the virtual machine's image could not be built"
cache=$(readlink -f "$cache")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
payload=$work/payload
mkdir -p "$payload"/source/{tests,bench,build/bin,build/lib/ocikit/plugins}
cp "$here/payload.sh" "$payload/run"
cp -r "$source_dir/tests/integration" "$payload/source/tests/"
cp -r "$source_dir/bench/profiles" "$payload/source/bench/"
cp "$build"/bin/ocirun "$payload/source/build/bin/"
cp -r "$build"/bin/tools "$payload/source/build/bin/"
cp "$build"/lib/ocikit/plugins/*.so "$payload/source/build/lib/ocikit/plugins/"
twin=$build/lib/ocikit/ocirun-with-plugins
[ ! -e "$twin" ] || cp "$twin" "$payload/source/build/lib/ocikit/"

# kernel_arguments MODULE: what makes it the kernel's one.
kernel_arguments() {
	case $1 in
	apparmor) echo "security=apparmor apparmor=1" ;;
	# Permissive while the system comes up; guest.sh enforces.
	selinux) echo "security=selinux selinux=1 enforcing=0" ;;
	*) die "no security module called $1" ;;
	esac
}

# keep_reports MODULE < OUTPUT: each file's part of it.
keep_reports() {
	[ -n "$tap" ] || return 0
	mkdir -p "$tap"
	gawk -v folder="$tap" -v module="$1" '
		/^@@ / { file = folder "/vm." module "." $2; printf "" > file; next }
		/^guest: / { file = "" }
		file != "" { print > file }'
}

status=0
for module in "${modules[@]}"; do
	if ((${#names[@]})); then printf '%s\n' "${names[@]}"; else cat "$here/suites.$module"; fi |
		sed 's/#.*//; /^ *$/d' >"$payload/files"
	start=$SECONDS
	"$here/boot.sh" --timeout 1800 --append "$(kernel_arguments "$module")" "$cache" "$payload" | tee "$work/output" || status=1
	tr -d '\r' <"$work/output" | keep_reports "$module"
	echo "# $module: $((SECONDS - start)) s"
done
exit "$status"
