#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What crun's users ask for by annotations, and id maps in the options of a mount. See docs/annotations.md.
load helpers

# annotate KEY VALUE
annotate() { edit ".annotations += {\"run.oci.$1\": \"$2\"}"; }

# refused TEXT: run says so, in one line.
refused() {
	fails ocirun run --bundle "$BUNDLE" "$ID" </dev/null 2>err
	grep -qF "$1" err || fail "$(cat err)" || return
	one_error <err
}

@test "features warns of every annotation that changes what a config may do" {
	ocirun features >features
	for key in delegate-cgroup hooks.stderr hooks.stdout keep_original_groups mount_context_type pidfd_receiver seccomp.receiver \
		seccomp_bpf_data; do
		jq -e --arg key "run.oci.$key" '.potentiallyUnsafeConfigAnnotations | index($key)' features
		grep -qF "\`run.oci.$key\`" "$BATS_TEST_DIRNAME/../../docs/annotations.md"
	done
}

@test "an annotation of crun's that is not known gets a warning" {
	bundle minimal
	annotate handler wasm
	args true
	ocirun run --bundle "$BUNDLE" "$ID" 2>err
	grep -q 'level=warning msg="annotation run.oci.handler is not supported: ignored"' err
}

@test "keep_original_groups keeps the caller's groups, for exec too" {
	bundle minimal '.process.user.additionalGids = [7]'
	args sh -c 'grep Groups: /proc/self/status; sleep 60'
	annotate keep_original_groups 0
	setpriv --groups 1234,5678 "$OCIRUN" --root "$ROOT" run --detach --bundle "$BUNDLE" "$ID" </dev/null >out 2>err 3>&-
	until_true 5 grep -q 'Groups:.7 $' out
	ocirun delete --force "$ID"

	annotate keep_original_groups 1
	setpriv --groups 1234,5678 "$OCIRUN" --root "$ROOT" run --detach --bundle "$BUNDLE" "$ID" </dev/null >out 2>err 3>&-
	until_true 5 grep -q 'Groups:.1234 5678 $' out
	grep -q 'additionalGids are ignored' err
	setpriv --groups 99 "$OCIRUN" --root "$ROOT" exec "$ID" grep Groups: /proc/self/status >out 2>&1 3>&-
	grep -q 'Groups:.99 $' out
	ocirun delete --force "$ID"
}

# Hooks of every kind that say their name.
talking_hooks() {
	local kind
	for kind in prestart createRuntime poststart poststop; do
		edit ".hooks.$kind = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo $kind; echo e-$kind >&2\"]}]"
	done
	edit '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo createContainer; echo e-createContainer >&2"]}]'
	edit '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo startContainer; echo e-startContainer >&2"]}]'
}

@test "hooks.stdout and hooks.stderr get what hooks of every kind write, behind what is there" {
	local command
	for command in run create; do
		bundle minimal
		talking_hooks
		args true
		echo before >"$WORK/o"
		rm -f "$WORK/e"
		annotate hooks.stdout "$WORK/o"
		annotate hooks.stderr "$WORK/e"
		if [ "$command" = run ]; then
			ocirun run --bundle "$BUNDLE" "$ID"
		else
			ocirun_detached create --bundle "$BUNDLE" "$ID"
			# The container that waits holds them, and nothing else of the host.
			ocirun start "$ID"
			until_true 5 has_status "$ID" stopped
			ocirun delete "$ID"
		fi
		for kind in prestart createRuntime createContainer startContainer poststart poststop; do echo "$kind"; done |
			sort >want
		[ "$(sed 1d "$WORK/o" | sort)" = "$(cat want)" ] || fail "$(cat "$WORK/o")"
		[ "$(head -n 1 "$WORK/o")" = before ]
		[ "$(sort "$WORK/e")" = "$(sed 's/^/e-/' want)" ] || fail "$(cat "$WORK/e")"
		[ "$(stat -c %a "$WORK/e")" = 600 ]
	done
}

@test "one of the two leaves the other to the error" {
	bundle minimal '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo spoken; echo why >&2; exit 3"]}]'
	annotate hooks.stdout "$WORK/o"
	refused 'error running createRuntime hook #0: exit status 3, stdout: , stderr: why'
	[ "$(cat "$WORK/o")" = spoken ]
	bundle minimal '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo spoken; echo why >&2; exit 3"]}]'
	annotate hooks.stderr "$WORK/e"
	refused 'stdout: spoken'
	[ "$(cat "$WORK/e")" = why ]
}

