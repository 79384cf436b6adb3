#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Known vulnerabilities of container runtimes, by their numbers: what an image or a volume puts on the paths that the
# runtime follows. races.bats does the same while the paths change. See docs/security.md.
load helpers
load outside

@test "CVE-2019-19921, CVE-2023-27561, CVE-2025-54867: a link at /proc or /sys is refused, even one that stays inside" {
	outside
	for path in /proc /sys; do
		writable
		mkdir "$BUNDLE/rootfs/elsewhere"
		plant "$path" /elsewhere
		is_refused "$path"
	done
}

@test "CVE-2019-19921, CVE-2026-41579, CVE-2026-47766: a link at /dev, /proc or /sys leads nowhere outside" {
	outside
	for path in /dev /proc /sys; do
		while read -r target; do
			writable
			plant "$path" "$target"
			runs_or_is_refused
		done < <(ways_out dir)
	done
}

@test "CVE-2019-16884, CVE-2023-28642: nothing but a procfs is mounted at /proc, and nothing of the container's below it" {
	outside
	writable
	mkdir -p "$BUNDLE/rootfs/volume/self/attr" "$BUNDLE/rootfs/proc/self/attr"
	touch "$BUNDLE/rootfs/proc/self/attr/exec"
	for mount in '{destination: "/proc", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/proc", type: "bind", source: "rootfs/volume", options: ["bind"]}' \
		'{destination: "/./tmp/../proc//", type: "bind", source: "rootfs/volume", options: ["bind"]}' \
		'{destination: "/proc/self/attr", type: "tmpfs", source: "tmpfs"}' \
		'{destination: "/proc/sys/kernel", type: "bind", source: "rootfs/volume", options: ["bind"]}' \
		'{destination: "/link/self/attr", type: "bind", source: "rootfs/volume", options: ["bind"]}'; do
		ln -sfn /proc "$BUNDLE/rootfs/link"
		cp "$BUNDLE/config.json" "$WORK/good"
		edit ".mounts += [$mount]"
		is_refused /mounts/
		edit '.mounts |= [last] + .[1:-1]' # with no procfs, which would have covered it
		[[ $mount == *link* ]] || is_refused /mounts/0
		cp "$WORK/good" "$BUNDLE/config.json"
	done
}

@test "CVE-2019-18837: a mount target that is a symlink is looked up below the root" {
	outside
	for path in /etc/hosts /etc/resolv.conf /run/.containerenv; do
		while read -r target; do
			writable
			plant "$path" "$target"
			runs_or_is_refused
		done < <(ways_out file; ways_out missing)
	done
	writable
	plant /run "$OUTSIDE/dir"
	runs_or_is_refused
	[ ! -e "$OUTSIDE/dir/.containerenv" ]
}

@test "CVE-2019-18837: what is made for a mount behind a symlink is made below the root" {
	outside
	writable '.mounts += [{destination: "/link/new/deep", type: "tmpfs", source: "tmpfs"},
		{destination: "/etc/x.conf", type: "bind", source: "files/hosts", options: ["bind"]}]'
	plant /link "$OUTSIDE/dir"
	plant /etc/x.conf ../../../../../../../../..$OUTSIDE/created
	shell 'cat /etc/x.conf; grep -c /new/deep /proc/self/mountinfo'
	runs_or_is_refused
	[ "$status" = 0 ]
	[ "$(cat "$WORK/out")" = "$(printf '# hosts\n1')" ]
	[ -d "$BUNDLE/rootfs$OUTSIDE/dir/new/deep" ]
	[ -f "$BUNDLE/rootfs$OUTSIDE/created" ]
}

@test "CVE-2026-41579, CVE-2026-47766: a link at /dev, without a mount there, changes nothing on the host" {
	outside
	touch "$OUTSIDE/dir/ptmx"
	OUTSIDE_BEFORE=$(outside_state)
	for profile in engine userns; do
		while read -r target; do
			bundle "$profile" '.root.readonly = false'
			without_dev
			plant /dev "$target"
			runs_or_is_refused
		done < <(ways_out dir)
	done
}

@test "CVE-2026-41579: links at the default devices are replaced or refused, never followed, when /dev is no mount" {
	outside
	writable
	without_dev
	cp -a "$BUNDLE/rootfs" "$WORK/rootfs"
	for name in null zero full random urandom tty console ptmx fd stdin stdout stderr pts shm; do
		rm -rf "$BUNDLE/rootfs"
		cp -a "$WORK/rootfs" "$BUNDLE/rootfs"
		plant "/dev/$name" "$OUTSIDE/file"
		runs_or_is_refused
		plant "/dev/$name" ../../../outside/file
		runs_or_is_refused
	done
}

@test "CVE-2026-88264: /dev/console that leads out, without a mount at /dev, makes no file on the host" {
	outside
	for readonly in true false; do
		for target in "$OUTSIDE/created" ../../../outside/created "$OUTSIDE/file"; do
			bundle engine ".root.readonly = $readonly" '.process.terminal = true'
			edit '.mounts |= map(select(.destination == "/dev/pts" or (.destination | startswith("/dev") | not)))'
			mkdir "$BUNDLE/rootfs/dev/pts"
			plant /dev/console "$target"
			run on_terminal "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
			((status == 1))
			[[ $output == *console* ]]
			outside_is_unchanged
			nothing_is_left
		done
	done
}

