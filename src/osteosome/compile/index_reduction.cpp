// SPDX-License-Identifier: Apache-2.0
#include "index_reduction.hpp"

#include <unordered_map>
#include <utility>

#include "unsupported.hpp"

namespace osteosome::compile {
namespace {

using expr::Graph;
using expr::Op;
using Nodes = std::vector<NodeId>;

constexpr double kLeastPivot = 1e-300;  // makes 0 / 0 a 0 where nothing moves, and changes no other pivot

/// Solves the symbolic system A x = b (row-major) by elimination, choosing pivots that are not 0 by structure.
Nodes solve(Graph& g, Nodes a, Nodes b) {
  const std::size_t n = b.size();
  std::vector<std::size_t> row(n);
  for (std::size_t i = 0; i < n; ++i) row[i] = i;
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t p = k;
    while (p < n && g.is_constant(a[row[p] * n + k], 0)) ++p;
    if (p == n) unsupported("fast reactions or algebraic rules that do not determine one value");
    std::swap(row[k], row[p]);
    for (std::size_t i = k + 1; i < n; ++i) {
      if (g.is_constant(a[row[i] * n + k], 0)) continue;
      const NodeId factor = g.make(Op::Div, a[row[i] * n + k], a[row[k] * n + k]);
      for (std::size_t j = k; j < n; ++j) {
        a[row[i] * n + j] = g.make(Op::Sub, a[row[i] * n + j], g.make(Op::Mul, factor, a[row[k] * n + j]));
      }
      b[row[i]] = g.make(Op::Sub, b[row[i]], g.make(Op::Mul, factor, b[row[k]]));
    }
  }
  Nodes x(n);
  for (std::size_t k = n; k-- > 0;) {
    NodeId sum = b[row[k]];
    for (std::size_t j = k + 1; j < n; ++j) sum = g.make(Op::Sub, sum, g.make(Op::Mul, a[row[k] * n + j], x[j]));
    x[k] = g.make(Op::Div, sum, g.make(Op::Add, a[row[k] * n + k], g.constant(kLeastPivot)));
  }
  return x;
}

/// What is kept at 0, and along which states each unknown moves: fast reactions first.
struct Constraints {
  Nodes value;
  std::vector<Rates::Changes> direction;
};

Constraints constraints_of(Graph& g, const Dynamics& dynamics) {
  Constraints c;
  for (const auto& f : dynamics.fast) {
    c.value.push_back(f.rate);
    c.direction.push_back(f.change);
  }
  for (const auto& a : dynamics.algebraic) {
    c.value.push_back(a.residual);
    c.direction.push_back({{a.state, g.constant(1)}});
  }
  return c;
}

/// dc/du, row-major.
Nodes matrix_of(Graph& g, const Constraints& c) {
  const std::size_t n = c.value.size();
  Nodes matrix(n * n);
  for (std::size_t j = 0; j < n; ++j) {
    std::unordered_map<NodeId, NodeId> along;
    for (const auto& [i, change] : c.direction[j]) along[g.leaf(Op::State, i)] = change;
    const auto column = g.differentiate_along(c.value, along);
    for (std::size_t k = 0; k < n; ++k) matrix[k * n + j] = column[k];
  }
  return matrix;
}

/// -(dc/dx slow + dc/dt).
Nodes drift_of(Graph& g, const Constraints& c, const Nodes& slow) {
  std::unordered_map<NodeId, NodeId> rates = {{g.leaf(Op::Time), g.constant(1)}};
  for (std::uint32_t i = 0; i < slow.size(); ++i) rates[g.leaf(Op::State, i)] = slow[i];
  Nodes drift = g.differentiate_along(c.value, rates);
  for (NodeId& d : drift) d = g.make(Op::Neg, d);
  return drift;
}

}  // namespace

ReducedDynamics reduce_index(Graph& g, const Dynamics& dynamics) {
  ReducedDynamics reduced{dynamics.derivative, {}, {}};
  const Constraints c = constraints_of(g, dynamics);
  const std::size_t n = c.value.size(), fast = dynamics.fast.size();
  if (n == 0) return reduced;
  const Nodes matrix = matrix_of(g, c);
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t j = 0; j < n; ++j) {
      if (k < fast && j < fast) reduced.fast_jacobian.push_back(matrix[k * n + j]);
      if (k >= fast && j >= fast) reduced.algebraic_jacobian.push_back(matrix[k * n + j]);
    }
  }
  const Nodes u = solve(g, matrix, drift_of(g, c, dynamics.derivative));
  for (std::size_t j = 0; j < n; ++j) {
    for (const auto& [i, change] : c.direction[j]) {
      reduced.derivative[i] = g.make(Op::Add, reduced.derivative[i], g.make(Op::Mul, change, u[j]));
    }
  }
  return reduced;
}

}  // namespace osteosome::compile
