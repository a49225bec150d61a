// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace osteosome::core {
namespace {

__extension__ using Int = __int128;

constexpr double kExact = 9007199254740992;  // 2^53: whole numbers up to here are doubles
constexpr int kMostDigits = 36;              // of sums and products: 128 bits hold 38
constexpr int kQuotientDigits = 30;          // far more than decide how a double is rounded

struct Decimal {
  Int digits = 0;
  int exponent = 0;
};

Int power_of_ten(int n) {
  Int p = 1;
  for (; n > 0; --n) p *= 10;
  return p;
}

int digits_in(Int x) {
  constexpr std::int64_t chunk = 1'000'000'000'000'000'000;
  int n = 0;
  for (; x >= chunk || x <= -chunk; x /= chunk) n += 18;
  for (auto low = static_cast<std::int64_t>(x); low != 0; low /= 10) ++n;
  return n;
}

/// Without trailing zeros.
Decimal normal(Decimal d) {
  if (d.digits == 0) return {};
  for (; d.digits != static_cast<std::int64_t>(d.digits) && d.digits % 10 == 0; d.digits /= 10) ++d.exponent;
  if (d.digits != static_cast<std::int64_t>(d.digits)) return d;
  auto low = static_cast<std::int64_t>(d.digits);
  for (; low % 10 == 0; low /= 10) ++d.exponent;
  return {low, d.exponent};
}

/// At most `most` digits.
Decimal fit(Decimal d, int most) {
  for (int n = digits_in(d.digits); n > most; --n, ++d.exponent) d.digits /= 10;
  return d;
}

/// The shortest decimal that reads back as `value`.
Decimal decimal_of(double value) {
  if (value == std::floor(value) && std::abs(value) < kExact) return normal({static_cast<Int>(value), 0});
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::abs(value), std::chars_format::scientific).ptr;
  Decimal d;
  const char* p = text.data();
  for (bool fraction = false; *p != 'e'; ++p) {
    if (*p == '.') {
      fraction = true;
      continue;
    }
    d.digits = d.digits * 10 + (*p - '0');
    if (fraction) --d.exponent;
  }
  int exponent = 0;
  std::from_chars(p[1] == '+' ? p + 2 : p + 1, end, exponent);
  d.exponent += exponent;
  if (value < 0) d.digits = -d.digits;
  return normal(d);
}

/// Both with the smaller exponent; digits too small to count beside the larger one are dropped.
void align(Decimal& a, Decimal& b) {
  if (a.digits == 0) a.exponent = b.exponent;
  if (b.digits == 0) b.exponent = a.exponent;
  if (a.exponent == b.exponent) return;
  if (a.exponent < b.exponent) return align(b, a);
  const int room = kMostDigits - digits_in(a.digits);
  const int down = std::min(a.exponent - b.exponent, std::max(room, 0));
  a.digits *= power_of_ten(down);
  a.exponent -= down;
  for (; b.exponent < a.exponent && b.digits != 0; ++b.exponent) b.digits /= 10;
  b.exponent = a.exponent;
}

/// The double nearest to numerator / denominator * 10^exponent, both positive.
double nearest(Int numerator, Int denominator, int exponent) {
  std::string text;
  for (Int whole = numerator / denominator; whole != 0; whole /= 10) text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(whole % 10)));
  Int rest = numerator % denominator;
  for (int k = 0; k < kQuotientDigits && rest != 0; ++k, --exponent) {
    rest *= 10;
    text += static_cast<char>('0' + static_cast<int>(rest / denominator));
    rest %= denominator;
  }
  if (rest != 0) text += '1', --exponent;  // a little more than these digits
  text += 'e' + std::to_string(exponent);
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) return exponent > 0 ? std::numeric_limits<double>::infinity() : 0;
  return value;
}

}  // namespace

Time::Time(Digits digits, int exponent) : digits_(digits), exponent_(exponent) {}

Time::Time(double value, double unit_seconds) {
  const Decimal v = decimal_of(value), u = decimal_of(unit_seconds);
  const Decimal product = normal({v.digits * u.digits, v.exponent + u.exponent});
  digits_ = product.digits;
  exponent_ = product.exponent;
}

Time Time::microseconds(std::int64_t count) {
  const Decimal d = normal({count, -6});
  return {d.digits, d.exponent};
}

double Time::in(double unit_seconds) const {
  const Decimal unit = decimal_of(unit_seconds);
  const int exponent = exponent_ - unit.exponent;
  if (std::abs(exponent) <= 15) {
    const double above = static_cast<double>(digits_) * static_cast<double>(power_of_ten(exponent));
    const double below = static_cast<double>(unit.digits) * static_cast<double>(power_of_ten(-exponent));
    if (std::abs(above) < kExact && below < kExact) return above / below;  // rounded once
  }
  return digits_ < 0 ? -nearest(-digits_, unit.digits, exponent) : nearest(digits_, unit.digits, exponent);
}

std::int64_t Time::whole_microseconds() const {
  constexpr std::int64_t most = std::int64_t{1} << 62;
  const int shift = exponent_ + 6;
  if (digits_ == 0) return 0;
  if (digits_in(digits_) + shift > 19) return digits_ < 0 ? -most : most;
  Int whole = digits_;
  if (shift >= 0) {
    whole *= power_of_ten(shift);
  } else {
    const Int unit = power_of_ten(std::min(-shift, kMostDigits));
    whole = digits_ / unit - (digits_ % unit < 0 ? 1 : 0);
  }
  return static_cast<std::int64_t>(std::clamp<Int>(whole, -most, most));
}

Time Time::operator+(const Time& other) const {
  Decimal a{digits_, exponent_}, b{other.digits_, other.exponent_};
  align(a, b);
  return {a.digits + b.digits, a.exponent};
}

Time Time::operator*(std::int64_t count) const {
  const Decimal factor = normal({count, 0});
  const Decimal d = fit({digits_, exponent_}, kMostDigits - digits_in(factor.digits));
  return {d.digits * factor.digits, d.exponent + factor.exponent};
}

std::strong_ordering Time::operator<=>(const Time& other) const {
  Decimal a{digits_, exponent_}, b{other.digits_, other.exponent_};
  align(a, b);
  return a.digits <=> b.digits;
}

Time time_of(const UnitSystem& units, std::string_view text) {
  const Unit second = units.parse("s");
  (void)quantity_in(units, text, second);  // refuses what is no time
  const QuantityText quantity = parse_quantity(text);
  return Time(quantity.value, units.parse(quantity.unit).factor_to(second));
}

TimeUnit time_unit(const UnitSystem& units, const std::string& unit) {
  const double seconds = time_of(units, "1 " + unit).in(1);
  const std::pair<const char*, double> names[] = {
      {"second", 1},
      {"minute", 60},
      {"hour", 3600},
      {"day", 86400},
      {"week", 7 * 86400},
      {"month", kSecondsPerMonth},
      {"year", 12 * kSecondsPerMonth}};
  for (const auto& [name, length] : names) {
    if (length == seconds) return {name, seconds};
  }
  return {unit, seconds};
}

bool same_instant(double a, double b) { return std::abs(a - b) <= 2 * std::numeric_limits<double>::epsilon() * std::max(std::abs(a), std::abs(b)); }

}  // namespace osteosome::core
