#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Known vulnerabilities of container runtimes, by their numbers: what a process in a container gets hold of while the
# runtime adds another one, what a process inherits, and who it is. See docs/security.md.
load helpers

running() {
	bundle "$@"
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
}

# --- what the container sees of the runtime

# snooped PROFILE: what a process in the container, which may trace others, could reach of those that exec adds.
snooped() {
	bundle "$1" 'del(.linux.seccomp)' '.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE"] | unique)'
	cp "$BUILD_DIR/bin/tools/process-snoop" "$BUNDLE/rootfs/bin"
	args /bin/process-snoop 2
	ocirun run --bundle "$BUNDLE" "$ID" >"$WORK/snooped" 2>&1 </dev/null &
	until_true 10 grep -q snooping "$WORK/snooped"
	while ocirun exec "$ID" /bin/sleep 0.02 </dev/null >/dev/null 2>&1; do :; done
	wait $!
	cat "$WORK/snooped"
}

@test "CVE-2016-9962: who may trace the processes that exec adds finds nothing of the host behind them" {
	snooped engine
	fails grep -E '^(shared memory|descriptor) of' "$WORK/snooped"
	fails grep -v -e '^snooping' -e 'memory of /memfd:' "$WORK/snooped" # the init, which is inside
}

@test "CVE-2016-9962: in a user namespace nobody may trace the processes that exec adds before they are its program" {
	snooped userns
	[ "$(cat "$WORK/snooped")" = snooping ]
}

@test "CVE-2019-5736: the runtime's file is not what the processes that exec adds are made of, and stays as it is" {
	before=$(sha256sum "$OCIRUN") changed=$(stat -c %y "$OCIRUN")
	snooped engine
	fails grep -F -e "$(basename "$OCIRUN")" -e 'write to' "$WORK/snooped"
	[ "$(sha256sum "$OCIRUN")" = "$before" ]
	[ "$(stat -c %y "$OCIRUN")" = "$changed" ]
}

@test "CVE-2019-5736: an image that leads to the runtime's own init as its program is told so" {
	bundle engine
	ln -s /proc/self/exe "$BUNDLE/rootfs/bin/self"
	for arguments in '/bin/self' '/bin/self a b' '/bin/self 0 1 2' '/proc/self/exe'; do
		# shellcheck disable=SC2086 # words
		args $arguments
		run -1 ocirun run --bundle "$BUNDLE" "$ID"
		[ "$(wc -l <<<"$output")" -eq 1 ]
		[[ $output == *'there is no plan to follow'* ]]
	done
}

@test "CVE-2025-52881, CVE-2025-62596: what a container mounts over its /proc takes nothing of what exec writes there" {
	bundle minimal '.process.oomScoreAdj = 17' '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])' \
		'.root.readonly = false'
	shell 'mount -t tmpfs tmpfs /proc && mkdir /proc/self && touch /proc/self/oom_score_adj && touch /tmp/ready && sleep 100'
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	until_true 5 test -e "$BUNDLE/rootfs/tmp/ready"
	ocirun_detached exec --detach --pid-file "$WORK/pid" "$ID" sleep 50
	[ "$(cat "/proc/$(cat "$WORK/pid")/oom_score_adj")" = 17 ]
	run -0 --separate-stderr ocirun exec "$ID" wc -c /proc/self/oom_score_adj
	[[ $output == '0 '* ]]
	ocirun delete --force "$ID"
}

@test "CVE-2025-52881: what is mounted over /proc/sys takes none of the sysctls" {
	bundle minimal '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	# shellcheck disable=SC2016 # for the inner shell
	run -1 unshare --mount --propagation private sh -c 'mount -t tmpfs tmpfs /proc/sys && mkdir -p /proc/sys/net/ipv4 &&
		touch /proc/sys/net/ipv4/ip_forward && { "$0" --root "$1" run --bundle "$2" "$3" 3>&-; status=$?; }
		[ ! -s /proc/sys/net/ipv4/ip_forward ] || echo redirected; exit $status' "$OCIRUN" "$ROOT" "$BUNDLE" "$ID"
	[[ $output != *redirected* ]]
	[[ $output == *'/linux/sysctl/net.ipv4.ip_forward'* ]]
}

