// SPDX-License-Identifier: Apache-2.0
//
// How a case of the suite ends early: with what is wrong, or with the reason why it cannot be tried here.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <ocikit/base/error.hpp>

namespace driver_suite {

struct failure {
  std::string what;
};
struct skipped {
  std::string why;
};

inline void expect(bool holds, std::string_view what) {
  if (!holds) throw failure{std::string{what}};
}

/// The value of `r`; an error ends the case with its message.
template <class T>
T must(ocikit::result<T> r, std::string_view doing) {
  if (!r) throw failure{std::string{doing} + ": " + r.error().message()};
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

/// The error of `r`; success ends the case.
template <class T>
ocikit::error must_fail(const ocikit::result<T>& r, std::string_view what) {
  if (r) throw failure{std::string{what}};
  return r.error();
}

}  // namespace driver_suite
