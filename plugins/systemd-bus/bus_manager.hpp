// SPDX-License-Identifier: Apache-2.0
//
// systemd on D-Bus, by libsystemd's sd-bus. See: sd-bus(3); org.freedesktop.systemd1(5).
#pragma once

#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ocikit/base/error.hpp>
#include <ocikit/cgroups/bus_value.hpp>
#include <ocikit/cgroups/service_manager.hpp>

namespace ocikit::cgroups {

namespace detail {

struct close_bus {
  void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
};
struct unref_message {
  void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
};
using bus_handle = std::unique_ptr<sd_bus, close_bus>;
using message_handle = std::unique_ptr<sd_bus_message, unref_message>;

/// What a call came back with.
struct bus_reply {
  message_handle message;
  int code = 0;      ///< negative errno, 0 on success
  std::string name;  ///< of the error
  std::string text;  ///< what the other side said

  [[nodiscard]] bool is(std::string_view error_name) const { return name == error_name; }
};

/// Appends a value with all it consists of. Returns a negative errno on failure.
inline int append(sd_bus_message* to, const bus_value& value) {
  const auto append_all = [&](char kind, const std::string& content, const std::vector<bus_value>& items) {
    int r = sd_bus_message_open_container(to, kind, content.c_str());
    for (const auto& item : items)
      if (r >= 0) r = append(to, item);
    return r < 0 ? r : sd_bus_message_close_container(to);
  };
  return std::visit(
      [&](const auto& v) -> int {
        using type = std::decay_t<decltype(v)>;
        const char basic = value.signature()[0];
        if constexpr (std::is_same_v<type, bool>) {
          const int as_int = v ? 1 : 0;
          return sd_bus_message_append_basic(to, basic, &as_int);
        } else if constexpr (std::is_same_v<type, std::string>) {
          return sd_bus_message_append_basic(to, basic, v.c_str());
        } else if constexpr (std::is_same_v<type, bus_value::array>) {
          return append_all('a', v.element, v.items);
        } else if constexpr (std::is_same_v<type, bus_value::tuple>) {
          const std::string whole = value.signature();
          return append_all('r', whole.substr(1, whole.size() - 2), v.items);
        } else {
          return sd_bus_message_append_basic(to, basic, &v);
        }
      },
      value.is);
}

/// Appends properties as `a(sv)`.
inline int append(sd_bus_message* to, std::span<const unit_property> properties) {
  int r = sd_bus_message_open_container(to, 'a', "(sv)");
  for (const auto& each : properties) {
    if (r >= 0) r = sd_bus_message_open_container(to, 'r', "sv");
    if (r >= 0) r = sd_bus_message_append_basic(to, 's', each.name.c_str());
    if (r >= 0) r = sd_bus_message_open_container(to, 'v', each.value.signature().c_str());
    if (r >= 0) r = append(to, each.value);
    if (r >= 0) r = sd_bus_message_close_container(to);
    if (r >= 0) r = sd_bus_message_close_container(to);
  }
  return r < 0 ? r : sd_bus_message_close_container(to);
}

/// A path in a D-Bus address, where most characters are escaped.
[[nodiscard]] inline std::string address_of(std::string_view path) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "unix:path=";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                       c == '_' || c == '/' || c == '.' || c == '\\';
    if (plain)
      out += c;
    else
      (out += '%') += {digits[byte / 16U], digits[byte % 16U]};
  }
  return out;
}

}  // namespace detail

/// A service_manager that is asked over D-Bus. A connection that breaks, because systemd starts anew, is made again;
/// one that does not answer in time is given up.
class bus_manager final : public service_manager {
 public:
  /// The system's: DBUS_SYSTEM_BUS_ADDRESS, or systemd's own socket, or the system bus. A user's:
  /// DBUS_SESSION_BUS_ADDRESS, or systemd's own socket or the bus in XDG_RUNTIME_DIR.
  static result<std::unique_ptr<service_manager>> connect(bool of_user) {
    std::unique_ptr<bus_manager> made{new bus_manager{OCIKIT_TRY(endpoints(of_user)), of_user}};
    OCIKIT_TRY(made->open());
    return made;
  }

