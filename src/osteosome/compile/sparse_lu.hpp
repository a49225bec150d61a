// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "osteosome/compile/lane_program.hpp"

namespace osteosome::compile {

/// Symbolic sparse LU with diagonal pivots in Markowitz order (Markowitz 1957, doi:10.1287/mnsc.3.3.255), as instructions.
class SparseLu {
 public:
  /// Of inverse_gamma_h * I - J, where J is n x n.
  SparseLu(std::uint32_t n, const std::vector<JacobianEntry>& jacobian);

  /// Entries of the factors, fill included.
  [[nodiscard]] std::uint32_t entries() const { return static_cast<std::uint32_t>(entry_.size()); }
  /// `zero` and `one` are slots that hold these.
  [[nodiscard]] std::vector<Instruction> factor(const std::vector<JacobianEntry>& jacobian, const SlotLayout& at, std::uint32_t zero,
                                                std::uint32_t one) const;
  [[nodiscard]] std::vector<Instruction> solve(const SlotLayout& at) const;

 private:
  void order();
  [[nodiscard]] std::vector<std::uint32_t> below(std::uint32_t k, std::uint32_t step) const;
  [[nodiscard]] std::vector<std::uint32_t> right(std::uint32_t k, std::uint32_t step) const;

  std::uint32_t n_;
  std::vector<std::set<std::uint32_t>> rows_;
  std::vector<std::vector<std::uint32_t>> columns_;
  std::vector<std::uint32_t> pivots_, position_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> entry_;
};

}  // namespace osteosome::compile
