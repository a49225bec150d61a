// SPDX-License-Identifier: Apache-2.0
#include "osteosome/compile/program.hpp"

#include <algorithm>
#include <cmath>

#include "dynamics.hpp"
#include "index_reduction.hpp"
#include "observables.hpp"
#include "osteosome/model/document.hpp"
#include "quantities.hpp"
#include "symbols.hpp"

namespace osteosome::compile {
namespace {

using expr::Graph;
using expr::Op;

/// Each rule after those it uses, and then the reactions: first as engines see them.
void resolve_rules(Symbols& symbols) {
  const model::Model& model = symbols.model();
  const auto order = model::rule_order(model);
  for (const View view : {View::Frozen, View::Live}) {
    for (const std::size_t i : order) {
      if (model.rules[i].kind == model::Rule::Kind::Assignment) (void)symbols.resolve(model.rules[i].id, view);
    }
    for (const auto& r : model.reactions) (void)symbols.resolve(r.id, view);
  }
}

void add_quantities(Program& program, Symbols& symbols) {
  const Quantities& q = symbols.quantities();
  for (const model::Parameter* p : q.parameters) {
    program.parameters.push_back(p->id);
    program.parameter_values.push_back(p->value);
  }
  StartValues& start = symbols.start();
  const model::Species none;
  for (std::uint32_t i = 0; i < q.states.size(); ++i) {
    const model::Species& s = q.states[i].species != nullptr ? *q.states[i].species : none;
    program.states.push_back(q.states[i].id);
    program.initial.push_back(start.of_state(i));
    program.typical.push_back(start.of(s.typical));
    program.dosing.push_back({start.of(s.bioavailability), start.of(s.lag), start.of(s.infusion_rate), start.of(s.infusion_duration)});
  }
  for (std::uint32_t i = 0; i < q.parameters.size(); ++i) {
    const auto assignment = q.initial_assignments.find(q.parameters[i]->id);
    if (assignment == q.initial_assignments.end() || q.keeps_start(q.parameters[i]->id)) continue;
    program.parameter_initial.emplace_back(i, start.of(*assignment->second));
  }
}

void add_dynamics(Program& program, Symbols& symbols) {
  Dynamics dynamics = dynamics_of(symbols);
  ReducedDynamics reduced = reduce_index(symbols.graph(), dynamics);
  program.derivative = std::move(reduced.derivative);
  program.algebraic = std::move(dynamics.algebraic);
  program.algebraic_jacobian = std::move(reduced.algebraic_jacobian);
  program.fast = std::move(dynamics.fast);
  program.fast_jacobian = std::move(reduced.fast_jacobian);
}

/// With what each value was before the start in terms of parameters.
std::vector<DelayedValue> delays_of(Symbols& symbols) {
  std::vector<DelayedValue> delays = symbols.delays();
  for (DelayedValue& d : delays) d.before = symbols.start().of(d.before);
  return delays;
}

std::vector<JacobianEntry> jacobian_of(Graph& g, const std::vector<NodeId>& derivative) {
  std::vector<JacobianEntry> entries;
  const auto n = static_cast<std::uint32_t>(derivative.size());
  for (std::uint32_t column = 0; column < n; ++column) {
    const auto d = g.differentiate(derivative, g.leaf(Op::State, column));
    for (std::uint32_t row = 0; row < n; ++row) {
      if (!g.is_constant(d[row], 0)) entries.push_back({row, column, d[row]});
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const JacobianEntry& a, const JacobianEntry& b) { return a.row != b.row ? a.row < b.row : a.column < b.column; });
  return entries;
}

/// The slope of a gap whose next change can be looked up.
std::optional<NodeId> time_slope_of(Graph& g, const SwitchDefinition& s) {
  if ((g.depends(s.gap) & (expr::kOnState | expr::kOnDelayed)) != 0) return std::nullopt;
  const std::vector<NodeId> gap = {s.gap};
  const NodeId slope = g.differentiate(gap, g.leaf(Op::Time))[0];
  const bool straight = !s.level && (g.depends(s.gap) & expr::kOnSwitch) == 0 && (g.depends(slope) & expr::kOnTime) == 0;
  return straight ? std::nullopt : std::optional(slope);
}

/// What formulas call an operation that no lane can do, or "".
std::string_view reference_only(Op op) {
  switch (op) {
#define GRAPH_FUNCTION(name, call, ...) \
  case Op::name: return call;
#include "osteosome/expr/operations.def"
    default: return "";
  }
}

std::string why_beyond_lanes(const Program& program) {
  std::vector<NodeId> roots = program.derivative;
  for (const auto& s : program.switches) roots.push_back(s.gap);
  const auto needed = program.graph.reachable(roots);
  for (NodeId id = 0; id < needed.size(); ++id) {
    const std::string_view function = reference_only(program.graph[id].op);
    if (needed[id] && !function.empty()) return "'" + std::string(function) + "' of a varying value";
  }
  return program.delays.empty() ? "" : "'delay' needs a history";
}

template <class T>
std::optional<std::uint32_t> index_of(const std::vector<T>& items, const std::string& name) {
  const auto it = std::find(items.begin(), items.end(), name);
  if (it == items.end()) return std::nullopt;
  return static_cast<std::uint32_t>(it - items.begin());
}

}  // namespace

Program build_program(const model::Model& model) {
  const Quantities quantities = quantities_of(model);
  Symbols symbols(model, quantities);
  resolve_rules(symbols);
  Program program;
  program.seconds_per_time_unit = model.time.unit.scale();
  add_quantities(program, symbols);
  add_dynamics(program, symbols);
  program.events = events_of(symbols);
  program.constraints = constraints_of(symbols);
  program.observables = observables_of(symbols);
  program.delays = delays_of(symbols);
  program.switches = symbols.switches();
  program.graph = std::move(symbols.graph());
  program.time_derivative = program.graph.differentiate(program.derivative, program.graph.leaf(Op::Time));
  program.jacobian = jacobian_of(program.graph, program.derivative);
  for (SwitchDefinition& s : program.switches) s.time_slope = time_slope_of(program.graph, s);
  program.beyond_lanes = why_beyond_lanes(program);
  return program;
}

double SwitchDefinition::value_at(double at) const {
  if (level) return std::floor(at);
  return (inclusive ? at >= 0 : at > 0) ? 1 : 0;
}

double SwitchDefinition::beyond(double value, double at) const {
  if (!level) return value != 0 ? 0 : 1;
  if (!std::isfinite(value)) return std::floor(at);
  return rises(value, at) ? std::max(value + 1, std::floor(at)) : std::min(value - 1, std::floor(at));
}

std::optional<std::uint32_t> Program::state_index(const std::string& name) const { return index_of(states, name); }
std::optional<std::uint32_t> Program::parameter_index(const std::string& name) const { return index_of(parameters, name); }

const Observable* Program::find_observable(const std::string& name) const& {
  const auto it = std::find_if(observables.begin(), observables.end(), [&](const Observable& o) { return o.name == name; });
  return it == observables.end() ? nullptr : &*it;
}

}  // namespace osteosome::compile
