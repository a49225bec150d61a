// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "osteosome/compile/interpreter.hpp"
#include "osteosome/compile/program.hpp"
#include "osteosome/core/random.hpp"
#include "osteosome/solve/plan.hpp"

namespace osteosome::solve {

/// A subject at an instant. `bits` are the branch bits, `delayed` the earlier values a model with delays looks up.
struct Moment {
  double time = 0;
  std::span<double> parameters, states;
  std::span<const double> bits, delayed;
};

/// The events of one subject: which triggers hold and which executions are waiting.
struct EventState {
  struct Waiting {
    std::size_t event = 0;
    double time = 0;
    std::vector<double> values;  ///< of the assignments, if they were evaluated when triggered
  };
  std::vector<double> triggers;
  std::vector<Waiting> waiting;  ///< in the order they were triggered
  std::vector<char> broken;      ///< constraints that do not hold
  std::optional<core::RandomStream> ties;
  bool triggers_known = true;  ///< false: what holds when next looked at has not just turned true

  /// The states were set as if time had not led to them: nothing waits, and no trigger turns true by it.
  void begin_anew() {
    waiting.clear();
    triggers_known = false;
  }
  /// When the next execution is due; infinity if none is waiting.
  [[nodiscard]] double next() const;
};

/// Initial values, tolerances, constraints and events of a subject, and the effect of stops on it: shared by both engines.
/// One object a thread.
class SubjectSetup {
 public:
  /// The program must outlive the setup.
  explicit SubjectSetup(const compile::Program& program);
  explicit SubjectSetup(compile::Program&& program) = delete;

  /// The plan's parameters, with those whose value at the start follows from others.
  [[nodiscard]] std::vector<double> initial_parameters(const SubjectPlan& plan);
  /// Initial states [n_states] for the plan's parameters and overrides.
  void initial_states(const SubjectPlan& plan, std::span<double> states);
  /// Absolute tolerance of each state: relative_tolerance * absolute_scale * kTypicalFraction * size, where the size is the larger of the declared
  /// typical one (else the initial value) and the plan's start. A state that starts at 0 without a declared size gets `kUnsized`, and its `growth`
  /// is the factor before size: its tolerance is then growth times the largest value it has reached. `growth` of the others is 0. Spans are
  /// [n_states].
  void absolute_tolerances(const SubjectPlan& plan, const Options& options, std::span<double> tolerances, std::span<double> growth);

  /// Moves the states to where fast reactions rest and algebraic equations hold (Newton's method from where they are).
  /// Returns false if there is no such place near. Does nothing for models without either.
  [[nodiscard]] bool make_consistent(const Moment& now);
  [[nodiscard]] bool has_constraints() const { return !program_.fast.empty() || !program_.algebraic.empty(); }

  /// Why no step can be made here: the rate that has no value, or that the solution probably blows up.
  [[nodiscard]] std::string stuck_message(const Moment& now) const;

  [[nodiscard]] EventState start_events(const SubjectPlan& plan) const;
  struct EventRound {
    bool executed = false, parameter_changed = false;
  };
  /// Takes note of triggers that have turned, then executes the most urgent event that is due, if any (SBML L3V2, section 4.11: priorities are
  /// evaluated each time, equal ones are drawn). To be repeated, with fresh bits, until nothing is executed. Constraints that stopped
  /// holding are added to `remarks`.
  EventRound run_events(EventState& events, const Moment& now, std::vector<std::string>& remarks);

 private:
  void note_triggers(EventState& events, const Moment& now, std::vector<std::string>& remarks);
  void check_constraints(EventState& events, const Moment& now, std::vector<std::string>& remarks);
  [[nodiscard]] std::size_t most_urgent(EventState& events, const std::vector<std::size_t>& due, const Moment& now);
  [[nodiscard]] std::vector<double> action_values(std::size_t event, const Moment& now);
  bool assign(std::size_t event, std::vector<double> values, const Moment& now);
  bool equilibrate(const Moment& now);
  bool solve_algebraic(const Moment& now);

  /// Formulas of one event.
  struct EventFormulas {
    compile::Interpreter actions;
    std::optional<compile::Interpreter> volumes, delay, priority;
  };

  const compile::Program& program_;
  compile::Interpreter initial_, initial_parameters_, typical_, trigger_, constraint_, algebraic_, fast_;
  std::vector<EventFormulas> events_;
};

/// The stream that orders events of equal priority.
[[nodiscard]] core::RandomStream tie_breaker(const SubjectPlan& plan);

/// Absolute tolerance of a state that is 0 and has no size yet: as good as none, yet an error of 0 divided by it is 0.
inline constexpr double kUnsized = 1e-290;

/// Beside the largest state, what no unit counts: cascades of steep activation leave 0 as the hundredth power of time, through such values.
inline constexpr double kVanishing = 1e-60;

/// Share of the time to the next stop in which a state that leaves 0 reaches nothing that counts.
inline constexpr double kNothing = 1e-9;

/// Raises the absolute tolerances of states without a size of their own (`growth` above 0) to what rounding leaves of the flows through them: 16 eps
/// * (sum over j of |J_ij x_j|) * tau_i, with tau_i the shorter of `span` and 1/|J_ii|. Smaller errors cannot be reached by shorter steps. `entries`
/// are the values of the program's Jacobian, `span` [model time]. Returns whether a tolerance was raised to more than twice what it was.
bool raise_to_rounding(const compile::Program& program, std::span<const double> entries, std::span<const double> states, double span,
                       std::span<const double> growth, std::span<double> tolerances);

/// The last resort of an engine that makes no way: tolerances of states without a size of their own as if each reached the size of the largest state.
/// Returns what to tell the user, or "" where there is no such state.
[[nodiscard]] std::string coarsen(std::span<const double> states, std::span<const double> growth, std::span<double> tolerances);

/// Applies a stop to the states and input rates; SetParameter is left to the caller. All spans are [n_states].
void apply_stop(const SubjectPlan& plan, const Stop& stop, std::span<double> states, std::span<double> rates);

/// When the next event is to be executed; infinity if none is waiting.
[[nodiscard]] double next_event(const SubjectPlan& plan, const EventState& events);

/// `time`, or the output or stop that lies within `width` of it, so that what happens at an instant of the plan happens there.
[[nodiscard]] double snapped(const SubjectPlan& plan, double time, double width);

}  // namespace osteosome::solve
