// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include "osteosome/compile/program.hpp"
#include "osteosome/solve/decision.hpp"

namespace osteosome::solve {

/// What a subject goes through at its instants (docs/reference/event-table.md), the same for both engines: outputs, decisions, stops, events, and
/// branches at their boundaries. The engines move the states between instants.
struct SubjectClock {
  SubjectPlan plan;
  SubjectResult result;
  Instant now;

  SubjectClock() = default;
  SubjectClock(const compile::Program& program, SubjectPlan given, SubjectSetup& setup);
  /// Where `state` stands; `program` is the fingerprint of the program it is to go on with. @throws Error(Input) state-002, state-003 if it is of
  /// another program or engine.
  SubjectClock(const std::string& program, const SubjectState& state, EngineKind engine);

  [[nodiscard]] bool stop_due() const { return now.stop < plan.stops.size() && plan.stops[now.stop].time <= now.time; }
  [[nodiscard]] bool finished() const { return now.output == plan.outputs.size(); }
  /// The next stop, else the last output.
  [[nodiscard]] double next_stop() const { return now.stop < plan.stops.size() ? plan.stops[now.stop].time : plan.outputs.back().time; }
  /// The next stop or execution of an event, else the last output.
  [[nodiscard]] double end() const { return now.events.waiting.empty() ? next_stop() : std::min(next_stop(), next_event(plan, now.events)); }
  /// The time of the next output if it comes before the next stop, else infinity.
  [[nodiscard]] double next_output() const {
    const bool in_time = !finished() && plan.outputs[now.output].after_stops <= now.stop;
    return in_time ? plan.outputs[now.output].time : std::numeric_limits<double>::infinity();
  }
  /// Infinity if there is none.
  [[nodiscard]] double next_decision() const {
    return now.decision < plan.decisions.size() ? plan.decisions[now.decision] : std::numeric_limits<double>::infinity();
  }

  void write_output(std::span<const double> states, std::span<const double> delayed = {});
  /// Applies the next stop to states, input rates or parameters.
  const Stop& pass_stop(std::span<double> states, std::span<double> rates);

  [[nodiscard]] bool holds(std::uint32_t branch, double gap) const;
  /// Sets `bits` to what `gaps` say, but where a branch is held; returns whether one has changed.
  bool settle(const compile::Program& program, std::span<const double> gaps, std::span<double> bits);
  /// A branch that comes to its boundary changes at once if its new value holds there, else after this instant. Returns the value it has now.
  double cross(const compile::Program& program, std::uint32_t branch, double gap, double bit);

  /// The stops still to come are others, and outputs from `first_output` on stand between them.
  void replace_stops(const Change& change, std::size_t first_output);
  /// Takes the results of what followed `progress` back, but the number of decisions that were made.
  void go_back(const Progress& progress);
};

}  // namespace osteosome::solve