@test "CVE-2022-0811: the name or value of a sysctl smuggles in no other one, and leaves /proc/sys by no way" {
	bundle
	for name in '../kernel/core_pattern' 'net/../kernel/core_pattern' 'net..ipv4' '/net/ipv4/ip_forward' 'net//ipv4/ip_forward' \
		'net.ipv4.ip_forward+kernel.shm_rmid_forced' 'net/ipv4/../../kernel/core_pattern' 'kernel.core_pattern' ''; do
		edit ".linux.sysctl = {\"$name\": \"1\"}"
		run -1 ocirun run --bundle "$BUNDLE" "$ID"
		one_error <<<"$output"
	done
	before=$(cat /proc/sys/kernel/core_pattern)
	bundle minimal '.linux.sysctl = {"net.ipv4.ip_forward": "1\nkernel.core_pattern=|/bin/false"}'
	run ! ocirun run --bundle "$BUNDLE" "$ID"
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$before" ]
}

# --- descriptors and the working directory

# A host directory that is open in the caller, as number 9 and 77 and not close-on-exec.
with_open_root() { bash -c 'exec 9</ 77</; exec "$@"' with_open_root timeout -k 1 60 "$OCIRUN" --root "$ROOT" "$@" </dev/null 3>&-; }

@test "CVE-2024-21626: a working directory or a program by descriptor leads nowhere outside" {
	echo precious >"$WORK/marker"
	bundle engine
	for n in {3..16} 77; do
		edit ".process.cwd = \"/proc/self/fd/$n\""
		args /bin/cat "../../../../../../$WORK/marker" "./$WORK/marker"
		run -1 --separate-stderr with_open_root run --bundle "$BUNDLE" "$ID"
		one_error <<<"$stderr"
		[[ $output$stderr != *precious* ]]
		edit '.process.cwd = "/"'
		args "/proc/self/fd/$n/bin/cat" "$WORK/marker"
		run ! --separate-stderr with_open_root run --bundle "$BUNDLE" "$ID"
		[[ $output$stderr != *precious* ]]
	done
	nothing_is_left
}

@test "CVE-2024-21626: exec with a working directory or a program by descriptor leads nowhere outside" {
	echo precious >"$WORK/marker"
	running engine
	for n in {3..16} 77; do
		run -255 with_open_root exec --cwd "/proc/self/fd/$n" "$ID" cat "../../../../$WORK/marker" "./$WORK/marker"
		[[ $output != *precious* ]]
		run -255 with_open_root exec "$ID" "/proc/self/fd/$n/bin/cat" "$WORK/marker"
		[[ $output != *precious* ]]
	done
	run -0 --separate-stderr with_open_root exec "$ID" sh -c 'cd /proc/self/fd && echo *'
	[ "$output" = '0 1 2 3' ] # 3 is the directory that is being read
	ocirun delete --force "$ID"
}

# --- users and capabilities

@test "CVE-2016-3697: a number is never looked up as a name of the image's /etc/passwd" {
	bundle minimal '.process.user = {uid: 1000, gid: 1000}' 'del(.process.env[] | select(startswith("HOME=")))'
	sed -i '1i 1000:x:0:0::/named:/bin/sh' "$BUNDLE/rootfs/etc/passwd"
	echo '1000:x:0:' >>"$BUNDLE/rootfs/etc/group"
	shell 'id -u; id -g; echo $HOME; sleep 100'
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	until_true 5 grep -q / "$WORK/out"
	[ "$(cat "$WORK/out")" = $'1000\n1000\n/' ]
	run -0 --separate-stderr ocirun exec --user 1000:1000 "$ID" sh -c 'id -u; id -g'
	[ "$output" = $'1000\n1000' ]
	ocirun delete --force "$ID"
}

@test "CVE-2026-30892, CVE-2024-40635: exec takes an id as it is written or refuses it, and never as root" {
	running
	for user in 0x1 -1 +1 ' 1' '1 ' 1: :5 '' 1:2:3 01 4294967295 4294967296 18446744073709551617 1000000000000 １ 1:-1 1:4294967295 \
		1:4294967296 root; do
		run -255 ocirun exec --user "$user" "$ID" id -u
		[[ $output == *id* ]]
	done
	for user in 1 1:2 4294967294:4294967294; do
		run -0 --separate-stderr ocirun exec --user "$user" "$ID" sh -c 'grep -E "^[UG]id" /proc/self/status'
		[ "$(awk '{print $2 $3 $4 $5}' <<<"${lines[0]}")" = "${user%:*}${user%:*}${user%:*}${user%:*}" ]
		[[ $user != *:* || ${lines[1]} == *"${user#*:}" ]]
	done
	for gid in -1 4294967295 4294967296 x ''; do
		run ! ocirun exec --additional-gids "$gid" "$ID" id -G
	done
	run -0 --separate-stderr ocirun exec --user 1 --additional-gids 7 "$ID" id -G
	[ "$output" = '0 7' ]
	ocirun delete --force "$ID"
}

