// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "clock.hpp"
#include "history.hpp"
#include "osteosome/solve/decision.hpp"
#include "osteosome/solve/subject.hpp"
#include "reference_solvers.hpp"
#include "timed_branches.hpp"

namespace osteosome::solve {

/// A function that CVODES watches: the gap of a branch, or how far it is from the upper or the lower end of its level.
struct Margin {
  enum class Kind { Gap, Upper, Lower };
  std::uint32_t branch = 0;
  Kind kind = Kind::Gap;
};

/// The reference engine: SUNDIALS on the plain interpreter. One restart at every stop, at every located branch crossing and at every event.
class Reference final : System {
 public:
  /// A subject, `subject` of an ensemble. What is given must outlive the object.
  Reference(const compile::Program& program, std::size_t subject, const Options& options, const std::stop_token& stop, const Decide& decide);

  /// `plan` becomes what decisions make of it.
  SubjectResult run(SubjectPlan& plan);

 private:
  /// What comes next for the subject: the same or another instant, a step, or nothing.
  enum class Next { Instant, Step, Over };

  bool begin(SubjectPlan&& plan);
  bool go_on(const SubjectState& state);
  void integrate();
  Next pass_instant(bool changed);
  void write_output();
  bool fail(Status status, const std::string& message);
  [[nodiscard]] Moment moment() { return {now_.time, now_.parameters, solver_->states(), bits_, delayed_}; }
  [[nodiscard]] bool has_delays() const { return !delayed_.empty(); }

  // Decisions.
  void watch_decisions();
  Next decide(std::span<const double> states);
  Next decide_behind();
  void keep();
  [[nodiscard]] Progress progress();
  void put_back(const Progress& progress);
  [[nodiscard]] SubjectState state();

  // Steps of the solver.
  void start_solver();
  bool step(bool& changed);
  Integrator::Advance solve_to(double target, double stop);
  void count();
  bool relax(double end);
  void note_echoes();
  [[nodiscard]] double next_echo() const { return echoes_.empty() ? std::numeric_limits<double>::infinity() : echoes_.begin()->first; }
  [[nodiscard]] double next_stop() const { return std::min({clock_.end(), change_.time, next_echo()}); }

  // Branches and events.
  bool settle();
  bool settle_bits(bool first_round);
  void look_ahead();
  [[nodiscard]] bool at_boundary(std::uint32_t k) const;
  void found_crossings();
  void pass_boundaries(const std::vector<std::uint32_t>& branches);
  void pass_late();
  void flip(std::uint32_t k);
  void hold(std::uint32_t k);
  void evaluate_gaps();
  void look_up_delayed();

  // What the solver asks for.
  bool derivative(double t, std::span<const double> x, std::span<double> dx) override;
  void jacobian(double t, std::span<const double> x, std::span<double> entries) override;
  [[nodiscard]] std::size_t margin_count() const override { return margins_.size(); }
  void margins(double t, std::span<const double> x, std::span<double> margins) override;
  void residuals(double t, std::span<const double> x, std::span<double> residuals) override;
  void prepare_parameters();

  /// Where the solver starts, to come back to.
  struct Kept {
    Progress progress;
    History::Mark past;
    double seen;
  };

  const std::stop_token& stop_requested_;
  const compile::Program& program_;
  std::size_t subject_;
  const Options& options_;
  const Decide& decide_;
  std::size_t n_;
  SubjectSetup setup_;
  TimedBranches timed_;
  std::vector<Margin> margins_;
  compile::Interpreter derivative_, jacobian_, gaps_, residuals_;
  SubjectClock clock_;
  Instant& now_ = clock_.now;
  History history_;
  std::vector<double> bits_, gap_, watched_, rates_, delayed_;
  std::unique_ptr<Integrator> solver_;
  BranchChange change_;
  std::multimap<double, std::size_t> echoes_;  // when earlier jumps are seen with a delay, and of which order they are
  std::size_t echo_ = 0;  // the order of the one that was reached; 0: a jump of its own
  bool coarse_ = false, begun_ = false, started_ = false;
  bool settled_ = false;  // branches and events of this instant are as they are to be
  int looks_ahead_ = 0;   // at this instant: more than a few slide along a boundary
  double restarted_ = 0;
  double seen_ = -std::numeric_limits<double>::infinity();  // how far the solver has looked
  Integrator::Count counted_;
  std::optional<Kept> kept_;
};

}  // namespace osteosome::solve
