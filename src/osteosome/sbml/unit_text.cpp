// SPDX-License-Identifier: Apache-2.0
#include "unit_text.hpp"

#include <cmath>
#include <map>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::sbml {
namespace {

/// Symbol of a base unit of SBML in UDUNITS' terms; "" for units with an offset.
std::string symbol(UnitKind_t kind) {
  static const std::map<int, std::string> table = {
      {UNIT_KIND_AMPERE, "A"},      {UNIT_KIND_AVOGADRO, "6.02214179e23"},
      {UNIT_KIND_BECQUEREL, "Bq"},  {UNIT_KIND_CANDELA, "cd"},
      {UNIT_KIND_COULOMB, "C"},     {UNIT_KIND_DIMENSIONLESS, "1"},
      {UNIT_KIND_FARAD, "F"},       {UNIT_KIND_GRAM, "g"},
      {UNIT_KIND_GRAY, "Gy"},       {UNIT_KIND_HENRY, "H"},
      {UNIT_KIND_HERTZ, "Hz"},      {UNIT_KIND_ITEM, "particle"},
      {UNIT_KIND_JOULE, "J"},       {UNIT_KIND_KATAL, "kat"},
      {UNIT_KIND_KELVIN, "K"},      {UNIT_KIND_KILOGRAM, "kg"},
      {UNIT_KIND_LITER, "L"},       {UNIT_KIND_LITRE, "L"},
      {UNIT_KIND_LUMEN, "lm"},      {UNIT_KIND_LUX, "lx"},
      {UNIT_KIND_METER, "m"},       {UNIT_KIND_METRE, "m"},
      {UNIT_KIND_MOLE, "mol"},      {UNIT_KIND_NEWTON, "N"},
      {UNIT_KIND_OHM, "ohm"},       {UNIT_KIND_PASCAL, "Pa"},
      {UNIT_KIND_RADIAN, "radian"}, {UNIT_KIND_SECOND, "s"},
      {UNIT_KIND_SIEMENS, "S"},     {UNIT_KIND_SIEVERT, "Sv"},
      {UNIT_KIND_STERADIAN, "sr"},  {UNIT_KIND_TESLA, "T"},
      {UNIT_KIND_VOLT, "V"},        {UNIT_KIND_WATT, "W"},
      {UNIT_KIND_WEBER, "Wb"}};
  const auto found = table.find(kind);
  return found == table.end() ? "" : found->second;
}

/// One factor: a prefix or a name of time where there is one, else the number.
std::string factor_text(const Unit& u) {
  std::string base = symbol(u.getKind());
  if (base.empty()) return "";
  const double multiplier = u.getMultiplier() * std::pow(10.0, u.getScale());
  static const std::map<double, std::string> times = {{60, "min"}, {3600, "h"}, {86400, "d"}, {604800, "week"}};
  static const std::map<int, std::string> prefixes = {{-15, "f"}, {-12, "p"}, {-9, "n"}, {-6, "u"}, {-3, "m"}, {-2, "c"}, {-1, "d"}, {3, "k"}};
  if (multiplier == 1) return base;
  if (const auto time = times.find(multiplier); time != times.end() && base == "s") return time->second;
  const auto prefix = prefixes.find(u.getScale());
  const bool takes_prefix = base == "mol" || base == "L" || base == "g" || base == "m" || base == "s";
  if (takes_prefix && u.getMultiplier() == 1 && prefix != prefixes.end()) return prefix->second + base;
  return base == "1" ? core::format_double(multiplier) : "(" + core::format_double(multiplier) + " " + base + ")";
}

}  // namespace

model::UnitText UnitReader::from_text(const std::string& text) const {
  model::UnitText unit{text, {}, false};
  try {
    unit.unit = units_.parse(text);
    unit.known = true;
  } catch (const core::Error&) {
    unit.text.clear();
  }
  return unit;
}

model::UnitText UnitReader::predefined(const std::string& name) const {
  static const std::map<std::string, std::string> level2 = {{"substance", "mol"}, {"volume", "L"}, {"area", "m^2"}, {"length", "m"}, {"time", "s"}};
  const auto found = level2.find(name);
  if (found != level2.end() && model_.getLevel() < 3) return from_text(found->second);
  const UnitKind_t kind = UnitKind_forName(name.c_str());
  return kind == UNIT_KIND_INVALID || symbol(kind).empty() ? model::UnitText{"", {}, false} : from_text(symbol(kind));
}

model::UnitText UnitReader::read(const std::string& reference) const {
  model::UnitText unknown{"", {}, false};
  if (reference.empty()) return unknown;
  const UnitDefinition* definition = model_.getUnitDefinition(reference);
  if (definition == nullptr) return predefined(reference);
  std::string text;
  for (unsigned i = 0; i < definition->getNumUnits(); ++i) {
    const Unit& u = *definition->getUnit(i);
    const std::string base = factor_text(u);
    const double exponent = u.getExponentAsDouble();
    if (base.empty() || exponent != std::floor(exponent)) return unknown;
    if (exponent == 0) continue;
    text += (text.empty() ? "" : ".") + base + (exponent == 1 ? "" : "^" + core::format_double(exponent));
  }
  return from_text(text.empty() ? "1" : text);
}

model::UnitText UnitReader::time() const { return read(model_.getLevel() < 3 ? "time" : model_.getTimeUnits()); }

model::UnitText UnitReader::substance(const Species& species) const {
  if (species.isSetSubstanceUnits()) return read(species.getSubstanceUnits());
  return read(model_.getLevel() < 3 ? "substance" : model_.getSubstanceUnits());
}

model::UnitText UnitReader::size(const Compartment& c) const {
  if (c.isSetUnits()) return read(c.getUnits());
  const double dimensions = c.getSpatialDimensionsAsDouble();
  if (dimensions == 3) return read(model_.getLevel() < 3 ? "volume" : model_.getVolumeUnits());
  if (dimensions == 2) return read(model_.getLevel() < 3 ? "area" : model_.getAreaUnits());
  if (dimensions == 1) return read(model_.getLevel() < 3 ? "length" : model_.getLengthUnits());
  return {"", {}, false};
}

model::UnitText UnitReader::quotient(const model::UnitText& a, const model::UnitText& b) const {
  if (!a.known || !b.known) return {"", {}, false};
  if (b.text == "1") return a;
  const bool simple = b.text.find_first_of(" ./^") == std::string::npos;
  return from_text(a.text + "/" + (simple ? b.text : "(" + b.text + ")"));
}

}  // namespace osteosome::sbml
