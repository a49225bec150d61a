// SPDX-License-Identifier: Apache-2.0
// The symbolic Jacobian against central differences and against reverse accumulation, and the sparse solve against a dense one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "compile_support.hpp"

namespace osteosome::compile {
namespace {

using expr::Op;
using support::Block;
using support::Compiled;
using support::Point;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

class JacobianOf : public testing::TestWithParam<std::tuple<const char*, unsigned>> {
 protected:
  void SetUp() override {
    std::vector<NodeId> nodes;
    for (const auto& e : program.jacobian) nodes.push_back(e.node);
    Interpreter interpreter(program.graph, nodes);
    interpreter.prepare(point.parameters);
    std::vector<double> values(nodes.size());
    interpreter.evaluate(point.time, point.states, bits, values);
    for (std::size_t k = 0; k < nodes.size(); ++k) symbolic[{program.jacobian[k].row, program.jacobian[k].column}] = values[k];
  }
  [[nodiscard]] double entry(std::size_t row, std::size_t column) const {
    const auto hit = symbolic.find({static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column)});
    return hit == symbolic.end() ? 0 : hit->second;
  }
  [[nodiscard]] std::string name(std::size_t row, std::size_t column) const {
    return "d(d" + program.states[row] + "/dt)/d" + program.states[column];
  }

