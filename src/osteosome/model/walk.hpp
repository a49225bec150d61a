// SPDX-License-Identifier: Apache-2.0
// The formulas and the names of a model, one after the other: the one list of where they stand.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

#include "osteosome/model/model.hpp"

namespace osteosome::model {

/// How a formula changes with the unit of time.
enum class Yields { Value, Rate, Duration };

/// What a formula may refer to: all symbols, those that hold before the simulation, or the arguments of the function whose body it is.
enum class Reach { Everything, ParametersOnly, Arguments };

/// Where a formula or a name stands.
struct Place {
  std::string_view kind;  ///< "species"
  const std::string& of;  ///< its name; "" if it has none
  std::string_view part;  ///< "rate", or ""
  const core::Location& where;

  /// "species 'PTH' rate".
  [[nodiscard]] std::string text() const {
    std::string words(kind);
    if (!of.empty()) words += " '" + of + "'";
    return part.empty() ? words : words + " " + std::string(part);
  }
};

/// True names and references to them.
enum class Naming { Declared, Used };

/// Calls visit(formula, place, yields, reach) for every formula of `model`, which may be const. Formulas that are not given are left out.
template <class M, class F>
  requires std::same_as<std::remove_const_t<M>, Model>
void for_each_formula(M& model, F visit) {
  static const std::string kNobody;
  const auto optional = [&](auto& formula, const Place& place, Yields yields, Reach reach) {
    if (formula) visit(*formula, place, yields, reach);
  };
  constexpr auto kAll = Reach::Everything, kBefore = Reach::ParametersOnly;
  for (auto& f : model.functions) visit(f.body, Place{"function", f.id, "", f.where}, Yields::Value, Reach::Arguments);
  for (auto& c : model.compartments) {
    optional(c.rate, {"compartment", c.id, "rate", c.where}, Yields::Rate, kAll);
    optional(c.assigned, {"compartment", c.id, "", c.where}, Yields::Value, kAll);
  }
  for (auto& s : model.species) {
    const auto place = [&](const char* part) { return Place{"species", s.id, part, s.where}; };
    visit(s.initial, place("initial"), Yields::Value, kBefore);
    optional(s.rate, place("rate"), Yields::Rate, kAll);
    optional(s.assigned, place(""), Yields::Value, kAll);
    optional(s.typical, place("typical"), Yields::Value, kBefore);
    optional(s.bioavailability, place("bioavailability"), Yields::Value, kBefore);
    optional(s.lag, place("lag"), Yields::Duration, kBefore);
    optional(s.infusion_rate, place("infusion_rate"), Yields::Rate, kBefore);
    optional(s.infusion_duration, place("infusion_duration"), Yields::Duration, kBefore);
  }
  for (auto& r : model.rules) visit(r.formula, Place{"rule", r.id, "", r.where}, Yields::Value, kAll);
  for (auto& r : model.reactions) {
    visit(r.rate, Place{"reaction", r.id, "", r.where}, Yields::Rate, kAll);
    for (auto* side : {&r.reactants, &r.products}) {
      for (auto& ref : *side) visit(ref.stoichiometry, Place{"reaction", r.id, "stoichiometry", r.where}, Yields::Value, kAll);
    }
  }
  for (auto& a : model.initial_assignments) visit(a.formula, Place{"initial value of", a.symbol, "", a.where}, Yields::Value, kAll);
  for (auto& c : model.constraints) visit(c.condition, Place{"constraint", kNobody, "", c.where}, Yields::Value, kAll);
  for (auto& e : model.events) {
    visit(e.trigger, Place{"event", e.id, "trigger", e.where}, Yields::Value, kAll);
    optional(e.delay, {"event", e.id, "delay", e.where}, Yields::Duration, kAll);
    optional(e.priority, {"event", e.id, "priority", e.where}, Yields::Value, kAll);
    for (auto& a : e.assignments) visit(a.formula, Place{"event", e.id, "", e.where}, Yields::Value, kAll);
  }
  for (auto& o : model.outputs) visit(o.formula, Place{"output", o.id, "", o.where}, Yields::Value, kAll);
  for (auto& d : model.doses) optional(d.factor, {"dose", d.drug, "", d.where}, Yields::Value, kBefore);
}

/// Calls visit(name, naming) for every name of `model` outside of formulas that is not "".
template <class M, class F>
  requires std::same_as<std::remove_const_t<M>, Model>
void for_each_name(M& model, F visit) {
  const auto declared = [&](auto& name) { visit(name, Naming::Declared); };
  const auto used = [&](auto&... names) { ((names.empty() ? void() : visit(names, Naming::Used)), ...); };
  for (auto& p : model.parameters) declared(p.id);
  for (auto& c : model.compartments) declared(c.id);
  for (auto& s : model.species) declared(s.id), used(s.compartment, s.conversion_factor);
  for (auto& r : model.rules) declared(r.id);
  for (auto& r : model.reactions) {
    declared(r.id);
    for (auto* side : {&r.reactants, &r.products}) {
      for (auto& ref : *side) used(ref.species);
    }
  }
  for (auto& a : model.initial_assignments) used(a.symbol);
  for (auto& f : model.functions) declared(f.id);
  for (auto& e : model.events) {
    declared(e.id);
    for (auto& a : e.assignments) used(a.target);
  }
  for (auto& d : model.doses) declared(d.id), used(d.into, d.molar_mass);
  for (auto& o : model.outputs) declared(o.id);
  auto& p = model.patient;
  used(model.age_at_zero, p.age_at_menopause, p.surgical, p.turnover, p.supplement, p.body_mass, p.unloaded);
  for (auto& d : p.densities) used(d.scale, d.t_score);
}

}  // namespace osteosome::model
