// SPDX-License-Identifier: Apache-2.0
#include "osteosome/expr/graph.hpp"

#include <bit>
#include <cmath>

namespace osteosome::expr {
namespace {

constexpr NodeId kNone = ~NodeId{0};
constexpr double kLargestUnrolledPower = 8;
constexpr double kLeastBase = 1e-300;

double factorial(double x) { return x >= 0 && x == std::floor(x) ? std::round(std::tgamma(x + 1)) : std::nan(""); }

bool commutes(Op op) { return op == Op::Add || op == Op::Mul || op == Op::And || op == Op::Or || op == Op::Equal; }

}  // namespace

int arity(Op op) {
  switch (op) {
#define OPERATION(name, count, ...) \
  case Op::name: return count;
#define GRAPH_OPERATION OPERATION
#include "osteosome/expr/operations.def"
    default: return 0;
  }
}

double apply(Op op, double a, double b, double c) {
  switch (op) {
#define OPERATION(name, count, value, ...) \
  case Op::name: return value;
#define GRAPH_OPERATION OPERATION
#include "osteosome/expr/operations.def"
    default: return std::nan("");
  }
}

std::size_t Graph::Hash::operator()(const Node& n) const {
  std::uint64_t h = static_cast<std::uint64_t>(n.op) * 0x9E3779B97F4A7C15ULL;
  for (const std::uint64_t part : {std::uint64_t{n.a}, std::uint64_t{n.b}, std::uint64_t{n.c}, std::bit_cast<std::uint64_t>(n.value)}) {
    h = (h ^ part) * 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
  }
  return static_cast<std::size_t>(h);
}

bool Graph::Same::operator()(const Node& x, const Node& y) const {
  return x.op == y.op && x.a == y.a && x.b == y.b && x.c == y.c && std::bit_cast<std::uint64_t>(x.value) == std::bit_cast<std::uint64_t>(y.value);
}

NodeId Graph::intern(const Node& node) {
  const auto [it, fresh] = index_.try_emplace(node, static_cast<NodeId>(nodes_.size()));
  if (!fresh) return it->second;
  nodes_.push_back(node);
  std::uint8_t bits = kOnNothing;
  const int n = arity(node.op);
  if (n > 0) bits |= depends_[node.a];
  if (n > 1) bits |= depends_[node.b];
  if (n > 2) bits |= depends_[node.c];
  if (node.op == Op::Parameter) bits = kOnParameter;
  if (node.op == Op::State) bits = kOnState;
  if (node.op == Op::Time) bits = kOnTime;
  if (node.op == Op::Switch) bits = kOnSwitch;
  if (node.op == Op::Delayed) bits = kOnDelayed;
  depends_.push_back(bits);
  return it->second;
}

NodeId Graph::constant(double value) { return intern({Op::Constant, 0, 0, 0, value}); }
NodeId Graph::leaf(Op op, std::uint32_t index) { return intern({op, index, 0, 0, 0}); }

NodeId Graph::make(Op op, NodeId a, NodeId b, NodeId c) {
  const int n = arity(op);
  const bool constant_arguments = nodes_[a].op == Op::Constant && (n < 2 || nodes_[b].op == Op::Constant) && (n < 3 || nodes_[c].op == Op::Constant);
  if (constant_arguments) {
    return constant(apply(op, nodes_[a].value, n > 1 ? nodes_[b].value : 0, n > 2 ? nodes_[c].value : 0));
  }
  if (commutes(op) && a > b) std::swap(a, b);
  return simplify(op, a, b, c);
}

NodeId Graph::simplify(Op op, NodeId a, NodeId b, NodeId c) {
  switch (op) {
    case Op::Add:
      if (is_constant(a, 0)) return b;
      if (is_constant(b, 0)) return a;
      if (nodes_[b].op == Op::Neg) return make(Op::Sub, a, nodes_[b].a);
      break;
    case Op::Sub:
      if (is_constant(b, 0)) return a;
      if (is_constant(a, 0)) return make(Op::Neg, b);
      if (a == b) return constant(0);
      if (nodes_[b].op == Op::Neg) return make(Op::Add, a, nodes_[b].a);
      break;
    case Op::Mul:
      if (is_constant(a, 0) || is_constant(b, 0)) return constant(0);
      if (is_constant(a, 1)) return b;
      if (is_constant(b, 1)) return a;
      if (is_constant(a, -1)) return make(Op::Neg, b);
      if (is_constant(b, -1)) return make(Op::Neg, a);
      break;
    case Op::Div:
      if (is_constant(a, 0)) return constant(0);
      if (is_constant(b, 1)) return a;
      break;
    case Op::Neg:
      if (nodes_[a].op == Op::Neg) return nodes_[a].a;
      break;
    case Op::Pow: return power(a, b);
    case Op::Select:
      if (nodes_[a].op == Op::Constant) return nodes_[a].value != 0 ? b : c;
      if (b == c) return b;
      break;
    case Op::And:
      if (is_constant(a, 0) || is_constant(b, 0)) return constant(0);
      break;
    default: break;
  }
  const int n = arity(op);
  return intern({op, a, n > 1 ? b : 0, n > 2 ? c : 0, 0});
}

NodeId Graph::power(NodeId base, NodeId exponent) {
  const Node& e = nodes_[exponent];
  if (e.op == Op::Constant) {
    if (e.value == 0.5) return make(Op::Sqrt, base);
    const double magnitude = std::abs(e.value);
    if (magnitude == std::floor(magnitude) && magnitude <= kLargestUnrolledPower) {
      NodeId product = constant(1);
      NodeId square = base;
      for (auto n = static_cast<unsigned>(magnitude); n > 0; n /= 2) {
        if (n % 2 == 1) product = make(Op::Mul, product, square);
        if (n > 1) square = make(Op::Mul, square, square);
      }
      return nodes_[exponent].value < 0 ? make(Op::Div, constant(1), product) : product;
    }
  }
  if (is_constant(base, 1)) return base;
  return intern({Op::Pow, base, exponent, 0, 0});
}

std::vector<char> Graph::reachable(std::span<const NodeId> roots) const {
  std::vector<char> needed(nodes_.size(), 0);
  for (const NodeId root : roots) needed[root] = 1;
  for (NodeId id = static_cast<NodeId>(nodes_.size()); id-- > 0;) {
    if (!needed[id]) continue;
    const Node& n = nodes_[id];
    const int count = arity(n.op);
    if (count > 0) needed[n.a] = 1;
    if (count > 1) needed[n.b] = 1;
    if (count > 2) needed[n.c] = 1;
  }
  return needed;
}

std::vector<NodeId> Graph::differentiate(std::span<const NodeId> roots, NodeId wrt) { return differentiate_along(roots, {{wrt, constant(1)}}); }

std::vector<NodeId> Graph::differentiate_along(std::span<const NodeId> roots, const std::unordered_map<NodeId, NodeId>& rates) {
  const std::vector<char> needed = reachable(roots);
  const NodeId zero = constant(0);
  std::vector<NodeId> d(needed.size(), kNone);
  for (NodeId id = 0; id < needed.size(); ++id) {
    if (!needed[id]) continue;
    const int n = arity(nodes_[id].op);
    const auto flat = [&](NodeId arg) { return d[arg] == zero; };
    if (n == 0) {
      const auto rate = rates.find(id);
      d[id] = rate != rates.end() ? rate->second : zero;
    } else if (flat(nodes_[id].a) && (n < 2 || flat(nodes_[id].b)) && (n < 3 || flat(nodes_[id].c))) {
      d[id] = zero;
    } else {
      d[id] = derivative_of(id, d);
    }
  }
  std::vector<NodeId> result;
  for (const NodeId root : roots) result.push_back(d[root]);
  return result;
}

/// Of a node of which at least one argument moves. Comparisons, logic, floor and ceil are piecewise constant.
NodeId Graph::derivative_of(NodeId y, const std::vector<NodeId>& d) {
  const Node n = nodes_[y];
  const auto mul = [&](NodeId x, NodeId z) { return make(Op::Mul, x, z); };
  const auto add = [&](NodeId x, NodeId z) { return make(Op::Add, x, z); };
  const auto sub = [&](NodeId x, NodeId z) { return make(Op::Sub, x, z); };
  const auto div = [&](NodeId x, NodeId z) { return make(Op::Div, x, z); };
  const NodeId zero = constant(0);
  const NodeId one = constant(1);
  const NodeId a = n.a, b = n.b, da = d[a], db = d[b], dc = d[n.c];
  const auto power_derivative = [&] {
    if (nodes_[b].op == Op::Constant) {  // finite at 0 for exponents above 1
      return mul(mul(b, make(Op::Pow, a, constant(nodes_[b].value - 1))), da);
    }
    const NodeId base = add(a, constant(kLeastBase));  // the same number, unless it is 0: then 0 / 0 becomes 0
    const NodeId by_base = div(mul(mul(b, y), da), base);
    if (db == zero) return by_base;
    return add(by_base, mul(mul(y, make(Op::Log, a)), db));
  };
  switch (n.op) {
#define OPERATION(name, count, value, derivative, ...) \
  case Op::name: return derivative;
#define GRAPH_OPERATION OPERATION
#include "osteosome/expr/operations.def"
    default: return zero;
  }
}

}  // namespace osteosome::expr
