// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "osteosome/expr/graph.hpp"

namespace osteosome::compile {

/// The plainest evaluator, and the reference for every other: one subject, node after node, with the C library's functions.
/// What depends on parameters only is computed once in `prepare`. Not thread-safe; one object a thread.
class Interpreter {
 public:
  /// Evaluates `roots` of `graph`, in that order. The graph must outlive the interpreter.
  Interpreter(const expr::Graph& graph, std::vector<expr::NodeId> roots);
  Interpreter(expr::Graph&& graph, std::vector<expr::NodeId> roots) = delete;

  /// Sets the parameter values [n_parameters].
  void prepare(std::span<const double> parameters);

  /// Writes one value a root to `out`. `bits` holds the branch bits (0 or 1), `delayed` the earlier values; both may be empty if no root needs them.
  void evaluate(double time, std::span<const double> states, std::span<const double> bits, std::span<double> out,
                std::span<const double> delayed = {});

  /// Sum of the magnitudes of the terms of root `k` at the last evaluation: the scale of its rounding error.
  [[nodiscard]] double term_magnitude(std::size_t k) const;

 private:
  void run(expr::NodeId id, double time, std::span<const double> states, std::span<const double> bits, std::span<const double> delayed);

  const expr::Graph& graph_;
  std::vector<expr::NodeId> roots_, fixed_, varying_;
  std::vector<double> parameters_, value_;
};

}  // namespace osteosome::compile
