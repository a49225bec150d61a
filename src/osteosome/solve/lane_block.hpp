// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "clock.hpp"
#include "lane_kernels.hpp"
#include "osteosome/compile/evaluator.hpp"
#include "osteosome/solve/engine.hpp"
#include "osteosome/solve/subject.hpp"
#include "tableau.hpp"
#include "timed_branches.hpp"

namespace osteosome::solve {

inline constexpr double kSmallestStep = 64 * 2.220446049250313e-16;  // relative to time: below it t + h no longer moves by h
inline constexpr int kFlipsInPlace = 8;    // a bit that flips this often without progress slides along its boundary

/// The polynomial through values[k] at `at[k]`, in Newton's form: `values` become its coefficients, those of 1, (x - at[0]), (x - at[0])(x - at[1]),
/// ...
void newton_coefficients(std::span<const double> at, std::vector<std::vector<double>>& values);
/// The polynomial through the first `count` of them at `x`, of column i.
[[nodiscard]] double newton_value(std::span<const double> at, const std::vector<std::vector<double>>& coefficients, std::size_t count, std::size_t i,
                                  double x);

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
            const LaneKernels& kernels, const Options& options, const Decide& decide);

  /// Runs until `next` has no more subjects; every result goes to `sink`.
  void run(const Next& next, const PlanSource& plans, const ResultSink& sink, const std::stop_token& stop);

 private:
  struct Lane : SubjectClock {
    bool active = false;
    std::size_t subject = 0;
    LaneCourse course;
    double h_try = 0;      // step of the current attempt
    bool to_stop = false;  // the attempt ends exactly at the next stop or at the end
    bool parameters_changed = false;
    bool bits_unknown = false;
    // Branch crossing being approached: the attempt ends at it, and these bits flip there.
    bool to_root = false;
    double h_before_root = 0, t_root = 0;
    std::vector<std::uint32_t> flips;
    std::optional<Progress> kept;                 // where a stop at the next decision would first have changed a step
    std::optional<Progress> before_skip;          // of a train: where periods began to be passed over, until that is known to be good
    std::optional<Progress> before_ask;           // where a copy of a period that is passed over began
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

  /// A state that is not looked at: the entries of the Jacobian by which it feeds others, and its own.
  struct Hidden {
    std::uint32_t state = 0, diagonal = 0;
    std::vector<std::uint32_t> feeds;
    std::vector<const double*> fed, weights;  // rows of those entries, and of the weights of the states that are fed
  };

  // Setting up and finishing subjects.
  void find_hidden();
  bool load(std::size_t l, const Next& next, const PlanSource& plans);
  void begin(std::size_t l);
  void finish(std::size_t l, Status status, const std::string& message = "");
  void deliver(const ResultSink& sink);

  // Between steps: outputs and stops at the current time, branch bits, events, step size.
  void prepare(const ResultSink& sink, const Next& next, const PlanSource& plans);
  bool pass_stops(std::size_t l);
  void pass_stop(std::size_t l);
  void load_parameters();
  void restart(Lane& lane, std::uint64_t kind, double fallback);
  void refresh_bits();
  void evaluate_gaps();
  void settle_bits(const std::vector<std::size_t>& lanes, bool first_round);
  bool run_events(std::size_t l);
  bool make_consistent(std::size_t l);
  [[nodiscard]] Moment moment(std::size_t l);
  void initial_step_sizes();
  void choose_step(std::size_t l);
  bool pass_changes(std::size_t l);
  const BranchChange& next_change(std::size_t l);

  // Decisions.
  enum class Decided { GoOn, WentBack, Over };
  Decided decide(std::size_t l, std::span<const double> states);
  [[nodiscard]] Progress progress(std::size_t l) const;
  void put_back(std::size_t l, const Progress& progress);
  void keep_before_guess(std::size_t l);
  void look_ahead(std::size_t l, double end);
  [[nodiscard]] SubjectState state_of(std::size_t l);
  const std::string& program_id();

  // Trains of doses.
  bool advance_train(std::size_t l);
  bool find_train(std::size_t l);
  void look_as_far_as(std::size_t l, double time);
  void begin_period(std::size_t l);
  void end_period(std::size_t l);
  void repeat_skip(std::size_t l);
  void reject_skip(std::size_t l, std::size_t longest, std::optional<std::size_t> doubtful);
  bool choose_target(std::size_t l);
  void make_coarse_step(std::size_t l);
  void look_within(std::size_t l, double until);
  [[nodiscard]] std::optional<std::size_t> write_passed_outputs(std::size_t l);
  [[nodiscard]] std::size_t most_skipped(std::size_t l);
  [[nodiscard]] bool can_interpolate(std::size_t l, std::size_t output) const;
  [[nodiscard]] bool between_stops(std::size_t l, std::size_t output) const;
  [[nodiscard]] std::size_t period_of(std::size_t l, std::size_t output) const;
  [[nodiscard]] double begin_of(std::size_t l, std::size_t period) const;
  [[nodiscard]] bool repeated(std::size_t l, std::size_t period) const;
  [[nodiscard]] bool asks(std::size_t l) const { return decide_ && !lane_[l].course.train.unasked; }
  [[nodiscard]] double next_look(std::size_t l, std::size_t further = 0) const;
  [[nodiscard]] double error_of_skip(std::size_t l, std::size_t from) const;
  [[nodiscard]] double scaled_size(std::size_t l, std::span<const double> values) const;
  void note_crossing(std::size_t l, std::uint32_t bit, double value);

  // One attempt in every lane.
  void attempt();
  void stage(int i);
  void weigh();

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
  void set_bit(std::size_t l, std::uint32_t bit, double value);
  void check_interpolation(std::vector<std::size_t>& candidates);
  void too_many_steps(std::size_t l);
  void approach_root(std::size_t l, const std::vector<Bracket>& brackets);
  [[nodiscard]] bool decide_within(std::size_t l);
  void accept(std::size_t l);
  void write_outputs(std::size_t l, double until);
  void interpolate(std::size_t l, double time);
  void dense_coefficients();
  void dense_coefficients(std::size_t first, std::size_t count);
  [[nodiscard]] double dense(std::size_t l, std::size_t state, double theta) const;

  double* slot(std::uint32_t index) const { return block_.get() + std::size_t{index} * lanes_; }
  double& slot(std::uint32_t index, std::size_t lane) const { return block_[std::size_t{index} * lanes_ + lane]; }
  double& at(const AlignedArray& array, std::size_t row, std::size_t lane) const { return array[row * lanes_ + lane]; }
  [[nodiscard]] static double attempt_end(const Lane& lane);
  void copy_column(const AlignedArray& array, std::size_t l, std::span<double> column) const;

  const compile::Program& program_;
  const compile::LaneProgram& code_;
  const compile::SlotLayout& at_;
  const compile::Evaluator& evaluator_;
  const LaneKernels& kernels_;
  const Options& options_;
  const Decide& decide_;
  const Tableau& method_;
  SubjectSetup setup_;
  TimedBranches timed_;
  std::size_t lanes_, n_;
  bool settle_after_flip_ = false;  // what else holds at an instant depends on the branch that flipped there
  std::vector<std::uint32_t> gap_states_;
  std::vector<Hidden> hidden_;  // a state after those that it feeds, where there is no cycle

  AlignedArray block_, x_, new_x_, atol_, growth_, rates_, h_, inverse_h_, error_, factor_, mask_, zero_, weights_;
  AlignedArray gap_start_, gap_middle_, gap_end_;  // gaps of the current attempt
  std::vector<AlignedArray> k_;
  AlignedArray dense_;  // [3][n][lanes]: rows k1..k3 of dense output
  bool dense_ready_ = false;
  bool growing_ = false;  // some state of a lane has no size of its own
  std::string program_id_;  // fingerprint, once asked for
  std::vector<char> has_rate_, is_observed_;
  std::vector<Lane> lane_;
  std::vector<std::pair<std::size_t, std::size_t>> finished_;
  std::vector<std::size_t> candidates_;  // lanes whose attempt may be accepted
  std::vector<double> state_row_, bit_row_, gap_row_, entry_row_, row_, growth_row_;
};

}  // namespace osteosome::solve
