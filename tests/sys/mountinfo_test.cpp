// SPDX-License-Identifier: Apache-2.0
#include <ocikit/sys/mountinfo.hpp>

#include "catch.hpp"

using ocikit::sys::unescape_mount_field;

TEST_CASE("a field of mountinfo is plain text again") {
  CHECK(unescape_mount_field("/a") == "/a");
  CHECK(unescape_mount_field("/a\\040b\\011c\\012d\\134e") == "/a b\tc\nd\\e");
  CHECK(unescape_mount_field("/a\\04") == "/a\\04");  // cut short
  CHECK(unescape_mount_field("\\") == "\\");
}
