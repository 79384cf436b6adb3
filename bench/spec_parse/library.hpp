// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <ocikit/spec/types.hpp>

/// What is compared: ways from the text of a config.json to `spec::config` and back.
///
/// All of them read every property of the specification into the same structs, with the same table of names, and refuse
/// a value of the wrong type, an unknown name of an enum and the absence of what is required. Beyond that each does
/// what it does by nature: ocikit alone also refuses repeated properties and what exceeds its limits, lists unknown
/// properties and remembers places for its errors.
namespace spec_parse {

/// Text with at least 64 readable bytes behind its end, which simdjson may read and the others do not see.
class document {
 public:
  document(std::string name, std::string text);
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string_view text() const { return std::string_view{padded_}.substr(0, size_); }
  [[nodiscard]] std::string_view padded() const { return padded_; }

 private:
  std::string name_;
  std::size_t size_;
  std::string padded_;
};

/// One library. The functions throw when they cannot read or write.
struct library {
  const char* name;
  ocikit::spec::config (*read)(const document&);
  std::string (*write)(const ocikit::spec::config&);
};

ocikit::spec::config read_by_ocikit(const document&);
std::string write_by_ocikit(const ocikit::spec::config&);
ocikit::spec::config read_by_nlohmann(const document&);
std::string write_by_nlohmann(const ocikit::spec::config&);
ocikit::spec::config read_by_rapidjson(const document&);
std::string write_by_rapidjson(const ocikit::spec::config&);
ocikit::spec::config read_by_json_c(const document&);
std::string write_by_json_c(const ocikit::spec::config&);

inline constexpr library libraries[] = {
    {"ocikit", &read_by_ocikit, &write_by_ocikit},
    {"nlohmann-json", &read_by_nlohmann, &write_by_nlohmann},
    {"RapidJSON", &read_by_rapidjson, &write_by_rapidjson},
    {"json-c", &read_by_json_c, &write_by_json_c},
};

/// The limit: simdjson's own ways through a document, with nothing kept. What they return depends on every value.
struct scan {
  const char* name;
  std::size_t (*through)(const document&);
};
std::size_t scan_on_demand(const document&);
std::size_t scan_dom(const document&);
inline constexpr scan scans[] = {{"simdjson On-Demand", &scan_on_demand}, {"simdjson DOM", &scan_dom}};

}  // namespace spec_parse
