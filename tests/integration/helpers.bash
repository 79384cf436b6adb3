# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the integration tests share. Each test gets an id, a state root and a folder of its own, and after it nothing may
# be left: no process, cgroup, mount or state. CTest sets OCIRUN and BUILD_DIR; by hand they default to the dev build.

bats_require_minimum_version 1.5.0

BUILD_DIR=${BUILD_DIR:-$(readlink -f "$BATS_TEST_DIRNAME/../../build/dev")}
OCIRUN=${OCIRUN:-$BUILD_DIR/bin/ocirun}
VIEW=${VIEW:-host}

setup() { common_setup; }

common_setup() {
	ID=t$BATS_TEST_NUMBER-$BASHPID-$RANDOM
	WORK=$BATS_TEST_TMPDIR
	ROOT=$WORK/root
	BUNDLE=$WORK/bundle
	mkdir "$ROOT"
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$WORK" # for users that own nothing here
	cd "$WORK" || return
	remember
}

teardown() { end_test; }

end_test() {
	local left=
	# A test that passed must have deleted its containers itself.
	[ -z "$BATS_TEST_COMPLETED" ] || left=$(ls -A "$ROOT")
	clean_up
	[ -z "$left" ] || { fail "state is left: $left" || return; }
	nothing_is_left
}

fail() {
	printf '%s\n' "$*"
	return 1
}

# fails COMMAND...: it does. A bare `!` would not end a test: the shell's errexit looks past it.
fails() { ! "$@"; }

# one_error < LOG: it has one line of an error; warnings may stand before it.
one_error() {
	local log
	log=$(cat)
	[ "$(grep -vc level=warning <<<"$log")" -eq 1 ] || { fail "not one line: $log" || return; }
	grep -q level=error <<<"$log" || fail "no error: $log"
}

# under_systemd: goes on where a systemd answers and there are drivers that ask it.
under_systemd() {
	[[ $VIEW == systemd || $VIEW == machine ]] || skip "this is for isolated.sh --view systemd"
	[ -e "$BUILD_DIR/lib/ocikit/plugins/cgroup-systemd.so" ] || skip "built without libsystemd"
}

# linked_statically: whether ocirun is, and leaves plugins that are files to its twin.
linked_statically() { [ -e "$BUILD_DIR/lib/ocikit/ocirun-with-plugins" ]; }

# skip_under_sanitizers WHAT: the reason appears in the summary of tests/run.sh.
skip_under_sanitizers() {
	[ -z "${SANITIZE:-}" ] || skip "the sanitizers change what is measured: $1"
}

# --- running

# The runtime, with this test's state root; one that hangs fails its test, not those behind it. Descriptor 3 is bats'
# own, and must not reach a container.
ocirun() { timeout --foreground --kill-after 1 60 "$OCIRUN" --root "$ROOT" "$@" 3>&-; }

# The same for containers that outlive the command: they keep these streams, not those that `run` waits for.
ocirun_detached() { ocirun "$@" </dev/null >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/err" && return 1; }; }

# on_terminal COMMAND...: runs it on a pty of its own, whose keyboard nobody touches: at the end of its own input,
# script(1) would type a control-D, which the terminal may show anywhere in the output.
on_terminal() {
	local words watch status=0
	printf -v words '%q ' "$@"
	[ -p "$WORK/keyboard" ] || mkfifo "$WORK/keyboard"
	show_what_hangs 50 &
	watch=$!
	timeout --foreground --kill-after 1 60 script --quiet --return --command "$words" /dev/null <>"$WORK/keyboard" 3>&- || status=$?
	if kill "$watch" 2>/dev/null; then wait "$watch" || true; fi
	return "$status"
}

# show_what_hangs SECONDS: the processes after that time, and what each waits for.
show_what_hangs() {
	read -rt "$1" <>"$WORK/keyboard" || true
	ps -eo pid,ppid,stat,wchan:24,args >&2
}

# bundle [PROFILE [JQ-FILTER...]]: a bundle from bench/profiles at $BUNDLE, whose cgroup has this test's id.
bundle() {
	local profile=${1:-minimal} template=$BATS_RUN_TMPDIR/bundle-${1:-minimal}
	[ -e "$template" ] || "$BATS_TEST_DIRNAME/bundle.sh" "$profile" "$template"
	rm -rf "$BUNDLE"
	cp -a "$template" "$BUNDLE"
	edit ".linux.cgroupsPath = \"/$ID\"" "${@:2}"
}

# edit JQ-FILTER...: changes $BUNDLE/config.json.
edit() {
	local filter
	for filter in "$@"; do
		jq "$filter" "$BUNDLE/config.json" >"$WORK/config.new"
		mv "$WORK/config.new" "$BUNDLE/config.json"
	done
}

# args ARG...: the container's command line.
args() { edit ".process.args = $(jq -cn '$ARGS.positional' --args -- "$@")"; }

# shell SCRIPT: a shell script as the container's command line.
shell() { args /bin/sh -c "$1"; }

status_of() { ocirun state "$1" | jq -r .status; }
pid_of() { ocirun state "$1" | jq -r .pid; }

# until_true SECONDS COMMAND...: tries until it succeeds. Its own pauses are counted, not the clock: on a busy machine,
# or one that stood still for a while, there is more time.
until_true() {
	local pauses=$(($1 * 20))
	shift
	until "$@"; do
		((pauses-- > 0)) || return 1
		sleep 0.05
	done
}

has_status() { [ "$(status_of "$1" 2>/dev/null)" = "$2" ]; }

# at_once DRIVER PATH: ${PARALLEL:-200} containers of the bundle at once, run by that driver; PATH-N is the cgroupsPath.
# Each must end with 5.
at_once() {
	local jobs=() job i status bad=0
	for ((i = 0; i < ${PARALLEL:-200}; i++)); do
		mkdir "$WORK/b$i"
		jq --arg path "$2-$i" --arg root "$BUNDLE/rootfs" '.linux.cgroupsPath = $path | .root.path = $root' \
			"$BUNDLE/config.json" >"$WORK/b$i/config.json"
	done
	for ((i = 0; i < ${PARALLEL:-200}; i++)); do
		timeout 300 "$OCIRUN" --root "$ROOT" --cgroup-manager "$1" run --bundle "$WORK/b$i" "$ID-$i" \
			</dev/null 2>>"$WORK/errors" 3>&- &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		status=0
		wait "$job" || status=$?
		((status == 5)) || bad=$((bad + 1))
	done
	((bad == 0)) || fail "$bad failed: $(grep level=error "$WORK/errors" | sed "s/.*msg=//; s/$ID-[0-9]*/ID/g" |
		sort | uniq -c | head -5)"
}

