// SPDX-License-Identifier: Apache-2.0
#include "clock.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::solve {
namespace {

bool changes_parameters(const compile::Program& program) {
  return !program.parameter_initial.empty() || std::any_of(program.events.begin(), program.events.end(), [](const auto& e) {
    return std::any_of(e.actions.begin(), e.actions.end(), [](const auto& a) { return !a.is_state; });
  });
}

}  // namespace

SubjectClock::SubjectClock(const compile::Program& program, SubjectPlan given, SubjectSetup& setup) : plan(std::move(given)) {
  now.time = plan.start;
  now.parameters = setup.initial_parameters(plan);
  now.events = setup.start_events(plan);
  const std::size_t outputs = plan.outputs.size();
  result.states.assign(outputs * program.states.size(), std::nan(""));
  if (changes_parameters(program)) result.parameters.assign(outputs * now.parameters.size(), std::nan(""));
  result.delayed.assign(outputs * program.delays.size(), std::nan(""));
}

SubjectClock::SubjectClock(const std::string& program, const SubjectState& state, EngineKind engine)
    : plan(state.plan), result(state.result), now(state.progress.instant) {
  using core::Error, core::ErrorKind;
  if (state.program != program) throw Error(ErrorKind::Input, {"state-002", "the state is of another program", {}, ""});
  if (state.engine != engine) throw Error(ErrorKind::Input, {"state-003", "the state is of the other engine", {}, ""});
}

void SubjectClock::write_output(std::span<const double> states, std::span<const double> delayed) {
  const auto put = [&](std::span<const double> values, std::vector<double>& rows) {
    if (!rows.empty()) std::copy(values.begin(), values.end(), rows.begin() + static_cast<std::ptrdiff_t>(now.output * values.size()));
  };
  put(states, result.states);
  put(now.parameters, result.parameters);
  put(delayed, result.delayed);
  ++now.output;
}

const Stop& SubjectClock::pass_stop(std::span<double> states, std::span<double> rates) {
  const Stop& stop = plan.stops[now.stop++];
  if (stop.kind == StopKind::SetParameter) {
    now.parameters[stop.index] = stop.value;
  } else {
    apply_stop(plan, stop, states, rates);
  }
  if (stop.kind == StopKind::SetStates) {
    now.events.begin_anew();
    now.fresh = true;
  }
  now.held.clear();
  return stop;
}

bool SubjectClock::holds(std::uint32_t branch, double gap) const {
  return std::find(now.held.begin(), now.held.end(), std::pair(branch, gap)) != now.held.end();
}

bool SubjectClock::settle(const compile::Program& program, std::span<const double> gaps, std::span<double> bits) {
  bool changed = false;
  for (std::uint32_t k = 0; k < bits.size(); ++k) {
    if (holds(k, gaps[k])) continue;
    const double bit = program.switches[k].value_at(gaps[k]);
    if (bit == bits[k] || (std::isnan(bit) && std::isnan(bits[k]))) continue;
    bits[k] = bit;
    changed = true;
  }
  return changed;
}

double SubjectClock::cross(const compile::Program& program, std::uint32_t branch, double gap, double bit) {
  const auto& definition = program.switches[branch];
  const double value = definition.beyond(bit, gap);
  now.held.emplace_back(branch, gap);
  if (definition.holds_at_boundary(definition.rises(bit, gap))) return value;
  now.late.emplace_back(branch, value);
  return bit;
}

void SubjectClock::replace_stops(const Change& change, std::size_t first_output) {
  plan.stops.resize(now.stop);
  plan.stops.insert(plan.stops.end(), change.stops.begin(), change.stops.end());
  std::size_t passed = 0;
  for (std::size_t k = first_output; k < plan.outputs.size(); ++k) {
    const double time = plan.outputs[k].time;
    const auto before = [&](const Stop& stop) { return stop.time < time || (stop.time == time && !change.outputs_before_stops); };
    while (passed < plan.stops.size() && before(plan.stops[passed])) ++passed;
    plan.outputs[k].after_stops = static_cast<std::uint32_t>(passed);
  }
}

void SubjectClock::go_back(const Progress& progress) {
  const auto forget = [&](std::vector<double>& rows) {
    if (rows.empty()) return;
    const std::size_t width = rows.size() / plan.outputs.size();
    std::fill(rows.begin() + static_cast<std::ptrdiff_t>(progress.instant.output * width),
              rows.begin() + static_cast<std::ptrdiff_t>(now.output * width), std::nan(""));
  };
  forget(result.states);
  forget(result.parameters);
  forget(result.delayed);
  const std::size_t decision = now.decision;
  now = progress.instant;
  now.decision = decision;
  result.statistics = progress.statistics;
  result.remarks.resize(progress.remarks);
}

}  // namespace osteosome::solve
