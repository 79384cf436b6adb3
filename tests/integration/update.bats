#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `update`: what changes in the cgroup's files and in the state, and what does not.

load helpers
load cgroup_files

# says CONTROLLER NAME VALUE: that is what the file has.
says() {
	local found
	found=$(cat "$(file "$1" "$2")")
	[ "$found" = "$3" ] || fail "$2 is $found, not $3"
}

# need CONTROLLER...: skips where one is missing.
need() {
	local controller
	for controller; do
		has_controller "$controller" || skip "no $controller controller in this view"
	done
}

need_v1() { [ "$VIEW" != v2 ] && [ -d /sys/fs/cgroup/memory ] || skip "needs cgroup v1"; }
need_v2() { [ "$VIEW" = v2 ] || skip "needs cgroup v2"; }

# sleeping [JQ-FILTER...]: a running container without limits but those of the filters.
sleeping() {
	bundle minimal '.linux.resources = {}' "$@"
	args /bin/sleep 1000
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
}

# update OPTION...: must succeed without a word.
update() {
	ocirun update "$@" "$ID" >out 2>err || { fail "$(cat err)" || return; }
	[ ! -s out ] && [ ! -s err ] || fail "it spoke: $(cat out err)"
}

# refused TEXT OPTION...: must fail with one line that has TEXT, and change nothing in the state.
refused() {
	local text=$1 before
	shift
	before=$(cat "$ROOT/$ID/state.json")
	fails ocirun update "$@" "$ID" >out 2>err || fail "it was accepted: $*" || return
	one_error <err || return
	grep -qF -- "$text" err || { fail "not '$text' but: $(cat err)" || return; }
	[ "$(cat "$ROOT/$ID/state.json")" = "$before" ] || fail "the state has changed"
}

# stored JQ-FILTER VALUE: that is what the state has of linux.resources.
stored() {
	local found
	found=$(jq -c ".config.linux.resources$1" "$ROOT/$ID/state.json")
	[ "$found" = "$2" ] || fail "$1 is $found in the state, not $2"
}

M=1048576

@test "each option changes its file and the state, and nothing else" {
	need_v1
	sleeping
	jq -S 'del(.config.linux.resources)' "$ROOT/$ID/state.json" >before
	update --memory 64M
	says memory memory.limit_in_bytes $((64 * M))
	update --memory-reservation 32m
	says memory memory.soft_limit_in_bytes $((32 * M))
	update --memory-swap 1.5g
	says memory memory.memsw.limit_in_bytes $((1536 * M))
	says memory memory.limit_in_bytes $((64 * M))
	update --cpu-share 512
	says cpu cpu.shares 512
	update --cpu-period 50000
	says cpu cpu.cfs_period_us 50000
	update --cpu-quota 20000
	says cpu cpu.cfs_quota_us 20000
	says cpu cpu.cfs_period_us 50000
	if [ -e "$(file cpu cpu.cfs_burst_us)" ]; then
		update --cpu-burst 10000
		says cpu cpu.cfs_burst_us 10000
		update --cpu-burst 0
		says cpu cpu.cfs_burst_us 0
	fi
	if [ -e "$(file cpu cpu.idle)" ]; then
		update --cpu-idle 1
		says cpu cpu.idle 1
		update --cpu-idle 0
		says cpu cpu.idle 0
	fi
	update --cpuset-cpus 0
	says cpuset cpuset.cpus 0
	update --cpuset-mems 0
	says cpuset cpuset.mems 0
	update --pids-limit 12
	says pids pids.max 12
	update --pids-limit 0
	says pids pids.max 1
	update --pids-limit -1
	says pids pids.max max
	stored .memory "{\"limit\":$((64 * M)),\"reservation\":$((32 * M)),\"swap\":$((1536 * M))}"
	stored .pids '{"limit":-1}'
	stored .cpu null # each update forgets what of these it does not name; that stays in force
	says cpu cpu.cfs_quota_us 20000
	jq -S 'del(.config.linux.resources)' "$ROOT/$ID/state.json" >after
	diff before after
	[ "$(stat -c %a "$ROOT/$ID/state.json")" = 600 ]
	[ "$(ls -A "$ROOT/$ID")" = state.json ]
	ocirun delete --force "$ID"
}