  const Compiled& model = support::shipped_program(std::get<0>(GetParam()));
  const Program& program = model.program;
  std::size_t n = program.states.size();
  Point point = support::random_point(model, std::get<1>(GetParam()));
  std::vector<double> bits = support::branch_bits(program, point);
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> symbolic;
};

TEST_P(JacobianOf, everyEntry_agreesWithCentralDifferences) {
  Interpreter interpreter(program.graph, program.derivative);
  interpreter.prepare(point.parameters);
  std::vector<double> up(n), down(n), magnitude(n);
  const auto difference = [&](std::size_t column, double h) {
    std::vector<double> x = point.states, d(n);
    x[column] = point.states[column] + h;
    interpreter.evaluate(point.time, x, bits, up);
    x[column] = point.states[column] - h;
    interpreter.evaluate(point.time, x, bits, down);
    for (std::size_t i = 0; i < n; ++i) d[i] = (up[i] - down[i]) / (2 * h), magnitude[i] = interpreter.term_magnitude(i);
    return d;
  };
  for (std::size_t column = 0; column < n; ++column) {
    const double h = 1e-4 * std::abs(point.states[column]);
    const auto wide = difference(column, 2 * h);
    const auto narrow = difference(column, h);
    for (std::size_t row = 0; row < n; ++row) {
      // Truncation is a third of the difference of the two steps; rounding is that of a chain of a hundred operations over h.
      const double bound = std::abs(wide[row] - narrow[row]) + 100 * kEpsilon * magnitude[row] / h;
      EXPECT_LE(std::abs(entry(row, column) - narrow[row]), bound) << name(row, column) << ": " << entry(row, column) << " against " << narrow[row];
    }
  }
}

/// Partial derivatives of one node by its arguments, written independently of Graph::differentiate.
std::array<double, 3> partials(Op op, double a, double b, double c, double value) {
  switch (op) {
    case Op::Add: return {1, 1, 0};
    case Op::Sub: return {1, -1, 0};
    case Op::Mul: return {b, a, 0};
    case Op::Div: return {1 / b, -a / (b * b), 0};
    case Op::Neg: return {-1, 0, 0};
    case Op::Pow: return {b * std::pow(a, b - 1), std::pow(a, b) * std::log(a), 0};
    case Op::Exp: return {value, 0, 0};
    case Op::Log: return {1 / a, 0, 0};
    case Op::Sqrt: return {0.5 / value, 0, 0};
    case Op::Tanh: return {1 / (std::cosh(a) * std::cosh(a)), 0, 0};
    case Op::Select: return {0, a != 0 ? 1.0 : 0.0, a != 0 ? 0.0 : 1.0};
    case Op::Less:
    case Op::LessEqual:
    case Op::Equal:
    case Op::And:
    case Op::Or:
    case Op::Not: return {0, 0, 0};
    default: ADD_FAILURE() << "operation " << static_cast<int>(op) << " is not in the shipped models"; return {0, 0, 0};
  }
  (void)c;
}

TEST_P(JacobianOf, everyEntry_agreesWithReverseAccumulation) {
  const auto& g = program.graph;
  std::vector<double> value(g.size());
  for (NodeId id = 0; id < g.size(); ++id) {
    const auto& node = g[id];
    switch (node.op) {
      case Op::Constant: value[id] = node.value; break;
      case Op::Parameter: value[id] = point.parameters[node.a]; break;
      case Op::State: value[id] = point.states[node.a]; break;
      case Op::Time: value[id] = point.time; break;
      case Op::Switch: value[id] = bits[node.a]; break;
      default: value[id] = expr::apply(node.op, value[node.a], value[node.b], value[node.c]);
    }
  }
  for (std::size_t row = 0; row < n; ++row) {
    const NodeId root = program.derivative[row];
    const auto needed = g.reachable(std::vector{root});
    std::vector<double> adjoint(root + 1, 0.0), magnitude(root + 1, 0.0), found(n, 0.0), scale(n, 0.0);
    adjoint[root] = magnitude[root] = 1;
    for (NodeId id = root + 1; id-- > 0;) {
      if (!needed[id]) continue;
      const auto& node = g[id];
      if (node.op == Op::State) found[node.a] = adjoint[id], scale[node.a] = magnitude[id];
      const int count = expr::arity(node.op);
      if (count == 0) continue;
      const auto p = partials(node.op, value[node.a], count > 1 ? value[node.b] : 0, count > 2 ? value[node.c] : 0, value[id]);
      const NodeId arguments[] = {node.a, node.b, node.c};
      for (int k = 0; k < count; ++k) {
        if ((g.depends(arguments[k]) & expr::kOnState) == 0) continue;  // e.g. log of a negative parameter is of no interest
        adjoint[arguments[k]] += adjoint[id] * p[static_cast<std::size_t>(k)];
        magnitude[arguments[k]] += magnitude[id] * std::abs(p[static_cast<std::size_t>(k)]);
      }
    }
    for (std::size_t column = 0; column < n; ++column) {
      // Both routes sum the same path products, whose rounding is below a thousand epsilon of their absolute sum.
      EXPECT_LE(std::abs(entry(row, column) - found[column]), 1000 * kEpsilon * scale[column])
          << name(row, column) << ": " << entry(row, column) << " against " << found[column];
    }
  }
}

TEST_P(JacobianOf, tape_agreesWithTheInterpreter) {
  const auto tape = make_tape(model.lanes, Isa::Scalar);
  Block block(*model.lanes, tape->lanes());
  for (int lane = 0; lane < tape->lanes(); ++lane) support::set_inputs(*model.lanes, block, point, lane);
  support::prepare(model, *tape, block);
  tape->run(Phase::DerivativeAndJacobian, block.data());
  for (std::size_t k = 0; k < program.jacobian.size(); ++k) {
    const auto& e = program.jacobian[k];
    const double found = block.at(model.lanes->layout.jacobian + static_cast<std::uint32_t>(k), 0);
    // exp(g log x) differs from pow by |g log x| + 3 epsilon, below 1e-13 here; differences of such terms may cancel five digits.
    EXPECT_NEAR(found, entry(e.row, e.column), 1e-8 * std::abs(entry(e.row, e.column)) + 1e-300) << name(e.row, e.column);
  }
}

using Matrix = std::vector<std::vector<long double>>;

/// Inverse by Gauss-Jordan elimination with partial pivoting in extended precision.
Matrix inverse(Matrix a) {
  const std::size_t n = a.size();
  Matrix b(n, std::vector<long double>(n, 0));
  for (std::size_t i = 0; i < n; ++i) b[i][i] = 1;
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i) pivot = std::abs(a[i][k]) > std::abs(a[pivot][k]) ? i : pivot;
    std::swap(a[k], a[pivot]);
    std::swap(b[k], b[pivot]);
    for (std::size_t i = 0; i < n; ++i) {
      const long double f = (i == k ? a[k][k] - 1 : a[i][k]) / a[k][k];
      for (std::size_t j = 0; j < n; ++j) a[i][j] -= f * a[k][j], b[i][j] -= f * b[k][j];
    }
  }
  return b;
}

