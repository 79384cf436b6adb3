#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# boot.sh [--append ARGUMENTS] [--timeout SECONDS] IMAGE-DIR PAYLOAD-DIR: boots the image, runs PAYLOAD-DIR/run in it as
# root, prints what that prints, and exits with its status.
#
# The image is never changed. Without KVM the machine is emulated: it boots in a minute and runs 5 to 15 times slower.
# Exit status 124: it never finished; the console's last lines are printed.
set -euo pipefail

append='' timeout=3600
while (($# > 2)); do
	case $1 in
	--append) append=$2 ;; --timeout) timeout=$2 ;;
	*) echo "boot.sh: unknown option $1" >&2 && exit 2 ;;
	esac
	shift 2
done
image=$1 payload=$2
work=$(mktemp -d "$image/run.XXXXXX")
trap 'rm -rf "$work"' EXIT
mke2fs -q -t ext4 -L payload -d "$payload" "$work/payload.img" 1G >/dev/null
mkfifo "$work/pipe"
tee "$work/out" <"$work/pipe" &
reader=$!

# cx16, svm and la57 are left out: emulating them has crashed guest kernels. On a busy host the timer's interrupts come
# too late for the kernel's check of them.
timeout "$timeout" qemu-system-x86_64 -accel tcg,thread=multi -cpu max,-svm,-cx16,-la57 -smp 2 -m 2048 \
	-nodefaults -display none -no-reboot -kernel "$image/vmlinuz" -initrd "$image/initrd" \
	-append "root=/dev/vda rw no_timer_check console=ttyS0 quiet panic=1 systemd.show_status=0 $append" \
	-drive file="$image/root.img",if=virtio,format=raw,snapshot=on \
	-drive file="$work/payload.img",if=virtio,format=raw,readonly=on \
	-device virtio-serial-pci -chardev file,id=tests,path="$work/pipe" \
	-device virtserialport,chardev=tests,name=tests -serial "file:$work/console" || true
wait "$reader" || true

status=$(sed -n 's/^guest: exit status \([0-9]*\).*/\1/p' "$work/out" | tail -1)
if [ -z "$status" ]; then
	tail -25 "$work/console" >&2
	exit 124
fi
exit "$status"
