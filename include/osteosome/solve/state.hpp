// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "osteosome/compile/program.hpp"
#include "osteosome/solve/plan.hpp"
#include "osteosome/solve/subject.hpp"

namespace osteosome::solve {

enum class EngineKind : std::uint8_t { Lanes, Reference };

/// The instant a subject has come to, apart from its states.
struct Instant {
  double time = 0;                                ///< [model time]
  std::size_t stop = 0, output = 0, decision = 0;  ///< the next of each in the plan
  bool fresh = true;  ///< the states have just been set: they are looked at before the doses of this instant
  std::vector<double> parameters;
  EventState events;
  /// Branches that have just flipped, with the gap at the crossing: while the gap is that value, which rounding put on either side, the branch
  /// stands.
  std::vector<std::pair<std::uint32_t, double>> held;
  /// Branches that change only after this instant, and to what: their new value does not hold where the gap is 0.
  std::vector<std::pair<std::uint32_t, double>> late;
};

/// Branches on the clock that change together.
struct BranchChange {
  double time = std::numeric_limits<double>::infinity();
  std::vector<std::uint32_t> branches;
};

/// A train of equal doses on its way through the lane engine (docs/decisions/0035-trains-of-doses.md). Its periods are computed as any others or
/// passed over: a coarse step, one Rosenbrock step as long as the period and without its doses, then the kick, which is what a computed period does
/// beyond a coarse step, as a polynomial through the kicks of the periods computed last.
struct TrainCourse {
  enum class Phase : std::uint8_t {
    Off,      ///< no train
    Choose,   ///< between two periods
    Probe,    ///< a period is to be computed: its coarse step comes first
    Compute,  ///< in a period that is computed
    Skip,     ///< passing over periods up to `target`
    Ask       ///< in a copy of a period that is passed over, for a decision in it
  };
  /// What a computed period shows at the phase of an output to come.
  struct Look {
    std::size_t output = 0;
    double time = 0;
    std::vector<double> change;  ///< [n_states] since the start of the period
  };
  /// An output in a period that is passed over.
  struct Passed {
    std::size_t output = 0;
    std::vector<double> start;  ///< [n_states] at the start of its period
  };
  struct Node {
    std::size_t period = 0;
    std::vector<double> kick;  ///< [n_states]
    std::vector<Look> looks;
  };
  Phase phase = Phase::Off;
  std::size_t first = 0, stops = 0;    ///< index of the train's first stop, stops a period
  std::size_t period = 0, target = 0;  ///< the one that is under way, and the one that is computed next
  std::size_t longest = 0;             ///< most periods that may be passed over at once
  std::size_t rejections = 0, wait = 0;  ///< skips given up in a row; periods to be computed before the next
  std::optional<std::size_t> doubtful;  ///< an output whose period has to be computed
  std::vector<Node> nodes;             ///< computed periods with the same crossings, the newest last
  std::size_t degree = 0;              ///< of the polynomial in use
  std::vector<std::vector<double>> kicks;  ///< [degree + 1][n_states], its coefficients in Newton's form, from the newest node
  std::vector<double> weights;         ///< what an error in each state may be
  std::vector<double> start, coarse;   ///< states before the period that is computed, and after its coarse step
  std::vector<Look> looks;             ///< in the period that is computed
  std::vector<Passed> passed;
  bool unasked = false;                ///< decisions wait until it is known that the target will stand
  std::size_t stands = 0;              ///< a target of which that is known
  std::size_t looked = 0;              ///< how many of `looks` are behind
  std::uint64_t crossings = 0;         ///< branches at the start of the period and those crossed since, as a hash
  std::uint64_t last_crossings = 0;    ///< the same of the newest node

  [[nodiscard]] bool coarse_step() const { return phase == Phase::Probe || phase == Phase::Skip; }
};

/// Where the step control of the lane engine stands.
struct LaneCourse {
  double h = 0;  ///< proposed step; 0: not known yet
  double seen = -std::numeric_limits<double>::infinity();  ///< a stop later than this would have changed no step so far
  bool just_rejected = false;
  bool after_restart = false;                  ///< the next accepted step is the first after a discontinuity
  std::uint64_t restart_kind = 0;              ///< which kind of discontinuity it was
  std::map<std::uint64_t, double> step_after;  ///< step sizes that worked after earlier ones of the same kind
  int flips_in_place = 0;
  std::uint64_t attempts = 0;  ///< since the last discontinuity
  bool coarse = false;         ///< the tolerances are the last resort's
  bool events_due = false;     ///< a branch flipped: triggers may have changed
  std::optional<BranchChange> change;  ///< the next one; empty: not known
  TrainCourse train;
};

/// What the reference engine needs beside the states where its solver starts again.
struct ReferenceCourse {
  std::multimap<double, std::size_t> echoes;  ///< when earlier jumps are seen with a delay, and of which order they are
  std::size_t echo = 0;                       ///< the order of the one that was reached; 0: a jump of its own
  bool coarse = false;                        ///< the tolerances are the last resort's
  bool begun = false;                         ///< the solver has started before
  int looks_ahead = 0;                        ///< at this instant
};

/// Earlier states of a model with delays: every step as a polynomial, and the parameters that held.
struct Past {
  struct Step {
    double from = 0, to = 0;
    std::vector<std::vector<double>> taylor;  ///< [order + 1][n_states], about `to`
  };
  struct Epoch {
    double from = 0;
    std::vector<double> parameters;
  };
  std::vector<Step> steps;
  std::vector<Epoch> epochs;
  double start = 0, end = 0;
  std::vector<double> last;  ///< states at the end
};

/// What moves while a subject is integrated, at a place from which the engine can repeat what follows to the bit.
struct Progress {
  Instant instant;
  std::vector<double> states, rates, tolerances, growth;  ///< [n_states]; input rates, absolute tolerances and how they grow with the states
  std::vector<double> bits, delayed;                      ///< [n_switches], [n_delays]
  Statistics statistics;
  std::size_t remarks = 0;  ///< of the result, made so far
  LaneCourse lane;
  ReferenceCourse reference;
};

/// A subject on its way: a value that can be copied, kept, sent to another thread or process, and gone on with by a plan that starts from it.
///
/// It is the subject where the steps that lead to a decision begin, and the number of that decision: going on repeats these few steps (of the
/// reference engine: those since its solver last started), so that nothing of a solver's inside need be kept. What follows has the bits of the run
/// that it was taken from, on the same engine, options and build.
struct SubjectState {
  EngineKind engine = EngineKind::Lanes;
  std::string program;  ///< fingerprint() of the program
  SubjectPlan plan;     ///< its stops are those given and those to come
  SubjectResult result;  ///< outputs written so far
  Progress progress;
  Past past;  ///< of models with delays

  /// The number of the decision that it was taken at.
  [[nodiscard]] std::size_t decision() const { return progress.instant.decision; }
  [[nodiscard]] double time() const { return plan.decisions[decision()]; }

  /// The state as bytes of this processor's order, to be read by the same version of the library.
  [[nodiscard]] std::string to_bytes() const;
  /// @throws Error(Input) state-001 for bytes that are no state or one of another version, state-002 for one of another program.
  [[nodiscard]] static SubjectState from_bytes(const compile::Program& program, std::string_view bytes);
};

/// SHA-256 of what a program computes and of the order of its states and parameters.
[[nodiscard]] std::string fingerprint(const compile::Program& program);

}  // namespace osteosome::solve
