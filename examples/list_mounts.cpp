// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iostream>
#include <iterator>
#include <ocikit/spec/parse.hpp>

int main(int argc, char** argv) {
  std::ifstream file{argc > 1 ? argv[1] : "config.json"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};

  const auto config = ocikit::spec::parse_config(text);
  if (!config) {
    std::cerr << config.error().message() << '\n';  // the place is named: ... (config.json#/mounts/3/source)
    return 1;
  }
  for (const auto& mount : config->value.mounts) std::cout << mount.destination << " from " << mount.source << '\n';
}
