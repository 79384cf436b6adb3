// SPDX-License-Identifier: Apache-2.0
//
// ocirun-reference PROSE SKELETONS OUT: writes ocirun's man pages and completion scripts into the folder OUT, from the
// tables that ocirun itself reads command lines with. PROSE is docs/man, SKELETONS the folder of ocirun.bash.in.
#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "commands.hpp"
#include "completion.hpp"
#include "man_page.hpp"

namespace {

namespace fs = std::filesystem;
using namespace ocikit::runtime;

std::string read(const fs::path& path) {
  std::ifstream file{path};
  if (!file) throw std::runtime_error{"cannot read " + path.string()};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream file{path};
  if (!(file << text).flush()) throw std::runtime_error{"cannot write " + path.string()};
}

void write_man_pages(const fs::path& prose, const fs::path& out) {
  write(out / "ocirun.8", reference::program_page(read(prose / "ocirun.md")));
  for (const auto& each : all_commands) {
    const std::string name = "ocirun-" + std::string{each().name};
    write(out / (name + ".8"), reference::command_page(each(), read(prose / (name + ".md"))));
  }
}

void write_completions(const fs::path& skeletons, const fs::path& out) {
  write(out / "ocirun", reference::bash_completion(read(skeletons / "ocirun.bash.in")));
  write(out / "_ocirun", reference::zsh_completion(read(skeletons / "ocirun.zsh.in")));
  write(out / "ocirun.fish", reference::fish_completion(read(skeletons / "ocirun.fish.in")));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: ocirun-reference PROSE SKELETONS OUT\n";
    return 2;
  }
  try {
    write_man_pages(argv[1], argv[3]);
    write_completions(argv[2], argv[3]);
  } catch (const std::exception& problem) {
    std::cerr << "ocirun-reference: " << problem.what() << '\n';
    return 1;
  }
}
