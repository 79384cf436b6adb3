#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# A container that a create which is refused later must leave alone: its cgroup is asked for once more.
other_container() {
	bundle
	args /bin/sleep 100
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
}

@test "a create whose cgroup is another container's is refused, and that container lives on" {
	other_container
	run -1 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID-second"
	one_error <<<"$stderr"
	[[ $stderr == *"container's cgroup is not empty"* ]]
	[ "$(status_of "$ID")" = running ]
	[ ! -e "$ROOT/$ID-second" ]
	ocirun delete --force "$ID"
}

@test "a create that fails before its cgroup is made leaves the container that lives there alone" {
	other_container
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_NOSUCH"]}'
	run -1 ocirun run --bundle "$BUNDLE" "$ID-second"
	edit 'del(.linux.seccomp)' '.linux.sysctl = {"net/../kernel/sysrq": "0"}'
	run -1 ocirun run --bundle "$BUNDLE" "$ID-second"
	edit 'del(.linux.sysctl)' '.mounts += [{destination: "/proc/self", type: "tmpfs", source: "tmpfs"}]'
	run -1 ocirun run --bundle "$BUNDLE" "$ID-second"
	[ "$(status_of "$ID")" = running ]
	ocirun delete --force "$ID"
}

# Were this to fail, the processes of the isolated test would be killed, hence the last place.
@test "the root of all cgroups as a container's cgroup is refused before anything is killed there" {
	for path in / /. /a/.. //; do
		bundle
		edit ".linux.cgroupsPath = \"$path\""
		run -1 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
		[[ $stderr == *'the root of all cgroups'* ]]
		nothing_is_left
	done
}
