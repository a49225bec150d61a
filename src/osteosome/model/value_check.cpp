// SPDX-License-Identifier: Apache-2.0
#include "osteosome/model/value_check.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/text.hpp"

namespace osteosome::model {
namespace {

using Powers = std::map<std::string, double>;

const Powers kVolume = {{"meter", 3}};
const Powers kRateConstant = {{"second", -1}};

/// Volumes, flows and clearances (of the whole body or by mass), and rate constants.
bool never_negative(const core::Unit& unit) {
  const Powers flow = {{"meter", 3}, {"second", -1}};
  for (Powers kind : {kVolume, flow}) {
    if (unit.powers() == kind) return true;
    kind["kilogram"] = -1;
    if (unit.powers() == kind) return true;
  }
  return unit.powers() == kRateConstant;
}

/// Mass, amount, cells, particles or IU, as such or by volume.
bool counts_matter(const core::Unit& unit) {
  Powers powers = unit.powers();
  if (const auto length = powers.find("meter"); length != powers.end() && length->second == -3) powers.erase(length);
  static const std::vector<std::string> matter = {"kilogram", "mole", "IU", "cell", "particle"};
  return powers.size() == 1 && powers.begin()->second == 1 && std::find(matter.begin(), matter.end(), powers.begin()->first) != matter.end();
}

core::Diagnostic bad(const std::string& id, double value, const std::string& what, const core::Location& where, const std::string& hint) {
  return {
      "value-001", std::isfinite(value) ? "'" + id + "' = " + core::format_double(value) + " " + what : "'" + id + "' is not finite", where, hint};
}

std::string bounds_text(const Parameter& p) {
  return "They are " + core::format_double(p.bounds->first) + " and " + core::format_double(p.bounds->second) + " " + p.unit.text + ".";
}

template <class T>
T* find(std::vector<T>& items, const std::string& id) {
  const auto it = std::find_if(items.begin(), items.end(), [&](const T& x) { return x.id == id; });
  return it == items.end() ? nullptr : &*it;
}

}  // namespace

std::optional<core::Diagnostic> problem_of_value(const Parameter& p, double value, const core::Location& where) {
  if (!std::isfinite(value)) return bad(p.id, value, "", where, "");
  if (p.bounds) {
    if (value >= p.bounds->first && value <= p.bounds->second) return std::nullopt;
    return bad(p.id, value, "is outside its bounds", where, bounds_text(p));
  }
  if (p.prior && p.prior->logarithmic && !(value > 0)) {
    return bad(p.id, value, "is not positive, and its prior is one of the logarithm", where, "");
  }
  const bool matter = p.unit.known && p.value > 0 && counts_matter(p.unit.unit);
  if (!p.unit.known || p.value < 0 || (!matter && !never_negative(p.unit.unit))) return std::nullopt;
  const bool volume = p.unit.unit.powers() == kVolume && p.value > 0;
  if (volume ? value > 0 : value >= 0) return std::nullopt;
  return bad(p.id, value,
             volume                                  ? "is no volume"
             : matter                                ? "is less than nothing"
             : p.unit.unit.powers() == kRateConstant ? "is a rate constant below zero"
                                                     : "is a flow or a volume below zero",
             where, "Allowed are values from 0 on, volumes above 0. Where a negative one makes sense, the document says so with 'bounds'.");
}

std::optional<core::Diagnostic> problem_of_value(const Compartment& c, double value, const core::Location& where) {
  if (std::isfinite(value) && value > 0) return std::nullopt;
  return bad(c.id, value, "is no size of a compartment", where, "It should be above zero.");
}

std::optional<core::Diagnostic> problem_of_value(const Species& s, double value, const core::Location& where) {
  if (!std::isfinite(value)) return bad(s.id, value, "", where, "");
  if (value >= 0 || !s.unit.known || !counts_matter(s.unit.unit)) return std::nullopt;
  return bad(s.id, value, "is less than nothing", where, "Amounts and concentrations are not below zero.");
}

std::optional<core::Diagnostic> problem_of_value(const Model& model, const std::string& symbol, double value, const core::Location& where) {
  if (const auto* p = model.find_parameter(symbol)) return problem_of_value(*p, value, where);
  if (const auto* c = model.find_compartment(symbol)) return problem_of_value(*c, value, where);
  if (const auto* s = model.find_species(symbol)) return problem_of_value(*s, value, where);
  return std::nullopt;
}

std::string why_fixed(const Model& model, const std::string& symbol) {
  const auto* c = model.find_compartment(symbol);
  const auto* s = model.find_species(symbol);
  const bool rule =
      std::any_of(model.rules.begin(), model.rules.end(), [&](const Rule& r) { return r.kind == Rule::Kind::Assignment && r.id == symbol; });
  if (rule || (c != nullptr && c->assigned) || (s != nullptr && s->assigned)) return "it is computed by a rule";
  const bool assigned =
      std::any_of(model.initial_assignments.begin(), model.initial_assignments.end(), [&](const InitialAssignment& a) { return a.symbol == symbol; });
  return assigned && s == nullptr ? "an initial assignment computes it" : "";
}

void set_symbol(Model& model, const std::string& symbol, double value, const std::string& by, const core::Location& where,
                core::Diagnostics& problems) {
  std::vector<InitialAssignment> others = model.initial_assignments;
  std::erase_if(others, [&](const InitialAssignment& a) { return a.symbol == symbol; });
  std::swap(others, model.initial_assignments);
  const std::string fixed = why_fixed(model, symbol);
  const auto problem = problem_of_value(model, symbol, value, where);
  Parameter* p = find(model.parameters, symbol);
  Compartment* c = find(model.compartments, symbol);
  Species* s = find(model.species, symbol);
  if (!fixed.empty()) {
    problems.add({"value-002", "'" + symbol + "' cannot be set: " + fixed, where, "Set what the formula uses."});
  } else if (problem) {
    problems.add(*problem);
  } else if (p != nullptr) {
    return set_value(*p, value, by, where, problems);
  } else if (c != nullptr || s != nullptr) {
    const Provenance set{"set by " + by, "assumed", "set by " + by};
    if (c != nullptr) c->size = value, c->provenance = set;
    if (s != nullptr) s->initial = expr::Ast::number(value), s->provenance = set;
    return;
  } else {
    problems.add({"value-003", "model '" + model.id + "' has no parameter or species '" + symbol + "'", where,
                  core::did_you_mean(symbol, model.symbols())});
  }
  std::swap(others, model.initial_assignments);
}

}  // namespace osteosome::model
