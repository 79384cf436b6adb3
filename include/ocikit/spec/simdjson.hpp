// SPDX-License-Identifier: Apache-2.0
//
// simdjson, without the standard streams. Its header includes <iostream> and uses nothing of it; with libstdc++ before
// 13 each file that does so makes its program construct eight streams and a locale with all its facets, every time it
// starts, and a static program link them. The guard of that header keeps it out, where nobody has asked for it before.
#pragma once

#include <istream>
#include <ostream>

#if defined(__GLIBCXX__) && !defined(_GLIBCXX_IOSTREAM)
#define _GLIBCXX_IOSTREAM 1  // NOLINT(bugprone-reserved-identifier): it is the library's own
#include <simdjson.h>
#undef _GLIBCXX_IOSTREAM
#else
#include <simdjson.h>
#endif
