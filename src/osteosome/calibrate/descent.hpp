// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "problem.hpp"

namespace osteosome::calibrate {

/// A point with its residuals; where one descent started or ended.
struct Known {
  Point point;
  std::vector<double> residuals;
};

/// The end of one descent.
struct Descended {
  Known best;
  std::string outcome;
  bool converged = false;
};

/// The point next to `x` that a descent can start from: on a bound itself the angle is flat.
[[nodiscard]] Point off_the_bounds(const Problem& problem, Point x);

/// Levenberg-Marquardt from one evaluated point.
[[nodiscard]] Descended descend(Problem& problem, const Settings& settings, std::size_t start_index, const Known& start);

}  // namespace osteosome::calibrate
