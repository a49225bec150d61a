// SPDX-License-Identifier: Apache-2.0
#include "osteosome/expr/graph.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace osteosome::expr {
namespace {

class GraphTest : public testing::Test {
 protected:
  double value(NodeId root, double a, double b) const {
    std::vector<double> v(g.size());
    for (NodeId id = 0; id < g.size(); ++id) {
      const Node& n = g[id];
      switch (n.op) {
        case Op::Constant: v[id] = n.value; break;
        case Op::State: v[id] = n.a == 0 ? a : b; break;
        case Op::Parameter: v[id] = 3; break;
        case Op::Time: v[id] = 5; break;
        case Op::Switch: v[id] = 1; break;
        default: v[id] = apply(n.op, v[n.a], v[n.b], v[n.c]);
      }
    }
    return v[root];
  }
  NodeId constant(double c) { return g.constant(c); }

  Graph g;
  NodeId x = g.leaf(Op::State, 0);
  NodeId y = g.leaf(Op::State, 1);
};

TEST_F(GraphTest, constants_areFolded) {
  const NodeId sum = g.make(Op::Add, constant(2), constant(3));
  EXPECT_TRUE(g.is_constant(sum, 5));
  EXPECT_TRUE(g.is_constant(g.make(Op::Exp, constant(0)), 1));
  EXPECT_TRUE(g.is_constant(g.make(Op::Select, constant(1), constant(7), constant(8)), 7));
}

TEST_F(GraphTest, sameExpression_isOneNode) { EXPECT_EQ(g.make(Op::Mul, x, y), g.make(Op::Mul, x, y)); }
TEST_F(GraphTest, commutedArguments_areOneNode) {
  EXPECT_EQ(g.make(Op::Mul, x, y), g.make(Op::Mul, y, x));
  EXPECT_EQ(g.make(Op::Add, x, y), g.make(Op::Add, y, x));
}
TEST_F(GraphTest, commutedDifference_isAnotherNode) { EXPECT_NE(g.make(Op::Sub, x, y), g.make(Op::Sub, y, x)); }
TEST_F(GraphTest, sameLeaf_isOneNode) { EXPECT_EQ(g.leaf(Op::State, 1), y); }
TEST_F(GraphTest, zeroAndMinusZero_areDifferentConstants) { EXPECT_NE(constant(0.0), constant(-0.0)); }

TEST_F(GraphTest, neutralElements_vanish) {
  EXPECT_EQ(g.make(Op::Add, x, constant(0)), x);
  EXPECT_EQ(g.make(Op::Sub, x, constant(0)), x);
  EXPECT_EQ(g.make(Op::Mul, constant(1), x), x);
  EXPECT_EQ(g.make(Op::Div, x, constant(1)), x);
  EXPECT_EQ(g.make(Op::Neg, g.make(Op::Neg, x)), x);
  EXPECT_EQ(g.make(Op::Pow, x, constant(1)), x);
}
TEST_F(GraphTest, productWithZero_isZero) { EXPECT_TRUE(g.is_constant(g.make(Op::Mul, x, constant(0)), 0)); }
TEST_F(GraphTest, differenceWithItself_isZero) { EXPECT_TRUE(g.is_constant(g.make(Op::Sub, x, x), 0)); }

TEST_F(GraphTest, smallIntegerPower_isAProduct) {
  const NodeId cube = g.make(Op::Pow, x, constant(3));
  EXPECT_EQ(g[cube].op, Op::Mul);
  EXPECT_EQ(value(cube, 1.5, 0), 1.5 * 1.5 * 1.5);
}
TEST_F(GraphTest, negativeIntegerPower_isAQuotient) {
  const NodeId p = g.make(Op::Pow, x, constant(-2));
  EXPECT_EQ(g[p].op, Op::Div);
  EXPECT_EQ(value(p, 4, 0), 1.0 / 16);
}
TEST_F(GraphTest, halfPower_isASquareRoot) { EXPECT_EQ(g[g.make(Op::Pow, x, constant(0.5))].op, Op::Sqrt); }
TEST_F(GraphTest, powerZero_isOne) { EXPECT_TRUE(g.is_constant(g.make(Op::Pow, x, constant(0)), 1)); }
TEST_F(GraphTest, realPower_staysAPower) { EXPECT_EQ(g[g.make(Op::Pow, x, constant(1.7))].op, Op::Pow); }

TEST_F(GraphTest, dependence_isCollected) {
  const NodeId p = g.leaf(Op::Parameter, 0);
  const NodeId t = g.leaf(Op::Time);
  EXPECT_EQ(g.depends(g.make(Op::Add, p, constant(2))), kOnParameter);
  EXPECT_EQ(g.depends(g.make(Op::Mul, g.make(Op::Add, p, t), x)), kOnParameter | kOnTime | kOnState);
  EXPECT_EQ(g.depends(g.leaf(Op::Switch, 0)), kOnSwitch);
  EXPECT_EQ(g.depends(constant(1)), kOnNothing);
}

TEST_F(GraphTest, reachable_marksArgumentsOnly) {
  const NodeId used = g.make(Op::Exp, x);
  const NodeId unused = g.make(Op::Exp, y);
  const auto marks = g.reachable(std::vector{used});
  EXPECT_TRUE(marks[used] && marks[x]);
  EXPECT_FALSE(marks[unused] || marks[y]);
}

TEST_F(GraphTest, derivativeOfUnrelatedRoot_isConstantZero) { EXPECT_TRUE(g.is_constant(g.differentiate(std::vector{g.make(Op::Exp, y)}, x)[0], 0)); }

struct Case {
  Op op;
  double a, b;
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  return "Op" + std::to_string(static_cast<int>(info.param.op)) + "at" + std::to_string(info.index);
}

class Derivative : public GraphTest, public testing::WithParamInterface<Case> {};

TEST_P(Derivative, everyOperation_agreesWithCentralDifferences) {
  const auto [op, a, b] = GetParam();
  const NodeId third = g.make(Op::Mul, x, x);
  // Select takes its branch from a switch; the others get x and y, unary operations the product x*y for the chain rule.
  const NodeId root = op == Op::Select ? g.make(op, g.leaf(Op::Switch, 0), third, y)
                      : arity(op) == 1 ? g.make(op, g.make(Op::Mul, x, y))
                                       : g.make(op, x, y);
  const double h = 1e-5;
  for (const bool by_x : {true, false}) {
    const NodeId d = g.differentiate(std::vector{root}, by_x ? x : y)[0];
    const double dx = by_x ? h : 0, dy = by_x ? 0 : h;
    const double numeric = (value(root, a + dx, b + dy) - value(root, a - dx, b - dy)) / (2 * h);
    // Truncation h^2/6 f''' with |f'''| below 100 here, and rounding 1e-16*|f|/h: below 3e-9*(1 + |f'|).
    EXPECT_NEAR(value(d, a, b), numeric, 3e-9 * (1 + std::abs(numeric))) << (by_x ? "d/dx" : "d/dy");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ops, Derivative,
    testing::Values(Case{Op::Add, 1.3, 0.4}, Case{Op::Sub, 1.3, 0.4}, Case{Op::Mul, 1.3, 0.4}, Case{Op::Div, 1.3, 0.7}, Case{Op::Neg, 1.3, 0.4},
                    Case{Op::Pow, 1.3, 0.7}, Case{Op::Pow, 0.6, -1.4}, Case{Op::Exp, 1.3, 0.4}, Case{Op::Log, 1.3, 0.7}, Case{Op::Sqrt, 1.3, 0.7},
                    Case{Op::Tanh, 1.3, 0.4}, Case{Op::Tanh, 0.1, 0.4}, Case{Op::Sin, 1.3, 0.4}, Case{Op::Cos, 1.3, 0.4}, Case{Op::Tan, 1.3, 0.4},
                    Case{Op::Asin, 0.8, 0.4}, Case{Op::Acos, 0.8, 0.4}, Case{Op::Atan, 1.3, 0.4}, Case{Op::Sinh, 1.3, 0.4}, Case{Op::Cosh, 1.3, 0.4},
                    Case{Op::Floor, 1.3, 0.4}, Case{Op::Ceil, 1.3, 0.4}, Case{Op::Less, 1.3, 0.4}, Case{Op::LessEqual, 1.3, 0.4},
                    Case{Op::Equal, 1.3, 0.4}, Case{Op::And, 1.3, 0.4}, Case{Op::Or, 1.3, 0.4}, Case{Op::Not, 1.3, 0.4}, Case{Op::Select, 1.3, 0.4}),
    name_of);

TEST_F(GraphTest, powerWithConstantExponentAtZero_hasAFiniteDerivative) {
  const NodeId root = g.make(Op::Pow, x, constant(1.7));
  EXPECT_EQ(value(g.differentiate(std::vector{root}, x)[0], 0, 0), 0) << "d/dx x^1.7 at 0 is 0";
}

}  // namespace
}  // namespace osteosome::expr