  result<unsigned> version() override {
    const auto text = OCIKIT_TRY(property("Version"));
    unsigned number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);  // 252.39-1~deb12u2
    if (number != 0) return number;
    return tl::unexpected(error::unsupported("systemd tells no version that is one: " + text.substr(0, 40)));
  }

  result<std::string> control_group() override { return property("ControlGroup"); }

  result<void> start(const std::string& unit, std::span<const unit_property> properties) override {
    const std::string doing = "unable to start unit \"" + unit + "\"";
    bool broken = false;
    auto reply = OCIKIT_TRY(call(
        "StartTransientUnit", doing,
        [&](sd_bus_message* m) {
          int r = sd_bus_message_append(m, "ss", unit.c_str(), "fail");
          if (r >= 0) r = detail::append(m, properties);
          return r < 0 ? r : sd_bus_message_append(m, "a(sa(sv))", 0);
        },
        &broken));
    if (reply.is("org.freedesktop.systemd1.UnitExists")) {
      // Said to a question that had to be asked twice, this means that the first one was heard.
      if (broken) return wait_for_state(unit, true, doing, clock::now() + job_patience);
      return tl::unexpected(error::from_errno(EEXIST, doing + ": " + reply.text));
    }
    if (reply.code != 0) return refused(reply, doing);
    return wait_for_job(unit, reply, true, doing);
  }

  result<std::string> control_group_of(const std::string& unit) override {
    const std::string path = OCIKIT_TRY(path_of(unit));
    return property("ControlGroup", path.c_str(), "org.freedesktop.systemd1.Scope");
  }

  result<void> set_properties(const std::string& unit, std::span<const unit_property> properties) override {
    const std::string doing = "unable to set properties of unit \"" + unit + "\"";
    const auto reply = OCIKIT_TRY(call("SetUnitProperties", doing, [&](sd_bus_message* m) {
      const int r = sd_bus_message_append(m, "sb", unit.c_str(), 1);
      return r < 0 ? r : detail::append(m, properties);
    }));
    return reply.code == 0 ? result<void>{} : refused(reply, doing);
  }

  result<void> stop(const std::string& unit) override {
    const std::string doing = "unable to stop unit \"" + unit + "\"";
    const auto reply = OCIKIT_TRY(call(
        "StopUnit", doing, [&](sd_bus_message* m) { return sd_bus_message_append(m, "ss", unit.c_str(), "replace"); }));
    if (reply.is(no_such_unit)) return {};
    if (reply.code != 0) return refused(reply, doing);
    return wait_for_job(unit, reply, false, doing);
  }

  result<void> reset_failed(const std::string& unit) override {
    const std::string doing = "unable to reset unit \"" + unit + "\"";
    const auto reply = OCIKIT_TRY(
        call("ResetFailedUnit", doing, [&](sd_bus_message* m) { return sd_bus_message_append(m, "s", unit.c_str()); }));
    return reply.code == 0 || reply.is(no_such_unit) ? result<void>{} : refused(reply, doing);
  }

  result<void> attach(const std::string& unit, const std::string& below, pid_t pid) override {
    const std::string doing = "unable to attach process " + std::to_string(pid) + " to unit \"" + unit + "\"";
    const auto reply = OCIKIT_TRY(call("AttachProcessesToUnit", doing, [&](sd_bus_message* m) {
      return sd_bus_message_append(m, "ssau", unit.c_str(), below.c_str(), 1, static_cast<std::uint32_t>(pid));
    }));
    return reply.code == 0 ? result<void>{} : refused(reply, doing);
  }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds call_patience{30}, job_patience{30}, look_again{1};
  static constexpr const char *service = "org.freedesktop.systemd1", *object = "/org/freedesktop/systemd1",
                              *manager_interface = "org.freedesktop.systemd1.Manager",
                              *no_such_unit = "org.freedesktop.systemd1.NoSuchUnit";

  struct endpoint {
    std::string address;
    bool has_broker;  ///< between us and systemd
  };
  struct finished_job {
    std::string job, outcome;
  };

  bus_manager(std::vector<endpoint> endpoints, bool of_user) : endpoints_{std::move(endpoints)}, of_user_{of_user} {}

  static result<std::vector<endpoint>> endpoints(bool of_user) {
    if (const char* named = ::secure_getenv(of_user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS"))
      return std::vector<endpoint>{{named, true}};
    if (!of_user)
      return std::vector<endpoint>{{"unix:path=/run/systemd/private", false},
                                   {"unix:path=/run/dbus/system_bus_socket", true}};
    const char* directory = ::secure_getenv("XDG_RUNTIME_DIR");
    if (directory == nullptr || *directory == '\0')
      return tl::unexpected(
          error::unsupported("neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR leads to a systemd of the user's"));
    const std::string in = directory;
    return std::vector<endpoint>{{detail::address_of(in + "/systemd/private"), false},
                                 {detail::address_of(in + "/bus"), true}};
  }

  static std::uint64_t microseconds_left(clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(until - clock::now());
    return static_cast<std::uint64_t>(std::max<std::int64_t>(left.count(), 0));
  }

  static constexpr std::uint64_t microseconds_of(std::chrono::microseconds time) {
    return static_cast<std::uint64_t>(time.count());
  }

  [[nodiscard]] std::string whose() const { return of_user_ ? "the user's systemd" : "systemd"; }

  // ---- the connection

  /// Tries each endpoint in turn. Errors: unsupported when none is there; system, ETIMEDOUT.
  result<void> open() {
    int code = 0;
    for (const auto& each : endpoints_) {
      code = open(each, clock::now() + call_patience);
      if (code >= 0) return check_peer(each);
      bus_.reset();
      if (code == -ETIMEDOUT) return out_of_time("connecting to " + whose() + " at " + each.address);
    }
    return tl::unexpected(error::unsupported("cannot connect to " + whose() + " at " + endpoints_.back().address +
                                             ": " + errno_text(-code)));
  }

  int open(const endpoint& to, clock::time_point until) {
    sd_bus* made = nullptr;
    int r = sd_bus_new(&made);
    if (r < 0) return r;
    bus_.reset(made);
    r = sd_bus_set_address(made, to.address.c_str());
    if (r >= 0) r = sd_bus_set_bus_client(made, to.has_broker ? 1 : 0);
    if (r >= 0) r = sd_bus_set_method_call_timeout(made, std::chrono::microseconds{call_patience}.count());
    if (r >= 0) r = sd_bus_start(made);
    while (r >= 0 && (r = sd_bus_is_ready(made)) == 0) {
      if (microseconds_left(until) == 0) return -ETIMEDOUT;
      r = sd_bus_process(made, nullptr);
      if (r == 0) r = sd_bus_wait(made, microseconds_left(until));
      if (r == -EINTR) r = 0;
    }
    finished_.clear();
    if (r >= 0)
      r = sd_bus_match_signal(made, nullptr, to.has_broker ? service : nullptr, object, manager_interface, "JobRemoved",
                              &bus_manager::note_job, this);
    return r;
  }

  /// Processes are named by number, which means something else in another pid namespace.
  [[nodiscard]] result<void> check_peer(const endpoint& to) {
    struct ::ucred peer {};
    ::socklen_t size = sizeof peer;
    if (::getsockopt(sd_bus_get_fd(bus_.get()), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid != 0) return {};
    bus_.reset();
    return tl::unexpected(error::unsupported(whose() + " at " + to.address + " is in another pid namespace"));
  }

  static int note_job(sd_bus_message* signal, void* to, sd_bus_error*) {
    std::uint32_t id = 0;
    const char *job = nullptr, *unit = nullptr, *outcome = nullptr;
    if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &outcome) < 0) return 0;
    try {
      static_cast<bus_manager*>(to)->finished_.push_back({job, outcome});
    } catch (...) {
      return -ENOMEM;
    }
    return 0;
  }

  /// sd-bus says ETIMEDOUT of a connection that broke, too: then far too early.
  static bool is_broken(int code, clock::time_point asked) {
    if (code == -ETIMEDOUT) return clock::now() - asked < call_patience / 2;
    return code == -ECONNRESET || code == -ENOTCONN || code == -EPIPE || code == -ECONNABORTED || code == -ESHUTDOWN;
  }

  /// Gives the connection up for good: whoever does not answer once is not asked again.
  tl::unexpected<error> out_of_time(const std::string& doing) {
    bus_.reset();
    given_up_ = true;
    return tl::unexpected(error::from_errno(ETIMEDOUT, doing));
  }

  // ---- calls

  /// Calls a method of the manager's. `broken` is set when the connection broke meanwhile and the call was made again.
  template <class Fill>
  result<detail::bus_reply> call(const char* method, const std::string& doing, Fill fill, bool* broken = nullptr) {
    for (bool again = true;; again = false) {
      if (given_up_) return tl::unexpected(error::from_errno(ETIMEDOUT, doing));
      if (!bus_) OCIKIT_TRY(reopen(doing));
      const auto asked = clock::now();
      auto reply = call_once(method, fill);
      if (reply.code == 0 || !is_broken(reply.code, asked)) {
        if (reply.code == -ETIMEDOUT) return out_of_time(doing);
        return reply;
      }
      bus_.reset();
      if (!again) return tl::unexpected(error::from_errno(-reply.code, doing));
      if (broken != nullptr) *broken = true;
    }
  }

  template <class Fill>
  detail::bus_reply call_once(const char* method, Fill fill) {
    detail::bus_reply out;
    sd_bus_message* made = nullptr;
    out.code = sd_bus_message_new_method_call(bus_.get(), &made, service, object, manager_interface, method);
    if (out.code < 0) return out;
    const detail::message_handle question{made};
    out.code = fill(made);
    if (out.code < 0) {
      out.text = "not a value that D-Bus can carry";
      return out;
    }
    sd_bus_error said = SD_BUS_ERROR_NULL;
    sd_bus_message* answer = nullptr;
    out.code = std::min(sd_bus_call(bus_.get(), made, 0, &said, &answer), 0);
    out.message.reset(answer);
    if (said.name != nullptr) out.name = said.name;
    if (said.message != nullptr) out.text = said.message;
    sd_bus_error_free(&said);
    return out;
  }

  static tl::unexpected<error> refused(const detail::bus_reply& reply, const std::string& doing) {
    std::string text = doing + ": " + (reply.text.empty() ? errno_text(-reply.code) : reply.text);
    std::replace(text.begin(), text.end(), '\n', ' ');
    const bool ours = reply.is("org.freedesktop.DBus.Error.InvalidArgs") || reply.code == -EINVAL ||
                      reply.is("org.freedesktop.DBus.Error.PropertyReadOnly");
    return tl::unexpected(ours ? error::config("", std::move(text)) : error::unsupported(std::move(text)));
  }

  result<std::string> property(const char* name, const char* path = object, const char* interface = manager_interface) {
    const std::string doing = "asking " + whose() + " for the " + name + " of " + path;
    for (bool again = true;; again = false) {
      if (given_up_) return tl::unexpected(error::from_errno(ETIMEDOUT, doing));
      if (!bus_) OCIKIT_TRY(reopen(doing));
      std::string value;
      const auto asked = clock::now();
      const int code = read_property(path, interface, name, value);
      if (code >= 0) return value;
      const bool broken = is_broken(code, asked);
      if (code == -ETIMEDOUT && !broken) return out_of_time(doing);
      if (!broken || !again) return tl::unexpected(error::from_errno(-code, doing));
      bus_.reset();
    }
  }

  static result<std::string> path_of(const std::string& unit) {
    char* encoded = nullptr;
    if (sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &encoded) < 0)
      return tl::unexpected(error::from_errno(ENOMEM, "sd_bus_path_encode"));
    const std::unique_ptr<char, void (*)(void*)> owned{encoded, &std::free};
    return std::string{encoded};
  }

  int read_property(const char* path, const char* interface, const char* name, std::string& to) {
    char* text = nullptr;
    sd_bus_error said = SD_BUS_ERROR_NULL;
    const int code = sd_bus_get_property_string(bus_.get(), service, path, interface, name, &said, &text);
    sd_bus_error_free(&said);
    const std::unique_ptr<char, void (*)(void*)> owned{text, &std::free};
    if (code >= 0 && text != nullptr) to = text;
    return code;
  }

  /// While systemd starts anew nobody listens for a moment.
  result<void> reopen(const std::string& doing) {
    const auto until = clock::now() + call_patience;
    for (;;) {
      auto done = open();
      if (done || given_up_) return done;
      if (microseconds_left(until) == 0) return tl::unexpected(std::move(done).error().within(doing));
      (void)::usleep(20000);
    }
  }

  // ---- jobs

  result<void> wait_for_job(const std::string& unit, const detail::bus_reply& reply, bool active,
                            const std::string& doing) {
    const auto until = clock::now() + job_patience;
    const char* path = nullptr;
    if (sd_bus_message_read(reply.message.get(), "o", &path) < 0)
      return tl::unexpected(error::unsupported(doing + ": systemd's answer names no job"));
    const std::string job = path;
    for (;;) {
      const auto found =
          std::find_if(finished_.begin(), finished_.end(), [&](const finished_job& each) { return each.job == job; });
      if (found != finished_.end()) {
        const std::string outcome = found->outcome;
        finished_.clear();
        if (outcome == "done" || !active) return {};
        return tl::unexpected(error::state(doing + ": got \"" + outcome + "\""));
      }
      if (microseconds_left(until) == 0)
        return tl::unexpected(error::state(doing + ": no word of its job in 30 seconds"));
      int code = sd_bus_process(bus_.get(), nullptr);
      if (code == 0) {
        code = sd_bus_wait(bus_.get(), std::min(microseconds_left(until), microseconds_of(look_again)));
        if (code == 0 && !exists(job)) return wait_for_state(unit, active, doing, until);
      }
      if (code < 0 && code != -EINTR) return wait_for_state(unit, active, doing, until);
    }
  }

  /// Whether the job has not ended. The signal that tells of its end may have been lost.
  [[nodiscard]] bool exists(const std::string& job) {
    std::string state;
    return read_property(job.c_str(), "org.freedesktop.systemd1.Job", "State", state) >= 0;
  }

  /// Whether systemd is still at work on the unit at `path`.
  [[nodiscard]] bool has_job(const std::string& path) {
    sd_bus_message* answer = nullptr;
    sd_bus_error said = SD_BUS_ERROR_NULL;
    const int code = sd_bus_get_property(bus_.get(), service, path.c_str(), "org.freedesktop.systemd1.Unit", "Job",
                                         &said, &answer, "(uo)");
    sd_bus_error_free(&said);
    const detail::message_handle owned{answer};
    std::uint32_t id = 0;
    const char* job = nullptr;
    return code >= 0 && sd_bus_message_read(answer, "(uo)", &id, &job) >= 0 && id != 0;
  }

  /// Nobody will tell what became of the job, because the connection broke: looks at the unit itself.
  result<void> wait_for_state(const std::string& unit, bool active, const std::string& doing, clock::time_point until) {
    const std::string path = OCIKIT_TRY(path_of(unit));
    while (microseconds_left(until) > 0) {
      std::string state;
      if (bus_ || open()) {
        const int code = read_property(path.c_str(), "org.freedesktop.systemd1.Unit", "ActiveState", state);
        if (code < 0) bus_.reset();
      }
      if (given_up_) break;
      if (bus_ && has_job(path)) {
        // Its state may still be the one before.
      } else if (state == "active") {
        if (active) return {};
      } else if (state == "failed" || state == "inactive") {
        if (!active) return {};
        return tl::unexpected(error::state(doing + ": it is " + state));
      }
      (void)::usleep(20000);
    }
    return tl::unexpected(error::state(doing + ": no word of its job in 30 seconds"));
  }

  std::vector<endpoint> endpoints_;
  bool of_user_;
  bool given_up_ = false;
  detail::bus_handle bus_;
  std::vector<finished_job> finished_;
};

}  // namespace ocikit::cgroups
