// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/units.hpp"

#include <fmt/format.h>
#include <udunits2.h>

#include <cmath>
#include <mutex>
#include <unordered_map>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::core {
namespace {

constexpr double kScaleTolerance = 1e-12;  // twenty roundings of a product of conversion factors

struct UnitFree {
  void operator()(ut_unit* unit) const { ut_free(unit); }
};
using UtUnit = std::unique_ptr<ut_unit, UnitFree>;

/// What the UDUNITS visitor finds: scale and powers, or a reason why the unit cannot be used.
struct Decomposed {
  double scale = 1;
  std::map<std::string, double> powers;
  bool refused = false;
};

const char* base_name(const ut_unit* unit) {
  const char* name = ut_get_name(unit, UT_ASCII);
  return name != nullptr ? name : ut_get_symbol(unit, UT_ASCII);
}

ut_status visit_basic(const ut_unit* unit, void* out) {
  static_cast<Decomposed*>(out)->powers[base_name(unit)] += 1;
  return UT_SUCCESS;
}
ut_status visit_product(const ut_unit*, int count, const ut_unit* const* basic, const int* powers, void* out) {
  for (int i = 0; i < count; ++i) static_cast<Decomposed*>(out)->powers[base_name(basic[i])] += powers[i];
  return UT_SUCCESS;
}
ut_status visit_galilean(const ut_unit*, double scale, const ut_unit* inner, double offset, void* out);
ut_status visit_timestamp(const ut_unit*, const ut_unit*, double, void* out) {
  static_cast<Decomposed*>(out)->refused = true;
  return UT_SUCCESS;
}
ut_status visit_logarithmic(const ut_unit*, double, const ut_unit*, void* out) {
  static_cast<Decomposed*>(out)->refused = true;
  return UT_SUCCESS;
}
const ut_visitor kVisitor = {visit_basic, visit_product, visit_galilean, visit_timestamp, visit_logarithmic};

ut_status visit_galilean(const ut_unit*, double scale, const ut_unit* inner, double offset, void* out) {
  auto& found = *static_cast<Decomposed*>(out);
  found.scale *= scale;
  found.refused = found.refused || offset != 0;
  return ut_accept_visitor(inner, &kVisitor, out);
}

}  // namespace

Unit::Unit(double scale, std::map<std::string, double> powers) : scale_(scale), powers_(std::move(powers)) {
  std::erase_if(powers_, [](const auto& item) { return std::abs(item.second) < kScaleTolerance || item.first == "radian"; });
}

Unit Unit::operator*(const Unit& other) const {
  auto powers = powers_;
  for (const auto& [base, power] : other.powers_) powers[base] += power;
  return {scale_ * other.scale_, std::move(powers)};
}

Unit Unit::operator/(const Unit& other) const { return *this * other.pow(-1); }

Unit Unit::pow(double exponent) const {
  auto powers = powers_;
  for (auto& [base, power] : powers) power *= exponent;
  return {std::pow(scale_, exponent), std::move(powers)};
}

bool Unit::same_dimension(const Unit& other) const { return (*this / other).dimensionless(); }

bool Unit::equivalent(const Unit& other) const { return same_dimension(other) && std::abs(factor_to(other) - 1) < kScaleTolerance; }

std::string Unit::to_text() const {
  std::string text = fmt::format("{:.12g}", scale_);  // beyond that stands the rounding of conversion factors
  for (const auto& [base, power] : powers_) {
    text += ' ' + base;
    if (power != 1) text += '^' + format_double(power);
  }
  return text;
}

struct UnitSystem::Impl {
  ut_system* system = nullptr;
  std::mutex mutex;  // UDUNITS keeps its parser state in globals
  std::unordered_map<std::string, Unit> cache;

