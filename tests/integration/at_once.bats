#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
load helpers

@test "${PARALLEL:-200} containers at once do not get in each other's way, and leave nothing" {
	bundle
	args /bin/sh -c 'exit 5'
	if [ "$VIEW" = v2 ]; then at_once cgroup-fs2 "/$ID"; else at_once cgroup-fs "/$ID"; fi
	nothing_is_left
}