@test "v2: each option changes its file" {
	need_v2
	need memory cpu pids cpuset
	sleeping
	update --memory 64M --memory-swap 96M --memory-reservation 32M
	says memory memory.max $((64 * M))
	says memory memory.swap.max $((32 * M))
	says memory memory.low $((32 * M))
	update --memory-swap 80M # counts memory too
	says memory memory.swap.max $((16 * M))
	update --memory -1
	says memory memory.max max
	says memory memory.swap.max max
	update --cpu-quota 20000
	says cpu cpu.max '20000 100000'
	update --cpu-period 50000
	says cpu cpu.max '20000 50000'
	update --cpu-quota -1
	says cpu cpu.max 'max 50000'
	update --cpu-share 1024
	says cpu cpu.weight 100
	update --cpuset-cpus 0 --pids-limit 0
	says cpuset cpuset.cpus 0
	says pids pids.max 1
	update -r - <<<'{"unified": {"memory.high": "50331648"}}'
	says memory memory.high $((48 * M))
	refused 'unable to set swap limit without memory limit' --memory-swap 64M
	refused 'memory+swap limit should be >= memory limit' --memory 64M --memory-swap 32M
	refused 'rejecting memory limit 4096 <= usage ' -r - <<<'{"memory": {"limit": 4096, "checkBeforeUpdate": true}}'
	says memory memory.max max
	ocirun delete --force "$ID"
}

@test "v2: quota, burst and idle in whatever order the kernel takes them" {
	need_v2
	need cpu
	sleeping
	[ -e "$(file cpu cpu.max.burst)" ] || skip "no cpu.max.burst"
	update --cpu-quota 20000 --cpu-burst 10000
	update --cpu-quota 80000 --cpu-burst 60000
	says cpu cpu.max.burst 60000
	update --cpu-quota 20000 --cpu-burst 10000
	says cpu cpu.max.burst 10000
	says cpu cpu.max '20000 100000'
	update --cpu-idle 1
	says cpu cpu.idle 1
	refused 'write' --cpu-idle 2
	says cpu cpu.idle 1
	ocirun delete --force "$ID"
}

