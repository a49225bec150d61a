// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "osteosome/solve/plan.hpp"

namespace osteosome::cohort {

/// How the simulation of one subject ended.
struct Ending {
  solve::Status status = solve::Status::Cancelled;
  std::string message;                  ///< why it failed, or ""
  std::vector<std::string> remarks;     ///< constraints of the model that stopped holding, and the like
  double days_reached = 0;              ///< after the start of treatment; NaN for a subject that was not begun
  double time_reached = 0;              ///< the same in the model's time
  solve::Statistics statistics;
  std::vector<std::string> decisions;   ///< what was changed on the way: "day 365: zoledronate 5 mg iv"
};

/// A quantile band over subjects.
struct Band {
  double low = 0, median = 0, high = 0;
};

/// Values of subjects x times x outputs, in one allocation. What a failed subject did not reach is NaN.
class Trajectories {
 public:
  Trajectories(std::size_t subjects, std::vector<double> days, std::vector<std::string> outputs);

  [[nodiscard]] std::size_t size() const { return endings_.size(); }
  /// Times of looking after the start of treatment [d].
  [[nodiscard]] const std::vector<double>& days() const& { return days_; }
  const std::vector<double>& days() && = delete;
  [[nodiscard]] const std::vector<std::string>& outputs() const& { return outputs_; }
  const std::vector<std::string>& outputs() && = delete;
  /// [subject x time x output], row-major, in the units of the model's outputs.
  [[nodiscard]] std::span<const double> values() const& { return values_; }
  std::span<const double> values() && = delete;
  /// [time x output] of one subject.
  [[nodiscard]] std::span<const double> of(std::size_t subject) const& { return std::span(values_).subspan(subject * width(), width()); }
  std::span<const double> of(std::size_t subject) && = delete;
  [[nodiscard]] std::span<double> of(std::size_t subject) & { return std::span(values_).subspan(subject * width(), width()); }
  [[nodiscard]] const Ending& ending(std::size_t subject) const& { return endings_[subject]; }
  const Ending& ending(std::size_t subject) && = delete;
  [[nodiscard]] Ending& ending(std::size_t subject) & { return endings_[subject]; }

  /// Index of an output. @throws Error(Input) with near matches.
  [[nodiscard]] std::size_t output(const std::string& name) const;
  /// Index of a time of looking. @throws Error(Input) if nobody looked then.
  [[nodiscard]] std::size_t time(double day) const;
  [[nodiscard]] double at(std::size_t subject, std::size_t time, std::size_t output) const {
    return values_[(subject * days_.size() + time) * outputs_.size() + output];
  }
  /// Change of an output from the first look [percent].
  [[nodiscard]] double change(std::size_t subject, std::size_t time, std::size_t output) const {
    return 100 * (at(subject, time, output) / at(subject, 0, output) - 1);
  }
  /// Median of the change over the subjects that got there, and the quantiles that hold `share` of them between them; NaN if there is none.
  /// O(n log n) in subjects.
  [[nodiscard]] Band change_band(const std::string& output, double day, double share = 0.9) const;
  /// Subjects that did not complete.
  [[nodiscard]] std::size_t failed() const;

 private:
  [[nodiscard]] std::size_t width() const { return days_.size() * outputs_.size(); }

  std::vector<double> days_;
  std::vector<std::string> outputs_;
  std::vector<double> values_;
  std::vector<Ending> endings_;
};

/// Quantile `q` of finite values in ascending order, between neighbours by their distance; NaN if there are none.
[[nodiscard]] double quantile_of_sorted(std::span<const double> sorted, double q);

}  // namespace osteosome::cohort
