// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "osteosome/core/units.hpp"

namespace osteosome::core {

inline constexpr double kSecondsPerDay = 86400;
inline constexpr double kSecondsPerMonth = kDaysPerMonth * kSecondsPerDay;  // 2 629 800, exactly

/// The one clock: an instant or a span of time as an exact decimal number of seconds. Every time that a user writes becomes one, and is added and
/// multiplied as one; `in` makes the double that the integrators see. So one instant is one double, by whatever route it was asked for.
/// Beyond 36 significant digits (twenty more than a double has) sums and products are rounded.
class Time {
 public:
  Time() = default;  ///< 0
  /// `value` units of `unit_seconds` seconds each, both taken for the shortest decimals that read back as these doubles: for a number with up to
  /// 15 digits, what was written. @pre both are finite
  explicit Time(double value, double unit_seconds = 1);
  [[nodiscard]] static Time microseconds(std::int64_t count);

  /// The double nearest to the time in units of `unit_seconds` seconds.
  [[nodiscard]] double in(double unit_seconds) const;
  /// Whole microseconds, rounded down; out of range: the nearest of -2^62 and 2^62.
  [[nodiscard]] std::int64_t whole_microseconds() const;

  [[nodiscard]] Time operator+(const Time& other) const;
  [[nodiscard]] Time operator*(std::int64_t count) const;
  [[nodiscard]] Time hundredth() const { return {digits_, exponent_ - 2}; }
  [[nodiscard]] std::strong_ordering operator<=>(const Time& other) const;
  [[nodiscard]] bool operator==(const Time& other) const { return (*this <=> other) == std::strong_ordering::equal; }

 private:
  __extension__ using Digits = __int128;
  Time(Digits digits, int exponent);

  Digits digits_ = 0;  // * 10^exponent_ seconds
  int exponent_ = 0;
};

/// The time that `text` ("8 h", "6 months") says. @throws Error as quantity_in.
[[nodiscard]] Time time_of(const UnitSystem& units, std::string_view text);

/// A unit that times are counted in.
struct TimeUnit {
  std::string name;    ///< "month"; what has no name of the usual ones is as it was written
  double seconds = 1;  ///< of one
};
/// The unit "months", or "mo". @throws as time_of.
[[nodiscard]] TimeUnit time_unit(const UnitSystem& units, const std::string& unit);

/// True for times, in one unit, that differ by rounding only: by no more than two units in the last place of a double. Files that were computed
/// (0.30000000000000004), and lags that formulas give, are so far off.
[[nodiscard]] bool same_instant(double a, double b);

/// Sorts by the member `time`; what has the same time keeps its order. What is sorted already takes no memory for it.
template <class Item>
void sort_by_time(std::vector<Item>& items) {
  const auto earlier = [](const Item& a, const Item& b) { return a.time < b.time; };
  if (!std::is_sorted(items.begin(), items.end(), earlier)) std::stable_sort(items.begin(), items.end(), earlier);
}

}  // namespace osteosome::core
