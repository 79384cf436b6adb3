#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# In the virtual machine, as root: runs the files of tests that ./files names, one after the other, each behind a line
# `@@ NAME`. Exit status: 0 when all passed.
cd "$(dirname "$(readlink -f "$0")")" || exit
# A quarter of the containers at once: the machine is emulated.
export PARALLEL=50
export VIEW OCIRUN=$PWD/source/build/bin/ocirun BUILD_DIR=$PWD/source/build HOME=/root
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
status=0
while read -r name; do
	echo "@@ $name"
	case $name in systemd*) VIEW=machine ;; *) VIEW=v2 ;; esac
	source/tests/integration/isolated.sh --view "$VIEW" bats --formatter tap "source/tests/integration/$name.bats" || status=1
done <files
exit "$status"