# sets: the five sets of the process whose status is read, as INH PRM EFF BND AMB.
sets() { awk '/^Cap/ {printf "%s%s", (n++ ? " " : ""), $2} END {print ""}'; }
caps() { printf %016x $((16#${1} | $2)); }

@test "CVE-2022-29162, CVE-2022-27650, CVE-2025-27612: exec --cap adds nothing that is inherited" {
	sys_admin=$((1 << 21))
	for config in 'del(.process.capabilities)' 'del(.process.capabilities.inheritable, .process.capabilities.ambient)' \
		'.process.capabilities |= map_values(["CAP_KILL"])'; do
		running minimal "$config"
		read -r inheritable _ _ bounding ambient < <(ocirun exec "$ID" cat /proc/self/status | sets)
		run -0 --separate-stderr ocirun exec --cap CAP_SYS_ADMIN "$ID" cat /proc/self/status
		read -r with_inheritable permitted effective with_bounding with_ambient < <(sets <<<"$output")
		[ "$with_inheritable" = "$inheritable" ]
		[ "$with_ambient" = "$ambient" ]
		[ "$with_bounding" = "$(caps "$bounding" $sys_admin)" ] || [[ $config == 'del(.process.capabilities)' ]]
		((16#$permitted & sys_admin && 16#$effective & sys_admin))
		ocirun delete --force "$ID"
	done
}

@test "CVE-2022-29162, CVE-2022-27650: what spec writes has no inheritable and no ambient capability" {
	mkdir "$WORK/new"
	ocirun spec --bundle "$WORK/new"
	jq -e '.process.capabilities | (.inheritable // []) + (.ambient // []) == []' "$WORK/new/config.json"
}

@test "CVE-2014-8989: no group of the caller's is left, and groups that cannot be set are an error" {
	for config in '.' '.process.user.additionalGids = [7, 8]'; do
		bundle minimal "$config" '.process.user.uid = 1000' '.process.user.gid = 1000'
		args /bin/grep Groups: /proc/self/status
		run -0 --separate-stderr setpriv --groups 4,24 "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" 3>&-
		[ "$(tr -d '[:space:]' <<<"$output")" = "Groups:$([ "$config" = . ] || echo 78)" ]
	done
	bundle userns '.process.user.additionalGids = [70000]' '.linux.gidMappings |= map(.size = 100)'
	run -1 ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'/process/user'* ]]
}

# --- programs and libraries of the image

# A program and a library that tell when they run, by a file that says where.
traps() {
	printf '#!/bin/sh\necho "$0" >>%s/sprung\necho "$0" >>/sprung-%s\nexit 0\n' "$WORK" "$ID" >"$WORK/trap"
	chmod +x "$WORK/trap"
	cat >"$WORK/trap.c" <<-END
		#include <fcntl.h>
		__attribute__((constructor)) static void spring(void) {
			open("$WORK/sprung", O_CREAT | O_WRONLY, 0666);
			open("/sprung-$ID", O_CREAT | O_WRONLY, 0666);
		}
	END
	cc -shared -fPIC -o "$WORK/trap.so" "$WORK/trap.c"
}
nothing_sprang() {
	[ ! -e "$WORK/sprung" ] || fail "on the host: $(cat "$WORK/sprung")" || return
	[ ! -e "$BUNDLE/rootfs/sprung-$ID" ] || fail "in the image: $(cat "$BUNDLE/rootfs/sprung-$ID")"
}
# traps_spring COMMAND...: they do, so that their silence means something.
traps_spring() {
	"$@"
	rm "/sprung-$ID"
	run ! nothing_sprang
}

@test "CVE-2026-84042: no program of the image runs but its own, and hooks are the host's" {
	traps
	for profile in engine userns; do
		bundle "$profile" '.root.readonly = false' '.hooks = {createRuntime: [{path: "/usr/bin/true"}],
			createContainer: [{path: "/usr/bin/true"}], poststop: [{path: "/usr/bin/true"}]}'
		mkdir -p "$BUNDLE"/rootfs/{usr/bin,usr/sbin,usr/local/bin,sbin}
		for name in true newuidmap newgidmap criu passt ip mount modprobe systemctl runc ocirun crun; do
			for directory in usr/bin usr/sbin usr/local/bin sbin; do cp "$WORK/trap" "$BUNDLE/rootfs/$directory/$name"; done
		done
		args /bin/busybox sleep 100
		(cd "$BUNDLE/rootfs" && ocirun_detached run --detach --bundle "$BUNDLE" "$ID")
		(cd "$BUNDLE/rootfs" && ocirun exec "$ID" /bin/busybox true)
		(cd "$BUNDLE/rootfs/usr/bin" && ocirun pause "$ID" && ocirun resume "$ID" && ocirun ps "$ID" >/dev/null)
		(cd "$BUNDLE/rootfs" && ocirun delete --force "$ID")
		nothing_sprang
	done
	traps_spring "$WORK/trap"
}

@test "CVE-2019-14271: nothing in the image makes a process of the runtime load a library" {
	command -v cc >/dev/null || skip "there is no C compiler"
	traps
	for profile in engine userns; do
		bundle "$profile" '.root.readonly = false' '.process.user = {uid: 1000, gid: 1000}' \
			'del(.process.env[] | select(startswith("HOME=")))' '.hostname = "évil"'
		etc=$BUNDLE/rootfs/etc
		mkdir -p "$BUNDLE"/rootfs/{lib,usr/lib,lib64}/{x86_64-linux-gnu/gconv,gconv,locale} "$BUNDLE/rootfs/usr/lib/ocikit/plugins"
		for directory in lib usr/lib lib64 lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu lib/x86_64-linux-gnu/gconv \
			usr/lib/ocikit/plugins; do
			for name in libnss_evil.so.2 libnss_files.so.2 libnss_compat.so.2 libc.so.6 libseccomp.so.2 EVIL.so cgroup-fs.so; do
				cp "$WORK/trap.so" "$BUNDLE/rootfs/$directory/$name"
			done
		done
		for name in passwd group hosts; do echo "$name: evil files"; done >"$etc/nsswitch.conf"
		echo /lib/libnss_evil.so.2 >"$etc/ld.so.preload"
		echo 'module UTF-8// INTERNAL EVIL 1' >"$BUNDLE/rootfs/lib/x86_64-linux-gnu/gconv/gconv-modules"
		args /bin/sleep 100
		ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
		ocirun exec --user 1 "$ID" true
		ocirun delete --force "$ID"
		nothing_sprang
	done
	traps_spring env LD_PRELOAD="$WORK/trap.so" /bin/true
}

@test "CVE-2025-23266, CVE-2024-0132: a hook has none of the image's variables" {
	bundle engine '.process.env += ["LD_PRELOAD=/evil.so", "PATH=/evil"]'
	for kind in createRuntime createContainer poststop; do
		edit ".hooks.$kind = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"/usr/bin/env >>$WORK/seen\"]}]"
	done
	ocirun run --bundle "$BUNDLE" "$ID"
	[ -s "$WORK/seen" ] || fail "no hook ran"
	fails grep -E 'evil|LD_|HOSTNAME|container=' "$WORK/seen"
}

@test "CVE-2025-65105: a label that nothing here can give is an error, not a container without one" {
	for property in apparmorProfile selinuxLabel; do
		file=/sys/kernel/security/lsm
		[ ! -e "$file" ] || fails grep -qE 'apparmor|selinux' "$file" || skip "this kernel has such a security module"
		bundle minimal ".process.$property = \"system_u:system_r:container_t:s0\""
		run -1 ocirun run --bundle "$BUNDLE" "$ID"
		nothing_is_left
	done
}

# --- devices and cgroups

@test "GHSA-g54h-m393-cpwq: without any rule for devices all but the default ones are denied" {
	for resources in '{devices: []}' '{}' null; do
		bundle engine '.process.capabilities |= map_values(. + ["CAP_MKNOD"] | unique)' ".linux.resources = $resources"
		shell 'cd /dev && mknod mem c 1 1; mknod kmsg c 1 11; mknod loop b 7 0; mknod vda b 254 0
			for n in mem kmsg loop vda; do head -c 1 $n 2>&1; done; head -c 1 zero | wc -c; head -c 1 null | wc -c; echo >null; : >tty 2>&1'
		run ocirun run --bundle "$BUNDLE" "$ID"
		[ "$(grep -c -e 'not permitted' -e 'No such file' <<<"$output")" -ge 4 ] || fail "$resources: $output"
		[[ $output == *$'1\n0'* ]]
	done
}

@test "CVE-2023-25809: without a cgroup namespace the host's cgroups cannot be written" {
	bundle userns '.linux.namespaces |= map(select(.type != "cgroup"))' \
		'.mounts |= map(if .destination == "/sys/fs/cgroup" then .options += ["ro"] | .options |= unique else . end)'
	shell 'mkdir /sys/fs/cgroup/new /sys/fs/cgroup/*/new 2>&1; grep " /sys/fs/cgroup" /proc/self/mountinfo | grep -vc " ro,"'
	run ! --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "${lines[-1]}" = 0 ]
	[[ $output == *'Read-only file system'* ]]
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name new)" ]
}
