#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `events`: what is printed, when, and how it ends.

load helpers
load cgroup_files

# sleeping [JQ-FILTER...]: a running container.
sleeping() {
	bundle minimal "$@"
	args /bin/sleep 1000
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
}

stats() { ocirun events --stats "$ID" >stats.json; }

# following OPTION...: `events` in the background; lines go to `log`, complaints to `err`.
following() {
	ocirun events "$@" "$ID" >log 2>err &
	EVENTS=$!
}

ended() { ! kill -0 "$EVENTS" 2>/dev/null; }

@test "--stats prints one line, with runc's names in runc's order" {
	sleeping
	stats
	[ "$(wc -l <stats.json)" -eq 1 ]
	[[ $(<stats.json) == '{"type":"stats","id":"'"$ID"'","data":{"cpu":{"usage":{"total":'* ]]
	jq -e 'keys_unsorted == ["type", "id", "data"]' stats.json
	jq -e '.data | keys_unsorted == ["cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt",
		"network_interfaces"]' stats.json
	jq -e '.data | .network_interfaces == null and .intel_rdt == {} and .cpu.usage.total > 0' stats.json
	jq -e '.data.cpuset | keys_unsorted - ["cpus", "mems"] == ["cpu_exclusive", "mem_hardwall", "mem_exclusive",
		"memory_migrate", "memory_spread_page", "memory_spread_slab", "memory_pressure", "sched_load_balance",
		"sched_relax_domain_level"]' stats.json
	jq -e '.data.pids.current == 1 and .data.cpu.throttling == null' stats.json # what is zero is left out
	ocirun delete --force "$ID"
}

@test "the numbers are those of the kernel's files" {
	has_controller memory && has_controller pids || skip "no memory and pids controllers in this view"
	sleeping '.linux.resources.memory = {limit: 67108864}' '.linux.resources.pids = {limit: 20}'
	ocirun pause "$ID" # so that nothing moves
	stats
	jq -e '.data.memory.usage.limit == 67108864 and .data.pids == {current: 1, limit: 20}' stats.json
	if [ "$VIEW" = v2 ]; then
		jq -e '.data.memory.usage | .usage > 0 and .usage < .limit' stats.json # the kernel settles it later
		[ "$(jq .data.memory.raw.anon stats.json)" = "$(awk '$1 == "anon" {print $2}' "$(file memory memory.stat)")" ]
		[ "$(jq .data.cpu.usage.total stats.json)" = "$(awk '$1 == "usage_usec" {print $2 * 1000}' "$(file cpu cpu.stat)")" ]
	else
		jq -e '.data.memory.usage | .usage > 0 and .usage <= .max' stats.json # the kernel settles it later
		[ "$(jq .data.memory.usage.max stats.json)" = "$(cat "$(file memory memory.max_usage_in_bytes)")" ]
		[ "$(jq .data.memory.raw.total_rss stats.json)" = "$(awk '$1 == "total_rss" {print $2}' "$(file memory memory.stat)")" ]
		[ "$(jq .data.cpu.usage.total stats.json)" = "$(cat "$(file cpuacct cpuacct.usage)")" ]
		[ "$(jq '.data.cpu.usage.percpu | length' stats.json)" = "$(wc -w <"$(file cpuacct cpuacct.usage_percpu)")" ]
		[ "$(jq -r '.data.cpuset.mems | map(tostring) | join(",")' stats.json)" = "$(cat "$(file cpuset cpuset.mems)")" ]
	fi
	ocirun delete --force "$ID"
}

@test "pressure is told on v2, and nothing of the kind on v1" {
	sleeping
	stats
	if [ "$VIEW" = v2 ] && [ -e "$(file cpu cpu.pressure)" ]; then
		jq -e '.data | [.cpu.psi, .memory.psi, .blkio.psi][] | .some, .full
			| keys_unsorted == ["avg10", "avg60", "avg300", "total"]' stats.json
	else
		jq -e '.data | [.cpu.psi, .memory.psi, .blkio.psi] == [null, null, null]' stats.json
	fi
	ocirun delete --force "$ID"
}

@test "hugepages are told by size where the controller is" {
	has_controller hugetlb || skip "no hugetlb controller in this view"
	sleeping
	stats
	jq -e '.data.hugetlb["2MB"].failcnt == 0' stats.json
	ocirun delete --force "$ID"
}

@test "a sample at each interval, from the first on, until the container is gone" {
	sleeping
	following --interval 50ms
	at_least_three() { [ "$(wc -l <log)" -ge 3 ]; }
	until_true 20 at_least_three
	ocirun delete --force "$ID"
	until_true 20 ended
	wait "$EVENTS"
	[ ! -s err ]
	jq -es --arg id "$ID" 'all(.type == "stats" and .id == $id)' log
}

@test "it ends with the container without a sample in between" {
	sleeping
	following --interval 24h
	sleep 0.3 # so that the watch has most likely begun; the end is told to a later one too
	ocirun delete --force "$ID"
	until_true 20 ended
	wait "$EVENTS"
	[ ! -s log ]
	[ ! -s err ]
}

@test "memory that runs out is an event without data" {
	has_controller memory || skip "no memory controller in this view"
	sleeping '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	following --interval 50ms
	until_true 20 test -s log
	ocirun exec "$ID" sh -c 'x=$(head -c 100000000 /dev/zero | tr "\0" x)' >/dev/null 2>&1 || true
	until_true 20 grep -qx '{"type":"oom","id":"'"$ID"'"}' log
	ocirun delete --force "$ID"
	until_true 20 ended
	wait "$EVENTS"
}

@test "a signal ends it without a word, and so does a reader that goes away" {
	sleeping
	"$OCIRUN" --root "$ROOT" events --interval 50ms "$ID" >log 2>err 3>&- &
	until_true 20 test -s log
	kill -TERM $!
	local status=0
	wait $! || status=$?
	[ "$status" -eq 143 ]
	[ ! -s err ]
	ocirun events --interval 50ms "$ID" 2>err | head -n 1 >log
	[ "$(jq -r .type log)" = stats ]
	[ ! -s err ]
	ocirun delete --force "$ID"
}

@test "created and paused containers have statistics, stopped ones have not" {
	bundle minimal
	args /bin/true
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	stats
	ocirun pause "$ID"
	stats
	ocirun resume "$ID"
	ocirun start "$ID"
	until_true 20 has_status "$ID" stopped
	for option in --stats --interval=1s; do
		fails ocirun events "$option" "$ID" 2>err
		one_error <err
		grep -q "container with id $ID is not running" err
	done
	ocirun delete "$ID"
}

@test "an interval is a Go duration above zero" {
	sleeping
	for interval in 0 0s -1s -0.5h; do
		fails ocirun events --interval="$interval" "$ID" 2>err
		grep -q 'duration interval must be greater than 0' err
	done
	for interval in '' 5 1x s 1.s.s 99999999999h '1 s' 1s1; do
		fails ocirun events --interval="$interval" "$ID" >log 2>err
		grep -qF "Incorrect Usage: invalid value \"$interval\" for flag -interval: parse error" log
	done
	ocirun delete --force "$ID"
}

@test "a cgroup that others have removed is an error of one line" {
	sleeping
	remove_cgroups
	fails ocirun events --stats "$ID" 2>err
	one_error <err
	grep -q 'no such file or directory' err
	fails ocirun events --interval 50ms "$ID" 2>err
	one_error <err
	ocirun delete --force "$ID"
}

@test "no container, no events" {
	fails ocirun events --stats "$ID" 2>err
	grep -q 'container does not exist' err
	one_error <err
}
