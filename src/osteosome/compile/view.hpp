// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace osteosome::compile {

/// How formulas are seen when they become nodes.
enum class View : std::uint8_t {
  Frozen,      ///< comparisons and jumps that vary are branch values, which integrators keep within a step
  Live,        ///< comparisons are comparisons
  BeforeStart  ///< live, of quantities as they were before the start: at their initial values, while nothing moved
};

/// The view in which a formula seen as `view` looks up what is not frozen with it.
constexpr View unfrozen(View view) { return view == View::Frozen ? View::Live : view; }

}  // namespace osteosome::compile
