// SPDX-License-Identifier: Apache-2.0
#include "candidates.hpp"

#include <algorithm>

#include <ocikit/container/signal_name.hpp>

#include "shared_options.hpp"

namespace ocikit::runtime::reference {
namespace {

std::vector<std::string_view> quoted_words(std::string_view help) {
  std::vector<std::string_view> out;
  for (std::size_t begin = help.find('`'); begin != std::string_view::npos; begin = help.find('`')) {
    const std::size_t end = help.find('`', begin + 1);
    if (end == std::string_view::npos) break;
    out.push_back(help.substr(begin + 1, end - begin - 1));
    help.remove_prefix(end + 1);
  }
  return out;
}

/// Its container is not there yet: what takes a bundle makes one.
bool makes_container(const command& what) {
  return std::ranges::find(what.options, shared::bundle.name, &option::name) != what.options.end();
}

std::vector<std::string_view> signal_words() {
  std::vector<std::string_view> out;
  for (const auto& each : container::named_signals) out.push_back(each.name);
  return out;
}

}  // namespace

candidates value_candidates(const option& row) {
  if (row.value == "DIR") return {candidate_kind::directories};
  if (row.value == "FILE" || row.value == "SOCKET") return {candidate_kind::files};
  if (row.kind == option_kind::tristate) return {candidate_kind::words, {"true", "false", "auto"}};
  auto words = quoted_words(row.help);
  if (words.empty()) return {};
  return {candidate_kind::words, std::move(words)};
}

std::vector<candidates> argument_candidates(const command& what) {
  std::vector<candidates> out;
  if (what.usage.find("container-id") == 1)
    out.push_back({makes_container(what) ? candidate_kind::unknown : candidate_kind::containers});
  if (what.usage.ends_with("[signal]")) out.push_back({candidate_kind::words, signal_words()});
  return out;
}

}  // namespace ocikit::runtime::reference
