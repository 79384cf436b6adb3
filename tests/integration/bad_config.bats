#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

# The configuration is refused with a status of 1 and one line that has TEXT, within 20 seconds; nothing is left.
is_refused() { # [TEXT]
	status=0
	timeout -k 1 60 "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- || status=$?
	head -c 600 "$WORK/err"
	[ "$status" -eq 1 ] || fail "status $status"
	one_error <"$WORK/err"
	(($(wc -c <"$WORK/err") < 4096)) || fail "a line of $(wc -c <"$WORK/err") bytes"
	[ ! -s "$WORK/out" ]
	grep -qF -- "${1:-run failed: }" "$WORK/err" || fail "without '$1'"
	nothing_is_left
}

@test "config.json that is missing, empty, null or no object" {
	bundle
	for text in '' null '[]' '""' 7 '{}' '{' '}' 'null null'; do
		printf '%s' "$text" >"$BUNDLE/config.json"
		is_refused
	done
	rm "$BUNDLE/config.json"
	is_refused 'JSON specification file config.json not found'
}

@test "config.json cut short at any of fifty places" {
	bundle engine
	cp "$BUNDLE/config.json" "$WORK/whole"
	local size
	size=$(wc -c <"$WORK/whole")
	for i in {0..49}; do
		head -c $((size * i / 50)) "$WORK/whole" >"$BUNDLE/config.json"
		is_refused
	done
}

@test "config.json that is a FIFO, a directory or without an end is not waited for" {
	bundle
	rm "$BUNDLE/config.json"
	mkfifo "$BUNDLE/config.json"
	is_refused
	rm "$BUNDLE/config.json"
	mkdir "$BUNDLE/config.json"
	is_refused
	rmdir "$BUNDLE/config.json"
	ln -s /dev/zero "$BUNDLE/config.json"
	is_refused
}

@test "config.json that is huge, deeply nested or has a million entries is refused, not parsed to the end of memory" {
	bundle
	cp "$BUNDLE/config.json" "$WORK/good"
	truncate -s 1G "$BUNDLE/config.json"
	is_refused
	{ printf '{"annotations":%s' ''; head -c 1000000 /dev/zero | tr '\0' '['; } >"$BUNDLE/config.json"
	is_refused
	jq '.x = null' "$WORK/good" | sed 's/"x": null/"x": '"$(head -c 5000 /dev/zero | tr '\0' '[')$(head -c 5000 /dev/zero | tr '\0' ']')/" \
		>"$BUNDLE/config.json"
	is_refused
	jq '.process.env = [range(1000000) | "A=\(.)"]' "$WORK/good" >"$BUNDLE/config.json"
	is_refused
}

