// SPDX-License-Identifier: Apache-2.0
#include "quantities.hpp"

#include <algorithm>

namespace osteosome::compile {
namespace {

/// Quantities that an algebraic rule may determine: nothing else does.
std::set<std::string> candidates_of(const model::Model& model) {
  std::set<std::string> candidates, reacting;
  const bool algebraic =
      std::any_of(model.rules.begin(), model.rules.end(), [](const model::Rule& r) { return r.kind == model::Rule::Kind::Algebraic; });
  if (!algebraic) return candidates;
  for (const auto& r : model.reactions) {
    for (const auto* side : {&r.reactants, &r.products}) {
      for (const auto& ref : *side) reacting.insert(ref.species);
    }
  }
  for (const auto& s : model.species) {
    if (!s.assigned && !s.rate && !s.constant && (s.boundary || !reacting.contains(s.id))) candidates.insert(s.id);
  }
  for (const auto& p : model.parameters) {
    if (p.free) candidates.insert(p.id);
  }
  for (const auto& c : model.compartments) {
    if (!c.constant && !c.rate && !c.assigned) candidates.insert(c.id);
  }
  return candidates;
}

/// A species whose symbol is a concentration although its compartment changes.
bool is_amount(const model::Model& model, const model::Species& s, const std::set<std::string>& candidates) {
  if (s.compartment.empty() || s.substance_only) return false;
  return !model.find_compartment(s.compartment)->constant && !candidates.contains(s.id);
}

void number(Quantities& q, const model::Model& model) {
  for (const auto& p : model.parameters) {
    if (!q.candidates.contains(p.id)) q.parameters.push_back(&p);
  }
  for (const auto& s : model.species) {
    if (!s.assigned) q.states.push_back({s.id, &s, nullptr, nullptr, is_amount(model, s, q.candidates)});
  }
  for (const auto& c : model.compartments) {
    if (!c.constant && !c.assigned) q.states.push_back({c.id, nullptr, &c, nullptr, false});
  }
  for (const auto& p : model.parameters) {
    if (q.candidates.contains(p.id)) q.states.push_back({p.id, nullptr, nullptr, &p, false});
  }
}

}  // namespace

Quantities quantities_of(const model::Model& model) {
  Quantities q;
  for (const auto& f : model.functions) q.functions[f.id] = &f;
  for (const auto& r : model.rules) {
    if (r.kind == model::Rule::Kind::Assignment) q.rules[r.id] = &r;
  }
  for (const auto& r : model.reactions) q.reactions[r.id] = &r;
  for (const auto& i : model.initial_assignments) q.initial_assignments[i.symbol] = &i.formula;
  for (const auto& e : model.events) {
    for (const auto& a : e.assignments) q.set_by_events.insert(a.target);
  }
  q.candidates = candidates_of(model);
  number(q, model);
  return q;
}

std::optional<std::uint32_t> Quantities::state_index(const std::string& id) const {
  const auto it = std::find_if(states.begin(), states.end(), [&](const StateQuantity& s) { return s.id == id; });
  return it == states.end() ? std::nullopt : std::optional(static_cast<std::uint32_t>(it - states.begin()));
}

std::optional<std::uint32_t> Quantities::parameter_index(const std::string& id) const {
  const auto it = std::find_if(parameters.begin(), parameters.end(), [&](const model::Parameter* p) { return p->id == id; });
  return it == parameters.end() ? std::nullopt : std::optional(static_cast<std::uint32_t>(it - parameters.begin()));
}

}  // namespace osteosome::compile
