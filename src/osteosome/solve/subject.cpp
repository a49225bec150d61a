// SPDX-License-Identifier: Apache-2.0
#include "osteosome/solve/subject.hpp"

#include <cmath>

namespace osteosome::solve {
namespace {

std::vector<expr::NodeId> typical_roots(const compile::Program& program) {
  std::vector<expr::NodeId> roots;
  for (std::size_t i = 0; i < program.states.size(); ++i) roots.push_back(program.typical[i].value_or(program.initial[i]));
  return roots;
}

std::vector<expr::NodeId> trigger_roots(const compile::Program& program) {
  std::vector<expr::NodeId> roots;
  for (const auto& e : program.events) roots.push_back(e.trigger);
  return roots;
}

}  // namespace

const char* name_of(Status status) {
  switch (status) {
    case Status::Completed: return "completed";
    case Status::StepSizeTooSmall: return "step_size_too_small";
    case Status::TooManySteps: return "too_many_steps";
    case Status::NotFinite: return "not_finite";
    case Status::Cancelled: return "cancelled";
  }
  return "?";
}

SubjectSetup::SubjectSetup(const compile::Program& program)
    : program_(program), initial_(program.graph, program.initial), typical_(program.graph, typical_roots(program)),
      trigger_(program.graph, trigger_roots(program)) {
  for (const auto& e : program.events) {
    std::vector<expr::NodeId> roots;
    for (const auto& a : e.actions) roots.push_back(a.value);
    actions_.emplace_back(program.graph, std::move(roots));
  }
}

void SubjectSetup::initial_states(const SubjectPlan& plan, std::span<double> states) {
  initial_.prepare(plan.parameters);
  initial_.evaluate(plan.start, {}, {}, states);
  for (std::size_t i = 0; i < plan.initial_overrides.size(); ++i) {
    if (!std::isnan(plan.initial_overrides[i])) states[i] = plan.initial_overrides[i];
  }
}

void SubjectSetup::absolute_tolerances(const SubjectPlan& plan, const Options& options, std::span<double> tolerances) {
  typical_.prepare(plan.parameters);
  typical_.evaluate(plan.start, {}, {}, tolerances);
  double largest_dose = 0;
  for (const Stop& stop : plan.stops) {
    if (stop.kind == StopKind::Add || stop.kind == StopKind::Replace) largest_dose = std::max(largest_dose, std::abs(stop.value));
    // A rate changes a state by about rate * 1 time unit until something longer is known.
    if (stop.kind == StopKind::ChangeRate) largest_dose = std::max(largest_dose, std::abs(stop.value));
  }
  for (std::size_t i = 0; i < tolerances.size(); ++i) {
    double typical = std::abs(tolerances[i]);
    if (!plan.initial_overrides.empty() && !std::isnan(plan.initial_overrides[i])) typical = std::max(typical, std::abs(plan.initial_overrides[i]));
    if (!(typical > 0)) typical = largest_dose > 0 ? largest_dose : 1.0;
    tolerances[i] = options.relative_tolerance * options.absolute_scale * kTypicalFraction * typical;
  }
}

void SubjectSetup::triggers(std::span<const double> parameters, double time, std::span<const double> states, std::span<const double> bits,
                            std::span<double> out) {
  trigger_.prepare(parameters);
  trigger_.evaluate(time, states, bits, out);
}

bool SubjectSetup::fire(std::size_t k, std::span<double> parameters, double time, std::span<double> states) {
  const auto& actions = program_.events[k].actions;
  scratch_.resize(actions.size());
  actions_[k].prepare(parameters);
  actions_[k].evaluate(time, states, {}, scratch_);
  bool parameter_changed = false;
  for (std::size_t i = 0; i < actions.size(); ++i) {
    (actions[i].is_state ? states : parameters)[actions[i].index] = scratch_[i];
    parameter_changed = parameter_changed || !actions[i].is_state;
  }
  return parameter_changed;
}

void apply_stop(const SubjectPlan& plan, const Stop& stop, std::span<double> states, std::span<double> rates) {
  switch (stop.kind) {
    case StopKind::Add: states[stop.index] += stop.value; break;
    case StopKind::Replace: states[stop.index] = stop.value; break;
    case StopKind::Multiply: states[stop.index] *= stop.value; break;
    case StopKind::ChangeRate: rates[stop.index] += stop.value; break;
    case StopKind::SetParameter: break;
    case StopKind::SetStates:
      for (std::size_t i = 0; i < states.size(); ++i) states[i] = plan.vectors[stop.index][i];
      break;
    case StopKind::AddStates:
      for (std::size_t i = 0; i < states.size(); ++i) states[i] += plan.vectors[stop.index][i];
      break;
  }
}

}  // namespace osteosome::solve
