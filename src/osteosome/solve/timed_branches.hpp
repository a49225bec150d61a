// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "osteosome/compile/interpreter.hpp"
#include "osteosome/compile/interval.hpp"
#include "osteosome/compile/program.hpp"
#include "osteosome/solve/state.hpp"

namespace osteosome::solve {

/// Branches whose gaps depend on time alone while the others are frozen (SwitchDefinition::time_slope). Their next change is looked up before a
/// step is made, so that no pulse on the clock is too short to be seen, whatever the step. One object a thread.
class TimedBranches {
 public:
  explicit TimedBranches(const compile::Program& program);

  [[nodiscard]] bool empty() const { return timed_.empty(); }
  [[nodiscard]] bool contains(std::size_t branch) const { return is_timed_[branch] != 0; }

  /// The first change from the branch values `bits` at or after `time`, up to the last output. Instants of the plan that lie within rounding of it
  /// take its place. At `time` itself: values that no longer hold right after it. What begins and ends within 1e-13 of the time, or of what lies
  /// ahead, is not seen.
  [[nodiscard]] BranchChange next(const SubjectPlan& plan, double time, std::span<const double> parameters, std::span<const double> bits);

 private:
  struct Timed {
    std::uint32_t branch = 0;
    compile::Interpreter gap;
    compile::IntervalInterpreter bounds;  ///< of the gap and of its slope
  };
  struct Frozen {
    std::span<const double> parameters, bits;
  };
  [[nodiscard]] bool changed(Timed& timed, double time, const Frozen& frozen) const;
  [[nodiscard]] double first_change(Timed& timed, double from, double to, double width, const Frozen& frozen) const;
  [[nodiscard]] double by_samples(Timed& timed, double from, double to, const Frozen& frozen) const;
  [[nodiscard]] double bisect(Timed& timed, double from, double to, const Frozen& frozen) const;

  const compile::Program& program_;
  std::vector<Timed> timed_;
  std::vector<char> is_timed_;
};

}  // namespace osteosome::solve