@test "CVE-2026-88265: what the image has as /dev/null is neither opened as a stream nor given to the container's user" {
	outside
	victim=$BUNDLE/rootfs/tmp/victim
	for kind in link file fifo block other; do
		writable '.process.user = {uid: 1000, gid: 1000}'
		without_dev
		echo victim >"$victim"
		at=$BUNDLE/rootfs/dev/null
		case $kind in
		link) ln -s /tmp/victim "$at" ;;
		file) echo victim >"$at" ;;
		fifo) mkfifo "$at" ;;
		block) mknod "$at" b 1 3 ;;
		other) mknod "$at" c 1 5 ;;
		esac
		shell 'echo out; echo err >&2; cat'
		before=$(stat -c '%F %u:%g %a %t:%T' "$at" "$victim")
		run timeout -k 1 60 "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
		((status == 1)) || [ "$output" = $'out\nerr' ] || fail "$kind: $output"
		[ "$(stat -c '%F %u:%g %a %t:%T' "$at" "$victim")" = "$before" ]
		[ "$(cat "$victim")" = victim ]
		nothing_is_left
	done
}

@test "CVE-2026-88265: /dev/null as a stream of a container's user keeps its owner, and the others their ends" {
	bundle engine '.process.user = {uid: 1000, gid: 1000}'
	shell 'cat; echo out; echo err >&2'
	run -0 stat -c '%a %u:%g %t:%T' /dev/null
	[ "$output" = '666 0:0 1:3' ]
	ocirun run --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>/dev/null
	[ "$(cat "$WORK/out")" = out ]
	[ "$(stat -c %u "$WORK/out")" = 0 ]
	[ "$(ocirun run --bundle "$BUNDLE" "$ID" </dev/null 2>&1 >/dev/null | cat)" = err ]
	ocirun run --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
	run -0 stat -c '%a %u:%g %t:%T' /dev/null
	[ "$output" = '666 0:0 1:3' ]
}

# --- what is mounted over other files

# A volume at /dev with nodes that are right, but for what the test puts there.
own_dev() {
	rm -rf "$WORK/dev"
	mkdir -p "$WORK/dev"/{pts,shm,mqueue}
	local name minor
	while read -r name minor; do mknod -m 0666 "$WORK/dev/$name" c 1 "$minor"; done <<-END
		null 3
		zero 5
		full 7
		random 8
		urandom 9
	END
	mknod -m 0666 "$WORK/dev/tty" c 5 0
	edit ".mounts |= map(if .destination == \"/dev\" then {destination: \"/dev\", type: \"bind\", source: \"$WORK/dev\",
		options: [\"bind\", \"rw\"]} else . end)"
}

@test "CVE-2025-31133, CVE-2025-62161: paths are masked with the host's own null device, whatever /dev/null is in there" {
	outside
	for null in '/proc/sys/kernel/ostype' "$OUTSIDE/file" /secret; do
		writable '.linux.maskedPaths = ["/proc/version", "/masked"]' '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
		own_dev
		rm "$WORK/dev/null"
		ln -s "$null" "$WORK/dev/null"
		echo secret | tee "$BUNDLE/rootfs/masked" >"$BUNDLE/rootfs/secret"
		shell 'cat /proc/version /masked; stat -c "%F %t:%T" /proc/version /masked'
		runs_or_is_refused
		((status == 1)) || [ "$(cat "$WORK/out")" = $'character special file 1:3\ncharacter special file 1:3' ]
	done
}

@test "CVE-2025-52565: a terminal is the pty that was just made, whatever the image's devpts says" {
	for ptmx in node link; do
		# The kernel lets any ptmx work that has a devpts called pts beside it.
		writable '.process.terminal = true' '.mounts |= map(select(.destination != "/dev/pts")) +
			[{destination: "/dev/pts", type: "bind", source: "pts", options: ["bind"]},
			{destination: "/dev/pts/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666"]}]'
		mkdir -p "$BUNDLE/pts/pts"
		if [ $ptmx = node ]; then mknod -m 0666 "$BUNDLE/pts/ptmx" c 5 2; else ln -s pts/ptmx "$BUNDLE/pts/ptmx"; fi
		for n in {0..9}; do ln -s /proc/sys/kernel/ostype "$BUNDLE/pts/$n"; done
		shell 'cat /dev/console'
		run on_terminal "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
		((status == 1))
		[[ $output == *"open a terminal"* && $output != *Linux* ]]
	done
	writable '.process.terminal = true'
	shell 'test -t 0 && stat -c "%t:%T" /dev/console "$(tty)" | uniq | wc -l; stat -L -c %t /dev/console /proc/self/fd/0 | uniq'
	run -0 on_terminal "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
	[[ $(tr -d '\r' <<<"$output") == *$'1\n88'* ]]
}

# --- programs, working directory, plugins

@test "CVE-2025-24965: nothing of the image's is written for a plugin" {
	outside
	writable
	for name in .plug.json .krun_vm.json krun.json; do plant "/$name" "$OUTSIDE/created"; done
	find "$BUNDLE/rootfs" -printf '%P %y %T@\n' | grep -vE '^(dev|proc|sys|etc|run)?( |/)' | sort >"$WORK/before"
	runs_or_is_refused
	[ "$status" = 0 ]
	find "$BUNDLE/rootfs" -printf '%P %y %T@\n' | grep -vE '^(dev|proc|sys|etc|run)?( |/)' | sort | diff "$WORK/before" -
}

@test "CVE-2026-87766: a link in the place of a target's parent directory leads nowhere outside" {
	outside
	for target in "$OUTSIDE/dir" ../outside/dir /proc/self/root; do
		writable '.mounts += [{destination: "/a/b/c", type: "tmpfs", source: "tmpfs"},
			{destination: "/a/b/d", type: "bind", source: "files/hosts", options: ["bind"]}]' '.process.cwd = "/a/b/e"' \
			'.linux.maskedPaths += ["/a/b/f"]' '.linux.readonlyPaths += ["/a/g"]'
		plant /a "$target"
		runs_or_is_refused
	done
}