# --- what is left

declare -gA PROCESSES_BEFORE
declare -ga STARTED
remember() {
	local process
	PROCESSES_BEFORE=()
	for process in /proc/[0-9]*; do PROCESSES_BEFORE[$process]=1; done
	MOUNTS_BEFORE=$(</proc/self/mountinfo)
	OWN_CGROUP=$(sed -n 's/^0:://p' /proc/self/cgroup)
}

# Cgroups with this test's id in their name, in every hierarchy.
cgroups() { find /sys/fs/cgroup -depth -type d -name "*$ID*" 2>/dev/null; }

# Processes that this test has started, in STARTED. On a machine that is not the tests' alone others come and go too:
# ours are in our cgroup or one with this test's id in its name.
find_started() {
	local process
	STARTED=()
	for process in /proc/[0-9]*; do
		[ -z "${PROCESSES_BEFORE[$process]:-}" ] || continue
		[ "$process" != "/proc/$BASHPID" ] || continue
		[ -e "$process" ] || continue
		[ "$VIEW" != machine ] || grep -qs -e "$ID" -e "^0::$OWN_CGROUP\$" "$process/cgroup" || continue
		STARTED+=("${process#/proc/}")
	done
}

no_new_processes() {
	find_started
	((${#STARTED[@]} == 0))
}

new_processes() {
	local pid
	for pid in "${STARTED[@]}"; do
		printf '%s=%s ' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done
}

# Each check returns by itself: with `nothing_is_left || ...` there is no errexit in here.
nothing_is_left() {
	until_true 3 no_new_processes || { fail "processes are left: $(new_processes)" || return; }
	[ -z "$(cgroups)" ] || { fail "cgroups are left: $(cgroups)" || return; }
	[ "$(</proc/self/mountinfo)" = "$MOUNTS_BEFORE" ] ||
		{ fail "mounts are left: $(diff <(echo "$MOUNTS_BEFORE") /proc/self/mountinfo)" || return; }
	[ -z "$(ls -A "$ROOT")" ] || fail "state is left: $(ls -A "$ROOT")"
}

# After a failed test: nothing of it may disturb the next.
clean_up() {
	local id cgroup
	for id in "$ROOT"/*; do
		[ ! -e "$id" ] || ocirun delete --force "${id##*/}" >/dev/null 2>&1 || true
	done
	if [ -z "$BATS_TEST_COMPLETED" ]; then
		find_started
		((${#STARTED[@]} == 0)) || kill -9 "${STARTED[@]}" 2>/dev/null || true
		for cgroup in $(cgroups); do
			# 0 is a process outside of our namespace, and to kill(1) all of our own.
			grep -vx 0 "$cgroup/cgroup.procs" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
			rmdir "$cgroup" 2>/dev/null || true
		done
		rm -rf "${ROOT:?}"/* 2>/dev/null || true
	fi
}
