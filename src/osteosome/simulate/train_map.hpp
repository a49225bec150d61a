// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "influence.hpp"
#include "train.hpp"

namespace osteosome::simulate {

/// Where an endless train leads. `restless` flags states that go on changing; if there is none and no problem, `states` are at rest.
struct Approach {
  std::vector<double> states, peak;
  std::vector<char> restless;
  std::string problem;  ///< why nothing can be said, or ""
  [[nodiscard]] bool settled() const;
};

/// Follows the map of one stretch, which must repeat itself, to where it rests: each round goes on by as many repetitions as the linearised map is
/// good for, the sum of its powers found by doubling. `still` flags states that are left out.
[[nodiscard]] Approach follow_map(const TrainRunner& runner, const Influence& influence, const Stretch& stretch, const std::vector<char>& still,
                                  const std::vector<double>& from);

/// The same without a period: trains of 8, 16, 32 ... doses (or stretches of `unit`) that end at `end`, each from the states `from`.
[[nodiscard]] Approach pull_back(const TrainRunner& runner, double end, double unit, const std::vector<char>& still, const std::vector<double>& from);

}  // namespace osteosome::simulate
