// SPDX-License-Identifier: Apache-2.0
// The state that an endless train of doses repeats: Newton's method on the map from one dose to the next, its derivative by differences.
#include <algorithm>
#include <cmath>

#include "osteosome/simulate/dosing.hpp"
#include "osteosome/solve/subject.hpp"

namespace osteosome::simulate {
namespace {

constexpr int kMostIterations = 30;
constexpr double kConverged = 1e-9;       // of each state's size: ten times the integration tolerance below
constexpr double kIntegration = 1e-10;
constexpr double kPerturbation = 1e-3;    // differences are exact for linear kinetics whatever their size
constexpr double kSameLength = 1e-9;      // durations that differ from whole intervals by rounding only
constexpr double kNeutral = 1e-7;         // |1 - dP/dx| below this: nothing pulls the state back

using solve::StopKind;

solve::SubjectPlan period_plan(const std::vector<double>& parameters, const std::vector<double>& from, const DoseTrain& train, double length) {
  solve::SubjectPlan plan;
  plan.parameters = parameters;
  plan.initial_overrides = from;
  plan.resumes = true;
  if (train.interval == 0) {
    plan.stops.push_back({0, StopKind::ChangeRate, train.state, train.rate});
  } else if (train.duration > 0) {
    const double whole = std::floor(train.duration / train.interval + kSameLength);
    const double rest = train.duration - whole * train.interval;
    const bool even = rest <= kSameLength * train.interval;
    plan.stops.push_back({0, StopKind::ChangeRate, train.state, train.rate * (whole + (even ? 0 : 1))});
    if (!even && rest < length) plan.stops.push_back({rest, StopKind::ChangeRate, train.state, -train.rate});
  } else {
    plan.stops.push_back({0, StopKind::Add, train.state, train.amount});
  }
  plan.outputs.push_back({length, static_cast<std::uint32_t>(plan.stops.size())});
  return plan;
}

/// Solves a x = b with partial pivoting; a row that vanishes leaves its unknown 0 and reports the row's residual.
std::vector<double> solve_dense(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  std::vector<std::size_t> pivot_of(n, n);
  std::vector<char> used(n, 0);
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t best = n;
    for (std::size_t i = 0; i < n; ++i) {
      if (!used[i] && (best == n || std::abs(a[i][k]) > std::abs(a[best][k]))) best = i;
    }
    if (best == n || std::abs(a[best][k]) < kNeutral) continue;
    used[best] = 1;
    pivot_of[k] = best;
    for (std::size_t i = 0; i < n; ++i) {
      if (i == best) continue;
      const double f = a[i][k] / a[best][k];
      if (f == 0) continue;
      for (std::size_t j = k; j < n; ++j) a[i][j] -= f * a[best][j];
      b[i] -= f * b[best];
    }
  }
  std::vector<double> x(n, 0);
  for (std::size_t k = 0; k < n; ++k) {
    if (pivot_of[k] < n) x[k] = b[pivot_of[k]] / a[pivot_of[k]][k];
  }
  return x;
}

}  // namespace

std::vector<double> periodic_state(const CompiledModel& model, const std::vector<double>& parameters, const DoseTrain& train) {
  const std::size_t n = model.program().states.size();
  const double length = train.interval > 0 ? train.interval : 1;
  const auto integrate = [&](const std::vector<std::vector<double>>& from) {
    std::vector<std::vector<double>> to(from.size());
    solve::Options options;
    options.relative_tolerance = kIntegration;
    for (std::size_t k = 0; k < from.size(); ++k) {
      const auto result = solve::run_reference(model.program(), period_plan(parameters, from[k], train, length), options);
      if (result.status != solve::Status::Completed) {
        throw core::Error(core::ErrorKind::Numerics, {"steady-002", "the steady state could not be computed: " + result.message, {}, ""});
      }
      to[k] = result.states;
    }
    return to;
  };
  std::vector<double> x(n), scale(n);
  {
    solve::SubjectSetup setup(model.program());
    solve::SubjectPlan plan;
    plan.parameters = parameters;
    setup.initial_states(plan, x);
  }
  const double dose = std::max({train.amount, train.rate * train.duration, train.rate * length});
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    for (std::size_t i = 0; i < n; ++i) scale[i] = std::max(std::abs(x[i]), x[i] == 0 ? dose : 0.0);
    std::vector<std::vector<double>> from(n + 1, x);
    for (std::size_t j = 0; j < n; ++j) from[j + 1][j] += kPerturbation * scale[j];
    const auto to = integrate(from);
    bool converged = true;
    std::vector<double> residual(n);
    for (std::size_t i = 0; i < n; ++i) {
      residual[i] = to[0][i] - x[i];
      converged = converged && std::abs(residual[i]) <= kConverged * std::max({std::abs(x[i]), std::abs(to[0][i]), 1e-6 * dose});
    }
    if (converged) return x;
    std::vector<std::vector<double>> a(n, std::vector<double>(n));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) a[i][j] = (i == j ? 1.0 : 0.0) - (to[j + 1][i] - to[0][i]) / (kPerturbation * scale[j]);
    }
    const auto step = solve_dense(std::move(a), residual);
    for (std::size_t i = 0; i < n; ++i) x[i] += step[i];
  }
  throw core::Error(core::ErrorKind::Numerics,
                    {"steady-001",
                     "no steady state was found for doses into '" + model.program().states[train.state] + "'",
                     {},
                     "Some state of the model does not come to rest under this dosing."});
}

}  // namespace osteosome::simulate
