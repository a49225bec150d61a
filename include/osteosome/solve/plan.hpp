// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace osteosome::solve {

struct SubjectState;

/// What happens at a discontinuity.
enum class StopKind : std::uint8_t {
  Add,           ///< state[index] += value
  Replace,       ///< state[index] = value
  Multiply,      ///< state[index] *= value
  ChangeRate,    ///< input rate of state[index] += value
  SetParameter,  ///< parameter[index] = value
  SetStates,  ///< all states = vectors[index], but where that is NaN; waiting events are dropped, and triggers that hold now have not just turned
              ///< true
  AddStates  ///< all states += vectors[index]
};

/// A scheduled discontinuity. Integrators never step over one.
struct Stop {
  double time = 0;  ///< [model time]
  StopKind kind = StopKind::Add;
  std::uint32_t index = 0;  ///< state, parameter or vector, depending on the kind
  double value = 0;  ///< in the unit of the state or parameter; a rate per model time
};

/// A time at which states are wanted, after the first `after_stops` stops of the plan and before the next.
struct OutputPoint {
  double time = 0;
  std::uint32_t after_stops = 0;
};

/// Everything an integrator needs to know of one subject. Times in the model's unit.
/// `stops` ascend in time; `outputs` ascend in (after_stops, time) and fit between their stops.
struct SubjectPlan {
  std::vector<double> parameters;  ///< [n_parameters]
  std::vector<double> initial_overrides;  ///< empty, or [n_states] with NaN where the model's own initial value holds
  double start = 0;
  bool resumes = false;  ///< the start is an instant of a longer course: triggers that hold there have held before
  std::vector<Stop> stops;
  std::vector<std::vector<double>> vectors;  ///< for SetStates and AddStates
  std::vector<OutputPoint> outputs;
  std::vector<double> decisions;  ///< ascending times, from the start to the last output, at which `Decide` is asked before the stops of that time
  std::uint64_t seed = 0, subject = 0;  ///< key of the stream that orders events of equal priority
  /// Where to go on; null: at the start. The plan is then that of the state, and so are the outputs that were written before.
  std::shared_ptr<const SubjectState> from;
};

/// How the integration of a subject ended.
enum class Status : std::uint8_t { Completed, StepSizeTooSmall, TooManySteps, NotFinite, EventsDoNotSettle, Cancelled, Suspended };
[[nodiscard]] const char* name_of(Status status);

/// Counters of one subject's integration.
struct Statistics {
  std::uint64_t steps = 0;  ///< accepted
  std::uint64_t rejected = 0;
  std::uint64_t switches = 0;  ///< branch crossings located
};

/// What came out for one subject. A failed subject keeps the outputs it reached; the others are NaN.
struct SubjectResult {
  Status status = Status::Completed;
  double time_reached = 0;
  std::string message;
  Statistics statistics;
  std::vector<std::string> remarks;  ///< constraints that stopped holding, and when
  std::vector<double> states;  ///< [n_outputs x n_states], row-major
  std::vector<double> parameters;  ///< [n_outputs x n_parameters] if an event can change parameters, else empty
  std::vector<double> delayed;  ///< [n_outputs x n_delays], empty for models without delays
  std::shared_ptr<const SubjectState> state;  ///< of a suspended subject: where to go on
};

/// How accurately to integrate, the same for every subject of a run.
struct Options {
  double relative_tolerance = 1e-6;  ///< of each step and state, used as given
  /// Multiplies the default absolute tolerance of each state, relative_tolerance * kTypicalFraction * typical size.
  double absolute_scale = 1;
  std::uint64_t max_steps = 50'000'000;  ///< accepted and rejected, a subject
  /// Of the lane engine: the states that what is looked at is made of; nullopt: all. Others need be no more accurate than these, and the states that
  /// they feed, can tell.
  std::optional<std::vector<std::uint32_t>> observed;
  /// Of the lane engine: periods of a train of equal doses may be passed over (docs/decisions/0035-trains-of-doses.md).
  bool pass_over_periods = true;
  const char* method = "rodas5p";  ///< of the lane engine: rodas5p, or rodas4 for the work-precision diagram
};

/// Share of a state's typical size below which it is accurate in absolute terms only.
inline constexpr double kTypicalFraction = 1e-3;

}  // namespace osteosome::solve
