// SPDX-License-Identifier: Apache-2.0
//
// sd-helper [--parent SLICE] start|stop UNIT
// Starts or stops a transient unit over D-Bus (root: the system's, others: the user's manager), and waits for the job.
#include <getopt.h>

#include "unix_socket.hpp"

#if __has_include(<systemd/sd-bus.h>) && defined(OCIKIT_WITH_SD_BUS)
#include <systemd/sd-bus.h>

namespace {
using namespace ocikit;
using namespace ocikit::tools;

constexpr const char* manager_name = "org.freedesktop.systemd1";
constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* manager_interface = "org.freedesktop.systemd1.Manager";

int check(int code, const char* call) {
  if (code < 0) die(error::from_errno(-code, call));
  return code;
}

struct job {
  std::string path;
  std::string outcome;
};

int on_job_removed(sd_bus_message* signal, void* context, sd_bus_error*) {
  auto& waited = *static_cast<job*>(context);
  std::uint32_t id = 0;
  const char *path = nullptr, *unit = nullptr, *outcome = nullptr;
  check(sd_bus_message_read(signal, "uoss", &id, &path, &unit, &outcome), "sd_bus_message_read");
  if (waited.path == path) waited.outcome = outcome;
  return 0;
}

/// A slice hangs below its parent by name and only wants it to be there; other units are put into it.
void append_properties(sd_bus_message* call, const std::string& unit, const std::string& parent) {
  check(sd_bus_message_open_container(call, 'a', "(sv)"), "open properties");
  const std::string text = "a unit of the test suite: " + unit;
  check(sd_bus_message_append(call, "(sv)", "Description", "s", text.c_str()), "append Description");
  const bool slice = unit.size() > 6 && unit.compare(unit.size() - 6, 6, ".slice") == 0;
  if (!parent.empty() && slice)
    check(sd_bus_message_append(call, "(sv)", "Wants", "as", 1, parent.c_str()), "append Wants");
  if (!parent.empty() && !slice)
    check(sd_bus_message_append(call, "(sv)", "Slice", "s", parent.c_str()), "append Slice");
  check(sd_bus_message_append(call, "(sv)", "DefaultDependencies", "b", 0), "append DefaultDependencies");
  for (const char* name : {"MemoryAccounting", "CPUAccounting", "IOAccounting", "TasksAccounting"})
    check(sd_bus_message_append(call, "(sv)", name, "b", 1), "append accounting");
  check(sd_bus_message_close_container(call), "close properties");
  check(sd_bus_message_append(call, "a(sa(sv))", 0), "append no auxiliary units");
}

void run(sd_bus* bus, const std::string& verb, const std::string& unit, const std::string& parent) {
  job waited;
  check(sd_bus_match_signal(bus, nullptr, manager_name, manager_path, manager_interface, "JobRemoved", on_job_removed,
                            &waited),
        "match JobRemoved");
  sd_bus_message* call = nullptr;
  const bool start = verb == "start";
  check(sd_bus_message_new_method_call(bus, &call, manager_name, manager_path, manager_interface,
                                       start ? "StartTransientUnit" : "StopUnit"),
        "new method call");
  check(sd_bus_message_append(call, "ss", unit.c_str(), "replace"), "append unit");
  if (start) append_properties(call, unit, parent);
  sd_bus_error failed = SD_BUS_ERROR_NULL;
  sd_bus_message* reply = nullptr;
  if (const int code = sd_bus_call(bus, call, 0, &failed, &reply); code < 0)
    die(error::from_errno(-code, verb + " " + unit + ": " + (failed.message != nullptr ? failed.message : "D-Bus")));
  const char* path = nullptr;
  check(sd_bus_message_read(reply, "o", &path), "read job");
  waited.path = path;
  while (waited.outcome.empty()) {
    if (check(sd_bus_process(bus, nullptr), "sd_bus_process") == 0) check(sd_bus_wait(bus, UINT64_MAX), "sd_bus_wait");
  }
  if (waited.outcome != "done") die(error::state(verb + " " + unit + ": " + waited.outcome));
}

}  // namespace

int main(int argc, char** argv) {
  static constexpr option known[] = {{"parent", required_argument, nullptr, 'p'}, {nullptr, 0, nullptr, 0}};
  std::string parent;
  for (int key = 0; (key = ::getopt_long_only(argc, argv, "", known, nullptr)) != -1;) {
    if (key == 'p') parent = optarg;
    if (key == '?') return 2;
  }
  if (argc - optind != 2) usage("[--parent SLICE] start|stop UNIT");
  const std::string verb = argv[optind];
  if (verb != "start" && verb != "stop") usage("[--parent SLICE] start|stop UNIT");
  sd_bus* bus = nullptr;
  check(::geteuid() == 0 ? sd_bus_open_system(&bus) : sd_bus_open_user(&bus), "connect to systemd");
  run(bus, verb, argv[optind + 1], parent);
}
#else
int main() {
  std::fputs("sd-helper: built without libsystemd, so it cannot talk to systemd\n", stderr);
  return 1;
}
#endif
