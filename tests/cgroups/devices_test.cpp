// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <vector>

#include <ocikit/cgroups/device_filter.hpp>
#include <ocikit/cgroups/device_rules.hpp>

#include "catch.hpp"

using namespace ocikit;
using namespace ocikit::cgroups;

namespace {

spec::device_rule rule(bool allow, char type, std::optional<std::int64_t> major, std::optional<std::int64_t> minor,
                       std::string access) {
  return {allow, static_cast<spec::device_rule_type>(type), major, minor, std::move(access)};
}
const auto deny_all = rule(false, 'a', {}, {}, "rwm");
const auto allow_all = rule(true, 'a', {}, {}, "rwm");

/// Rule sets that between them use every kind of rule, with both defaults.
const std::vector<std::vector<spec::device_rule>> rule_sets = {
    {},
    {deny_all},
    {allow_all},
    {deny_all, rule(true, 'c', 1, 11, "r")},
    {deny_all, rule(true, 'c', 1, {}, "rw"), rule(true, 'c', 1, 11, "m")},
    {deny_all, rule(true, 'b', {}, {}, "rwm")},
    {deny_all, rule(true, 'b', 8, -1, "r"), rule(true, 'b', {}, 3, "w")},
    {deny_all, rule(true, 'c', 4, 4, "rwm"), rule(false, 'c', 4, 4, "w")},
    {allow_all, rule(false, 'c', 1, 11, "w")},
    {allow_all, rule(false, 'b', {}, {}, "rw"), rule(false, 'b', 8, 3, "rwm")},
    {allow_all, rule(false, 'b', 8, {}, "m"), rule(false, 'c', {}, 11, "rwm")},
    {deny_all, rule(true, 'c', 5000, 1, "rwm"), rule(true, 'c', 1, 1 << 20, "rwm")},
    {deny_all, rule(true, 'c', 4095, 1048575, "rwm"), rule(true, 'c', 0, 0, "r")},
    {deny_all, rule(true, 'c', {}, {}, "rwm"), rule(true, 'b', {}, {}, "rwm")},
    {allow_all, rule(false, 'c', 4, {}, "rwm"), rule(false, 'b', 4095, 11, "r"), rule(false, 'b', 8, 3, "w")},
};

/// Runs a device program as the kernel would. Nothing but the instructions that such a program may use.
std::optional<bool> run(const std::vector<bpf_insn>& program, std::uint32_t type, std::uint32_t access,
                        std::uint32_t major, std::uint32_t minor) {
  const std::uint32_t context[3] = {access << 16 | type, major, minor};
  std::uint64_t r[11] = {};
  r[1] = 1;  // stands for the context
  for (std::size_t at = 0; at < program.size(); ++at) {
    const auto& i = program[at];
    auto& to = r[i.dst_reg];
    const auto immediate = static_cast<std::uint64_t>(std::int64_t{i.imm});
    const auto jump = [&](bool taken) {
      if (taken) at = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(at) + i.off);
    };
    switch (i.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        if (r[i.src_reg] != 1 || i.src_reg != 1 || i.off % 4 != 0 || i.off < 0 || i.off > 8) return std::nullopt;
        to = context[i.off / 4];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_X:
        to = r[i.src_reg];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        to = immediate;
        break;
      case BPF_ALU64 | BPF_AND | BPF_K:
        to &= immediate;
        break;
      case BPF_ALU64 | BPF_OR | BPF_X:
        to |= r[i.src_reg];
        break;
      case BPF_ALU64 | BPF_LSH | BPF_K:
        to <<= immediate;
        break;
      case BPF_ALU64 | BPF_RSH | BPF_K:
        to >>= immediate;
        break;
      case BPF_ALU64 | BPF_ARSH | BPF_K:
        to = static_cast<std::uint64_t>(static_cast<std::int64_t>(to) >> immediate);
        break;
      case BPF_JMP | BPF_JA | BPF_K:
        jump(true);
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        jump(to != immediate);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        jump((to & immediate) != 0);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        jump(to == immediate);
        break;
      case BPF_JMP | BPF_EXIT:
        return r[0] != 0;
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;  // ran off the end: the kernel would refuse to load it
}

/// What the kernel's verifier asks of every instruction.
bool all_can_be_reached(const std::vector<bpf_insn>& program) {
  std::vector<bool> reached(program.size());
  reached[0] = true;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const auto code = program[at].code;
    const bool jumps = BPF_CLASS(code) == BPF_JMP;
    if (!reached[at]) return false;
    if (jumps && BPF_OP(code) == BPF_EXIT) continue;
    if (jumps) reached.at(at + 1 + static_cast<std::size_t>(program[at].off)) = true;
    if (!jumps || BPF_OP(code) != BPF_JA) reached.at(at + 1) = true;
  }
  return true;
}

}  // namespace

