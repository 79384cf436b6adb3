#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Network devices on their way into a container. The runtime's own network namespace is one of this test's, so that the
# host keeps its devices.
load helpers

# in_network COMMAND...: with a device called `mine`, one end of a pair whose other end stays, and its addresses.
in_network() {
	export -f ocirun
	export OCIRUN ROOT BUNDLE ID
	unshare --net -- bash -euo pipefail -c '
		ip link set lo up
		ip link add name mine type veth peer name other || exit 77
		ip link set mine mtu 1400 address 02:00:00:00:00:07
		ip address add 192.0.2.7/24 dev mine
		ip -6 address add 2001:db8::7/64 dev mine nodad
		ip address add 127.0.0.33/32 scope host dev mine
		"$@"
		echo "outside: $(ip -o link | sed -E "s/^[0-9]+: ([^:@]+).*/\1/" | sort | tr "\n" " ")"' in_network "$@" 3>&-
}

# container [JQ-FILTER...]: shows its devices and their addresses.
container() {
	bundle minimal "$@"
	shell 'ip link show | grep -o "mtu 1400\|link/ether [^ ]*\|: [a-z0-9]*[@:]\|[<,]UP[,>]"; ip address show | grep -o "inet6* [^ ]*"'
}

setup_file() {
	unshare --net ip link add name one type veth peer name two || skip "this kernel or machine has no veth devices"
}

@test "a device is moved with its address, MTU and permanent global addresses, and is up" {
	container '.linux.netDevices = {"mine": {}}'
	run -0 --separate-stderr in_network ocirun run --bundle "$BUNDLE" "$ID"
	for line in ': mine@' 'mtu 1400' 'link/ether 02:00:00:00:00:07' ',UP,' 'inet 192.0.2.7/24' 'inet6 2001:db8::7/64'; do
		grep -qxF -- "$line" <<<"$output" || fail "without '$line': $output"
	done
	[[ $output != *127.0.0.33* ]]
	fails grep -q 'outside:.* mine' <<<"$output"
}

@test "a device gets another name" {
	container '.linux.netDevices = {"mine": {name: "eth0"}}'
	run -0 --separate-stderr in_network ocirun run --bundle "$BUNDLE" "$ID"
	grep -qxF ': eth0@' <<<"$output"
	fails grep -qF ': mine' <<<"$output"
}

@test "hooks find the device in the container" {
	container '.linux.netDevices = {"mine": {name: "eth0"}}' \
		'.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c",
			"nsenter -t $(jq .pid) -n ip link show eth0 >/dev/null && echo found >&2"], env: ["PATH=/usr/sbin:/usr/bin:/bin"]}]'
	run -0 in_network ocirun run --bundle "$BUNDLE" "$ID"
	grep -qF 'eth0' <<<"$output"
}

@test "a device that is not there, and a name that is taken, are one error with its place" {
	container '.linux.netDevices = {"absent": {}}'
	run -1 in_network ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'network device \"absent\": find it: no such device (config.json#/linux/netDevices/absent)'* ]]
	container '.linux.netDevices = {"mine": {name: "lo"}}'
	run -1 in_network ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'network device \"mine\"'*'/linux/netDevices/mine'* ]]
}

@test "explain tells of devices, and takes none" {
	container '.linux.netDevices = {"mine": {name: "eth0"}}'
	run -0 --separate-stderr in_network "$OCIRUN" explain --bundle "$BUNDLE"
	[[ $output == *'move the network device mine into the container as eth0  [/linux/netDevices/mine]'* ]]
	[[ $output == *'outside: lo mine other'* ]]
}
