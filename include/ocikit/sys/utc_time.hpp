// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include <chrono>

namespace ocikit::sys {

/// `when` in UTC, as gmtime_r(3) has it. That one reads the local zone's rules first, whose file takes six system
/// calls. Pure.
[[nodiscard]] inline struct ::tm utc_time(time_t when) {
  const std::chrono::sys_seconds moment{std::chrono::seconds{when}};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{moment - day};
  struct ::tm out {};
  out.tm_year = static_cast<int>(date.year()) - 1900;
  out.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  out.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  out.tm_hour = static_cast<int>(clock.hours().count());
  out.tm_min = static_cast<int>(clock.minutes().count());
  out.tm_sec = static_cast<int>(clock.seconds().count());
  out.tm_wday = static_cast<int>(std::chrono::weekday{day}.c_encoding());
  out.tm_yday = static_cast<int>((day - std::chrono::sys_days{date.year() / 1 / 1}).count());
  return out;
}

}  // namespace ocikit::sys
