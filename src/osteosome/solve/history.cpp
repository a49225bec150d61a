// SPDX-License-Identifier: Apache-2.0
#include "history.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace osteosome::solve {

History::History(const compile::Program& program) : program_(program) {
  for (const auto& d : program.delays) {
    values_.push_back({compile::Interpreter(program.graph, {d.value})});
    durations_.push_back({compile::Interpreter(program.graph, {d.duration})});
    before_.push_back({compile::Interpreter(program.graph, {d.before})});
  }
}

void History::start(double time, std::span<const double> states, std::span<const double> parameters) {
  past_.start = past_.end = time;
  past_.last.assign(states.begin(), states.end());
  past_.epochs.push_back({time, {parameters.begin(), parameters.end()}});
}

void History::add_step(double time, std::vector<std::vector<double>> taylor) {
  if (!(time > past_.end)) return;
  past_.last = taylor[0];
  past_.steps.push_back({past_.end, time, std::move(taylor)});
  past_.end = time;
}

void History::jump(std::span<const double> states, std::span<const double> parameters) {
  past_.last.assign(states.begin(), states.end());
  if (std::equal(parameters.begin(), parameters.end(), past_.epochs.back().parameters.begin())) return;
  past_.epochs.push_back({past_.end, {parameters.begin(), parameters.end()}});
}

void History::go_back(const Mark& mark) {
  past_.steps.resize(mark.steps);
  past_.epochs.resize(mark.epochs);
  past_.end = mark.end;
  past_.last = mark.last;
  for (auto* formulas : {&values_, &durations_, &before_}) {
    for (Formula& f : *formulas) f.prepared = kNone;
  }
}

Past History::past_until(const Mark& mark) const {
  const auto first = [](const auto& all, std::size_t count) { return std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)); };
  return {first(past_.steps, mark.steps), first(past_.epochs, mark.epochs), past_.start, mark.end, mark.last};
}

void History::set_past(const Past& past) {
  past_ = past;
  go_back(mark());
}

/// In the step under way between its ends.
std::vector<double> History::states_at(double time, double now, std::span<const double> states) const {
  if (time < past_.end) {
    const auto step = std::upper_bound(past_.steps.begin(), past_.steps.end(), time, [](double t, const Past::Step& s) { return t < s.to; });
    std::vector<double> x(past_.last.size(), 0.0);
    const double dt = time - step->to;
    for (std::size_t k = step->taylor.size(); k-- > 0;) {
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = x[i] * dt + step->taylor[k][i];
    }
    return x;
  }
  const double share = now > past_.end ? (time - past_.end) / (now - past_.end) : 1;
  std::vector<double> x(states.begin(), states.end());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = past_.last[i] + share * (states[i] - past_.last[i]);
  return x;
}

std::size_t History::epoch_at(double time) const {
  const auto after = std::upper_bound(past_.epochs.begin(), past_.epochs.end(), time, [](double t, const auto& e) { return t < e.from; });
  return after == past_.epochs.begin() ? 0 : static_cast<std::size_t>(after - past_.epochs.begin()) - 1;
}

double History::evaluate(Formula& formula, double time, std::span<const double> states, std::span<const double> delayed) {
  if (const std::size_t epoch = epoch_at(time); formula.prepared != epoch) {
    formula.interpreter.prepare(past_.epochs[epoch].parameters);
    formula.prepared = epoch;
  }
  double out = 0;
  formula.interpreter.evaluate(time, states, {}, {&out, 1}, delayed);
  return out;
}

double History::value(std::size_t k, double time, double now, std::span<const double> states) {
  if (time < past_.start) return evaluate(before_[k], time, {}, {});
  const auto x = states_at(time, now, states);
  std::vector<double> delayed;
  if ((program_.graph.depends(program_.delays[k].value) & expr::kOnDelayed) != 0) {  // a delayed value of delayed values
    delayed.resize(k);
    for (std::size_t j = 0; j < k; ++j) delayed[j] = value(j, time - evaluate(durations_[j], time, x, delayed), now, states);
  }
  return evaluate(values_[k], time, x, delayed);
}

double History::look_up(double time, std::span<const double> states, std::span<double> delayed) {
  double shortest = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < delayed.size(); ++k) {
    const double ago = duration(k, time, states, delayed);
    if (!(ago >= 0)) return -1;
    shortest = std::min(shortest, ago);
    delayed[k] = value(k, time - ago, time, states);
  }
  return shortest;
}

}  // namespace osteosome::solve
