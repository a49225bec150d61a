// SPDX-License-Identifier: Apache-2.0
#include "calls.hpp"

#include <cmath>
#include <utility>

#include "osteosome/expr/builtin.hpp"
#include "unsupported.hpp"

namespace osteosome::compile {

using expr::Op;

NodeId Calls::make(const std::string& function, const std::vector<NodeId>& arguments, View view) {
  using Make = NodeId (*)(Calls&, const Arguments&, View);
  static const std::map<std::string, Make> makers = {
      {"+", [](Calls& c, const Arguments& a, View) { return c.fold(Op::Add, a, 0); }},
      {"*", [](Calls& c, const Arguments& a, View) { return c.fold(Op::Mul, a, 1); }},
      {"-", [](Calls& c, const Arguments& a, View) { return a.size() == 1 ? c.g_.make(Op::Neg, a[0]) : c.g_.make(Op::Sub, a[0], a[1]); }},
      {"/", [](Calls& c, const Arguments& a, View) { return c.g_.make(Op::Div, a[0], a[1]); }},
      {"^", [](Calls& c, const Arguments& a, View) { return c.g_.make(Op::Pow, a[0], a[1]); }},
      {"pow", [](Calls& c, const Arguments& a, View) { return c.g_.make(Op::Pow, a[0], a[1]); }},
      {"<", [](Calls& c, const Arguments& a, View v) { return c.less(a[0], a[1], false, v); }},
      {"<=", [](Calls& c, const Arguments& a, View v) { return c.less(a[0], a[1], true, v); }},
      {">", [](Calls& c, const Arguments& a, View v) { return c.less(a[1], a[0], false, v); }},
      {">=", [](Calls& c, const Arguments& a, View v) { return c.less(a[1], a[0], true, v); }},
      {"==", [](Calls& c, const Arguments& a, View v) { return c.equal(a[0], a[1], v); }},
      {"!=", [](Calls& c, const Arguments& a, View v) { return c.g_.make(Op::Not, c.equal(a[0], a[1], v)); }},
      {"&&", [](Calls& c, const Arguments& a, View) { return c.fold(Op::And, a, 1); }},
      {"||", [](Calls& c, const Arguments& a, View) { return c.fold(Op::Or, a, 0); }},
      {"!", [](Calls& c, const Arguments& a, View) { return c.g_.make(Op::Not, a[0]); }},
      {"implies", [](Calls& c, const Arguments& a, View) { return c.g_.make(Op::Or, c.g_.make(Op::Not, a[0]), a[1]); }},
      {"xor", [](Calls& c, const Arguments& a, View) { return c.odd(a); }},
      {"floor", [](Calls& c, const Arguments& a, View v) { return c.floor(a[0], v); }},
      {"ceil", [](Calls& c, const Arguments& a, View v) { return c.ceil(a[0], v); }},
      {"quotient", [](Calls& c, const Arguments& a, View v) { return c.whole_ratio(a[0], a[1], v); }},
      {"rem", [](Calls& c, const Arguments& a, View v) { return c.g_.make(Op::Sub, a[0], c.g_.make(Op::Mul, a[1], c.whole_ratio(a[0], a[1], v))); }},
      {"abs", [](Calls& c, const Arguments& a, View v) { return c.magnitude(a[0], v); }},
      {"min", [](Calls& c, const Arguments& a, View v) { return c.least(a, v); }},
      {"max", [](Calls& c, const Arguments& a, View v) { return c.greatest(a, v); }},
      {"piecewise", [](Calls& c, const Arguments& a, View) { return c.piecewise(a); }}};
  if (const auto maker = makers.find(function); maker != makers.end()) return maker->second(*this, arguments, view);
  const auto op = expr::operation_called(function);
  if (!op) unsupported("function '" + function + "'");
  return g_.make(*op, arguments[0]);
}

bool Calls::varies(NodeId node) const { return (g_.depends(node) & (expr::kOnState | expr::kOnTime | expr::kOnDelayed)) != 0; }

NodeId Calls::frozen(NodeId live, const SwitchDefinition& branch) {
  const auto [it, fresh] = branch_of_.try_emplace(live, static_cast<std::uint32_t>(switches_.size()));
  if (fresh) switches_.push_back(branch);
  return g_.leaf(Op::Switch, it->second);
}

/// `low < high` (or <=) as a value of 1 or 0.
NodeId Calls::less(NodeId low, NodeId high, bool inclusive, View view) {
  const NodeId condition = g_.make(inclusive ? Op::LessEqual : Op::Less, low, high);
  if (view != View::Frozen || !varies(condition)) return condition;
  return frozen(condition, {g_.make(Op::Sub, high, low), inclusive, false, {}});
}

/// Both of <= and >=, so that the instant at which two moving quantities meet is located.
NodeId Calls::equal(NodeId x, NodeId y, View view) {
  if (view != View::Frozen || !(varies(x) || varies(y))) return g_.make(Op::Equal, x, y);
  return g_.make(Op::And, less(x, y, true, view), less(y, x, true, view));
}

NodeId Calls::floor(NodeId x, View view) {
  const NodeId value = g_.make(Op::Floor, x);
  return view != View::Frozen || !varies(x) ? value : frozen(value, {x, true, true, {}});
}

NodeId Calls::ceil(NodeId x, View view) { return view != View::Frozen ? g_.make(Op::Ceil, x) : g_.make(Op::Neg, floor(g_.make(Op::Neg, x), view)); }

/// x / y without its fraction.
NodeId Calls::whole_ratio(NodeId x, NodeId y, View view) {
  const NodeId ratio = g_.make(Op::Div, x, y), negative = less(ratio, g_.constant(0), false, view);
  const NodeId whole = floor(g_.make(Op::Select, negative, g_.make(Op::Neg, ratio), ratio), view);
  return g_.make(Op::Select, negative, g_.make(Op::Neg, whole), whole);
}

NodeId Calls::magnitude(NodeId x, View view) { return g_.make(Op::Select, less(x, g_.constant(0), false, view), g_.make(Op::Neg, x), x); }

NodeId Calls::least(const Arguments& a, View view) {
  NodeId result = a[0];
  for (std::size_t i = 1; i < a.size(); ++i) result = g_.make(Op::Select, less(result, a[i], false, view), result, a[i]);
  return result;
}

NodeId Calls::greatest(const Arguments& a, View view) {
  NodeId result = a[0];
  for (std::size_t i = 1; i < a.size(); ++i) result = g_.make(Op::Select, less(result, a[i], false, view), a[i], result);
  return result;
}

NodeId Calls::fold(Op op, const Arguments& a, double neutral) {
  NodeId result = a.empty() ? g_.constant(neutral) : a[0];
  for (std::size_t i = 1; i < a.size(); ++i) result = g_.make(op, result, a[i]);
  return result;
}

/// 1 where an odd number of the arguments is true.
NodeId Calls::odd(const Arguments& a) {
  NodeId result = g_.constant(0);
  for (const NodeId x : a) {
    const NodeId truth = g_.make(Op::Not, g_.make(Op::Not, x));
    result = g_.make(Op::Not, g_.make(Op::Equal, result, truth));
  }
  return result;
}

NodeId Calls::piecewise(const Arguments& a) {
  NodeId result = a.size() % 2 == 1 ? a.back() : g_.constant(std::nan(""));
  for (std::size_t i = a.size() / 2; i-- > 0;) result = g_.make(Op::Select, a[2 * i + 1], a[2 * i], result);
  return result;
}

}  // namespace osteosome::compile
