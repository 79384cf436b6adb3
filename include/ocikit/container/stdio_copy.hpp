// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include <ocikit/base/error.hpp>
#include <ocikit/base/unique_fd.hpp>
#include <ocikit/container/console.hpp>
#include <ocikit/container/relay.hpp>
#include <ocikit/sys/call.hpp>

namespace ocikit::container {

/// The caller's standard streams, or what stands for them in a test.
struct standard_streams {
  fd_view in{STDIN_FILENO};
  fd_view out{STDOUT_FILENO};
  fd_view err{STDERR_FILENO};
};

/// What is copied between the caller's standard streams and a process in the foreground: nothing, one terminal, or
/// three pipes.
///
/// When an output of the caller's is closed, so is the container's end: its next write gets EPIPE, its terminal hangs
/// up. That is what would have happened without us between them.
class stdio_copy {
 public:
  /// The process has our streams itself.
  [[nodiscard]] static stdio_copy inherited() { return {}; }

  /// The process has the slave of `master`, and our terminal `own` is in raw mode while the result lives.
  /// `own` comes from `open_own_terminal()`, best called before the container is made. Errors: system.
  [[nodiscard]] static result<stdio_copy> terminal(unique_fd master, unique_fd own, standard_streams streams = {}) {
    stdio_copy made;
    OCIKIT_TRY(stop_waiting(master));
    OCIKIT_TRY(disable_newline_translation(master));
    made.input_ = relay{{streams.in, kind::shared}, {master, kind::pty_master}};
    made.outputs_[0] = relay{{master, kind::pty_master}, {streams.out, kind::shared}};
    made.ends_[0] = std::move(master);
    made.own_ = std::move(own);
    made.resize();
    made.raw_.emplace(OCIKIT_TRY(raw_terminal::enter(made.own_)));
    return made;
  }

  /// The process has the other ends of these pipes: `in` is written to, `out` and `err` are read. Errors: system.
  [[nodiscard]] static result<stdio_copy> pipes(unique_fd in, unique_fd out, unique_fd err,
                                                standard_streams streams = {}) {
    stdio_copy made;
    for (const fd_view end : {in.view(), out.view(), err.view()}) OCIKIT_TRY(stop_waiting(end));
    made.input_ = relay{{streams.in, kind::shared}, {in, kind::pipe}};
    made.outputs_[0] = relay{{out, kind::pipe}, {streams.out, kind::shared}};
    made.outputs_[1] = relay{{err, kind::pipe}, {streams.err, kind::shared}};
    made.ends_ = {std::move(out), std::move(err)};
    made.input_end_ = std::move(in);
    return made;
  }

  /// Gives the pty the size of our terminal. Nothing happens without one, or when it has gone.
  void resize() noexcept {
    if (own_ && ends_[0]) (void)copy_window_size(own_, ends_[0]);
  }

  static constexpr std::size_t most_polled = 6;

  /// Fills in what to poll, -1 where there is nothing to wait for.
  void fill(std::span<::pollfd, most_polled> polled) const noexcept {
    constexpr ::pollfd none{-1, 0, 0};
    for (std::size_t i = 0; i < relays; ++i) {
      const auto& one = at(i);
      polled[2 * i] = one ? one->source() : none;
      polled[2 * i + 1] = one ? one->sink() : none;
    }
  }

  /// Copies what poll(2) found ready. A source is at once ready again when it has been `fill`ed in.
  void pump(std::span<const ::pollfd, most_polled> polled) {
    for (std::size_t i = 0; i < relays; ++i)
      if (auto& one = at(i)) one->pump(polled[2 * i].revents != 0, polled[2 * i + 1].revents != 0);
    close_what_is_done();
  }

  /// A pty has no slave now; `wake` looks again.
  [[nodiscard]] bool resting() const noexcept { return outputs_[0] && outputs_[0]->resting(); }
  void wake() noexcept {
    if (outputs_[0]) outputs_[0]->wake();
  }

  /// The process is gone: no more input, and of the output what it left behind.
  void begin_draining() {
    input_.reset();
    input_end_.reset();
    for (auto& output : outputs_)
      if (output) output->begin_draining();
    drain();
  }
  /// Reads more of what was left behind where the last is written.
  void drain() {
    for (auto& output : outputs_)
      if (output) output->drain();
  }
  /// Everything left behind has been written, or cannot be.
  [[nodiscard]] bool drained() const noexcept {
    return (!outputs_[0] || outputs_[0]->finished()) && (!outputs_[1] || outputs_[1]->finished());
  }

  /// The errno of the first of our outputs that could not be written to; 0 when all could.
  [[nodiscard]] int output_error() const noexcept {
    for (const auto& output : outputs_)
      if (output && output->write_error() != 0) return output->write_error();
    return 0;
  }

 private:
  using kind = relay_end::kind;
  static constexpr std::size_t relays = most_polled / 2;

  [[nodiscard]] static result<void> stop_waiting(fd_view fd) {
    const auto flags = sys::raw::fcntl(fd.get(), F_GETFL, 0);
    const auto set = sys::raw::failed(flags) ? flags : sys::raw::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK);
    if (!sys::raw::failed(set)) return {};
    return tl::unexpected(error::from_errno(sys::raw::errno_of(set), sys::call_text("fcntl", fd, "O_NONBLOCK")));
  }

  [[nodiscard]] std::optional<relay>& at(std::size_t i) noexcept { return i == 0 ? input_ : outputs_[i - 1]; }
  [[nodiscard]] const std::optional<relay>& at(std::size_t i) const noexcept {
    return i == 0 ? input_ : outputs_[i - 1];
  }

  void close_what_is_done() {
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (!outputs_[i] || outputs_[i]->write_error() == 0 || !ends_[i]) continue;
      if (own_ && input_) input_->abandon();  // it writes to the same master
      ends_[i].reset();
    }
    if (input_ && input_->finished()) input_end_.reset();
  }

  unique_fd own_;
  unique_fd input_end_;
  std::array<unique_fd, 2> ends_;  // of outputs_; the master is the first, for both ways
  std::optional<relay> input_;
  std::array<std::optional<relay>, 2> outputs_;
  std::optional<raw_terminal> raw_;  // last: it is restored before own_ is closed
};

}  // namespace ocikit::container
