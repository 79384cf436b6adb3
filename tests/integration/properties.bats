#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Properties of config.json that no other file is about, each in a real container: docs/spec-conformance.md names them.
load helpers

# gives WANT: what the container's process writes.
gives() {
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$output" = "$1" ] || fail "$output; not $1"
}

# refused TEXT: run says so, in one line.
refused() {
	fails ocirun run --bundle "$BUNDLE" "$ID" </dev/null 2>err
	grep -qF "$1" err || fail "$(cat err)" || return
	one_error <err
}

v1() { [ -d /sys/fs/cgroup/memory ]; }

@test "root.readonly decides whether the root file system can be written" {
	bundle minimal
	shell 'touch /new 2>&1 && echo written'
	run ocirun run --bundle "$BUNDLE" "$ID"
	[[ $output == *'Read-only file system'* ]]
	edit '.root.readonly = false'
	gives written
	[ -e "$BUNDLE/rootfs/new" ]
}

@test "root.path may be absolute" {
	bundle minimal ".root.path = \"$WORK/elsewhere\""
	mv "$BUNDLE/rootfs" "$WORK/elsewhere"
	args echo there
	gives there
}

@test "hostname and domainname are those of the uts namespace" {
	bundle minimal '.hostname = "h1" | .domainname = "d1"'
	shell 'hostname; cat /proc/sys/kernel/domainname'
	gives $'h1\nd1'
	edit '.linux.namespaces |= map(select(.type != "uts")) | del(.hostname)'
	refused 'config.json#/domainname'
}

@test "args, env and cwd are those of the process, and the last value of a variable counts" {
	bundle minimal '.process.env = ["A=1", "B=2", "A=3", "PATH=/bin"] | .process.cwd = "/made/for/it"' '.root.readonly = false'
	args sh -c 'echo "$0 $1 $A $B $HOME $PWD"' one 'two three'
	gives 'one two three 3 2 /root /made/for/it'
	edit 'del(.process.env)' '.process.args[0] = "/bin/env"' '.process.args |= .[:1]'
	gives ''
}

@test "user: uid, gid, additionalGids and umask; username and commandLine are Windows' and change nothing" {
	bundle minimal '.process.user = {uid: 12, gid: 34, additionalGids: [56, 78], umask: 63, username: "root"}' \
		'.process.commandLine = "nosuch"'
	shell 'id -u; id -g; grep Groups: /proc/self/status; umask'
	gives $'12\n34\nGroups:\t56 78 \n0077'
	edit 'del(.process.user.umask) | del(.process.user.additionalGids)'
	gives $'12\n34\nGroups:\t \n0022'
}

@test "each set of capabilities is the one that is named" {
	bundle minimal '.process.capabilities = {bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_FOWNER"],
		permitted: ["CAP_KILL", "CAP_CHOWN"], inheritable: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"], effective: ["CAP_CHOWN"]}' \
		'.process.user = {uid: 1, gid: 1}'
	args grep Cap /proc/self/status
	gives $'CapInh:\t0000000000000001\nCapPrm:\t0000000000000001\nCapEff:\t0000000000000001\nCapBnd:\t0000000000000029\nCapAmb:\t0000000000000001'
}

@test "oomScoreAdj is set, and left alone when it is absent" {
	bundle minimal '.process.oomScoreAdj = 321'
	args cat /proc/self/oom_score_adj
	gives 321
	edit 'del(.process.oomScoreAdj)'
	gives "$(cat /proc/self/oom_score_adj)"
	edit '.process.oomScoreAdj = 1001'
	refused 'config.json#/process/oomScoreAdj'
}

