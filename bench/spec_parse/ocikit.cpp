// SPDX-License-Identifier: Apache-2.0
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/write.hpp>

#include "by_table.hpp"
#include "library.hpp"

namespace spec_parse {

spec::config read_by_ocikit(const document& from) {
  const auto text = from.text();
  auto got = spec::parse_config(simdjson::padded_string_view{text.data(), text.size(), from.padded().size()});
  if (!got) refuse(got.error().message());
  return std::move(got->value);
}

std::string write_by_ocikit(const spec::config& from) { return spec::write(from); }

}  // namespace spec_parse
