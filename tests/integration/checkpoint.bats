#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# There is no checkpointing yet; what can be said without it is.
load helpers

# refused PATTERN ARG...: checkpoint fails with one error, which matches.
refused() {
	local pattern=$1
	shift
	run -1 ocirun checkpoint "$@"
	one_error <<<"$output"
	grep -E -- "$pattern" <<<"$output"
}

@test "only what runs can be checkpointed" {
	refused 'container does not exist' nosuch
	bundle
	args sleep 1000
	ocirun_detached create --bundle "$BUNDLE" "$ID"
	refused 'Container cannot be checkpointed in created state' "$ID"
	ocirun start "$ID"
	refused 'checkpoint is not supported yet' "$ID"
	ocirun kill "$ID" KILL
	until_true 5 has_status "$ID" stopped
	refused 'Container cannot be checkpointed in stopped state' "$ID"
	ocirun delete "$ID"
}

@test "options that cannot be are told in runc's words" {
	bundle
	args sleep 1000
	ocirun_detached run --detach --bundle "$BUNDLE" "$ID"
	cd "$WORK"
	refused '--parent-path must be relative' --parent-path "$WORK" "$ID"
	refused 'invalid --parent-path: ./images/before: no such file or directory' --image-path ./images \
		--parent-path before "$ID"
	refused 'Use --page-server ADDRESS:PORT to specify page server' --page-server localhost "$ID"
	refused 'Invalid port number' --page-server localhost:70000 "$ID"
	refused 'invalid manage-cgroups-mode value' --manage-cgroups-mode hard "$ID"
	refused 'namespace ..pid.. is not supported' --empty-ns pid "$ID"
	mkdir -p images/before
	refused 'not supported yet' --image-path images --parent-path before --page-server ::1:70 --empty-ns network "$ID"
	ocirun delete --force "$ID"
}
