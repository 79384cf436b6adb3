// SPDX-License-Identifier: Apache-2.0
#include "profile.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <ocikit/spec/parse.hpp>

ocikit::spec::seccomp profile_from(std::string_view json) {
  std::string text{json};
  std::replace(text.begin(), text.end(), '\'', '"');
  auto got = ocikit::spec::parse<ocikit::spec::seccomp>(std::string_view{text});
  if (!got) throw std::runtime_error(got.error().message());
  return std::move(got->value);
}

ocikit::spec::seccomp profile_of_config(const char* path) {
  std::ifstream file{path};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  auto got = ocikit::spec::parse_config(std::string_view{text});
  if (!got) throw std::runtime_error(std::string{path} + ": " + got.error().message());
  return got->value.platform.value().seccomp.value();
}
