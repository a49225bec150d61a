// SPDX-License-Identifier: Apache-2.0
// Bounds over a span of time hold every value in it; where a formula is monotone they are its values at the ends.
#include "osteosome/compile/interval.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "osteosome/compile/interpreter.hpp"

namespace osteosome::compile {
namespace {

using expr::Graph;
using expr::NodeId;
using expr::Op;

struct Formula {
  std::string name;
  std::function<NodeId(Graph&, NodeId)> of_time;
};

std::vector<Formula> formulas() {
  const auto unary = [](Op op) { return [op](Graph& g, NodeId t) { return g.make(op, t); }; };
  const auto shifted = [](Op op) { return [op](Graph& g, NodeId t) { return g.make(op, g.make(Op::Sub, t, g.constant(1.5)), t); }; };
  std::vector<Formula> all;
  for (const auto& [name, op] : std::vector<std::pair<std::string, Op>>{
           {"exp", Op::Exp},
           {"tanh", Op::Tanh},
           {"sin", Op::Sin},
           {"cos", Op::Cos},
           {"tan", Op::Tan},
           {"atan", Op::Atan},
           {"sinh", Op::Sinh},
           {"cosh", Op::Cosh},
           {"floor", Op::Floor},
           {"ceil", Op::Ceil},
           {"not", Op::Not},
           {"neg", Op::Neg}}) {
    all.push_back({name, unary(op)});
  }
  for (const auto& [name, op] : std::vector<std::pair<std::string, Op>>{
           {"add", Op::Add}, {"sub", Op::Sub}, {"mul", Op::Mul}, {"less", Op::Less}, {"equal", Op::Equal}, {"and", Op::And}, {"or", Op::Or}}) {
    all.push_back({name, shifted(op)});
  }
  all.push_back({"square", [](Graph& g, NodeId t) { return g.make(Op::Mul, t, t); }});
  all.push_back({"inverse", [](Graph& g, NodeId t) { return g.make(Op::Div, g.constant(2), t); }});
  all.push_back({"power", [](Graph& g, NodeId t) { return g.make(Op::Pow, g.make(Op::Exp, t), g.make(Op::Sin, t)); }});
  all.push_back({"select",
                 [](Graph& g, NodeId t) { return g.make(Op::Select, g.make(Op::Less, t, g.constant(1)), g.make(Op::Sin, t), g.constant(4)); }});
  return all;
}

TEST(Interval, Bounds_hold_every_value_of_the_span) {
  constexpr double kRounding = 1e-14;  // the functions of the C library are monotone to rounding only
  for (const Formula& f : formulas()) {
    Graph g;
    const NodeId root = f.of_time(g, g.leaf(Op::Time));
    Interpreter value(g, {root});
    value.prepare({});
    IntervalInterpreter bounds(g, {root});
    for (const Interval span : {Interval{-2, 3}, Interval{0, 0.5}, Interval{1.2, 1.9}, Interval{-7, 20}, Interval{3.1, 3.2}, Interval{2, 2}}) {
      Interval range;
      bounds.evaluate(span, {}, {}, {&range, 1});
      for (int k = 0; k <= 1000; ++k) {
        double y = 0;
        value.evaluate(span.low + (span.high - span.low) * k / 1000, {}, {}, {&y, 1});
        if (!std::isfinite(y)) continue;
        const double slack = kRounding * std::max(1.0, std::abs(y));
        ASSERT_GE(y, range.low - slack) << f.name << " on " << span.low << " to " << span.high;
        ASSERT_LE(y, range.high + slack) << f.name << " on " << span.low << " to " << span.high;
      }
    }
  }
}

Interval sine(double low, double high) {
  Graph g;
  IntervalInterpreter bounds(g, {g.make(Op::Sin, g.leaf(Op::Time))});
  Interval range;
  bounds.evaluate({low, high}, {}, {}, {&range, 1});
  return range;
}

TEST(Interval, Bounds_of_a_sine_are_its_range) {
  EXPECT_DOUBLE_EQ(sine(0, 1).high, std::sin(1));
  EXPECT_DOUBLE_EQ(sine(1, 2).high, 1);
  EXPECT_DOUBLE_EQ(sine(1, 2).low, std::sin(1));
  EXPECT_DOUBLE_EQ(sine(4, 5).low, -1);
  EXPECT_DOUBLE_EQ(sine(4, 5).high, std::sin(4));
  EXPECT_DOUBLE_EQ(sine(-100, 100).low, -1);
}

TEST(Interval, A_divisor_that_may_be_zero_leaves_everything_open) {
  Graph g;
  IntervalInterpreter bounds(g, {g.make(Op::Div, g.constant(1), g.leaf(Op::Time))});
  Interval range;
  bounds.evaluate({-1, 1}, {}, {}, {&range, 1});
  EXPECT_TRUE(std::isinf(range.low) && std::isinf(range.high));
}

}  // namespace
}  // namespace osteosome::compile
