#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# Labels where the kernel has no module for them. What they do where it has one is tested in vm/.

apparmor() { [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; }
selinux() { grep -qw selinuxfs /proc/filesystems; }

PROFILE_REFUSED='apparmor failed to apply profile: apparmor is disabled or not supported'
PROFILE_REFUSED+=' (config.json#/process/apparmorProfile)'
LABEL_REFUSED='selinux label is specified in config, but selinux is disabled or not supported'
LABEL_REFUSED+=' (config.json#/process/selinuxLabel)'
MOUNT_REFUSED='selinux mount label is specified in config, but selinux is disabled or not supported'
MOUNT_REFUSED+=' (config.json#/linux/mountLabel)'

# refused TEXT COMMAND...: it fails with this text in one line and leaves nothing.
refused() {
	run -"${STATUS:-1}" "${@:2}"
	one_error <<<"$output"
	[[ $output == *"$1"* ]] || fail "$output"
}

@test "a profile on a kernel without AppArmor is refused, because it would confine nothing" {
	! apparmor || skip "this kernel has AppArmor"
	bundle minimal '.process.apparmorProfile = "unconfined"'
	for command in run create; do refused "$PROFILE_REFUSED" ocirun "$command" --bundle "$BUNDLE" "$ID"; done
	nothing_is_left
}

@test "labels of processes and of mounts on a kernel without SELinux are refused" {
	! selinux || skip "this kernel has SELinux"
	bundle minimal '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
	refused "$LABEL_REFUSED" ocirun run --bundle "$BUNDLE" "$ID"
	bundle minimal '.linux.mountLabel = "system_u:object_r:container_file_t:s0"'
	refused "$MOUNT_REFUSED" ocirun run --bundle "$BUNDLE" "$ID"
	nothing_is_left
}

@test "exec refuses labels for which the kernel has no module, and the container is unharmed" {
	! apparmor || skip "this kernel has AppArmor"
	! selinux || skip "this kernel has SELinux"
	bundle
	args sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	STATUS=255 refused "$PROFILE_REFUSED" ocirun exec --apparmor unconfined "$ID" true
	STATUS=255 refused "$LABEL_REFUSED" ocirun exec --process-label u:r:t:s0 "$ID" true
	jq -n '{args: ["true"], cwd: "/", apparmorProfile: "p"}' >process.json
	STATUS=255 refused "$PROFILE_REFUSED" ocirun exec --process process.json "$ID"
	ocirun exec "$ID" true
	ocirun delete --force "$ID"
}

@test "labels that no kernel could understand are refused with their place" {
	bundle minimal '.process.apparmorProfile = "a\nb"'
	refused 'a label with control characters (config.json#/process/apparmorProfile)' \
		ocirun run --bundle "$BUNDLE" "$ID"
	bundle minimal '.linux.mountLabel = "x\",size=1,y=\""'
	refused 'a label with a quotation mark (config.json#/linux/mountLabel)' ocirun run --bundle "$BUNDLE" "$ID"
	bundle minimal '.process.selinuxLabel = "\("a" * 5000)"'
	refused 'a label of more than 4000 bytes (config.json#/process/selinuxLabel)' ocirun run --bundle "$BUNDLE" "$ID"
	nothing_is_left
}

@test "the backends are there, and a container without labels opens neither" {
	ocirun features | jq -e '.linux.apparmor.enabled and .linux.selinux.enabled'
	ocirun plugins --format json | jq -e '[.[] | select(.kind == "lsm") | .name] == ["lsm-apparmor", "lsm-selinux"]'
	skip_under_sanitizers 'they do not work below a tracer'
	bundle
	strace -f -e trace=openat -o opened "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null 3>&-
	fails grep -E 'lsm-|/attr' opened
}

@test "a backend that is not installed is named, with the label that asked for it" {
	! linked_statically || skip "the backends are linked in"
	mkdir -p its/bin its/lib/ocikit/plugins
	chmod -R 0755 its
	cp "$OCIRUN" its/bin/
	cp "$(dirname "$OCIRUN")"/../lib/ocikit/plugins/cgroup-*.so its/lib/ocikit/plugins/
	OCIRUN=$WORK/its/bin/ocirun
	bundle minimal '.process.apparmorProfile = "p"'
	refused lsm-apparmor ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == */process/apparmorProfile* ]]
	nothing_is_left
}

# --- what exec writes to /proc

@test "exec needs no /proc in the container to write what belongs to the process" {
	bundle minimal '.process.oomScoreAdj = 500' 'del(.mounts[] | select(.destination == "/proc"))' \
		'del(.linux.maskedPaths)' 'del(.linux.readonlyPaths)'
	args sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	ocirun exec --detach --pid-file pid "$ID" sleep 101
	[ "$(cat "/proc/$(<pid)/oom_score_adj")" = 500 ]
	ocirun delete --force "$ID"
}

@test "neither a working directory nor a program is reached through the /proc that exec works with" {
	bundle minimal '.process.oomScoreAdj = 500'
	args sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	for n in $(seq 3 16); do
		for way in "" /1/root; do
			fails ocirun exec --cwd "/proc/self/fd/$n$way" "$ID" true 2>err || fail "entered /proc/self/fd/$n$way"
			fails ocirun exec "$ID" "/proc/self/fd/$n$way/bin/true" 2>err || fail "executed /proc/self/fd/$n$way/bin/true"
		done
	done
	ocirun delete --force "$ID"
}