@test "the program gets no descriptor of the hooks' files" {
	bundle minimal
	talking_hooks
	annotate hooks.stdout "$WORK/o"
	annotate hooks.stderr "$WORK/e"
	shell 'cd /proc/self/fd && echo *'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = '0 1 2 3' ]
}

@test "hooks' files that lead elsewhere or make one wait are refused with their place" {
	ln -s /etc/passwd "$WORK/link"
	mkfifo "$WORK/fifo"
	local path
	for path in relative "$WORK/link" "$WORK/fifo" "$WORK" "$WORK/missing/o" /dev/null; do
		bundle minimal
		talking_hooks
		annotate hooks.stdout "$path"
		refused '(config.json#/annotations/run.oci.hooks.stdout)'
		bundle minimal '.hooks.startContainer = [{path: "/bin/true"}]'
		annotate hooks.stderr "$path"
		refused '(config.json#/annotations/run.oci.hooks.stderr)'
	done
}

@test "pidfd_receiver gets the init's pidfd" {
	bundle minimal
	args sleep 60
	annotate pidfd_receiver "$WORK/socket"
	"$BUILD_DIR/bin/tools/pidfd-kill" --signal KILL --pid-file "$WORK/ready" "$WORK/socket" </dev/null >killer 2>&1 3>&- &
	until_true 5 test -S "$WORK/socket"
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	kill -TERM $!
	wait $! || fail "$(cat killer)"
	until_true 5 has_status "$ID" stopped
	ocirun delete "$ID"
}

@test "a pidfd_receiver that is not there is an error with its place, and nothing is left" {
	bundle minimal
	annotate pidfd_receiver "$WORK/socket"
	refused '(config.json#/annotations/run.oci.pidfd_receiver)'
	annotate pidfd_receiver "$(printf 'x%.0s' {1..200})"
	refused '(config.json#/annotations/run.oci.pidfd_receiver)'
	annotate pidfd_receiver ''
	refused '(config.json#/annotations/run.oci.pidfd_receiver)'
}

# An instruction as struct sock_filter: code, jump true, jump false, value.
instruction() { printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8)) "$2" "$3")" && le32 "$4"; }
le32() { printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"; }

# mkdir(2) and mkdirat(2) fail with the errno 99.
refusing_mkdir() {
	local at mkdirat=258
	[ "$(uname -m)" = x86_64 ] || mkdirat=34
	at=$({
		instruction 0x20 0 0 0
		instruction 0x15 1 0 83
		instruction 0x15 0 1 $mkdirat
		instruction 0x06 0 0 $((0x50000 + 99))
		instruction 0x06 0 0 $((0x7fff0000))
	} | base64 -w 0)
	echo "$at"
}

@test "seccomp_bpf_data is the filter, whatever the profile says, for exec too" {
	local privileges
	for privileges in true false; do
		bundle minimal ".process.noNewPrivileges = $privileges" '.root.readonly = false' \
			'.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chmod", "fchmodat"], action: "SCMP_ACT_ERRNO"}]}'
		annotate seccomp_bpf_data "$(refusing_mkdir)"
		shell 'chmod 700 /tmp && grep Seccomp: /proc/self/status; mkdir /tmp/new; sleep 60'
		ocirun run --detach --bundle "$BUNDLE" "$ID" </dev/null >out 2>&1
		until_true 5 grep -q "mkdir: can't create directory '/tmp/new': Cannot assign requested address" out
		grep -q 'Seccomp:.2' out
		fails ocirun exec "$ID" mkdir /tmp/new 2>err
		grep -q 'Cannot assign requested address' err
		ocirun delete --force "$ID"
	done
}

@test "a seccomp_bpf_data that is no program is refused with its place" {
	bundle minimal
	local value
	for value in '' '!' BgAA BgAAAAAA/38; do
		annotate seccomp_bpf_data "$value"
		refused '(config.json#/annotations/run.oci.seccomp_bpf_data)'
	done
	annotate seccomp_bpf_data "$(refusing_mkdir)"
	annotate seccomp.receiver /agent
	refused '(config.json#/annotations/run.oci.seccomp.receiver)'
}

@test "a seccomp_bpf_data that the kernel refuses is refused before and behind the start, by the name of the step" {
	bundle minimal '.process.noNewPrivileges = true'
	annotate seccomp_bpf_data "$({ instruction 0x15 200 200 0; instruction 0x06 0 0 $((0x7fff0000)); } | base64 -w 0)"
	run -255 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[[ $stderr == *'starting the container failed: load a seccomp filter: '* ]]
	edit '.process.noNewPrivileges = false'
	refused '(config.json#/annotations/run.oci.seccomp_bpf_data)'
}

@test "seccomp.receiver is the agent of a profile without listenerPath" {
	bundle minimal '.root.readonly = false' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}], listenerMetadata: "agent"}'
	annotate seccomp.receiver "$WORK/agent"
	refused 'failed to connect with seccomp agent'
	"$BUILD_DIR/bin/tools/seccompagent" -socketfile "$WORK/agent" </dev/null >agent.log 2>&1 3>&- &
	local agent=$!
	until_true 5 test -S "$WORK/agent"
	shell 'mkdir /tmp/new && stat -c %n /tmp/new-agent'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = /tmp/new-agent ]
	kill "$agent"
	wait "$agent" || true
	annotate seccomp.receiver relative
	refused '(config.json#/annotations/run.oci.seccomp.receiver)'
}

