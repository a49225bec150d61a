// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "osteosome/compile/program.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/solve/plan.hpp"

namespace osteosome::simulate {

/// A stretch of an endless train: from just before a dose to just before another, `doses` intervals later.
/// Of a constant infusion (interval 0) it is `length` long.
struct Stretch {
  double start = 0;
  int doses = 1;
  double length = 0;
};

/// What the states do over a stretch.
struct Orbit {
  std::vector<double> end;
  std::vector<double> peak;  ///< largest magnitude of each state seen on the way
  solve::SubjectResult result;
  [[nodiscard]] bool completed() const { return result.status == solve::Status::Completed; }
};

/// A subject under an endless train of doses, integrated with the reference engine.
class TrainRunner {
 public:
  TrainRunner(const compile::Program& program, const std::vector<double>& parameters, const DoseTrain& train)
      : program_(program), parameters_(parameters), train_(train) {}

  [[nodiscard]] Orbit over(const Stretch& stretch, const std::vector<double>& from) const;
  /// From just before the train's last dose to `since` after it.
  [[nodiscard]] Orbit after_dose(double dose_time, double since, const std::vector<double>& from) const;
  [[nodiscard]] const compile::Program& program() const { return program_; }
  [[nodiscard]] const std::vector<double>& parameters() const { return parameters_; }
  [[nodiscard]] const DoseTrain& train() const { return train_; }

 private:
  void add_stops(double start, int doses, double end, solve::SubjectPlan& plan) const;
  [[nodiscard]] Orbit run(solve::SubjectPlan plan, double end) const;

  const compile::Program& program_;
  const std::vector<double>& parameters_;
  const DoseTrain& train_;
};

}  // namespace osteosome::simulate
