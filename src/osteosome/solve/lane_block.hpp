// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "lane_kernels.hpp"
#include "osteosome/compile/evaluator.hpp"
#include "osteosome/solve/engine.hpp"
#include "osteosome/solve/subject.hpp"
#include "tableau.hpp"
#include "timed_branches.hpp"

namespace osteosome::solve {

inline constexpr double kSmallestStep = 64 * 2.220446049250313e-16;  // relative to time: below it t + h no longer moves by h
inline constexpr int kFlipsInPlace = 8;    // a bit that flips this often without progress slides along its boundary

/// Doubles aligned for the widest vector.
class AlignedArray {
 public:
  explicit AlignedArray(std::size_t count)
      : data_(static_cast<double*>(std::aligned_alloc(64, (count * sizeof(double) + 63) / 64 * 64 + 64)), &std::free) {
    std::fill_n(data_.get(), count, 0.0);
  }
  [[nodiscard]] double* get() const { return data_.get(); }
  double& operator[](std::size_t i) const { return data_.get()[i]; }

 private:
  std::unique_ptr<double, decltype(&std::free)> data_;
};

/// A block of lanes in lockstep: every iteration makes one Rosenbrock step attempt in every lane, each with its own subject, time, step size
/// and error control. Finished lanes take the next subject.
class LaneBlock {
 public:
  using Next = std::function<std::optional<std::size_t>()>;

  LaneBlock(const compile::Program& program, const compile::LaneProgram& lane_program, const compile::Evaluator& evaluator,
            const LaneKernels& kernels, const Options& options);

  /// Runs until `next` has no more subjects; every result goes to `sink`.
  void run(const Next& next, const PlanSource& plans, const ResultSink& sink, const std::stop_token& stop);

 private:
  struct Lane {
    bool active = false;
    std::size_t subject = 0;
    SubjectPlan plan;
    SubjectResult result;
    std::vector<double> parameters;
    EventState events;
    double t = 0;
    double h = 0;          // proposed step; 0: not known yet
    double h_try = 0;      // step of the current attempt
    std::size_t stop = 0, output = 0;
    bool to_stop = false;  // the attempt ends exactly at the next stop or at the end
    bool just_rejected = false;
    bool parameters_changed = false;
    bool bits_unknown = false;
    bool fresh = true;  // the state has just been set: it is looked at before the doses of this instant
    bool after_restart = false;                  // the next accepted step is the first after a discontinuity
    std::uint64_t restart_kind = 0;              // which kind of discontinuity it was
    std::map<std::uint64_t, double> step_after;  // step sizes that worked after earlier ones of the same kind
    // Branch crossing being approached: the attempt ends at it, and these bits flip there.
    bool to_root = false;
    double h_before_root = 0, t_root = 0;
    std::vector<std::uint32_t> flips;
    std::vector<std::uint32_t> late;  // bits that flip only after this instant: their new value does not hold where the gap is 0
    int flips_in_place = 0;
    std::uint64_t attempts = 0;  // since the last discontinuity
    bool coarse = false;         // the tolerances are the last resort's
    // Bits that have just flipped, with the gap at the crossing: while the gap is that value, which rounding put on either side, the bit stands.
    std::vector<std::pair<std::uint32_t, double>> held;
    bool events_due = false;  // a bit flipped: triggers may have changed
    std::optional<TimedBranches::Change> change;  // the next one of branches on the clock; empty: not known
  };
  /// One boundary of a frozen branch; margins are positive where its value is right.
  struct Boundary {
    double sign, offset;
    [[nodiscard]] double margin(double gap) const { return offset + sign * gap; }
  };
  struct Bracket {
    std::size_t lane;
    std::uint32_t bit;
    Boundary boundary;
    double a, b, ga, gb, margin;
    int side;
    double gap = 0;    // last evaluated
    double start = 0;  // gap at the beginning of the step
  };

  // Setting up and finishing subjects.
  bool load(std::size_t l, const Next& next, const PlanSource& plans);
  void finish(std::size_t l, Status status, const std::string& message = "");
  void deliver(const ResultSink& sink);

