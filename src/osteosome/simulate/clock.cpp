// SPDX-License-Identifier: Apache-2.0
#include "clock.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace osteosome::simulate {
namespace {

constexpr int kSamples = 64;
constexpr double kSame = 1e-7;      // of a rate's size: rounding of late times, and less than a drift that would matter
constexpr int kMostShifts = 1024;     // back: a drift shows
constexpr int kEveryShift = 200;      // each shift back up to this one, then powers of two: a shift far below the period shows

std::vector<compile::NodeId> formulas_of(const compile::Program& program) {
  std::vector<compile::NodeId> roots = program.derivative;
  for (const auto& event : program.events) {
    roots.push_back(event.trigger);
    if (event.delay) roots.push_back(*event.delay);
    if (event.priority) roots.push_back(*event.priority);
    for (const auto& action : event.actions) roots.push_back(action.value);
  }
  return roots;
}

std::vector<compile::NodeId> gaps_of(const compile::Program& program) {
  std::vector<compile::NodeId> roots;
  for (const auto& s : program.switches) roots.push_back(s.gap);
  return roots;
}

/// Times spread evenly over (0, 1), and meeting no simple fraction of it.
double fraction(int k) {
  const double x = (k + 1) * (std::numbers::phi - 1);
  return x - std::floor(x);
}

}  // namespace

Clock::Clock(const compile::Program& program, const std::vector<double>& parameters, std::vector<std::vector<double>> states)
    : program_(program), states_(std::move(states)), roots_(formulas_of(program)), gaps_(program.graph, gaps_of(program)),
      formulas_(program.graph, roots_), scale_(roots_.size(), 0) {
  gaps_.prepare(parameters);
  formulas_.prepare(parameters);
}

std::vector<double> Clock::rates(double time, const std::vector<double>& states) {
  std::vector<double> bits(program_.switches.size(), 0), gap(bits.size()), values(roots_.size());
  for (std::size_t pass = 0; pass < bits.size(); ++pass) {  // a gap may depend on bits before it
    gaps_.evaluate(time, states, bits, gap);
    bool moved = false;
    for (std::size_t k = 0; k < bits.size(); ++k) {
      const double bit = program_.switches[k].value_at(gap[k]);
      moved = moved || bit != bits[k];
      bits[k] = bit;
    }
    if (!moved) break;
  }
  formulas_.evaluate(time, states, bits, values);
  return values;
}

bool Clock::repeats(double shift, double end) {
  for (int k = 0; k < kSamples; ++k) {
    const double time = end - shift * fraction(k);
    for (const auto& states : states_) {
      const auto now = rates(time, states);
      for (std::size_t i = 0; i < now.size(); ++i) scale_[i] = std::max(scale_[i], std::abs(now[i]));
      for (int back = 1; back <= kMostShifts; back = back < kEveryShift ? back + 1 : 2 * back) {
        const auto then = rates(time - back * shift, states);
        for (std::size_t i = 0; i < now.size(); ++i) {
          const bool neither = std::isnan(then[i]) && std::isnan(now[i]);
          if (!neither && then[i] != now[i] && !(std::abs(then[i] - now[i]) <= kSame * scale_[i])) return false;
        }
      }
    }
  }
  return true;
}

std::optional<double> Clock::period(double end) {
  const double day = 86400 / program_.seconds_per_time_unit;
  for (const double candidate : {day, 7 * day, 365.25 * day}) {
    if (repeats(candidate, end)) return candidate;
  }
  return std::nullopt;
}

}  // namespace osteosome::simulate
