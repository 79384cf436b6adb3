// SPDX-License-Identifier: Apache-2.0
//
// The documents that commands read and write, compiled once: each takes simdjson and the compiler many seconds.
#include <ocikit/container/state_document.hpp>
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/write.hpp>

namespace ocikit::spec {

template result<parsed<config>> parse_padded<config>(simdjson::padded_string_view, const parse_options&);
template result<parsed<process>> parse_padded<process>(simdjson::padded_string_view, const parse_options&);
template result<parsed<resources>> parse_padded<resources>(simdjson::padded_string_view, const parse_options&);
template result<parsed<container::state>> parse_padded<container::state>(simdjson::padded_string_view,
                                                                         const parse_options&);
template std::string write<container::state>(const container::state&, const write_options&);

}  // namespace ocikit::spec
