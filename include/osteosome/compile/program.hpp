// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "osteosome/expr/graph.hpp"
#include "osteosome/model/model.hpp"

namespace osteosome::compile {

using expr::NodeId;

/// One structurally non-zero entry of d(derivative[row])/d(state[column]).
struct JacobianEntry {
  std::uint32_t row = 0;
  std::uint32_t column = 0;
  NodeId node = 0;
};

/// A branch of the right-hand side, whose value integrators freeze within a step: 1 where `gap` > 0 (or >= 0 when `inclusive`) and else 0; of a
/// `level`, which stands for a jump of floor, ceil, rem or quotient, the whole number floor(gap).
/// The gap is smooth while all values are frozen; branches with a lower index may occur in it.
struct SwitchDefinition {
  NodeId gap = 0;
  bool inclusive = false;
  bool level = false;
  /// d(gap)/d(time), where the gap depends on time and frozen values alone and integrators look the next change up instead of finding it on
  /// their way. Not for gaps that are straight lines all along: those cannot be stepped over.
  std::optional<NodeId> time_slope;

  /// The value that belongs to a gap of `at`.
  [[nodiscard]] double value_at(double at) const;
  /// True if a change from `value` where the gap is `at` is a rise.
  [[nodiscard]] bool rises(double value, double at) const { return level ? at - value >= 0.5 : value == 0; }
  /// The value beyond the boundary next to `at`, which rounding may have put on either side of it.
  [[nodiscard]] double beyond(double value, double at) const;
  /// True if the value after a rise, or after a fall, is already that where the gap is at its boundary.
  [[nodiscard]] bool holds_at_boundary(bool rise) const { return rise == (level || inclusive); }
};

/// A quantity that can be written out: a state, a rule or an output of the model.
struct Observable {
  std::string name;
  std::string unit;
  std::string label;
  NodeId node = 0;
};

struct EventAction {
  bool is_state = true;
  std::uint32_t index = 0;  ///< state or parameter
  NodeId value = 0;
  std::optional<NodeId> volume;  ///< of a state that is an amount while `value` is a concentration, just before the event is executed
};

/// When `trigger` turns from false to true, the event is executed after its delay: all `actions` are evaluated and then assigned.
struct EventDefinition {
  std::string id;
  NodeId trigger = 0;  ///< over branch bits
  std::vector<EventAction> actions;
  std::optional<NodeId> delay, priority;
  bool initial_value = true;             ///< of the trigger before the start
  bool persistent = true;                ///< executed even if the trigger has turned false again
  bool values_from_trigger_time = true;  ///< `actions` are evaluated when triggered, not when executed
};

/// 0 = residual, which determines a state that has no derivative of its own. `derivative` of that state is the one the equation implies.
struct AlgebraicEquation {
  std::uint32_t state = 0;
  NodeId residual = 0;
};

/// A reaction so fast that its rate is 0 at every instant: it shifts each state by `change` per extent until that holds.
struct FastReaction {
  NodeId rate = 0;
  std::vector<std::pair<std::uint32_t, NodeId>> change;
};

/// `value` as it was `duration` earlier. Before the start it was `before`: initial values, which may depend on time; nothing moved.
struct DelayedValue {
  NodeId value = 0, duration = 0, before = 0;
};

/// What should hold throughout; said when it stops doing so.
struct Constraint {
  NodeId condition = 0;  ///< over branch bits
  std::string message;
};

/// Formulas that decide how a dose enters a state; they depend on parameters only.
struct DosingFormulas {
  std::optional<NodeId> bioavailability, lag, infusion_rate, infusion_duration;
};

/// A model ready to be evaluated: one expression graph and the roots of everything an engine needs.
/// `derivative`, `jacobian`, `time_derivative`, gaps and triggers use frozen branch bits; observables use live comparisons.
/// A species in a compartment that changes is an amount as a state; its symbol is amount over size.
struct Program {
  expr::Graph graph;
  double seconds_per_time_unit = 1;

  std::vector<std::string> parameters;
  std::vector<double> parameter_values;
  std::vector<std::string> states;

  std::vector<NodeId> initial;          ///< one a state, over parameters
  std::vector<std::optional<NodeId>> typical;  ///< declared typical size of a state
  std::vector<std::pair<std::uint32_t, NodeId>> parameter_initial;  ///< parameters whose value at the start follows from others
  std::vector<NodeId> derivative;       ///< one a state
  std::vector<NodeId> time_derivative;  ///< partial derivative by explicit time, one a state
  std::vector<JacobianEntry> jacobian;  ///< sorted by row, then column
  std::vector<SwitchDefinition> switches;
  std::vector<EventDefinition> events;
  std::vector<AlgebraicEquation> algebraic;
  std::vector<NodeId> algebraic_jacobian;  ///< d(residual k)/d(algebraic state j), row-major
  std::vector<FastReaction> fast;
  std::vector<NodeId> fast_jacobian;  ///< d(rate k)/d(extent j), row-major
  std::vector<DelayedValue> delays;
  std::vector<Constraint> constraints;
  std::string beyond_lanes;  ///< why the lane engine cannot run this, or ""
  std::vector<DosingFormulas> dosing;   ///< one a state
  std::vector<Observable> observables;

  [[nodiscard]] std::optional<std::uint32_t> state_index(const std::string& name) const;
  [[nodiscard]] std::optional<std::uint32_t> parameter_index(const std::string& name) const;
  [[nodiscard]] const Observable* find_observable(const std::string& name) const&;
  const Observable* find_observable(const std::string& name) && = delete;
};

/// Compiles a validated model. Algebraic equations and fast reactions are also given as the derivatives they imply (index reduction:
/// 0 = g(x, z, t) moves z by -(dg/dx x' + dg/dt) / (dg/dz)). @throws Error(Unsupported) naming what no engine here can do.
[[nodiscard]] Program build_program(const model::Model& model);

}  // namespace osteosome::compile