  // Between steps: outputs and stops at the current time, branch bits, events, step size.
  void prepare(const ResultSink& sink, const Next& next, const PlanSource& plans);
  bool pass_stops(std::size_t l);
  void load_parameters();
  void restart(Lane& lane, std::uint64_t kind, double fallback);
  void refresh_bits();
  void evaluate_gaps();
  void settle_bits(const std::vector<std::size_t>& lanes, bool first_round);
  bool run_events(std::size_t l);
  bool make_consistent(std::size_t l);
  [[nodiscard]] Moment moment(std::size_t l);
  void initial_step_sizes();
  void choose_step(Lane& lane);
  bool pass_changes(std::size_t l);
  const TimedBranches::Change& next_change(std::size_t l);

  // One attempt in every lane.
  void attempt();
  void stage(int i);

  // Judging the attempt.
  void judge();
  void reject(std::size_t l, double error);
  void relax(std::size_t l);
  void lose_patience(std::size_t l);
  void grow_tolerances();
  void find_crossings(std::vector<std::size_t>& candidates);
  void find_brackets(std::size_t l, std::uint32_t bit, std::vector<Bracket>& brackets, std::vector<Bracket>& dips) const;
  void gaps_along_step();
  template <class Theta>
  void margins(std::vector<Bracket>& brackets, Theta theta_of);
  static void find_dip(const Bracket& whole, double start, double middle, double end, std::vector<Bracket>& dips);
  void locate(std::vector<Bracket>& brackets);
  void flip(std::size_t l, std::uint32_t bit, double gap);
  void check_interpolation(std::vector<std::size_t>& candidates);
  void too_many_steps(std::size_t l);
  void approach_root(std::size_t l, const std::vector<Bracket>& brackets);
  void accept(std::size_t l);
  void write_output(std::size_t l, std::span<const double> states);
  void dense_coefficients();
  [[nodiscard]] double dense(std::size_t l, std::size_t state, double theta) const;

  double* slot(std::uint32_t index) const { return block_.get() + std::size_t{index} * lanes_; }
  double& slot(std::uint32_t index, std::size_t lane) const { return block_[std::size_t{index} * lanes_ + lane]; }
  double& at(const AlignedArray& array, std::size_t row, std::size_t lane) const { return array[row * lanes_ + lane]; }
  [[nodiscard]] double end_time(const Lane& lane) const;
  [[nodiscard]] double attempt_end(const Lane& lane) const;
  [[nodiscard]] bool stop_due(const Lane& lane) const { return lane.stop < lane.plan.stops.size() && lane.plan.stops[lane.stop].time <= lane.t; }

  const compile::Program& program_;
  const compile::LaneProgram& code_;
  const compile::SlotLayout& at_;
  const compile::Evaluator& evaluator_;
  const LaneKernels& kernels_;
  const Options& options_;
  const Tableau& method_;
  SubjectSetup setup_;
  TimedBranches timed_;
  std::size_t lanes_, n_;
  bool parameter_events_ = false;
  bool settle_after_flip_ = false;  // what else holds at an instant depends on the branch that flipped there
  std::vector<std::uint32_t> gap_states_;

  AlignedArray block_, x_, new_x_, atol_, growth_, rates_, h_, inverse_h_, error_, factor_, mask_, zero_;
  AlignedArray gap_start_, gap_middle_, gap_end_;  // gaps of the current attempt
  std::vector<AlignedArray> k_;
  AlignedArray dense_;  // [3][n][lanes]: rows k1..k3 of dense output
  bool dense_ready_ = false;
  bool growing_ = false;  // some state of a lane has no size of its own
  std::vector<char> has_rate_;
  std::vector<Lane> lane_;
  std::vector<std::pair<std::size_t, std::size_t>> finished_;
  std::vector<double> state_row_, bit_row_, entry_row_, row_, growth_row_;
};

}  // namespace osteosome::solve
