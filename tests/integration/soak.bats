#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Containers come and go, four at a time, and ocirun itself is killed at random while it works on them. SOAK (default
# 10) says for how many seconds. Whatever a killed command left, `delete --force` removes.
load helpers

WORKERS=4
MOST_GROWTH=65536 # KiB that the kernel may hold more after half an hour, with all else that the machine does

# Memory of the kernel's own, in KiB.
kernel_memory() { awk '/^(SUnreclaim|Percpu|KernelStack|PageTables):/ {sum += $2} END {print sum}' /proc/meminfo; }

# complain TEXT...: fails the test in the end; the file of errors of that worker has more.
complain() { echo "$*: $(tail -n 1 "$WORK/errors.$WORKER")" >>"$WORK/complaints"; }

# step ARGUMENT...: a command, which in one of five times is killed within its first 20 ms; then KILLED is set. Fails
# after that, or when the command fails.
step() {
	local command status=0
	"$OCIRUN" --root "$ROOT" "$@" </dev/null >/dev/null 2>>"$WORK/errors.$WORKER" 3>&- &
	command=$!
	if ((RANDOM % 5 == 0)); then
		sleep "$(printf '0.%03d' $((RANDOM % 20)))"
		if kill -KILL "$command" 2>/dev/null; then KILLED=yes; fi
	fi
	wait "$command" 2>/dev/null || status=$? # bash would say that it was killed
	[ -z "$KILLED" ] || return 1
	((status == 0)) || { complain "$1: exit status $status" && return 1; }
}

# A container from create to delete, as far as it gets.
life() {
	step create --bundle "$WORK/bundle.$WORKER" "$1" || return 0
	step start "$1" || return 0
	step exec "$1" /bin/true || return 0
	[ "$VIEW" = v2 ] || step update --pids-limit $((RANDOM % 50 + 20)) "$1" || return 0 # which has no controllers here
	step pause "$1" || return 0
	step resume "$1" || return 0
	step exec --detach "$1" /bin/sleep 50 || return 0
	step kill "$1" KILL || return 0
	until_true 20 has_status "$1" stopped || complain "it did not stop"
	step delete "$1" || return 0
}

# worker NUMBER END: one life after the other until that second.
worker() {
	local KILLED WORKER=$1 lives=0 kills=0
	RANDOM=$1
	while ((SECONDS < $2)); do
		KILLED=''
		life "$ID-$1"
		ocirun delete --force "$ID-$1" 2>>"$WORK/errors.$1" || complain "delete --force: $?"
		[ ! -e "$ROOT/$ID-$1" ] || complain "there is state of a deleted container"
		lives=$((lives + 1))
		[ -z "$KILLED" ] || kills=$((kills + 1))
	done
	echo "$lives $kills" >"$WORK/sum.$1"
}

@test "containers come and go for ${SOAK:-10} seconds, and killed commands leave nothing that stays" {
	local n end=$((SECONDS + ${SOAK:-10})) before grown workers=()
	bundle engine
	args /bin/sleep 100
	for ((n = 0; n < WORKERS; n++)); do
		cp -a "$BUNDLE" "$WORK/bundle.$n"
		jq ".linux.cgroupsPath = \"/$ID-$n\"" "$BUNDLE/config.json" >"$WORK/bundle.$n/config.json"
		worker "$n" "$end" 3>&- &
		workers+=($!)
	done
	sleep $((${SOAK:-10} / 4)) # until caches are warm
	before=$(kernel_memory)
	wait "${workers[@]}"
	grown=$(($(kernel_memory) - before))
	awk -v grown="$grown" '{lives += $1; kills += $2}
		END {print "# " lives " containers, " kills " of them with a killed command; the kernel holds " grown " KiB more"}' \
		"$WORK"/sum.* | tee "$WORK/sums" >&3
	[ ! -e "$WORK/complaints" ] || fail "$(sort "$WORK/complaints" | uniq -c | head -20)"
	nothing_is_left
	[ "$(find "$ROOT.seccomp" -type f | wc -l)" -eq 1 ] # the filter that all have
	# Shorter, it is what the tests beside this one do.
	((${SOAK:-10} < 600 || grown < MOST_GROWTH)) || fail "the kernel holds $grown KiB more"
}
