// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <ocikit/sys/call.hpp>
#include <ocikit/sys/log.hpp>

#include "command_line.hpp"
#include "global_options.hpp"
#include "help.hpp"
#include "trace_file.hpp"

namespace ocikit::runtime {
namespace {

constexpr int failed = 1;
constexpr int unknown_command = 3;

using arguments = std::span<const char* const>;

/// What the program calls itself. Clients that were told to use runc look for that word in `--version`.
std::string_view program_name(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name == "runc" ? "runc" : "ocirun";
}

void print(std::string_view text) { (void)sys::write_all(fd_view{1}, text); }

/// One run of the program, up to the point where a command takes over.
class session {
 public:
  explicit session(arguments all)
      : all_{all},
        path_{all.empty() ? "ocirun" : all[0]},
        program_{program_name(path_)},
        rest_{all.empty() ? all : all.subspan(1)} {}

  int run() {
    const auto options = parse_options(global_options, rest_, true);
    if (!options) return refuse("Incorrect Usage. ", options.error().message, program_help(program_));
    if (options->help) return show(program_help(program_));
    if (options->flag("version")) return show(version_text(program_));
    if (const auto begun = begin(*options); !begun) return report(begun.error().message(), failed);
    return dispatch(options->positionals);
  }

 private:
  /// Settles the global options and opens the log.
  result<void> begin(const option_values& options) {
    if (const std::string_view path = options.text("trace"); !path.empty()) trace_ = OCIKIT_TRY(trace_file::open(path));
    const caller who = read_caller(program_);
    if (options.given("debug") && options.flag("debug")) log_.threshold(sys::log_level::debug);
    globals_ = OCIKIT_TRY(decide_globals(options, who));
    globals_.command_line = all_;
    log_.format(globals_.log_format);
    if (!globals_.log.empty()) log_.write_to(OCIKIT_TRY(sys::open_log_file(globals_.log)));
    root_is_ours_to_make_ = !globals_.root_given && state_is_below_runtime_dir(who);
    return {};
  }

  int dispatch(std::span<const zstring_view> words) {
    if (words.empty()) return show(program_help(program_));
    const std::string_view name = words.front();
    const arguments after = rest_.last(words.size() - 1);
    if (name == "help" || name == "h") return show_help_of(after);
    const command* const what = find_command(name);
    return what == nullptr ? no_such_topic(name) : start(*what, after);
  }

  int show_help_of(arguments its) {
    const auto options = parse_options({}, its, false);
    if (!options) return refuse("Incorrect Usage: ", options.error().message, program_help(program_));
    if (options->help || options->positionals.empty()) return show(program_help(program_));
    const std::string_view topic = options->positionals.front();
    const command* const what = find_command(topic);
    return what == nullptr ? no_such_topic(topic) : show(command_help(*what, program_));
  }

  int start(const command& what, arguments its) {
    auto options = parse_options(what.options, its, what.stops_at_first_positional);
    if (!options) return refuse("Incorrect Usage: ", options.error().message, command_help(what, program_));
    if (options->help) return show(command_help(what, program_));
    if (const auto wrong = positional_count_complaint(what, options->positionals.size(), path_)) {
      print("Incorrect Usage.\n\n" + command_help(what, program_));
      return report(*wrong, failed);
    }
    const auto status = carry_out(what, *std::move(options));
    if (const auto traced = trace_.write(program_); !traced) log_.warning(traced.error().message());
    return status ? *status : report(prefix_of(what) + status.error().message(), what.failure_status);
  }

  result<int> carry_out(const command& what, option_values options) {
    if (root_is_ours_to_make_ && !what.stateless) OCIKIT_TRY(make_rootless_root(globals_.root));
    const sys::traced all{[&] { return std::string{what.name}; }};
    return what.run(invocation{what, std::move(options), globals_, log_});
  }

  [[nodiscard]] std::string prefix_of(const command& what) const {
    std::string prefix{what.failure_prefix};
    if (prefix.starts_with("{}")) prefix.replace(0, 2, program_);
    return prefix;
  }

  int no_such_topic(std::string_view name) {
    return report("No help topic for '" + std::string{name} + "'", unknown_command);
  }

  int refuse(std::string_view head, const std::string& why, const std::string& help) {
    print(std::string{head} + why + "\n\n" + help);
    return report(why, failed);
  }

  int show(const std::string& text) {
    const auto shown = sys::write_all(fd_view{1}, text);
    return shown ? 0 : report(shown.error().message(), failed);
  }

  int report(const std::string& message, int status) {
    log_.failure(message);
    return status;
  }

  arguments all_;
  std::string_view path_;
  std::string_view program_;
  arguments rest_;
  globals globals_;
  bool root_is_ours_to_make_ = false;
  sys::logger log_;
  trace_file trace_;
};

}  // namespace

int run_program(arguments all) { return session{all}.run(); }

}  // namespace ocikit::runtime
