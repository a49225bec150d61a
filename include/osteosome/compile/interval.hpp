// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "osteosome/expr/graph.hpp"

namespace osteosome::compile {

struct Interval {
  double low = 0, high = 0;
};

/// Bounds of formulas over a span of time, by interval arithmetic (Moore 1966): whatever instant of the span, the value lies within them.
/// For formulas of time, parameters and branch values alone. Not thread-safe; one object a thread.
class IntervalInterpreter {
 public:
  /// Bounds `roots` of `graph`, in that order. The graph must outlive the interpreter.
  IntervalInterpreter(const expr::Graph& graph, std::vector<expr::NodeId> roots);

  /// Writes one interval a root to `out`; where a formula has no value somewhere in the span, it is the whole line.
  void evaluate(Interval time, std::span<const double> parameters, std::span<const double> bits, std::span<Interval> out);

 private:
  const expr::Graph& graph_;
  std::vector<expr::NodeId> roots_, nodes_;
  std::vector<Interval> value_;
};

}  // namespace osteosome::compile