@test "a value of the wrong type is refused with its place in the document" {
	while read -r line; do
		filter=${line%% => *} pointer=${line##* => }
		bundle
		edit "$filter"
		is_refused "$pointer"
	done <<-'END'
		.process.args = "sh" => /process/args
		.process.args = [1] => /process/args/0
		.process.user.uid = "root" => /process/user/uid
		.process.user.uid = -1 => /process/user/uid
		.process.user.uid = 4294967296 => /process/user/uid
		.process.user.uid = 1.5 => /process/user/uid
		.process.terminal = "yes" => /process/terminal
		.mounts = {} => /mounts
		.mounts[0].options = "ro" => /mounts/0/options
		.root = "rootfs" => /root
		.linux.namespaces = [{type: 5}] => /linux/namespaces/0/type
		.linux.resources.memory = {limit: "1G"} => /linux/resources/memory/limit
		.linux.maskedPaths = [null, 7] => /linux/maskedPaths
		.hooks = {prestart: "x"} => /hooks/prestart
	END
}

@test "a value that cannot be honoured is refused, in words that clients know where there are such" {
	while read -r line; do
		filter=${line%% => *} text=${line##* => }
		bundle
		edit "$filter"
		is_refused "$text"
	done <<-'END'
		del(.process) => process property must not be empty
		.process.cwd = "" => Cwd property must not be empty
		.process.cwd = "tmp" => Cwd must be an absolute path
		.process.args = [] => args must not be empty
		del(.root) => root must be specified
		.root.path = "/nosuch/rootfs" => no such file or directory
		.linux.namespaces += [{type: "nosuch"}] => nosuch
		.linux.namespaces += [{type: "pid"}] => run failed
		.linux.namespaces |= map(if .type == "network" then .path = "/nosuch/net" else . end) => /nosuch/net
		.linux.namespaces |= map(if .type == "network" then .path = "/etc/passwd" else . end) => /etc/passwd
		.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}] => RLIMIT_NOSUCH
		.linux.sysctl = {"kernel.sysrq": "0"} => kernel.sysrq
		.linux.sysctl = {"net/../kernel/sysrq": "0"} => sysctl
		.linux.seccomp = {defaultAction: "SCMP_ACT_NOSUCH"} => SCMP_ACT_NOSUCH
		.mounts += [{destination: "/data", type: "bind", source: "/srv/nosuch", options: ["bind"]}] => /srv/nosuch
		.mounts += [{destination: "/data", type: "nosuchfs", source: "none"}] => nosuchfs
		.linux.rootfsPropagation = "nosuch" => nosuch
		.linux.devices = [{path: "/dev/x", type: "c", major: -1, minor: 0}] => /linux/devices/0/major
		.linux.devices = [{path: "/dev/x", type: "c", major: 8589934593, minor: 3}] => /linux/devices/0/major
		.linux.devices = [{path: "/", type: "c", major: 1, minor: 3}] => /linux/devices/0/path
		.hostname = "a" * 100 => hostname
		.domainname = "a" * 100 => domainname
		.root.path = "config.json" => /root/path
		.process.user.umask = 512 => /process/user/umask
		.process.consoleSize = {height: 65536, width: 1} => /process/consoleSize/height
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 2, hard: 1}] => /process/rlimits/0
		.process.scheduler = {nice: 1} => /process/scheduler/policy
		.process.scheduler = {policy: "SCHED_OTHER", nice: 20} => /process/scheduler/nice
		.process.scheduler = {policy: "SCHED_OTHER", priority: 1} => /process/scheduler/priority
		.process.scheduler = {policy: "SCHED_FIFO", priority: 100} => /process/scheduler
		.process.scheduler = {policy: "SCHED_OTHER", runtime: 1} => /process/scheduler
		.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8} => /process/ioPriority/priority
		.process.ioPriority = {class: "IOPRIO_CLASS_X"} => /process/ioPriority/class
		.process.execCPUAffinity = {initial: "3-1"} => /process/execCPUAffinity/initial
		.process.execCPUAffinity = {final: "x"} => /process/execCPUAffinity/final
		.process.env += ["=x"] => /process/env/
		.process.env += ["x"] => /process/env/
		.mounts += [{destination: "", type: "tmpfs"}] => /destination
		.mounts += [{destination: "/", type: "tmpfs", source: "x"}] => /destination
		.mounts += [{destination: "/m", type: "tmpfs", source: "x", options: ["nosuch"]}] => /mounts/
		.mounts += [{destination: "/m", type: "tmpfs", source: "x", options: ["size=x"]}] => /mounts/
		.mounts += [{destination: "/proc/x", type: "tmpfs", source: "x"}] => /mounts/
		.hooks = {prestart: [{path: "x"}]} => /hooks/prestart/0/path
		.hooks = {poststop: [{path: "/x", timeout: -1}]} => /hooks/poststop/0/timeout
		.linux.uidMappings = [] | .linux.namespaces += [{type: "user"}] => /linux/namespaces
		.linux.timeOffsets = {boottime: {secs: 1}} => /linux/timeOffsets
		.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: -9000000000}} => /linux/timeOffsets
		.linux.namespaces |= map(select(.type != "network")) | .linux.netDevices = {lo: {}} => /linux/netDevices
		.linux.netDevices = {"a/b": {}} => /linux/netDevices/a~1b
		.linux.netDevices = {"nosuch": {}} => /linux/netDevices/nosuch
		.linux.cgroupsPath = "/../.." => /linux/cgroupsPath
		.linux.devices = [{path: "/dev/x", type: "z"}] => /linux/devices/0/type
		.linux.resources.memory = {swap: 1, limit: 100000000} => /linux/resources/memory
		.linux.resources.cpu = {quota: 1} => /linux/resources/cpu/quota
		.linux.resources.unified = {"../x": "1"} => /linux/resources/unified
		.linux.resources.devices = [{allow: true, access: "q"}] => /linux/resources/devices/0/access
		.linux.resources.hugepageLimits = [{pageSize: "x", limit: 1}] => /linux/resources/hugepageLimits/0/pageSize
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X"]} => /linux/seccomp/architectures/0
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["X"]} => /linux/seccomp/flags/0
		.linux.seccomp = {defaultAction: "SCMP_ACT_NOTIFY"} => /linux/seccomp/defaultAction
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: [], action: "SCMP_ACT_LOG"}]} => /linux/seccomp/syscalls/0/names
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["read"], action: "SCMP_ACT_LOG", args: [{index: 6, value: 1, op: "SCMP_CMP_EQ"}]}]} => /linux/seccomp/syscalls/0/args/0/index
		.linux.personality = {domain: "BSD"} => /linux/personality/domain
		.linux.memoryPolicy = {mode: "MPOL_BIND"} => /linux/memoryPolicy/nodes
		.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1-0"} => /linux/memoryPolicy/nodes
		.linux.memoryPolicy = {mode: "MPOL_X"} => /linux/memoryPolicy/mode
		.linux.intelRdt = {closID: "a/b"} => /linux/intelRdt
	END
}