  void define(const char* definition, std::initializer_list<const char*> names) {
    UtUnit unit(definition != nullptr ? ut_parse(system, definition, UT_ASCII) : ut_new_base_unit(system));
    for (const char* name : names) {
      ut_unmap_name_to_unit(system, name, UT_ASCII);
      ut_unmap_symbol_to_unit(system, name, UT_ASCII);
      ut_map_name_to_unit(name, UT_ASCII, unit.get());
    }
    if (definition == nullptr) ut_map_unit_to_name(unit.get(), *names.begin(), UT_ASCII);
  }
};

UnitSystem::UnitSystem() : impl_(std::make_unique<Impl>()) {
  ut_set_error_message_handler(ut_ignore);
  impl_->system = ut_read_xml(nullptr);
  if (impl_->system == nullptr) {
    throw Error(ErrorKind::Internal, {"unit-000", "UDUNITS-2 has no unit database", {}, "Install the package udunits-bin."});
  }
  impl_->define("30.4375 day", {"month", "months", "mo"});
  impl_->define("365.25 day", {"year", "years", "yr", "y"});
  impl_->define("7 day", {"week", "weeks", "w"});
  impl_->define(nullptr, {"IU"});
  impl_->define(nullptr, {"cell", "cells"});
  impl_->define(nullptr, {"particle", "particles"});
  UtUnit molar(ut_parse(impl_->system, "mol/L", UT_ASCII));
  ut_map_symbol_to_unit("M", UT_ASCII, molar.get());
}

UnitSystem::~UnitSystem() { ut_free_system(impl_->system); }

Unit UnitSystem::parse(std::string_view text) const {
  const std::string key(trim(text));
  const std::scoped_lock lock(impl_->mutex);
  if (const auto hit = impl_->cache.find(key); hit != impl_->cache.end()) return hit->second;
  const auto refuse = [&](const std::string& why) {
    return Error(ErrorKind::Unit,
                 {"unit-001", "unknown unit '" + key + "'" + why, {}, "Units are UDUNITS-2 text, e.g. 'pmol/L', 'mg', '1/h'; '1' if dimensionless."});
  };
  if (key.empty() || key.size() > 200) throw refuse("");
  const UtUnit unit(ut_parse(impl_->system, key.c_str(), UT_ASCII));
  if (unit == nullptr) throw refuse("");
  Decomposed found;
  if (ut_accept_visitor(unit.get(), &kVisitor, &found) != UT_SUCCESS || found.refused) {
    throw refuse(" (units with an offset or a logarithm are not supported)");
  }
  if (!std::isfinite(found.scale) || found.scale <= 0) throw refuse("");
  return impl_->cache.emplace(key, Unit(found.scale, std::move(found.powers))).first->second;
}

QuantityText parse_quantity(std::string_view text) {
  const std::string_view body = trim(text);
  std::size_t length = body.find_first_not_of("+-0123456789.eE");
  while (length != std::string_view::npos && length > 0 && (body[length - 1] == 'e' || body[length - 1] == 'E')) --length;
  if (length == std::string_view::npos) length = body.size();
  const auto value = parse_double(body.substr(0, length));
  if (!value || !std::isfinite(*value)) {
    throw Error(ErrorKind::Input,
                {"input-001", "'" + std::string(text.substr(0, 60)) + "' is no quantity", {}, "Write a number and a unit, e.g. '48 months'."});
  }
  return {*value, std::string(trim(body.substr(length)))};
}

double quantity_in(const UnitSystem& units, std::string_view text, const Unit& unit) {
  const QuantityText quantity = parse_quantity(text);
  if (quantity.unit.empty()) {
    throw Error(ErrorKind::Unit, {"unit-002", "'" + std::string(text) + "' has no unit", {}, "There is no default unit."});
  }
  const Unit given = units.parse(quantity.unit);
  if (!given.same_dimension(unit)) {
    throw Error(ErrorKind::Unit,
                {"unit-003", "'" + std::string(text) + "' has the wrong dimension", {}, "It should be convertible to " + unit.to_text() + "."});
  }
  return quantity.value * given.factor_to(unit);
}

}  // namespace osteosome::core
