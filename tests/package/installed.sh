#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# installed.sh BUILD: what `cmake --install` puts in place for ocirun, no more and no less, and that it works from there.
set -euo pipefail
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --component ocikit_Runtime --prefix "$work/stage" >/dev/null
cd "$work/stage"

plugins=$(cd "$build/lib/ocikit/plugins" && printf '%s\n' *.so)
twin=$(cd "$build" && find lib/ocikit -maxdepth 1 -name ocirun-with-plugins) # where ocirun is linked statically
pages=$(bin/ocirun --help | sed -nE '/^COMMANDS:/,/^$/s/^   ([a-z]+)  .*/ocirun-\1.8/p')
diff <(find . -type f,l -printf '%P\n' | sed -E 's,^(lib/ocikit/plugins|share/man/man8)/,,' | sort) - <<<"$(
	sed '/^$/d' <<-EOF | sort
		$plugins
		$pages
		ocirun.8
		bin/ocirun
		$twin
		libexec/ocikit/ocirun-init
		share/bash-completion/completions/ocirun
		share/doc/ocirun/changelog
		share/doc/ocirun/copyright
		share/fish/vendor_completions.d/ocirun.fish
		share/zsh/site-functions/_ocirun
	EOF
)"

# It finds the plugins that were installed with it, and trusts them.
grep '^ocirun version ' <<<"$(bin/ocirun --version)"
bin/ocirun plugins --format json >"$work/found"
jq -e '[.[] | select(has("refusal"))] == []' "$work/found"
found=$(jq -r '.[].path' "$work/found" | grep -o "^$work/.*" | sed 's,.*/,,' | sort)
linked_in=$(jq -r '.[] | select(.path == "").name + ".so"' "$work/found")
[ -z "$(comm -23 <(sort <<<"$plugins") <(printf '%s\n' "$found" "$linked_in" | sort))" ]
