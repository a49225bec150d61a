// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace osteosome::core {

/// Our month: 30.4375 days (a year is twelve of them). UDUNITS' own month, 30.4368 d, is never used.
inline constexpr double kDaysPerMonth = 30.4375;
inline constexpr double kDaysPerYear = 12 * kDaysPerMonth;

/// A unit of measurement: a scale and real powers of base units. Value type.
class Unit {
 public:
  Unit() = default;  ///< dimensionless 1
  Unit(double scale, std::map<std::string, double> powers);

  [[nodiscard]] Unit operator*(const Unit& other) const;
  [[nodiscard]] Unit operator/(const Unit& other) const;
  [[nodiscard]] Unit pow(double exponent) const;

  [[nodiscard]] bool dimensionless() const { return powers_.empty(); }
  [[nodiscard]] bool same_dimension(const Unit& other) const;
  /// Number that converts a value in this unit to a value in `other`. @pre same_dimension(other)
  [[nodiscard]] double factor_to(const Unit& other) const { return scale_ / other.scale_; }
  /// Same dimension and same scale to 1e-12 (relative): no conversion needed.
  [[nodiscard]] bool equivalent(const Unit& other) const;
  [[nodiscard]] double scale() const { return scale_; }
  [[nodiscard]] const std::map<std::string, double>& powers() const& { return powers_; }
  const std::map<std::string, double>& powers() && = delete;
  /// For messages: "1e-09 mol m-3".
  [[nodiscard]] std::string to_text() const;

 private:
  double scale_ = 1.0;
  std::map<std::string, double> powers_;
};

/// Reads unit text: UDUNITS-2 plus M, IU, cell, particle, month/mo, year/y, week/w (docs/reference/model-document.md).
class UnitSystem {
 public:
  UnitSystem();
  ~UnitSystem();
  UnitSystem(const UnitSystem&) = delete;
  UnitSystem& operator=(const UnitSystem&) = delete;

  /// @throws Error(Unit) unit-001 when `text` is no unit, or has an offset or a logarithm.
  [[nodiscard]] Unit parse(std::string_view text) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "12.5 months" -> number and unit text; the number may be missing only when `text` is blank.
struct QuantityText {
  double value = 0;
  std::string unit;  ///< "" if there is none
};
/// @throws Error(Input) input-001 when `text` does not start with a finite number.
[[nodiscard]] QuantityText parse_quantity(std::string_view text);

/// `text` ("48 months") in `unit`. @throws Error(Unit) for a missing unit or one that does not fit.
[[nodiscard]] double quantity_in(const UnitSystem& units, std::string_view text, const Unit& unit);

}  // namespace osteosome::core
