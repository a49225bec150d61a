// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "osteosome/solve/plan.hpp"
#include "osteosome/solve/state.hpp"

namespace osteosome::solve {

/// A subject at one of its plan's decisions. Views hold during the call only.
struct Snapshot {
  std::size_t subject = 0;   ///< as the plan source was asked for
  std::size_t decision = 0;  ///< index in the plan's decisions
  double time = 0;           ///< [model time]
  /// [n_states] before the doses of this time, interpolated where no step ends here: a plan with an output at this time has them checked.
  std::span<const double> states;
  std::span<const double> parameters;  ///< [n_parameters], as events and stops have left them
  std::span<const double> rates;       ///< [n_states], what infusions that run put in a model time
  const SubjectPlan& plan;             ///< as decisions so far have left it
  std::span<const Stop> pending;       ///< the stops still to come, those of this time among them
  /// The subject as it is here, to be kept: a plan that starts from it comes to this decision again. Copies the plan and the outputs so far.
  std::function<SubjectState()> state;
};

/// What a decision changes.
struct Change {
  std::vector<Stop> stops;  ///< in place of all that are pending: ascending times, none before the decision
  /// Where outputs still to come stand at the time of a stop: before it, or after all of that time.
  bool outputs_before_stops = true;
  bool suspend =
      false;  ///< the run ends here (Status::Suspended); SubjectResult::state goes on. `stops` are then ignored: the answer is asked for again
};

/// Asked at every decision of a plan, possibly from several threads at a time; nothing: the run goes on as if it had not been asked.
/// Each decision is asked once a run. The run with a changed answer equals the one whose plan had these stops from the beginning.
using Decide = std::function<std::optional<Change>(const Snapshot&)>;

}  // namespace osteosome::solve