TEST_CASE("of an access the letter a grants nothing, as in runc") {
  CHECK(*evaluate_devices(std::vector{rule(true, 'c', 1, 11, "rwa")}) ==
        *evaluate_devices(std::vector{rule(true, 'c', 1, 11, "rw")}));
}

TEST_CASE("without rules everything is denied but the devices of every container") {
  const auto d = evaluate_devices({});
  REQUIRE(d);
  CHECK(!d->allows_by_default());
  CHECK(d->allows('c', 1, 3, may_all));
  CHECK(d->allows('c', 136, 77, may_read | may_write));
  CHECK(d->allows('b', 8, 0, may_mknod));
  CHECK(!d->allows('b', 8, 0, may_read));
  CHECK(!d->allows('c', 1, 11, may_read));
  CHECK(!d->allows('c', 1, 11, may_read | may_mknod));  // no single exception grants both
}

TEST_CASE("a rule for all devices resets the list, whatever its numbers and access say") {
  const std::vector<spec::device_rule> rules = {rule(true, 'c', 1, 11, "rwm"), rule(false, 'a', 1, 2, "r")};
  CHECK(!evaluate_devices(rules)->allows('c', 1, 11, may_read));
  spec::device_rule no_type{true, {}, 9, 9, "m"};
  CHECK(evaluate_devices(std::vector{no_type})->allows_everything());
}

TEST_CASE("a later rule overrides an earlier one, but cannot take a part out of a wider one") {
  const std::vector<spec::device_rule> over = {rule(true, 'c', 4, 4, "rwm"), rule(false, 'c', 4, 4, "w")};
  const auto d = evaluate_devices(over);
  REQUIRE(d);
  CHECK(d->allows('c', 4, 4, may_read));
  CHECK(!d->allows('c', 4, 4, may_read | may_write));
  const std::vector<spec::device_rule> hole = {rule(true, 'c', 4, {}, "rwm"), rule(false, 'c', 4, 4, "w")};
  const auto refused = evaluate_devices(hole);
  REQUIRE(!refused);
  CHECK(refused.error().message() ==
        "requested rule [c 4:4 w] not supported by devices cgroupv1 (cannot punch hole in existing wildcard rule "
        "[c 4:* rwm]) (config.json#/linux/resources/devices/1)");
}

TEST_CASE("a rule that says nothing clear is an error at its field") {
  const std::pair<spec::device_rule, const char*> rows[] = {
      {rule(true, 'c', 1, 1, ""),
       "device access at 0 field cannot be empty (config.json#/linux/resources/devices/0/access)"},
      {rule(true, 'x', 1, 1, "r"), "invalid cgroup device type \"x\" (config.json#/linux/resources/devices/0/type)"},
      {rule(true, 'c', 1, 1, "rx"),
       "device access \"rx\" has letters other than r, w and m (config.json#/linux/resources/devices/0/access)"},
      {rule(true, 'c', -2, 1, "r"), "no device has the number -2 (config.json#/linux/resources/devices/0/major)"},
      {rule(true, 'c', 1, 1LL << 40, "r"),
       "no device has the number 1099511627776 (config.json#/linux/resources/devices/0/minor)"},
  };
  for (const auto& [bad, message] : rows) CHECK(evaluate_devices(std::vector{bad}).error().message() == message);
}

