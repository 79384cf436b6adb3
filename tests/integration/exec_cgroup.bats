#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The cgroup of an exec: the container's, one below it, or where its init has gone.
load helpers

# Each line of /proc/PID/cgroup of an exec with these options, from below the container's own cgroup.
places() { ocirun exec "$@" "$ID" cat /proc/self/cgroup | sed "s#/$ID##"; }

running_container() {
	bundle minimal '.linux.namespaces -= [{"type": "cgroup"}]'
	args sleep 100
	ocirun_detached run -d --bundle "$BUNDLE" "$ID"
}

# sub NAME: makes this cgroup below the container's in each hierarchy.
sub() {
	local at
	for at in $(find /sys/fs/cgroup -type d -name "$ID"); do
		mkdir "$at/$1"
		[ ! -e "$at/cpuset.cpus" ] || [ "$VIEW" = v2 ] || # an empty set takes no process
			{ cat "$at/cpuset.cpus" >"$at/$1/cpuset.cpus" && cat "$at/cpuset.mems" >"$at/$1/cpuset.mems"; }
	done
}

refused() { # MESSAGE OPTION...
	local message=$1
	shift
	run -255 ocirun exec "$@" "$ID" true
	[[ $output == *"$message"* ]] || fail "$output"
	one_error <<<"$output"
}

@test "an exec is in the container's cgroup, or in the one below it that was asked for" {
	running_container
	sub deep
	run -0 places
	[[ $output != *deep* ]] || fail "$output"
	run -0 places --cgroup deep
	if [ "$VIEW" = v2 ]; then
		[[ $output == *"0::/deep" ]] || fail "$output"
	else
		[[ $output == *:memory:/deep* && $output == *:freezer:/deep* ]] || fail "$output"
	fi
	run -0 places --cgroup /
	[[ $output != *deep* ]] || fail "$output"
	ocirun delete --force "$ID"
}

@test "on cgroup v1, for some controllers only" {
	[ "$VIEW" = host ] || skip "cgroup v2 has one hierarchy"
	running_container
	sub deep
	run -0 places --cgroup memory,pids:deep --cgroup freezer:/deep/
	[[ $output == *:memory:/deep* && $output == *:pids:/deep* && $output == *:freezer:/deep* ]] || fail "$output"
	[[ $output != *:devices:/deep* ]] || fail "$output"
	refused "unknown controller whaaat" --cgroup whaaat:/
	ocirun delete --force "$ID"
}

@test "a sub-cgroup that leads out, is not there, or is said wrongly" {
	running_container
	refused "bad sub cgroup path: .." --cgroup ..
	refused "bad sub cgroup path: a/../../$ID" --cgroup "a/../../$ID"
	refused "error adding pid 0 to cgroups: " --cgroup nonexistent
	[[ $output == *"no such file or directory"* ]] || fail "$output"
	refused "(empty <controller> prefix)" --cgroup :a
	refused "(missing <controller>: prefix)" --cgroup memory:a --cgroup b
	refused "specified multiple times" --cgroup memory:a --cgroup memory:b
	ocirun delete --force "$ID"
}

@test "an exec follows the init out of a cgroup that is gone" {
	[ "$VIEW" = v2 ] || skip "on cgroup v1 a process can be in several cgroups"
	running_container
	mkdir "/sys/fs/cgroup/elsewhere-$ID"
	pid_of "$ID" >"/sys/fs/cgroup/elsewhere-$ID/cgroup.procs"
	run -0 ocirun exec "$ID" cat /proc/self/cgroup
	[[ $output == *"0::/$ID" ]] || fail "$output"
	rmdir "/sys/fs/cgroup/$ID"
	run -0 ocirun exec "$ID" cat /proc/self/cgroup
	[[ $output == *"0::/elsewhere-$ID" ]] || fail "$output"
	refused "no such file or directory" --cgroup /
	ocirun delete --force "$ID"
	until_true 3 rmdir "/sys/fs/cgroup/elsewhere-$ID"
}
