// SPDX-License-Identifier: Apache-2.0
#include "osteosome/calibrate/likelihood.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <span>
#include <utility>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"
#include "problem.hpp"

namespace osteosome::calibrate {
namespace {

constexpr double kSmallest = 1e-9;  ///< error, relative to the largest observation: below it rounding and the integrator decide
constexpr int kMostRounds = 60;

double square(double x) { return x * x; }

/// Observations as the likelihood has them, and predictions on the same scale.
class Data {
 public:
  Data(const std::vector<Observation>& observations, const std::vector<ErrorModel>& models) : observations_(observations), models_(models) {
    largest_.assign(models.size(), 0);
    for (const Observation& o : observations) {
      y_.push_back(models[o.model].logarithmic ? std::log(o.value) : o.value);
      largest_[o.model] = std::max(largest_[o.model], std::abs(y_.back()));
      used_.insert(o.model);
    }
    for (double& largest : largest_) largest = largest > 0 ? largest : 1;
  }

  [[nodiscard]] const std::vector<double>& y() const& { return y_; }
  [[nodiscard]] std::size_t size() const { return y_.size(); }
  [[nodiscard]] const std::vector<ErrorModel>& models() const& { return models_; }
  [[nodiscard]] const ErrorModel& model(std::size_t i) const& { return models_[observations_[i].model]; }
  [[nodiscard]] const ErrorSize& size_of(const std::vector<ErrorSize>& sizes, std::size_t i) const& { return sizes[observations_[i].model]; }
  /// The least error of a model: observations of different kinds differ in size.
  [[nodiscard]] double least(std::size_t model) const { return kSmallest * largest_[model]; }
  [[nodiscard]] double least_of(std::size_t i) const { return least(observations_[i].model); }
  /// Whether anything was observed of that kind.
  [[nodiscard]] bool used(std::size_t model) const { return used_.contains(model); }

  /// Predictions on the scale of y; empty if one of them has no place there.
  [[nodiscard]] std::vector<double> scaled(std::vector<double> predictions) const {
    for (std::size_t i = 0; i < predictions.size(); ++i) {
      const bool relative = model(i).proportional && !model(i).additive;
      if (!std::isfinite(predictions[i]) || ((model(i).logarithmic || relative) && !(predictions[i] > 0))) return {};
      if (model(i).logarithmic) predictions[i] = std::log(predictions[i]);
    }
    return predictions;
  }

  /// Errors of maximum likelihood about `f`.
  [[nodiscard]] std::vector<ErrorSize> errors(const std::vector<double>& f) const {
    std::vector<ErrorSize> sizes;
    for (std::size_t m = 0; m < models_.size(); ++m) sizes.push_back(used(m) ? error(f, m) : ErrorSize{});
    return sizes;
  }

  [[nodiscard]] double minus_two_log_likelihood(const std::vector<double>& f, const std::vector<ErrorSize>& sizes) const {
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      const double v = size_of(sizes, i).variance(f[i]);
      sum += std::log(2 * std::numbers::pi * v) + square(y_[i] - f[i]) / v;
    }
    return sum;
  }

 private:
  /// The ratio of the two errors on a grid, refined by golden sections; for each ratio the additive error has a closed form.
  [[nodiscard]] ErrorSize error(const std::vector<double>& f, std::size_t m) const {
    std::vector<std::size_t> mine;
    for (std::size_t i = 0; i < size(); ++i) {
      if (observations_[i].model == m) mine.push_back(i);
    }
    const auto n = static_cast<double>(mine.size());
    const auto additive = [&](double ratio) {  // variance at f = 0, where v = it (1 + ratio f^2)
      double sum = 0;
      for (const std::size_t i : mine) sum += square(y_[i] - f[i]) / (1 + ratio * f[i] * f[i]);
      return std::max(sum / n, square(least(m)));
    };
    if (!models_[m].proportional) return {std::sqrt(additive(0)), 0};
    if (!models_[m].additive) {
      double sum = 0;
      for (const std::size_t i : mine) sum += square(y_[i] / f[i] - 1);
      return {0, std::max(std::sqrt(sum / n), kSmallest)};
    }
    const auto objective = [&](double log_ratio) {
      const double ratio = std::exp(log_ratio);
      double sum = n * std::log(additive(ratio));
      for (const std::size_t i : mine) sum += std::log1p(ratio * f[i] * f[i]);
      return sum;
    };
    double size = least(m);
    for (const std::size_t i : mine) size = std::max(size, std::abs(f[i]));
    constexpr double kReach = 16, kStep = 0.5;  // of ln(ratio) about 1 / largest prediction^2
    double best = 0, least_so_far = HUGE_VAL;
    const double middle = -2 * std::log(size);
    for (double at = middle - kReach; at <= middle + kReach; at += kStep) {
      if (const double value = objective(at); value < least_so_far) {
        least_so_far = value;
        best = at;
      }
    }
    constexpr double kGolden = 0.6180339887498949;
    double low = best - kStep, high = best + kStep;
    while (high - low > 1e-8) {
      const double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
      (objective(a) < objective(b) ? high : low) = objective(a) < objective(b) ? b : a;
    }
    const double ratio = std::exp((low + high) / 2), variance = additive(ratio);
    return {std::sqrt(variance), std::sqrt(variance * ratio)};
  }