@test "rlimits: every type has its own, soft and hard" {
	local type soft=10 rlimits=()
	for type in AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK; do
		soft=$((soft + 1))
		# Without CAP_SYS_RESOURCE nobody raises a limit, and these two begin at 0.
		case $type in
		NICE | RTPRIO) value=$(($(prlimit --output HARD --noheadings "--${type,,}") < soft ? 0 : soft)) ;;
		AS | DATA | STACK | CPU | RTTIME | FSIZE) value=$((soft << 24)) ;;
		*) value=$soft ;;
		esac
		rlimits+=("{\"type\": \"RLIMIT_$type\", \"soft\": $value, \"hard\": $((value == 0 ? 0 : value + 1000))}")
	done
	bundle minimal ".process.rlimits = [$(IFS=,; echo "${rlimits[*]}")]"
	args cat /proc/self/limits
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	value() { sed -n "s/^$1  *\([0-9]*\)  *\([0-9]*\) .*/\1 \2/p" <<<"$output"; }
	limits_are() { [ "$(value "$1")" = "$2 $(($2 + 1000))" ] || fail "$1: $(value "$1"), not $2"; }
	limits_are 'Max address space' $((11 << 24))
	limits_are 'Max core file size' 12
	limits_are 'Max cpu time' $((13 << 24))
	limits_are 'Max data size' $((14 << 24))
	limits_are 'Max file size' $((15 << 24))
	limits_are 'Max file locks' 16
	limits_are 'Max locked memory' 17
	limits_are 'Max msgqueue size' 18
	limits_are 'Max open files' 20
	limits_are 'Max processes' 21
	limits_are 'Max resident set' 22
	limits_are 'Max pending signals' 25
	limits_are 'Max stack size' $((26 << 24))
	grep -qE '^Max nice priority  *(19  *1019|0  *0) ' <<<"$output"
	grep -qE '^Max realtime priority  *(23  *1023|0  *0) ' <<<"$output"
	[[ $(grep 'Max realtime timeout' <<<"$output") == *$((24 << 24))*$(((24 << 24) + 1000))* ]]
}

@test "a scheduler's priority and flags, and its deadline" {
	bundle minimal '.process.scheduler = {policy: "SCHED_FIFO", priority: 7, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	args sleep 60
	fields() { sed 's/.*) //' "/proc/$(pid_of "$ID")/stat" | awk '{print "priority " $38 " policy " $39}'; }
	if ocirun_detached run --detach --bundle "$BUNDLE" "$ID"; then
		[ "$(fields)" = 'priority 7 policy 1' ]
		[ "$(chrt -p "$(pid_of "$ID")" | grep -c RESET_ON_FORK)" = 1 ]
		ocirun delete --force "$ID"
	else
		grep -q 'set the scheduler: .*operation not permitted.*config.json#/process/scheduler' err # no real-time group budget
	fi
	bundle minimal '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000, period: 30000000}'
	args sleep 60
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	chrt -p "$(pid_of "$ID")" >said
	grep -q 'SCHED_DEADLINE' said
	grep -q '1000000/20000000/30000000' said
	ocirun delete --force "$ID"
}

@test "devices: type, path, numbers, mode and owner" {
	bundle minimal '.linux.devices = [
		{path: "/dev/c", type: "c", major: 1, minor: 3, fileMode: 432, uid: 5, gid: 6},
		{path: "/dev/u", type: "u", major: 1, minor: 5},
		{path: "/dev/deep/b", type: "b", major: 7, minor: 0, fileMode: 384},
		{path: "/dev/p", type: "p", fileMode: 420, uid: 7}]'
	args stat -c '%n %F %t:%T %a %u:%g' /dev/c /dev/u /dev/deep/b /dev/p
	gives '/dev/c character special file 1:3 660 5:6
/dev/u character special file 1:5 666 0:0
/dev/deep/b block special file 7:0 600 0:0
/dev/p fifo 0:0 644 7:0'
}

@test "sysctl: those of the container's namespaces, and no others" {
	bundle minimal '.linux.sysctl = {"kernel.msgmax": "4321", "net.ipv4.ip_forward": "1", "net/ipv4/conf/lo.x": "1"}'
	refused 'config.json#/linux/sysctl/net~1ipv4~1conf~1lo.x'
	edit 'del(.linux.sysctl["net/ipv4/conf/lo.x"])'
	shell 'cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward'
	gives $'4321\n1'
	edit '.linux.sysctl = {"vm.swappiness": "1"}'
	refused 'config.json#/linux/sysctl/vm.swappiness'
	# The host's, though the config names a namespace.
	edit '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' \
		'.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)'
	refused 'config.json#/linux/sysctl/net.ipv4.ip_forward'
}

