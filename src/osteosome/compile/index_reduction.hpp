// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dynamics.hpp"

namespace osteosome::compile {

/// Dynamics with the constraints worked into the derivatives, and what projections onto the constraints need.
struct ReducedDynamics {
  std::vector<NodeId> derivative;
  std::vector<NodeId> algebraic_jacobian;  ///< d(residual k)/d(algebraic state j), row-major
  std::vector<NodeId> fast_jacobian;       ///< d(rate k)/d(extent j), row-major
};

/// Derivatives that keep c(x, z, t) = 0, where c are the rates of fast reactions and the residuals of algebraic rules (constraints of index 1). The
/// unknowns u are the extents of the reactions per time and the z': with x' = slow + N u, (dc/du) u = -(dc/dx slow + dc/dt).
/// @throws Error(Unsupported) compile-001 if they do not determine the u by their structure.
[[nodiscard]] ReducedDynamics reduce_index(expr::Graph& graph, const Dynamics& dynamics);

}  // namespace osteosome::compile