TEST_P(JacobianOf, factorAndSolve_agreeWithADenseInverse) {
  const auto tape = make_tape(model.lanes, best_isa());
  const auto& at = model.lanes->layout;
  for (const double inverse_gamma_h : {1e4, 1.0, 1e-2}) {
    Block block(*model.lanes, tape->lanes());
    for (int lane = 0; lane < tape->lanes(); ++lane) support::set_inputs(*model.lanes, block, point, lane);
    support::prepare(model, *tape, block);
    tape->run(Phase::DerivativeAndJacobian, block.data());
    Matrix a(n, std::vector<long double>(n, 0));
    for (std::size_t i = 0; i < n; ++i) a[i][i] = static_cast<long double>(inverse_gamma_h);
    for (std::size_t k = 0; k < program.jacobian.size(); ++k) {
      a[program.jacobian[k].row][program.jacobian[k].column] -= static_cast<long double>(block.at(at.jacobian + static_cast<std::uint32_t>(k), 0));
    }
    std::vector<double> b(n), x(n);
    for (std::size_t i = 0; i < n; ++i) b[i] = std::sin(1.0 + static_cast<double>(i)) * std::abs(point.states[i]);
    block.fill(at.inverse_gamma_h, inverse_gamma_h);
    for (std::size_t i = 0; i < n; ++i) block.fill(at.rhs + static_cast<std::uint32_t>(i), b[i]);
    tape->run(Phase::Factor, block.data());
    tape->run(Phase::Solve, block.data());
    for (std::size_t i = 0; i < n; ++i) x[i] = block.at(at.rhs + static_cast<std::uint32_t>(i), 0);
    const Matrix exact = inverse(a);
    // A solve with growth factor g has |dx| <= |A^-1| (3 n eps g) |A| |x| (Higham 2002, theorem 9.4); g = 100 is allowed.
    const double constant = 3 * static_cast<double>(n) * kEpsilon * 100;
    std::vector<long double> weight(n, 0);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) weight[i] += std::abs(a[i][j] * static_cast<long double>(x[j]));
    }
    for (std::size_t i = 0; i < n; ++i) {
      long double solution = 0, bound = 0;
      for (std::size_t j = 0; j < n; ++j) {
        solution += exact[i][j] * static_cast<long double>(b[j]);
        bound += std::abs(exact[i][j]) * weight[j];
      }
      EXPECT_NEAR(x[i], static_cast<double>(solution), constant * static_cast<double>(bound))
          << program.states[i] << " at 1/(gamma h) = " << inverse_gamma_h;
    }
  }
}

TEST_P(JacobianOf, entries_areSortedAndUnique) {
  for (std::size_t k = 1; k < program.jacobian.size(); ++k) {
    const auto& a = program.jacobian[k - 1];
    const auto& b = program.jacobian[k];
    EXPECT_LT(std::pair(a.row, a.column), std::pair(b.row, b.column));
  }
}

INSTANTIATE_TEST_SUITE_P(Models, JacobianOf, testing::Combine(testing::Values("peterson-riggs-2010", "joerg-2022"), testing::Values(1u, 2u, 3u)),
                         [](const testing::TestParamInfo<std::tuple<const char*, unsigned>>& which) {
                           std::string name = std::string(std::get<0>(which.param)) + "_" + std::to_string(std::get<1>(which.param));
                           std::erase(name, '-');
                           return name;
                         });

TEST(ShippedJacobian, initialState_isFinite) {
  for (const char* name : {"peterson-riggs-2010", "joerg-2022"}) {
    const Compiled& model = support::shipped_program(name);
    const Program& p = model.program;
    Point point{0, p.parameter_values, std::vector<double>(p.states.size())};
    Interpreter initial(p.graph, p.initial);
    initial.prepare(point.parameters);
    initial.evaluate(0, {}, {}, point.states);
    const auto tape = make_tape(model.lanes, Isa::Scalar);
    Block block(*model.lanes, tape->lanes());
    for (int lane = 0; lane < tape->lanes(); ++lane) support::set_inputs(*model.lanes, block, point, lane);
    support::prepare(model, *tape, block);
    tape->run(Phase::DerivativeAndJacobian, block.data());
    for (std::size_t k = 0; k < p.jacobian.size(); ++k) {
      const double found = block.at(model.lanes->layout.jacobian + static_cast<std::uint32_t>(k), 0);
      EXPECT_TRUE(std::isfinite(found)) << name << ": d(d" << p.states[p.jacobian[k].row] << "/dt)/d" << p.states[p.jacobian[k].column];
    }
  }
}

}  // namespace
}  // namespace osteosome::compile
