// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "osteosome/compile/program.hpp"

namespace osteosome::simulate {

/// What the course of each state depends on: by rates, branches, delays and events. One flag a state in all vectors.
class Influence {
 public:
  explicit Influence(const compile::Program& program);

  /// True if `state` depends on `on`, possibly by way of others.
  [[nodiscard]] bool depends(std::size_t state, std::size_t on) const { return reach_[state][on] != 0; }
  /// States that only add up: nothing else depends on them but such states, and their own rate does not.
  [[nodiscard]] std::vector<char> sums() const;
  /// `states` and everything that depends on one of them.
  [[nodiscard]] std::vector<char> with_dependents(std::vector<char> states) const;
  /// True if the clock enters the course of a state that is not among `without`.
  [[nodiscard]] bool on_time(const std::vector<char>& without) const;

 private:
  struct Sources {
    std::vector<char> quantities;  ///< states, then parameters
    bool time = false;
  };
  [[nodiscard]] Sources sources_of(const std::vector<compile::NodeId>& roots) const;
  void add(std::size_t target, const Sources& sources);

  const compile::Program& program_;
  std::size_t n_;
  std::vector<std::vector<char>> direct_, reach_;  ///< [states, then parameters]
  std::vector<char> time_;
};

/// The program with those states standing still. Nothing else may depend on them.
[[nodiscard]] compile::Program without(const compile::Program& program, const std::vector<char>& states);

}  // namespace osteosome::simulate
