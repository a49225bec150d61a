// SPDX-License-Identifier: Apache-2.0
#include "unit_registry.hpp"

#include <cctype>
#include <cmath>

#include "osteosome/core/text.hpp"

namespace osteosome::sbml {
namespace {

/// Our base units in SBML. It has one unit for things that are counted.
const std::map<std::string, std::string>& base_units() {
  static const std::map<std::string, std::string> table = {
      {"meter", "metre"},   {"kilogram", "kilogram"}, {"second", "second"}, {"mole", "mole"}, {"kelvin", "kelvin"},
      {"ampere", "ampere"}, {"candela", "candela"},   {"IU", "item"},       {"cell", "item"}, {"particle", "item"}};
  return table;
}

std::string unit_element(const std::string& kind, double exponent, double multiplier) {
  return "<unit kind=\"" + kind + "\" exponent=\"" + core::format_double(exponent) + "\" scale=\"0\" multiplier=\"" +
         core::format_double(multiplier) + "\"/>";
}

/// A multiplier without the rounding of a product of conversion factors.
double clean(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.14g", x);
  return core::parse_double(text).value_or(x);
}

std::string definition(const core::Unit& unit) {
  double scale = unit.scale();
  std::map<std::string, double> kinds;
  for (const auto& [base, power] : unit.powers()) {
    const auto known = base_units().find(base);
    kinds[known == base_units().end() ? "dimensionless" : known->second] += power;
  }
  if (const auto metre = kinds.find("metre"); metre != kinds.end() && std::fmod(metre->second, 3) == 0) {
    kinds["litre"] = metre->second / 3;  // a cubic metre has 1000 litres
    scale *= std::pow(1000, metre->second / 3);
    kinds.erase(metre);
  }
  std::erase_if(kinds, [](const auto& k) { return k.second == 0; });
  if (kinds.empty()) return unit_element("dimensionless", 1, clean(scale));
  std::string carrier = kinds.begin()->first;  // takes the scale: best one whose exponent is 1
  for (const auto& [kind, exponent] : kinds) {
    if (exponent == 1) carrier = kind;
  }
  std::string text;
  for (const auto& [kind, exponent] : kinds) {
    text += unit_element(kind, exponent, kind == carrier ? clean(std::pow(scale, 1 / exponent)) : 1);
  }
  return text;
}

}  // namespace

std::string UnitRegistry::id(const model::UnitText& unit) { return unit.known ? id(unit.unit, unit.text) : ""; }

std::string UnitRegistry::id(const core::Unit& unit, const std::string& text) {
  if (unit.equivalent(core::Unit())) return "dimensionless";
  for (const Known& k : known_) {
    if (k.unit.equivalent(unit)) return k.id;
  }
  std::string name = "u_";
  for (const char c : text) {
    if (c == '/') {
      name += "_per_";
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      name += c;
    } else if (name.back() != '_') {
      name += '_';
    }
  }
  if (text.empty()) name += std::to_string(known_.size() + 1);
  while (std::any_of(known_.begin(), known_.end(), [&](const Known& k) { return k.id == name; })) name += "_";
  known_.push_back({unit, name});
  return name;
}

std::string UnitRegistry::definitions() const {
  if (known_.empty()) return "";
  std::string text = "    <listOfUnitDefinitions>\n";
  for (const Known& k : known_)
    text += "      <unitDefinition id=\"" + k.id + "\"><listOfUnits>" + definition(k.unit) + "</listOfUnits></unitDefinition>\n";
  return text + "    </listOfUnitDefinitions>\n";
}

}  // namespace osteosome::sbml
