// SPDX-License-Identifier: Apache-2.0
#include "sparse_lu.hpp"

namespace osteosome::compile {

SparseLu::SparseLu(std::uint32_t n, const std::vector<JacobianEntry>& jacobian) : n_(n), rows_(n) {
  for (std::uint32_t i = 0; i < n; ++i) rows_[i].insert(i);
  for (const auto& e : jacobian) rows_[e.row].insert(e.column);
  order();
  for (std::uint32_t i = 0; i < n; ++i) {
    for (const std::uint32_t j : rows_[i]) entry_[{i, j}] = static_cast<std::uint32_t>(entry_.size());
  }
}

std::vector<Instruction> SparseLu::factor(const std::vector<JacobianEntry>& jacobian, const SlotLayout& at, std::uint32_t zero,
                                          std::uint32_t one) const {
  std::vector<Instruction> code;
  std::set<std::pair<std::uint32_t, std::uint32_t>> filled;
  for (std::uint32_t k = 0; k < jacobian.size(); ++k) {
    const auto& e = jacobian[k];
    const std::uint32_t slot = at.lu + entry_.at({e.row, e.column});
    filled.insert({e.row, e.column});
    if (e.row == e.column) {
      code.push_back({TapeOp::Sub, slot, at.inverse_gamma_h, at.jacobian + k, 0});
    } else {
      code.push_back({TapeOp::Neg, slot, at.jacobian + k, 0, 0});
    }
  }
  for (std::uint32_t i = 0; i < n_; ++i) {
    if (filled.insert({i, i}).second) code.push_back({TapeOp::Add, at.lu + entry_.at({i, i}), at.inverse_gamma_h, zero, 0});
  }
  for (std::uint32_t step = 0; step < n_; ++step) {
    const std::uint32_t k = pivots_[step];
    const std::uint32_t inverse = at.lu + entry_.at({k, k});
    code.push_back({TapeOp::Div, inverse, one, inverse, 0});
    for (const std::uint32_t i : below(k, step)) {
      const std::uint32_t l = at.lu + entry_.at({i, k});
      code.push_back({TapeOp::Mul, l, l, inverse, 0});
      for (const std::uint32_t j : right(k, step)) {
        const std::uint32_t w = at.lu + entry_.at({i, j});
        const bool old = !filled.insert({i, j}).second;
        code.push_back({TapeOp::Fnma, w, l, at.lu + entry_.at({k, j}), old ? w : zero});
      }
    }
  }
  return code;
}

std::vector<Instruction> SparseLu::solve(const SlotLayout& at) const {
  std::vector<Instruction> code;
  for (std::uint32_t step = 0; step < n_; ++step) {
    const std::uint32_t k = pivots_[step];
    for (const std::uint32_t i : below(k, step)) {
      code.push_back({TapeOp::Fnma, at.rhs + i, at.lu + entry_.at({i, k}), at.rhs + k, at.rhs + i});
    }
  }
  for (std::uint32_t step = n_; step-- > 0;) {
    const std::uint32_t k = pivots_[step];
    for (const std::uint32_t j : right(k, step)) {
      code.push_back({TapeOp::Fnma, at.rhs + k, at.lu + entry_.at({k, j}), at.rhs + j, at.rhs + k});
    }
    code.push_back({TapeOp::Mul, at.rhs + k, at.rhs + k, at.lu + entry_.at({k, k}), 0});
  }
  return code;
}

/// Picks pivots and adds the fill to the pattern. O(n^2) pattern work: fine up to some thousand states.
void SparseLu::order() {
  std::vector<std::set<std::uint32_t>> row = rows_;
  std::vector<std::set<std::uint32_t>> column(n_);
  for (std::uint32_t i = 0; i < n_; ++i) {
    for (const std::uint32_t j : row[i]) column[j].insert(i);
  }
  std::set<std::uint32_t> left;
  for (std::uint32_t i = 0; i < n_; ++i) left.insert(i);
  position_.assign(n_, 0);
  while (!left.empty()) {
    std::uint32_t best = *left.begin();
    std::size_t cost = ~std::size_t{0};
    for (const std::uint32_t k : left) {
      const std::size_t c = (row[k].size() - 1) * (column[k].size() - 1);
      if (c < cost) cost = c, best = k;
    }
    position_[best] = static_cast<std::uint32_t>(pivots_.size());
    pivots_.push_back(best);
    left.erase(best);
    for (const std::uint32_t i : column[best]) {
      if (i == best) continue;
      for (const std::uint32_t j : row[best]) {
        if (j == best) continue;
        row[i].insert(j);
        column[j].insert(i);
        rows_[i].insert(j);
      }
      row[i].erase(best);
    }
    for (const std::uint32_t j : row[best]) column[j].erase(best);
  }
  columns_.assign(n_, {});
  for (std::uint32_t i = 0; i < n_; ++i) {
    for (const std::uint32_t j : rows_[i]) columns_[j].push_back(i);
  }
}

std::vector<std::uint32_t> SparseLu::below(std::uint32_t k, std::uint32_t step) const {
  std::vector<std::uint32_t> found;
  for (const std::uint32_t i : columns_[k]) {
    if (position_[i] > step) found.push_back(i);
  }
  return found;
}

std::vector<std::uint32_t> SparseLu::right(std::uint32_t k, std::uint32_t step) const {
  std::vector<std::uint32_t> found;
  for (const std::uint32_t j : rows_[k]) {
    if (position_[j] > step) found.push_back(j);
  }
  return found;
}

}  // namespace osteosome::compile
