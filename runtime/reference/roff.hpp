// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ocikit::runtime::reference {

/// `text` as man(7) prints it, whatever is in it, but at the beginning of a line. Pure.
[[nodiscard]] std::string roff_literal(std::string_view text);

/// A line of prose in man(7): `code` in backquotes is bold, *this* is italic, all else is literal. Pure.
[[nodiscard]] std::string roff_line(std::string_view text);

/// Prose in man(7), for a place below a heading. Blocks are separated by empty lines: a heading (`## TEXT`), code (its
/// first line begins with two spaces), a definition (a line, then its explanation behind `: `) or a paragraph. Pure.
[[nodiscard]] std::string roff_blocks(std::string_view markdown);

}  // namespace ocikit::runtime::reference
