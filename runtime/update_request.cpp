// SPDX-License-Identifier: Apache-2.0
#include "update_request.hpp"

#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <ocikit/spec/limits.hpp>
#include <ocikit/spec/parse.hpp>
#include <ocikit/spec/validate.hpp>
#include <ocikit/sys/call.hpp>
#include <ocikit/sys/quoted_text.hpp>

#include "memory_size.hpp"

namespace ocikit::runtime {
namespace {

error invalid_value(std::string_view name, const std::string& why) {
  return error::config("", "invalid value for " + std::string{name} + ": " + why);
}

/// A decimal number, in Go's words when it is none. A sign before an unsigned one is none.
template <std::integral Int>
result<std::optional<Int>> number(const invocation& call, std::string_view name) {
  const std::string_view text = call.text(name);
  if (text.empty()) return std::nullopt;
  const bool plus = std::is_signed_v<Int> && text.size() > 1 && text[0] == '+' && text[1] != '-';
  Int value = 0;
  const auto digits = text.substr(plus ? 1 : 0);
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure == std::errc{} && end == digits.data() + digits.size()) return value;
  const bool too_large = failure == std::errc::result_out_of_range && end == digits.data() + digits.size();
  return tl::unexpected(
      invalid_value(name, std::string{std::is_signed_v<Int> ? "strconv.ParseInt" : "strconv.ParseUint"} + ": parsing " +
                              sys::go_quoted(text) + (too_large ? ": value out of range" : ": invalid syntax")));
}

result<std::optional<std::int64_t>> size(const invocation& call, std::string_view name) {
  const std::string_view text = call.text(name);
  if (text.empty()) return std::nullopt;
  const auto bytes = parse_memory_size(text);
  if (!bytes) return tl::unexpected(invalid_value(name, sys::one_line(bytes.error())));
  return *bytes;
}

result<spec::cpu> cpu_from(const invocation& call) {
  spec::cpu cpu;
  cpu.burst = OCIKIT_TRY(number<std::uint64_t>(call, "cpu-burst"));
  cpu.period = OCIKIT_TRY(number<std::uint64_t>(call, "cpu-period"));
  cpu.realtime_period = OCIKIT_TRY(number<std::uint64_t>(call, "cpu-rt-period"));
  cpu.shares = OCIKIT_TRY(number<std::uint64_t>(call, "cpu-share"));
  cpu.quota = OCIKIT_TRY(number<std::int64_t>(call, "cpu-quota"));
  cpu.realtime_runtime = OCIKIT_TRY(number<std::int64_t>(call, "cpu-rt-runtime"));
  cpu.idle = OCIKIT_TRY(number<std::int64_t>(call, "cpu-idle"));
  cpu.cpus = std::string{call.text("cpuset-cpus")};
  cpu.mems = std::string{call.text("cpuset-mems")};
  return cpu;
}

result<spec::memory> memory_from(const invocation& call) {
  spec::memory memory;
  memory.limit = OCIKIT_TRY(size(call, "memory"));
  memory.swap = OCIKIT_TRY(size(call, "memory-swap"));
  memory.kernel = OCIKIT_TRY(size(call, "kernel-memory"));
  memory.kernel_tcp = OCIKIT_TRY(size(call, "kernel-memory-tcp"));
  memory.reservation = OCIKIT_TRY(size(call, "memory-reservation"));
  return memory;
}

result<spec::resources> resources_from_options(const invocation& call) {
  spec::resources out;
  out.cpu = OCIKIT_TRY(cpu_from(call));
  out.memory = OCIKIT_TRY(memory_from(call));
  if (call.given("pids-limit")) out.pids = spec::pids{call.number("pids-limit")};
  const auto weight = call.number("blkio-weight");
  if (weight < 0 || weight > std::numeric_limits<std::uint16_t>::max())
    return tl::unexpected(invalid_value("blkio-weight", std::to_string(weight) + " is no weight"));
  if (weight != 0) out.block_io.emplace().weight = static_cast<std::uint16_t>(weight);
  return out;
}

result<spec::resources> resources_from_document(const invocation& call, zstring_view path) {
  unique_fd file;
  if (path != "-") file = OCIKIT_TRY(sys::openat(sys::at_fdcwd, path, O_RDONLY | O_NOCTTY));
  const auto text = OCIKIT_TRY(sys::read_all(file ? file.view() : fd_view{0}, spec::limits::document_bytes));
  auto parsed = OCIKIT_TRY(spec::parse_resources(text));
  for (const auto& pointer : parsed.unknown) call.log.warning("update does not know " + pointer);
  OCIKIT_TRY(spec::validate_resources(parsed.value, "/linux/resources"));
  return std::move(parsed.value);
}

void warn_of_what_stays(const invocation& call, const spec::resources& wanted) {
  if (wanted.memory && (wanted.memory->kernel || wanted.memory->kernel_tcp))
    call.log.warning("Kernel memory settings are ignored and will be removed");
  std::string names;
  for (const auto& name : container::left_alone(wanted)) names += (names.empty() ? "" : ", ") + name;
  if (!names.empty()) call.log.warning("update does not change " + names);
}

}  // namespace

result<container::update_request> read_update_request(const invocation& call) {
  const zstring_view document = call.text("resources");
  container::update_request out;
  out.resources = OCIKIT_TRY(document.empty() ? resources_from_options(call) : resources_from_document(call, document));
  warn_of_what_stays(call, out.resources);
  out.l3_cache_schema = std::string{call.text("l3-cache-schema")};
  out.mem_bw_schema = std::string{call.text("mem-bw-schema")};
  return out;
}

}  // namespace ocikit::runtime
