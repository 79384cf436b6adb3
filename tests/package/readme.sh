#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# readme.sh SOURCE: the example in README.md is the one that is built, from its first include to its end.
set -euo pipefail
diff <(sed -n '/^```cpp$/,/^```$/p' "$1/README.md" | sed '1d;$d') <(sed '1d' "$1/examples/list_mounts.cpp")
