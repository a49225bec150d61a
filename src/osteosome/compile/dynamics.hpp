// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "osteosome/compile/program.hpp"
#include "symbols.hpp"

namespace osteosome::compile {

/// What moves the states, in the frozen view.
struct Dynamics {
  std::vector<NodeId> derivative;  ///< by rates and slow reactions, one a state
  std::vector<FastReaction> fast;
  std::vector<AlgebraicEquation> algebraic;
};

/// @throws Error(Model) compile-003 for an algebraic rule that determines nothing.
[[nodiscard]] Dynamics dynamics_of(Symbols& symbols);

}  // namespace osteosome::compile
