// SPDX-License-Identifier: Apache-2.0
#include "osteosome/compile/interval.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace osteosome::compile {
namespace {

using expr::NodeId;
using expr::Op;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Interval kAnything{-kInfinity, kInfinity}, kTruth{0, 1};

bool has_zero(Interval x) { return x.low <= 0 && x.high >= 0; }
bool is_point(Interval x) { return x.low == x.high; }
Interval point(double x) { return {x, x}; }

Interval hull(std::initializer_list<double> values) {
  Interval all{kInfinity, -kInfinity};
  for (const double v : values) {
    if (std::isnan(v)) return kAnything;
    all = {std::min(all.low, v), std::max(all.high, v)};
  }
  return all;
}

/// Of a function that only rises or only falls where it is defined.
Interval monotone(Op op, Interval x) { return hull({expr::apply(op, x.low, 0, 0), expr::apply(op, x.high, 0, 0)}); }

/// Of a function that is monotone in each argument.
Interval corners(Op op, Interval x, Interval y) {
  return hull({expr::apply(op, x.low, y.low, 0), expr::apply(op, x.low, y.high, 0), expr::apply(op, x.high, y.low, 0),
               expr::apply(op, x.high, y.high, 0)});
}

/// True if x holds first + k * period for a whole number k.
bool holds_one_of(Interval x, double first, double period) { return std::floor((x.high - first) / period) >= std::ceil((x.low - first) / period); }

/// sin or cos, whose highest values are at `top` + k * 2 pi.
Interval wave(Op op, Interval x, double top) {
  constexpr double kTurn = 2 * std::numbers::pi;
  if (!std::isfinite(x.low) || !std::isfinite(x.high)) return {-1, 1};
  Interval range = monotone(op, x);
  if (holds_one_of(x, top, kTurn)) range.high = 1;
  if (holds_one_of(x, top + std::numbers::pi, kTurn)) range.low = -1;
  return range;
}

/// tan, whose poles are at pi / 2 + k * pi.
Interval between_poles(Op op, Interval x) { return holds_one_of(x, std::numbers::pi / 2, std::numbers::pi) ? kAnything : monotone(op, x); }

Interval power(Op op, Interval x, Interval y) { return x.low > 0 || (is_point(x) && is_point(y)) ? corners(op, x, y) : kAnything; }

/// Of a function about whose ups and downs nothing is known.
Interval at_point(Op op, Interval x) { return is_point(x) ? monotone(op, x) : kAnything; }

/// Of an even function that rises from 0 on.
Interval even(Op op, Interval x) {
  const Interval range = monotone(op, x);
  return has_zero(x) ? Interval{std::min(range.low, expr::apply(op, 0, 0, 0)), range.high} : range;
}

Interval product(Interval x, Interval y, bool same) {
  if (!same) return corners(Op::Mul, x, y);
  const Interval square = hull({x.low * x.low, x.high * x.high});
  return has_zero(x) ? Interval{0, square.high} : square;
}

Interval truth(Interval x) { return is_point(x) ? point(x.low != 0 ? 1 : 0) : has_zero(x) ? kTruth : point(1); }

Interval compared(Op op, Interval x, Interval y) { return {expr::apply(op, x.high, y.low, 0), expr::apply(op, x.low, y.high, 0)}; }

Interval equal(Interval x, Interval y) {
  return is_point(x) && is_point(y) ? point(x.low == y.low ? 1 : 0) : x.high < y.low || y.high < x.low ? point(0) : kTruth;
}

// Of truths, which lie between 0 and 1.
Interval both(Interval x, Interval y) { return {x.low * y.low, x.high * y.high}; }
Interval either(Interval x, Interval y) { return {std::max(x.low, y.low), std::max(x.high, y.high)}; }
Interval negated(Interval x) { return {1 - x.high, 1 - x.low}; }
Interval chosen(Interval x, Interval yes, Interval no) { return is_point(x) ? (x.low != 0 ? yes : no) : hull({yes.low, yes.high, no.low, no.high}); }

Interval bounds(Op op, Interval a, Interval b, Interval c, bool same) {
  switch (op) {
#define OPERATION(name, arity, value, derivative, range, ...) \
  case Op::name: return range;
#define GRAPH_OPERATION OPERATION
#include "osteosome/expr/operations.def"
    default: return kAnything;
  }
}

}  // namespace

IntervalInterpreter::IntervalInterpreter(const expr::Graph& graph, std::vector<NodeId> roots) : graph_(graph), roots_(std::move(roots)) {
  const auto needed = graph.reachable(roots_);
  for (NodeId id = 0; id < needed.size(); ++id) {
    if (needed[id]) nodes_.push_back(id);
  }
  value_.resize(needed.size());
}

void IntervalInterpreter::evaluate(Interval time, std::span<const double> parameters, std::span<const double> bits, std::span<Interval> out) {
  for (const NodeId id : nodes_) {
    const expr::Node& n = graph_[id];
    switch (n.op) {
      case Op::Constant: value_[id] = hull({n.value}); break;
      case Op::Parameter: value_[id] = hull({parameters[n.a]}); break;
      case Op::Switch: value_[id] = hull({bits[n.a]}); break;
      case Op::Time: value_[id] = time; break;
      default: value_[id] = bounds(n.op, value_[n.a], value_[n.b], value_[n.c], n.a == n.b);
    }
  }
  for (std::size_t k = 0; k < roots_.size(); ++k) out[k] = value_[roots_[k]];
}

}  // namespace osteosome::compile
