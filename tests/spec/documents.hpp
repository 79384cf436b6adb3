// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include <ocikit/spec/parse.hpp>

/// A file of the source tree, by its path from the top: tests run there.
inline std::string read_text(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) throw std::runtime_error{path + " cannot be read; run the tests from the top of the source tree"};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The message with which `text` is refused as a `T`, or "accepted".
template <class T = ocikit::spec::config>
std::string refusal_of(std::string_view text, const ocikit::spec::parse_options& options = {}) {
  const auto got = ocikit::spec::parse<T>(text, options);
  return got ? "accepted" : got.error().message();
}