@test "a namespace with a path is joined, of every type" {
	local type file
	unshare --fork --kill-child --pid --net --ipc --uts --time --cgroup --user --map-root-user --mount-proc \
		sh -c 'echo ready; exec sleep 60' >"$WORK/said" 3>&- &
	until_true 5 grep -q ready "$WORK/said"
	local other
	other=$(pgrep -P $!)
	for type in network:net ipc:ipc uts:uts cgroup:cgroup; do
		file=/proc/$other/ns/${type#*:}
		bundle minimal 'del(.hostname)' ".linux.namespaces |= map(select(.type != \"${type%:*}\")) + [{type: \"${type%:*}\", path: \"$file\"}]"
		args readlink "/proc/self/ns/${type#*:}"
		gives "$(readlink "$file")"
	done
	kill "$other"
	wait || true
}

@test "timeOffsets: the clocks of a time namespace of its own" {
	[ -e /proc/self/ns/time ] || skip 'this kernel has no time namespaces'
	bundle minimal '.linux.namespaces += [{type: "time"}]' \
		'.linux.timeOffsets = {monotonic: {secs: 7777, nanosecs: 5}, boottime: {secs: 1000000, nanosecs: 6}}'
	shell 'cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime'
	run -0 --separate-stderr ocirun run --bundle "$BUNDLE" "$ID"
	[ "$(awk '{print $1, $2, $3}' <<<"${lines[0]}")" = 'monotonic 7777 5' ]
	[ "$(awk '{print $1, $2, $3}' <<<"${lines[1]}")" = 'boottime 1000000 6' ]
	((lines[2] >= 1000000))
	edit 'del(.linux.timeOffsets.monotonic)' '.linux.namespaces |= map(select(.type != "time"))'
	refused 'config.json#/linux/timeOffsets'
}

@test "what is ignored gets a warning" {
	local row text
	while read -r row; do
		text=${row##* => }
		bundle minimal "${row%% => *}"
		args true
		ocirun run --bundle "$BUNDLE" "$ID" 2>err
		grep -qF "level=warning msg=\"$text" err || fail "$(cat err)"
	done <<-'END'
		.linux.personality = {domain: "LINUX", flags: ["SHORT_INODE"]} => ignoring personality flags: none is supported
		.linux.resources = {memory: {kernel: 1}} => kernel memory limits are ignored, as in runc
		.linux.resources = {memory: {kernelTCP: 1}} => kernel memory limits are ignored, as in runc
		.linux.resources.devices += [{allow: false, type: "c", major: 1, minor: 11, access: "rwa"}] => device access \"rwa\": a means nothing
	END
}

@test "what cgroup v2 has nothing for is told in one line, and on v1 nothing is told" {
	bundle minimal '.linux.resources = {memory: {swappiness: 10, disableOOMKiller: true}, blockIO: {leafWeight: 0}}'
	args true
	ocirun run --bundle "$BUNDLE" "$ID" 2>err
	if [ "$VIEW" = v2 ]; then
		[ "$(grep -c 'cgroup v2 has nothing for' err)" -eq 1 ]
		grep -q 'cgroup v2 has nothing for memory.swappiness, memory.disableOOMKiller (/linux/resources): ignored' err
	else
		fails grep 'cgroup v2' err
	fi
}

@test "labels and profiles of security modules that the host lacks are refused with their place" {
	bundle minimal '.process.selinuxLabel = "system_u:system_r:svirt_t:s0"'
	refused 'config.json#/process/selinuxLabel'
	bundle minimal '.process.apparmorProfile = "nosuch"'
	refused 'config.json#/process/apparmorProfile'
	bundle minimal '.linux.mountLabel = "system_u:object_r:x_t:s0"'
	refused 'config.json#/linux/mountLabel'
}

@test "annotations and ociVersion are kept, and told by state" {
	bundle minimal '.annotations = {"org.x": "y"} | .ociVersion = "1.0.2"'
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	ocirun state "$ID" | jq -e --arg id "$ID" --arg bundle "$BUNDLE" '.annotations["org.x"] == "y" and .id == $id
		and .status == "created" and .pid > 0 and .bundle == $bundle and (.ociVersion | test("^1\\."))'
	ocirun delete "$ID"
}

@test "blocks of other systems are skipped" {
	bundle minimal '.windows = {x: 1} | .solaris = {y: [1]} | .vm = {} | .zos = {} | .freebsd = {z: null}'
	args echo fine
	gives fine
}

# The cgroup's file: CONTROLLER FILE.
cgroup_file() { cat "/sys/fs/cgroup/$1/$ID/$2"; }

@test "resources: cpu, cpuset and memory" {
	v1 || skip 'the cgroup2 tree beside v1 hierarchies has no cpu, cpuset and memory controllers'
	bundle minimal '.linux.resources = {cpu: {shares: 333, quota: 20000, period: 40000, cpus: "0", mems: "0"},
		memory: {limit: 67108864, reservation: 33554432, swappiness: 30, disableOOMKiller: true, useHierarchy: true,
			checkBeforeUpdate: true}}'
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	[ "$(cgroup_file cpu cpu.shares)" = 333 ]
	[ "$(cgroup_file cpu cpu.cfs_quota_us)" = 20000 ]
	[ "$(cgroup_file cpu cpu.cfs_period_us)" = 40000 ]
	[ "$(cgroup_file cpuset cpuset.cpus)" = 0 ]
	[ "$(cgroup_file cpuset cpuset.mems)" = 0 ]
	[ "$(cgroup_file memory memory.limit_in_bytes)" = 67108864 ]
	[ "$(cgroup_file memory memory.soft_limit_in_bytes)" = 33554432 ]
	[ "$(cgroup_file memory memory.swappiness)" = 30 ]
	grep -q 'oom_kill_disable 1' <(cgroup_file memory memory.oom_control)
	ocirun delete "$ID"
}

@test "resources: what this host's cgroups cannot carry is refused with its place, not left out" {
	local row filter pointer
	while read -r row; do
		filter=${row%% => *} pointer=${row##* => }
		bundle minimal ".linux.resources += $filter"
		refused "config.json#/linux/resources$pointer"
	done <<-'END'
		{cpu: {cpus: "100000"}} => /cpu/cpus
		{cpu: {mems: "1000"}} => /cpu/mems
		{cpu: {period: 1}} => /cpu/period
		{hugepageLimits: [{pageSize: "3MB", limit: 1}]} => /hugepageLimits/0
		{unified: {"no.such": "1"}} => /unified
		{rdma: {mlx: {hcaHandles: 1}}} => /rdma
		{devices: [{allow: true, type: "c", major: 1, minor: 3, access: "x"}]} => /devices/0/access
	END
}

@test "features tells what there is, in the schema's words" {
	ocirun features | jq -e '(.ociVersionMin | test("^1\\.")) and (.ociVersionMax | test("^1\\.3"))
		and (.hooks | length == 6) and (.mountOptions | index("rro")) and .annotations
		and (.linux | (.namespaces | length == 8) and (.capabilities | index("CAP_CHOWN"))
			and .cgroup.v1 and .cgroup.v2 and (.cgroup | has("systemd") and has("systemdUser")) and .cgroup.rdma
			and .seccomp.enabled and (.seccomp.actions | index("SCMP_ACT_NOTIFY"))
			and (.seccomp.operators | length == 7) and (.seccomp.archs | index("SCMP_ARCH_X86_64"))
			and (.seccomp.knownFlags | length == 4) and (.seccomp.supportedFlags | index("SECCOMP_FILTER_FLAG_LOG"))
			and (.apparmor | has("enabled")) and (.selinux | has("enabled")) and .intelRdt.enabled
			and .mountExtensions.idmap.enabled and .netDevices.enabled)'
}
