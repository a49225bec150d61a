// SPDX-License-Identifier: Apache-2.0
// Goes over the table of operations: value, derivative, range, text and MathML of each, and the same bits on tape and in native code.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <map>

#include "compile_support.hpp"
#include "osteosome/compile/interval.hpp"
#include "osteosome/expr/ast.hpp"
#include "osteosome/expr/mathml.hpp"

namespace osteosome::compile {
namespace {

using expr::Graph;
using expr::Op;

struct Operation {
  std::string name;
  Op op;
  bool on_lanes;
};

std::vector<Operation> operations() {
  return {
#define OPERATION(name, ...) {#name, Op::name, true},
#define GRAPH_OPERATION(name, ...) {#name, Op::name, false},
#include "osteosome/expr/operations.def"
  };
}

struct Function {
  std::string call, element;
  Op op;
};

std::vector<Function> functions() {
  return {
#define FUNCTION(name, call, element, ...) {call, element, Op::name},
#define GRAPH_FUNCTION(name, call, element, ...) {call, element, Op::name},
#include "osteosome/expr/operations.def"
  };
}

constexpr double kPoints[][3] = {{0.6, 0.8, 0.3}, {0.31, 0.45, 0.9}, {0.9, 0.2, 0.5}};  // where every operation is smooth and has a value

NodeId made(Graph& g, Op op, NodeId a, NodeId b, NodeId c) {
  const int n = expr::arity(op);
  return g.make(op, a, n > 1 ? b : 0, n > 2 ? c : 0);
}

TEST(Operations, functions_areThoseOfTheCLibrary) {
  const std::map<std::string, std::function<double(double)>> library = {
      {"exp", [](double x) { return std::exp(x); }},
      {"ln", [](double x) { return std::log(x); }},
      {"sqrt", [](double x) { return std::sqrt(x); }},
      {"tanh", [](double x) { return std::tanh(x); }},
      {"sin", [](double x) { return std::sin(x); }},
      {"cos", [](double x) { return std::cos(x); }},
      {"tan", [](double x) { return std::tan(x); }},
      {"asin", [](double x) { return std::asin(x); }},
      {"acos", [](double x) { return std::acos(x); }},
      {"atan", [](double x) { return std::atan(x); }},
      {"sinh", [](double x) { return std::sinh(x); }},
      {"cosh", [](double x) { return std::cosh(x); }},
      {"floor", [](double x) { return std::floor(x); }},
      {"ceil", [](double x) { return std::ceil(x); }},
      {"factorial", [](double x) { return x == 3 ? 6 : std::nan(""); }}};
  for (const Function& f : functions()) {
    const auto known = library.find(f.call);
    ASSERT_NE(known, library.end()) << "'" << f.call << "' is new: say here what it is";
    for (const double x : {0.3, 0.7, 3.0}) {
      const double expected = known->second(x), found = expr::apply(f.op, x, 0, 0);
      EXPECT_TRUE(expected == found || (std::isnan(expected) && std::isnan(found))) << f.call << "(" << x << ") = " << found;
    }
  }
}

TEST(Operations, derivatives_areThoseOfCentralDifferences) {
  for (const Operation& o : operations()) {
    if (o.op == Op::Factorial) continue;  // of whole numbers only
    Graph g;
    const NodeId x[] = {g.leaf(Op::State, 0), g.leaf(Op::State, 1), g.leaf(Op::State, 2)};
    const std::vector<NodeId> root = {made(g, o.op, x[0], x[1], x[2])};
    for (int k = 0; k < expr::arity(o.op); ++k) {
      Interpreter slope(g, g.differentiate(root, x[k])), value(g, root);
      slope.prepare({});
      value.prepare({});
      for (const auto& point : kPoints) {
        constexpr double h = 1e-5;
        double at[] = {point[0], point[1], point[2]}, up = 0, down = 0, found = 0;
        slope.evaluate(0, at, {}, {&found, 1});
        at[k] = point[k] + h;
        value.evaluate(0, at, {}, {&up, 1});
        at[k] = point[k] - h;
        value.evaluate(0, at, {}, {&down, 1});
        const double numeric = (up - down) / (2 * h);
        // Truncation h^2/6 f''' with f''' below 100 here, and rounding 1e-16 |f| / h.
        EXPECT_NEAR(found, numeric, 3e-9 * (1 + std::abs(numeric))) << o.name << " by argument " << k << " at " << point[k];
      }
    }
  }
}

TEST(Operations, ranges_holdEveryValueOfASpan) {
  for (const Operation& o : operations()) {
    Graph g;
    const NodeId time = g.leaf(Op::Time);
    const NodeId b = g.make(Op::Sub, time, g.constant(1.5)), c = g.make(Op::Mul, time, time);
    const std::vector<NodeId> root = {made(g, o.op, time, b, c)};
    Interpreter value(g, root);
    IntervalInterpreter range(g, root);
    value.prepare({});
    for (const auto& [low, high] : {std::pair{0.1, 0.9}, {-2.0, 3.0}, {1.4, 5.0}}) {
      Interval bounds;
      range.evaluate({low, high}, {}, {}, {&bounds, 1});
      for (int i = 0; i <= 100; ++i) {
        double at = 0;
        value.evaluate(low + (high - low) * i / 100, {}, {}, {&at, 1});
        if (std::isnan(at)) continue;
        EXPECT_GE(at, bounds.low - 1e-14 * std::abs(at)) << o.name << " from " << low << " to " << high;
        EXPECT_LE(at, bounds.high + 1e-14 * std::abs(at)) << o.name << " from " << low << " to " << high;
      }
    }
  }
}

TEST(Operations, calls_areReadAndPrinted) {
  for (const Function& f : functions()) {
    for (const std::string& spelling : {f.call, f.element}) {
      const expr::Ast ast = expr::parse_formula(spelling + "(x)");
      EXPECT_EQ(ast.kind, expr::Ast::Kind::Call) << spelling;
      EXPECT_EQ(ast.name, f.call);
      EXPECT_EQ(expr::to_text(ast), f.call + "(x)");
      EXPECT_EQ(expr::to_text(expr::parse_formula(expr::to_text(ast))), f.call + "(x)");
      EXPECT_EQ(expr::to_mathml(ast, [](const expr::Ast&) { return ""; }), "<apply><" + f.element + "/><ci> x </ci></apply>");
    }
    EXPECT_TRUE(expr::is_reserved(f.call)) << f.call;
  }
}

/// A program whose states a, b and c stand still while the derivative of each other state is one operation of them, and what fuses.
Program everything() {
  Program p;
  Graph& g = p.graph;
  const NodeId a = g.leaf(Op::State, 0), b = g.leaf(Op::State, 1), c = g.leaf(Op::State, 2), zero = g.constant(0);
  p.derivative = {zero, zero, zero};
  for (const Operation& o : operations()) {
    if (o.on_lanes) p.derivative.push_back(made(g, o.op, a, b, c));
  }
  p.derivative.push_back(g.make(Op::Add, g.make(Op::Mul, a, c), b));
  p.derivative.push_back(g.make(Op::Sub, b, g.make(Op::Mul, a, a)));
  p.derivative.push_back(g.make(Op::Sub, g.make(Op::Mul, b, b), c));
  for (std::size_t i = 0; i < p.derivative.size(); ++i) p.states.push_back("x" + std::to_string(i));
  p.time_derivative.assign(p.states.size(), zero);
  return p;
}

std::vector<double> derivatives(const LaneProgram& program, const Evaluator& evaluator, const double (&point)[3]) {
  support::Block block(program, evaluator.lanes());
  for (std::uint32_t i = 0; i < 3; ++i) block.fill(program.layout.states + i, point[i]);
  evaluator.run(Phase::Derivative, block.data());
  std::vector<double> found;
  for (std::uint32_t i = 3; i < program.n_states; ++i) found.push_back(block.at(program.layout.derivative + i, evaluator.lanes() - 1));
  return found;
}

TEST(Operations, tapeAndNative_giveTheSameBits) {
  const Program program = everything();
  const auto lanes = std::make_shared<const LaneProgram>(build_lane_program(program));
  const support::TemporaryFolder cache;
  Interpreter interpreter(program.graph, program.derivative);
  interpreter.prepare({});
  for (const auto& point : kPoints) {
    std::vector<double> states(program.states.size(), 0.0), plain(program.states.size());
    for (std::size_t i = 0; i < 3; ++i) states[i] = point[i];
    interpreter.evaluate(0, states, {}, plain);
    plain.erase(plain.begin(), plain.begin() + 3);
    const auto expected = derivatives(*lanes, *make_tape(lanes, Isa::Scalar), point);
    ASSERT_EQ(expected.size(), plain.size());
    // exp, ln and tanh of lanes are within 2 ulp of the exact value, and fused operations are rounded once.
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(expected[i], plain[i], 4 * 2.3e-16 * (1 + std::abs(plain[i]))) << i;
    for (const Isa isa : {Isa::Scalar, Isa::Avx2, Isa::Avx512}) {
      if (!has_isa(isa)) continue;
      std::string why;
      const auto native = compile_native(*lanes, isa, cache.path(), why);
      ASSERT_NE(native, nullptr) << why;
      for (const auto& found : {derivatives(*lanes, *make_tape(lanes, isa), point), derivatives(*lanes, *native, point)}) {
        for (std::size_t i = 0; i < expected.size(); ++i) {
          EXPECT_EQ(std::bit_cast<std::uint64_t>(expected[i]), std::bit_cast<std::uint64_t>(found[i])) << "operation " << i << ", " << name_of(isa);
        }
      }
    }
  }
}

}  // namespace
}  // namespace osteosome::compile
