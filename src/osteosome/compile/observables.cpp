// SPDX-License-Identifier: Apache-2.0
#include "observables.hpp"

#include <map>

namespace osteosome::compile {
namespace {

EventAction action_of(const model::EventAssignment& assignment, Symbols& symbols) {
  const Quantities& q = symbols.quantities();
  const auto index = q.state_index(assignment.target);
  EventAction action;
  action.is_state = index.has_value();
  action.index = index ? *index : *q.parameter_index(assignment.target);
  action.value = symbols.translate(assignment.formula, View::Live);
  if (index && q.states[*index].is_amount) action.volume = symbols.resolve(q.states[*index].species->compartment, View::Live);
  return action;
}

}  // namespace

std::vector<EventDefinition> events_of(Symbols& symbols) {
  std::vector<EventDefinition> all;
  for (const auto& e : symbols.model().events) {
    EventDefinition definition;
    definition.id = e.id;
    definition.initial_value = e.initial_value;
    definition.persistent = e.persistent;
    definition.values_from_trigger_time = e.values_from_trigger_time;
    definition.trigger = symbols.translate(e.trigger, View::Frozen);
    if (e.delay) definition.delay = symbols.translate(*e.delay, View::Live);
    if (e.priority) definition.priority = symbols.translate(*e.priority, View::Live);
    for (const auto& a : e.assignments) definition.actions.push_back(action_of(a, symbols));
    all.push_back(std::move(definition));
  }
  return all;
}

std::vector<Constraint> constraints_of(Symbols& symbols) {
  std::vector<Constraint> all;
  for (const auto& c : symbols.model().constraints) all.push_back({symbols.translate(c.condition, View::Frozen), c.message});
  return all;
}

std::vector<Observable> observables_of(Symbols& symbols) {
  const model::Model& model = symbols.model();
  std::vector<Observable> all;
  std::map<std::string, std::size_t> seen;
  const auto add = [&](Observable o) {
    const auto [it, fresh] = seen.try_emplace(o.name, all.size());
    if (fresh) {
      all.push_back(std::move(o));
    } else {
      all[it->second] = std::move(o);
    }
  };
  const auto symbol = [&](const std::string& id) { return symbols.resolve(id, View::Live); };
  for (const auto& s : model.species) add({s.id, s.unit.text, s.meaning, symbol(s.id)});
  for (const auto& r : model.rules) {
    if (r.kind == model::Rule::Kind::Assignment) add({r.id, r.unit.text, r.meaning, symbol(r.id)});
  }
  for (const auto& r : model.reactions) add({r.id, "", r.meaning, symbol(r.id)});
  for (const auto& c : model.compartments) add({c.id, c.unit.text, c.meaning, symbol(c.id)});
  for (const auto& p : model.parameters) add({p.id, p.unit.text, p.meaning, symbol(p.id)});
  for (const auto& d : model.doses) {
    if (d.factor) add({"dose_factor." + d.id, "", "", symbols.translate(*d.factor, View::Live)});
  }
  for (const auto& o : model.outputs) add({o.id, o.unit.text, o.label, symbols.translate(o.formula, View::Live)});
  return all;
}

}  // namespace osteosome::compile