@test "a NUL byte in a path, an argument or the environment is refused, because the kernel would see less" {
	while read -r filter; do
		bundle
		edit "$filter"
		is_refused
	done <<-'END'
		.process.args = ["/bin/true\u0000x"]
		.process.env += ["A=\u0000"]
		.process.cwd = "/\u0000tmp"
		.root.path = "rootfs\u0000x"
		.mounts[0].destination = "/proc\u0000x"
		.hostname = "a\u0000b"
		.linux.cgroupsPath = "/x\u0000y"
		.linux.maskedPaths[0] = "/proc/acpi\u0000"
	END
}

@test "a FIFO as a namespace is refused, not waited for" {
	mkfifo "$WORK/fifo"
	for type in pid network ipc uts mount user; do
		bundle engine ".linux.namespaces |= map(select(.type != \"$type\")) + [{type: \"$type\", path: \"$WORK/fifo\"}]"
		is_refused
	done
}

# Values that an id may have are taken, all others refused; never is one cut to what fits.
@test "CVE-2024-40635: an id is digits from 0 to 4294967294, in every property that holds one" {
	local token property
	bundle userns
	cp "$BUNDLE/config.json" "$WORK/good"
	for property in .process.user.uid .process.user.gid '.process.user.additionalGids[0]' \
		'.linux.uidMappings[0].containerID' '.linux.uidMappings[0].hostID' '.linux.uidMappings[0].size'; do
		for token in 1:2 0x1 -1 +1 1: :5 '' 01 1.0 1e0 4294967295 4294967296 18446744073709551617 1000000000000 １ \
			'1\u0000' '"1"' '[]'; do
			[ "$token$property" != '.process.user.additionalGids[0]' ] || continue # none at all
			jq "$property = \"@\"" "$WORK/good" | sed "s/\"@\"/${token//\\/\\\\}/" >"$BUNDLE/config.json"
			is_refused
		done
	done
}

@test "CVE-2021-43784: a string of 70,000 bytes in any property is borne or refused, and leaves nothing" {
	local list path long prefix
	printf -v long '%070000d' 0
	bundle engine '.hooks = {createRuntime: [{path: "/bin/true"}], createContainer: [{path: "/bin/true", args: ["true"]}]}' \
		'.annotations = {a: "b"}' '.domainname = "x"' '.linux.devices = [{path: "/dev/fuse", type: "c", major: 10, minor: 229}]' \
		'.linux.namespaces |= map(if .type == "ipc" then .path = "/proc/self/ns/ipc" else . end)' \
		'.mounts |= map(.options |= .[:1])' '.process.capabilities |= map_values(.[:1])' '.linux.maskedPaths |= .[:1]' \
		'.linux.readonlyPaths |= .[:1]' 'del(.linux.seccomp)'
	cp "$BUNDLE/config.json" "$WORK/good"
	list=$(jq -c 'paths(strings)' "$WORK/good")
	[ "$(wc -l <<<"$list")" -gt 40 ]
	while read -r path; do
		for prefix in / /a/; do
			jq --argjson path "$path" --arg prefix "$prefix" --rawfile long <(printf %s "$long") \
				'setpath($path; $prefix + $long)' "$WORK/good" >"$BUNDLE/config.json"
			status=0
			timeout -k 1 60 "$OCIRUN" --root "$ROOT" run --bundle "$BUNDLE" "$ID" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- || status=$?
			((status <= 1)) || fail "$path: status $status"
			((status == 0)) || one_error <"$WORK/err"
			(($(wc -c <"$WORK/err") < 20000)) || fail "$path: a line of $(wc -c <"$WORK/err") bytes"
			nothing_is_left || fail "$path"
		done
	done <<<"$list"
	cp "$WORK/good" "$BUNDLE/config.json"
	edit '.process.args = ["sh", "-c", "echo ${#1} ${#LONG}", "sh", ("0" * 70000)]' '.process.env += ["LONG=" + "0" * 70001]'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = '70000 70001' ]
}

@test "unknown properties are no reason to refuse, because later versions of the specification add some" {
	bundle minimal '.nosuch = {deep: [1]}' '.linux.nosuch = true' '.process.nosuch = null'
	run -0 ocirun run --bundle "$BUNDLE" "$ID"
}

@test "an error is one JSON record with --log-format json" {
	bundle minimal '.process.cwd = ""'
	run -1 --separate-stderr ocirun --log "$WORK/log" --log-format json run --bundle "$BUNDLE" "$ID"
	[ "$(wc -l <"$WORK/log")" -eq 1 ]
	jq -e '.level == "error" and (.msg | contains("Cwd property must not be empty")) and
		(.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T"))' "$WORK/log"
	[ "$(jq -r .msg "$WORK/log")" = "$stderr" ]
}