@test "delegate-cgroup gives the container's root a cgroup below the limits, for exec too" {
	if [ "$VIEW" != v2 ]; then
		bundle minimal
		annotate delegate-cgroup sub
		refused 'possible with a cgroup of version 2 only (config.json#/annotations/run.oci.delegate-cgroup)'
		return
	fi
	local profile
	for profile in minimal userns; do
		bundle "$profile" '.linux.namespaces |= map(select(.type != "cgroup")) + [{type: "cgroup"}]'
		annotate delegate-cgroup sub
		args sh -c 'cat /proc/self/cgroup; sleep 60'
		ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
		until_true 5 grep -q '^0::/sub$' out || fail "$(cat out err)"
		local owner
		owner=$(jq '.linux.uidMappings[0].hostID // 0' "$BUNDLE/config.json")
		for file in '' cgroup.procs cgroup.threads cgroup.subtree_control; do
			[ "$(stat -c %u "/sys/fs/cgroup/$ID/sub/$file")" = "$owner" ]
		done
		[ "$(stat -c %u "/sys/fs/cgroup/$ID/cgroup.procs")" = 0 ]
		[ -z "$(cat "/sys/fs/cgroup/$ID/cgroup.procs")" ]
		[ "$(cat "/sys/fs/cgroup/$ID/sub/cgroup.controllers")" = "$(cat "/sys/fs/cgroup/$ID/cgroup.controllers")" ]
		[ "$(ocirun exec "$ID" grep ^0:: /proc/self/cgroup)" = 0::/sub ]
		# As an init in there does: further down, with what the delegated cgroup then has below it.
		mkdir "/sys/fs/cgroup/$ID/sub/init.scope"
		pid_of "$ID" >"/sys/fs/cgroup/$ID/sub/init.scope/cgroup.procs"
		[ "$(ocirun exec "$ID" grep ^0:: /proc/self/cgroup)" = 0::/sub/init.scope ]
		ocirun delete --force "$ID"
	done
}

@test "a delegate-cgroup that is no name is refused with its place" {
	bundle minimal
	local name
	for name in '' . .. a/b ../x /x cgroup.procs; do
		annotate delegate-cgroup "$name"
		refused '(config.json#/annotations/run.oci.delegate-cgroup)'
	done
}

@test "id maps in the options of a mount" {
	mkdir "$WORK/data"
	mount -t tmpfs tmpfs "$WORK/data" # which can be id-mapped
	touch "$WORK/data/"{own,other}
	chown 10:20 "$WORK/data/own"
	chown 11:21 "$WORK/data/other"
	bundle minimal
	edit ".mounts += [{destination: \"/data\", source: \"$WORK/data\", options: [\"bind\", \"idmap=uids=10-1000-1#11-2000-1;gids=20-1001-1#21-2001-1\"]}]"
	args stat -c %u:%g /data/own /data/other
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	umount "$WORK/data"
	[ "$output" = "1000:1001
2000:2001" ]
}

@test "id maps that cannot be are refused with their place" {
	mkdir "$WORK/data"
	local maps
	for maps in '' uids=0-1 'uids=0-1-1;uids=0-1-1;gids=0-1-1' 'uids=@0-1-1;gids=0-1-1' uids=0-1-x; do
		bundle minimal
		edit ".mounts += [{destination: \"/data\", source: \"$WORK/data\", options: [\"bind\", \"idmap=$maps\"]}]"
		refused "/options/1)"
	done
	bundle minimal
	edit ".mounts += [{destination: \"/data\", source: \"$WORK/data\", options: [\"bind\", \"idmap=uids=0-1-1\"]}]"
	refused 'id-mapped mounts must have both uid and gid mappings specified'
	edit '.mounts[-1].options = ["idmap=uids=0-1-1;gids=0-1-1"]'
	refused 'id-mapped mounts are only supported for bind-mounts'
}
