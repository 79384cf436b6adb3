# SPDX-License-Identifier: Apache-2.0
#
# Units of the systemd that a test runs under. UNIT is the one that the test is about.

property() { systemctl show --property="$1" --value "$UNIT"; }
is_loaded() { systemctl list-units --all --no-legend --plain "$1" | grep -q .; }