@test "memory and swap go up and down together, past each other's old values" {
	need_v1
	need memory
	[ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || skip "no accounting of swap"
	sleeping
	local size
	for size in 64 32 256 16 512; do
		update --memory "${size}M" --memory-swap "$((size + 16))M"
		says memory memory.limit_in_bytes $((size * M))
		says memory memory.memsw.limit_in_bytes $(((size + 16) * M))
	done
	update --memory -1
	says memory memory.limit_in_bytes "$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes)"
	says memory memory.memsw.limit_in_bytes "$(cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes)"
	stored .memory '{"limit":-1}'
	ocirun delete --force "$ID"
}

@test "quota and period within the parent's bounds, and each alone" {
	need_v1
	sleeping
	update --cpu-quota 90000 --cpu-period 100000
	update --cpu-quota 3000 --cpu-period 10000
	says cpu cpu.cfs_quota_us 3000
	says cpu cpu.cfs_period_us 10000
	stored .cpu '{"quota":3000,"period":10000}'
	update --cpu-quota 5000
	stored .cpu '{"quota":5000,"period":10000}'
	update --pids-limit 7
	stored .cpu null
	says cpu cpu.cfs_quota_us 5000
	ocirun delete --force "$ID"
}

@test "a document from a file and from standard input; null is absent" {
	need_v1
	sleeping '.linux.resources.pids = {limit: 20}'
	echo '{"memory": {"limit": 33554432, "reservation": 25165824}, "cpu": {"shares": 100, "cpus": "0"}, "pids": {"limit": 9}}' >doc
	update --resources doc
	says memory memory.limit_in_bytes 33554432
	says memory memory.soft_limit_in_bytes 25165824
	says cpu cpu.shares 100
	says pids pids.max 9
	update -r - <<<'{"pids": null, "cpu": null, "memory": {"limit": 67108864, "swap": null}}'
	says memory memory.limit_in_bytes 67108864
	says pids pids.max 9
	stored .pids null
	stored .memory '{"limit":67108864,"reservation":25165824}'
	update -r - <<<'{}' --memory 32M # the other options do not count beside a document
	says memory memory.limit_in_bytes 67108864
	update -r <(echo '{"pids": {"limit": 8}}')
	says pids pids.max 8
	ocirun delete --force "$ID"
}

@test "block devices are merged by their number" {
	need_v1
	need blkio
	local device
	device=$(cat /sys/block/*/dev | head -n 1)
	[ -n "$device" ] || skip "no block device"
	sleeping ".linux.resources.blockIO.throttleReadBpsDevice = [{major: ${device%:*}, minor: ${device#*:}, rate: 485760}]"
	local one="\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\""
	update -r - <<<"{\"blockIO\": {\"throttleReadBpsDevice\": [{$one: 10485760}], \"throttleWriteIOPSDevice\": [{$one: 900}]}}"
	says blkio blkio.throttle.read_bps_device "$device 10485760"
	says blkio blkio.throttle.write_iops_device "$device 900"
	stored '.blockIO.throttleReadBpsDevice | map(.rate)' '[10485760]'
	stored '.blockIO.throttleWriteIOPSDevice | map(.rate)' '[900]'
	ocirun delete --force "$ID"
}

@test "when one value is refused, those before it are set back and the state stays" {
	need_v1
	local device
	device=$(cat /sys/block/*/dev | head -n 1)
	sleeping '.linux.resources.memory = {limit: 67108864, swap: 100663296}' '.linux.resources.pids = {limit: 20}'
	local one="\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 1048576"
	refused 'the minimum allowed cpu-shares is 2' -r - <<-EOF
		{"memory": {"limit": 268435456, "swap": 536870912, "reservation": 33554432}, "pids": {"limit": 30},
		 "cpu": {"shares": 1, "quota": 20000, "period": 50000, "cpus": "0"},
		 "blockIO": {"throttleReadBpsDevice": [{$one}]}}
	EOF
	says memory memory.limit_in_bytes 67108864
	says memory memory.memsw.limit_in_bytes 100663296
	says memory memory.soft_limit_in_bytes "$(cat /sys/fs/cgroup/memory/memory.soft_limit_in_bytes)"
	says pids pids.max 20
	says cpu cpu.shares 1024
	says cpu cpu.cfs_quota_us -1
	says cpu cpu.cfs_period_us 100000
	says cpuset cpuset.cpus "$(cat /sys/fs/cgroup/cpuset/cpuset.cpus)"
	says blkio blkio.throttle.read_bps_device ''
	ocirun delete --force "$ID"
}

@test "v2: when one value is refused, those before it are set back and the state stays" {
	need_v2
	need memory cpu pids cpuset io
	local device cpus
	device=$(cat /sys/block/*/dev | head -n 1)
	sleeping '.linux.resources.memory = {limit: 67108864, swap: 100663296}' '.linux.resources.pids = {limit: 20}'
	cpus=$(cat "$(file cpuset cpuset.cpus.effective)")
	local one="\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 1048576"
	refused "can't be set" -r - <<-EOF
		{"memory": {"limit": 268435456, "swap": 536870912, "reservation": 33554432}, "pids": {"limit": 30},
		 "cpu": {"shares": 2, "quota": 20000, "period": 50000, "cpus": "0"},
		 "blockIO": {"throttleReadBpsDevice": [{$one}]}, "unified": {"zzz.x": "1"}}
	EOF
	says memory memory.max 67108864
	says memory memory.swap.max 33554432
	says memory memory.low 0
	says pids pids.max 20
	says cpu cpu.weight 100
	says cpu cpu.max 'max 100000'
	says cpuset cpuset.cpus.effective "$cpus"
	says io io.max ''
	ocirun delete --force "$ID"
}

@test "v2: a file that cannot be set back is a warning" {
	need_v2
	[ -e /sys/fs/cgroup/cpu.pressure ] || skip "no pressure files"
	sleeping
	fails ocirun update -r - "$ID" 2>err <<<'{"unified": {"cpu.pressure": "some 150000 2000000", "zzz.x": "1"}}'
	one_error <err
	grep -q "unified resource .*zzz.x.* can't be set: controller .*zzz.* not available" err
	grep -q 'level=warning msg="Setting back cgroup configs failed due to error: .*invalid argument' err
	ocirun delete --force "$ID"
}

@test "v2: unified values are set, one line each, and set back" {
	need_v2
	need hugetlb
	sleeping
	update -r - <<<'{"unified": {"hugetlb.2MB.max": "4194304"}}'
	says hugetlb hugetlb.2MB.max 4194304
	stored .unified '{"hugetlb.2MB.max":"4194304"}'
	refused "can't be set" -r - <<<'{"unified": {"hugetlb.2MB.max": "8388608", "zzz.x": "1"}}'
	says hugetlb hugetlb.2MB.max 4194304
	ocirun delete --force "$ID"
}

@test "v2: a limit whose controller is missing is refused with its place" {
	need_v2
	! has_controller memory || skip "all controllers are there"
	sleeping
	refused '/linux/resources/memory/limit' --memory 64M
	refused '/linux/resources/pids/limit' --pids-limit 5
	ocirun delete --force "$ID"
}

@test "created and paused containers can be updated, stopped ones cannot" {
	bundle minimal '.linux.resources = {}'
	args /bin/true
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	local change=(--pids-limit 7)
	has_controller pids || change=(-r "$WORK/doc")
	echo '{"unified": {"cgroup.max.depth": "7"}}' >doc
	update "${change[@]}"
	ocirun pause "$ID"
	update "${change[@]}"
	[ "$(status_of "$ID")" = paused ]
	ocirun resume "$ID"
	[ "$(status_of "$ID")" = created ]
	ocirun start "$ID"
	until_true 20 has_status "$ID" stopped
	refused 'container not running' "${change[@]}"
	ocirun delete "$ID"
}

@test "a cgroup that others have removed is an error of one line" {
	sleeping
	remove_cgroups
	refused 'no such file or directory' --pids-limit 5
	ocirun delete --force "$ID"
}

@test "hostile documents are refused with one line each" {
	sleeping
	local text
	while read -r text; do
		refused '' -r - <<<"$text"
	done <<-'EOF'

		nonsense
		[]
		"text"
		{"memory": 1}
		{"memory": {"limit": "64M"}}
		{"memory": {"limit": 1.5}}
		{"memory": {"limit": 1e300}}
		{"memory": {"limit": 9223372036854775808}}
		{"cpu": {"shares": -1}}
		{"cpu": {"cpus": "0\u00001"}}
		{"cpu": {"cpus": "0\n1"}}
		{"pids": {"limit": 1}, "pids": {"limit": 2}}
		{"pids": {"limit": 99999999999999999999}}
		{"pids": {"limit": 1}} trailing
		{"blockIO": {"weight": 65536}}
		{"blockIO": {"throttleReadBpsDevice": [{"rate": 1}]}}
		{"unified": {"../../x": "1"}}
		{"unified": {"cgroup.procs/../x": "1"}}
		{"unified": {"": "1"}}
		{"unified": {"memory.max": 1}}
		{"unified": {"memory.max": "1
	EOF
	refused 'longer than 8388608 bytes' -r <(head -c 20000000 /dev/zero | tr '\0' ' ')
	printf '%0100000d' 0 | tr 0 '[' >doc
	refused '' -r doc
	refused 'no such file or directory' -r nowhere
	refused 'is a directory' -r .
	ocirun delete --force "$ID"
}

@test "values that are none are refused in runc's words" {
	sleeping
	refused "invalid value for memory: invalid suffix: 'x'" --memory 64x
	refused "invalid value for memory-swap: invalid size: '-5'" --memory-swap -5
	refused "invalid value for memory-reservation: invalid size: 'much'" --memory-reservation much
	refused 'invalid value for cpu-quota: strconv.ParseInt: parsing \"x\": invalid syntax' --cpu-quota x
	refused 'invalid value for cpu-share: strconv.ParseUint: parsing \"-1\": invalid syntax' --cpu-share -1
	refused 'invalid value for cpu-period: strconv.ParseUint: parsing \"99999999999999999999\": value out of range' \
		--cpu-period 99999999999999999999
	refused 'invalid value for cpu-idle: strconv.ParseInt: parsing \"yes\": invalid syntax' --cpu-idle yes
	refused 'invalid value for blkio-weight: 70000' --blkio-weight 70000
	fails ocirun update --pids-limit many "$ID" >out 2>err
	grep -qF 'Incorrect Usage: invalid value "many" for flag -pids-limit: ' out
	ocirun delete --force "$ID"
}

@test "what has no effect is told" {
	sleeping
	ocirun update --kernel-memory 16M --kernel-memory-tcp 1k "$ID" 2>err
	grep -q 'level=warning msg="Kernel memory settings are ignored and will be removed"' err
	ocirun update -r - "$ID" 2>err <<<'{"devices": [{"allow": true}], "hugepageLimits": [{"pageSize": "2MB", "limit": 0}],
		"network": {"classID": 1}, "rdma": {"x": {}}, "memory": {"swappiness": 1, "disableOOMKiller": true}, "more": 1}'
	grep -q 'update does not change devices, hugepageLimits, network, rdma, memory.swappiness, memory.disableOOMKiller' err
	grep -q 'update does not know /more' err
	[ "$(wc -l <err)" -eq 2 ]
	stored '' null
	ocirun delete --force "$ID"
}

@test "unified is of v2 alone" {
	need_v1
	sleeping
	refused 'invalid configuration: cannot use unified on cgroup v1' -r - <<<'{"pids": {"limit": 5}, "unified": {"pids.max": "5"}}'
	says pids pids.max max
	ocirun delete --force "$ID"
}

@test "updates at the same time wait for each other" {
	need_v1
	sleeping
	local i
	for i in 1 2 3 4 5 6; do
		ocirun update --memory "$((32 + i))M" "$ID" &
		ocirun update --pids-limit "$((10 + i))" "$ID" &
	done
	wait
	[ "$(cat "$(file memory memory.limit_in_bytes)")" = "$(jq .config.linux.resources.memory.limit "$ROOT/$ID/state.json")" ]
	[ "$(cat "$(file pids pids.max)")" -gt 10 ]
	ocirun delete --force "$ID"
}

@test "Intel RDT schemata are refused without a resctrl file system" {
	[ ! -d /sys/fs/resctrl/info ] || skip "there is a resctrl file system"
	sleeping
	refused 'Intel RDT/CAT: l3 cache schema is not enabled' --l3-cache-schema 'L3:0=f'
	refused 'Intel RDT/MBA: memory bandwidth schema is not enabled' --mem-bw-schema 'MB:0=20'
	ocirun delete --force "$ID"
}

# A folder stands for the file system.
@test "Intel RDT schemata go to the container's group, and only where there is one" {
	OCIRUN=$BUILD_DIR/bin/ocirun-any-resctrl
	[ -x "$OCIRUN" ] || skip "no ocirun-any-resctrl beside ocirun"
	export OCIKIT_TEST_RESCTRL=$WORK/resctrl
	mkdir -p "$WORK"/resctrl/info/{L3,MB} "$WORK/resctrl/group"
	touch "$WORK/resctrl/group/tasks"
	printf 'MB:0=100\nL3:0=ffff\n' >"$WORK/resctrl/group/schemata"
	sleeping
	refused 'updating a non-existent Intel RDT configuration is not supported' --l3-cache-schema 'L3:0=f'
	ocirun delete --force "$ID"

	sleeping '.linux.intelRdt = {closID: "group"}'
	update --l3-cache-schema 'L3:0=000f' --mem-bw-schema 'MB:0=20'
	[ "$(head -n 2 "$WORK/resctrl/group/schemata")" = $'L3:0=000f\nMB:0=20' ]
	jq -e '.config.linux.intelRdt == {closID: "group", l3CacheSchema: "L3:0=000f", memBwSchema: "MB:0=20"}' "$ROOT/$ID/state.json"
	ocirun events --stats "$ID" >stats.json
	jq -e '.data.intel_rdt | .l3_cache_schema == "L3:0=000f" and .mem_bw_schema == "MB:0=20"' stats.json
	ocirun delete --force "$ID"
}