  const std::vector<Observation>& observations_;
  const std::vector<ErrorModel>& models_;
  std::vector<double> y_;
  std::vector<double> largest_;  ///< by model
  std::set<std::size_t> used_;
};

/// (y - f) / sqrt(v); where v depends on f also sqrt(ln(v / least v) + 1), whose square adds ln v up to a constant.
std::vector<double> residuals_of(const Data& data, const std::vector<double>& f, const std::vector<ErrorSize>& sizes) {
  std::vector<double> all;
  for (std::size_t i = 0; i < f.size(); ++i) all.push_back((data.y()[i] - f[i]) / std::sqrt(data.size_of(sizes, i).variance(f[i])));
  for (std::size_t i = 0; i < f.size(); ++i) {
    const ErrorSize& e = data.size_of(sizes, i);
    if (e.proportional == 0) continue;
    const double least = e.additive > 0 ? square(e.additive) : square(e.proportional * data.least_of(i));
    const double above = std::log(e.variance(f[i]) / least);
    if (above < 0) return {};
    all.push_back(std::sqrt(above + 1));
  }
  return all;
}

void check(const std::vector<Unknown>& unknowns, const std::vector<Observation>& observations, const std::vector<ErrorModel>& models) {
  core::Diagnostics problems;
  const auto free = std::count_if(unknowns.begin(), unknowns.end(), [](const Unknown& u) { return !u.prior; });
  if (observations.empty() || observations.size() <= static_cast<std::size_t>(free))
    problems.add({"calibrate-011",
                  core::format_double(static_cast<double>(observations.size())) + " observations do not tell " +
                      core::format_double(static_cast<double>(free)) + " unknowns and their errors",
                  {},
                  "Fit fewer unknowns, or give them priors."});
  for (const Observation& o : observations) {
    const ErrorModel& m = models[o.model];
    if (o.value > 0 || !(m.logarithmic || (m.proportional && !m.additive))) continue;
    problems.add({"calibrate-012",
                  "an observation of " + m.name + " is " + core::format_double(o.value) +
                      (m.logarithmic ? ", which has no logarithm" : ", which a proportional error alone cannot have"),
                  {},
                  "Leave it out with MDV = 1, or take error = \"additive\" or \"combined\"."});
    break;
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

/// Half of the expected information as rows: of the mean, f' / sqrt(v), and of the variance, v' / (sqrt(2) v); unknowns, then ln of the errors.
Matrix information_rows(const Data& data, const Matrix& slopes, const std::vector<double>& f, const std::vector<ErrorSize>& sizes,
                        std::size_t unknowns, double weight) {
  Matrix rows;
  for (std::size_t i = 0; i < f.size(); ++i) {
    const ErrorSize& e = data.size_of(sizes, i);
    const double v = e.variance(f[i]), by_f = 2 * square(e.proportional) * f[i];
    std::vector<double> mean(slopes[i]), spread(slopes[i]);
    mean.resize(unknowns);
    spread.resize(unknowns);
    for (double& x : mean) x *= weight / std::sqrt(v);
    for (double& x : spread) x *= weight * by_f / (std::numbers::sqrt2 * v);
    for (std::size_t m = 0; m < sizes.size(); ++m) {
      if (!data.used(m)) continue;
      const double mine = &sizes[m] == &e ? weight * std::numbers::sqrt2 / v : 0;
      if (data.models()[m].additive) spread.push_back(mine * square(e.additive));
      if (data.models()[m].proportional) spread.push_back(mine * square(e.proportional * f[i]));
    }
    mean.resize(spread.size(), 0);
    rows.push_back(std::move(mean));
    rows.push_back(std::move(spread));
  }
  return rows;
}

/// The unknowns and the sizes of errors, which nothing bounds but rounding.
std::vector<Unknown> estimated(const std::vector<Unknown>& unknowns, const Data& data, const std::vector<ErrorSize>& sizes) {
  const auto& models = data.models();
  constexpr double kWide = 1e6;
  std::vector<Unknown> all = unknowns;
  const auto add = [&](const std::string& name, double size) { all.push_back({name, size, size / kWide, size * kWide, true}); };
  for (std::size_t m = 0; m < models.size(); ++m) {
    if (!data.used(m)) continue;
    if (models[m].additive) add(models[m].name + " additive", sizes[m].additive);
    if (models[m].proportional) add(models[m].name + " proportional", sizes[m].proportional);
  }
  return all;
}

}  // namespace

namespace {

/// The alternation of parameters and errors from one point; minus two log likelihood is infinite if that cannot be evaluated.
struct Alternation {
  Fit fit;
  Residuals residuals;
  std::vector<double> f;         ///< predictions on the scale of the observations
  std::vector<ErrorSize> sizes;  ///< of maximum likelihood
  double value = HUGE_VAL;       ///< minus two log likelihood
  double objective = HUGE_VAL;   ///< the same with what priors add
};

double prior_penalty(const std::vector<Unknown>& unknowns, const std::vector<double>& values) {
  double sum = 0;
  for (std::size_t k = 0; k < unknowns.size(); ++k) {
    if (unknowns[k].prior) sum += square((to_transformed(unknowns[k], values[k]) - unknowns[k].prior->mean) / unknowns[k].prior->sd);
  }
  return sum;
}

Alternation alternate(const Data& data, std::vector<Unknown> from, const Residuals& predictions, const Residuals& scaled, Settings settings,
                      const std::stop_token& stop) {
  Alternation out;
  settings.starts = 1;
  std::vector<double> start;
  for (const Unknown& u : from) start.push_back(u.start);
  out.f = scaled({start}).front();
  out.fit.start_outcomes = {"failed: no predictions at the start"};
  if (out.f.empty()) return out;
  out.sizes = data.errors(out.f);
  for (int round = 0; round < kMostRounds; ++round) {
    out.residuals = [data, sizes = out.sizes, predictions](const Matrix& points) {
      Matrix all = predictions(points);
      for (auto& row : all) {
        row = data.scaled(std::move(row));
        if (!row.empty()) row = residuals_of(data, row, sizes);
      }
      return all;
    };
    out.fit = fit(from, out.residuals, settings, stop);
    if (stop.stop_requested() || !std::isfinite(out.fit.cost)) return out;
    out.f = scaled({out.fit.values}).front();
    if (out.f.empty()) return out;
    out.sizes = data.errors(out.f);
    out.value = data.minus_two_log_likelihood(out.f, out.sizes);
    const double before = std::exchange(out.objective, out.value + prior_penalty(from, out.fit.values));
    if (std::abs(before - out.objective) < 1e-6) return out;
    for (std::size_t k = 0; k < from.size(); ++k) from[k].start = out.fit.values[k];
  }
  out.fit.converged = false;
  return out;
}

/// The best of the alternations from each start; where errors are combined also from where each of their parts alone leads, so that a combined error
/// is never worse than one of its parts.
Alternation best_alternation(const Data& data, const std::vector<Unknown>& unknowns, const std::vector<Observation>& observations,
                             const Residuals& predictions, const Residuals& scaled, const Settings& settings, const std::stop_token& stop) {
  Alternation best;
  std::vector<double> costs;
  std::vector<std::string> outcomes;
  const auto take = [&](Alternation&& a) {
    costs.push_back(a.objective);
    outcomes.push_back(a.fit.start_outcomes.empty() ? "" : a.fit.start_outcomes.front());
    if (a.objective < best.objective || best.f.empty()) best = std::move(a);
  };
  const auto from = [&](const std::vector<double>& values) {
    std::vector<Unknown> moved = unknowns;
    for (std::size_t k = 0; k < moved.size(); ++k) moved[k].start = values[k];
    return moved;
  };
  const bool combined = std::any_of(data.models().begin(), data.models().end(), [](const ErrorModel& m) { return m.additive && m.proportional; });
  for (const auto& start : start_values(unknowns, settings)) {
    take(alternate(data, from(start), predictions, scaled, settings, stop));
    for (const bool additive : {true, false}) {
      if (!combined || stop.stop_requested()) continue;
      std::vector<ErrorModel> part = data.models();
      for (ErrorModel& m : part) (additive ? m.proportional : m.additive) = m.additive != m.proportional && (additive ? m.proportional : m.additive);
      const Data alone(observations, part);
      const Residuals on_its_scale = [&](const Matrix& points) {
        Matrix all = predictions(points);
        for (auto& f : all) f = alone.scaled(std::move(f));
        return all;
      };
      const Alternation simple = alternate(alone, from(start), predictions, on_its_scale, settings, stop);
      if (std::isfinite(simple.value)) take(alternate(data, from(simple.fit.values), predictions, scaled, settings, stop));
    }
  }
  best.fit.start_costs = costs;
  best.fit.start_outcomes = outcomes;
  return best;
}

/// Said at once, since a search from there cannot begin.
void check_start(const std::vector<Unknown>& unknowns, const Residuals& predictions, const std::vector<Observation>& observations,
                 const std::vector<ErrorModel>& models) {
  std::vector<double> start;
  for (const Unknown& u : unknowns) start.push_back(u.start);
  const std::vector<double> f = predictions({start}).front();
  for (std::size_t i = 0; i < f.size(); ++i) {
    const ErrorModel& m = models[observations[i].model];
    if (!std::isfinite(f[i]) || f[i] > 0 || !(m.logarithmic || (m.proportional && !m.additive))) continue;
    throw core::Error(core::ErrorKind::Input,
                      {"calibrate-013",
                       "the model predicts " + core::format_double(f[i]) + " where " + core::format_double(observations[i].value) + " of " + m.name +
                           " was observed: " + (m.logarithmic ? "that has no logarithm" : "a proportional error alone cannot have it"),
                       {},
                       "Leave the row out with MDV = 1, or take error = \"additive\" or \"combined\"."});
  }
}

}  // namespace

LikelihoodFit fit_likelihood(const std::vector<Unknown>& unknowns, const Residuals& predictions, const std::vector<Observation>& observations,
                             const std::vector<ErrorModel>& models, const Settings& settings, const std::stop_token& stop) {
  check(unknowns, settings);
  check(unknowns, observations, models);
  check_start(unknowns, predictions, observations, models);
  const Data data(observations, models);
  const Residuals scaled = [&](const Matrix& points) {
    Matrix all = predictions(points);
    for (auto& f : all) f = data.scaled(std::move(f));
    return all;
  };
  Alternation best = best_alternation(data, unknowns, observations, predictions, scaled, settings, stop);
  LikelihoodFit out;
  out.fit = std::move(best.fit);
  out.residuals = std::move(best.residuals);
  out.minus_two_log_likelihood = best.value;
  const std::vector<double>& f = best.f;
  std::vector<ErrorSize> sizes = best.sizes;
  if (stop.stop_requested() || !std::isfinite(best.value)) return out;
  const auto n = static_cast<double>(observations.size());
  const auto free = std::count_if(unknowns.begin(), unknowns.end(), [](const Unknown& u) { return !u.prior; });
  out.freedom = n - static_cast<double>(free);
  Matrix slopes = jacobian(unknowns, scaled, out.fit.values, settings, stop);
  if (slopes.empty()) return out;
  out.information.jacobian = information_rows(data, slopes, f, sizes, unknowns.size(), std::sqrt(out.freedom / n));
  for (ErrorSize& e : sizes) {
    e.additive *= std::sqrt(n / out.freedom);
    e.proportional *= std::sqrt(n / out.freedom);
  }
  out.estimated = estimated(unknowns, data, sizes);
  for (std::size_t k = 0; k < unknowns.size(); ++k) {
    if (!unknowns[k].prior) continue;
    out.information.jacobian.emplace_back(out.estimated.size(), 0);
    out.information.jacobian.back()[k] = 1 / unknowns[k].prior->sd;
  }
  for (std::size_t k = 0; k < out.estimated.size(); ++k)
    out.information.values.push_back(k < unknowns.size() ? out.fit.values[k] : out.estimated[k].start);
  out.errors = sizes;
  for (std::size_t i = 0; i < f.size(); ++i) {
    out.weighted.push_back((data.y()[i] - f[i]) / std::sqrt(data.size_of(sizes, i).variance(f[i])));
    out.predictions.push_back(data.model(i).logarithmic ? std::exp(f[i]) : f[i]);
  }
  return out;
}

}  // namespace osteosome::calibrate