TEST_CASE("the eBPF program agrees with the evaluator on every rule set, device and access") {
  const std::int64_t majors[] = {0, 1, 4, 5, 8, 10, 136, 4095}, minors[] = {0, 1, 3, 4, 11, 200, 1048575};
  int asked = 0, allowed = 0;
  for (std::size_t set = 0; set < rule_sets.size(); ++set) {
    const auto devices = evaluate_devices(rule_sets[set]);
    REQUIRE(devices);
    const auto program = assemble_device_filter(*devices);
    for (const char type : {'b', 'c'})
      for (const auto major : majors)
        for (const auto minor : minors)
          for (device_access access = 1; access <= may_all; ++access) {
            const bool want = devices->allows(type, major, minor, access);
            const auto got = run(program, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, access,
                                 static_cast<std::uint32_t>(major), static_cast<std::uint32_t>(minor));
            ++asked;
            allowed += want ? 1 : 0;
            if (got == want) continue;
            INFO("set " << set << ": " << type << " " << major << ":" << minor << " access " << int{access});
            REQUIRE(got == want);
          }
  }
  CHECK(allowed > 1000);
  CHECK(asked - allowed > 1000);
}

TEST_CASE("the program is as short as its rules: what a wider exception implies takes no instructions") {
  CHECK(assemble_device_filter(*evaluate_devices(std::vector{allow_all})).size() == 2);
  const auto usual = assemble_device_filter(*evaluate_devices({})).size();
  CHECK(usual <= 32);
  const std::vector<spec::device_rule> all_char = {rule(true, 'c', {}, {}, "rwm")};
  CHECK(assemble_device_filter(*evaluate_devices(all_char)).size() < 16);
}

TEST_CASE("a rule more for one device takes one instruction more, which can be reached") {
  std::vector<spec::device_rule> rules = {rule(true, 'b', 8, 0, "rwm")};
  const auto size = assemble_device_filter(*evaluate_devices(rules)).size();
  rules.push_back(rule(true, 'b', 8, 1, "rwm"));
  CHECK(assemble_device_filter(*evaluate_devices(rules)).size() == size + 1);
  for (const auto& set : rule_sets) CHECK(all_can_be_reached(assemble_device_filter(*evaluate_devices(set))));
}

TEST_CASE("a program that its jumps could not pass is not loaded") {
  std::vector<spec::device_rule> rules;
  for (int minor = 0; minor < 256; ++minor) rules.push_back(rule(true, 'b', 8, minor, "rwm"));
  const auto one = assemble_device_filter(*evaluate_devices(rules));
  std::vector<bpf_insn> many;
  while (many.size() <= 32767) many.insert(many.end(), one.begin(), one.end());
  const auto refused = cgroups::detail::load_filter(many);
  REQUIRE(!refused);
  CHECK(refused.error().message() ==
        "device rules of " + std::to_string(many.size()) + " instructions, of which an eBPF program can have 32767");
}

TEST_CASE("v1: what the kernel shows of its list is read back") {
  CHECK(parse_device_list("a *:* rwm\n")->allows_everything());
  const auto d = parse_device_list("c 1:3 rwm\nb *:* m\nc 136:* rw\n");
  REQUIRE(d);
  CHECK(d->exceptions() == std::vector<device_exception>{{'c', 1, 3, may_all},
                                                         {'b', device_exception::any, device_exception::any, may_mknod},
                                                         {'c', 136, device_exception::any, may_read | may_write}});
  CHECK(!parse_device_list("nonsense\n"));
}

TEST_CASE("v1: the fewest writes that lead from one list to the other") {
  const auto usual = *evaluate_devices({});
  const auto everything = *evaluate_devices(std::vector{allow_all});
  const auto from_all = plan_device_writes(everything, usual);
  REQUIRE(from_all.size() == 12);
  CHECK(from_all[0] == device_write{false, "a"});
  CHECK(from_all[1] == device_write{true, "c *:* m"});
  CHECK(plan_device_writes(usual, usual).empty());
  const auto more = *evaluate_devices(std::vector{rule(true, 'c', 1, 11, "r")});
  CHECK(plan_device_writes(usual, more) == std::vector{device_write{true, "c 1:11 r"}});
  CHECK(plan_device_writes(more, usual) == std::vector{device_write{false, "c 1:11 r"}});
  CHECK(plan_device_writes(usual, everything) == std::vector{device_write{true, "a"}});
  const auto withheld = *evaluate_devices(std::vector{allow_all, rule(false, 'c', 1, 11, "w")});
  CHECK(plan_device_writes(usual, withheld) == std::vector{device_write{true, "a"}, device_write{false, "c 1:11 w"}});
}
