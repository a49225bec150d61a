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
  start_ = end_ = time;
  last_.assign(states.begin(), states.end());
  epochs_.push_back(std::make_unique<Epoch>(Epoch{time, {parameters.begin(), parameters.end()}}));
}

void History::add_step(double time, std::vector<std::vector<double>> taylor) {
  if (!(time > end_)) return;
  last_ = taylor[0];
  steps_.push_back({end_, time, std::move(taylor)});
  end_ = time;
}

void History::jump(std::span<const double> states, std::span<const double> parameters) {
  last_.assign(states.begin(), states.end());
  if (std::equal(parameters.begin(), parameters.end(), epochs_.back()->parameters.begin())) return;
  epochs_.push_back(std::make_unique<Epoch>(Epoch{end_, {parameters.begin(), parameters.end()}}));
}

/// In the step under way between its ends.
std::vector<double> History::states_at(double time, double now, std::span<const double> states) const {
  if (time < end_) {
    const auto step = std::upper_bound(steps_.begin(), steps_.end(), time, [](double t, const Step& s) { return t < s.to; });
    std::vector<double> x(last_.size(), 0.0);
    const double dt = time - step->to;
    for (std::size_t k = step->taylor.size(); k-- > 0;) {
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = x[i] * dt + step->taylor[k][i];
    }
    return x;
  }
  const double share = now > end_ ? (time - end_) / (now - end_) : 1;
  std::vector<double> x(states.begin(), states.end());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = last_[i] + share * (states[i] - last_[i]);
  return x;
}

const History::Epoch& History::epoch_at(double time) const {
  auto it = std::upper_bound(epochs_.begin(), epochs_.end(), time, [](double t, const auto& e) { return t < e->from; });
  return it == epochs_.begin() ? **it : **(it - 1);
}

double History::evaluate(Formula& formula, double time, std::span<const double> states, std::span<const double> delayed) {
  const Epoch& epoch = epoch_at(time);
  if (formula.prepared != &epoch) {
    formula.interpreter.prepare(epoch.parameters);
    formula.prepared = &epoch;
  }
  double out = 0;
  formula.interpreter.evaluate(time, states, {}, {&out, 1}, delayed);
  return out;
}

double History::value(std::size_t k, double time, double now, std::span<const double> states) {
  if (time < start_) return evaluate(before_[k], time, {}, {});
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
