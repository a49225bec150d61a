// SPDX-License-Identifier: Apache-2.0
// The right-hand side of peterson-riggs-2010 against the original program at 15 points (tests/data/openbonemin/README.md).
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "compile_support.hpp"

namespace osteosome::compile {
namespace {

using support::Block;
using support::Checkpoint;
using support::Compiled;
using support::Point;

const Compiled& peterson() { return support::shipped_program("peterson-riggs-2010"); }

Point point_of(const Checkpoint& c) {
  const Program& p = peterson().program;
  Point point{c.time, p.parameter_values, {}};
  for (const auto& [name, value] : c.parameters) point.parameters[p.parameter_index(name).value()] = value;
  for (const std::string& state : p.states) point.states.push_back(c.states.at(state));
  return point;
}

/// Scale of the rounding error of each root: like its value, but with every sum and difference, at any depth, replaced by the sum of
/// magnitudes. (`Interpreter::term_magnitude` looks at the outermost sum only: k*(a - b) is one term to it, and 0 at a = b.)
std::vector<double> error_scale(const expr::Graph& g, const std::vector<NodeId>& roots, const Point& point, const std::vector<double>& bits) {
  std::vector<double> value(g.size()), scale(g.size());
  for (NodeId id = 0; id < g.size(); ++id) {
    const expr::Node& n = g[id];
    switch (n.op) {
      case expr::Op::Constant: value[id] = n.value; break;
      case expr::Op::Parameter: value[id] = point.parameters[n.a]; break;
      case expr::Op::State: value[id] = point.states[n.a]; break;
      case expr::Op::Time: value[id] = point.time; break;
      case expr::Op::Switch: value[id] = bits[n.a]; break;
      default: value[id] = expr::apply(n.op, value[n.a], value[n.b], value[n.c]);
    }
    switch (n.op) {
      case expr::Op::Add:
      case expr::Op::Sub: scale[id] = scale[n.a] + scale[n.b]; break;
      case expr::Op::Mul: scale[id] = scale[n.a] * scale[n.b]; break;
      case expr::Op::Div: scale[id] = scale[n.a] / std::abs(value[n.b]); break;
      case expr::Op::Neg: scale[id] = scale[n.a]; break;
      case expr::Op::Select: scale[id] = value[n.a] != 0 ? scale[n.b] : scale[n.c]; break;
      default: scale[id] = std::abs(value[id]);
    }
  }
  std::vector<double> result;
  for (const NodeId root : roots) result.push_back(scale[root]);
  return result;
}

class RhsReference : public testing::TestWithParam<Checkpoint> {
 protected:
  void SetUp() override {
    const Program& p = peterson().program;
    point = point_of(GetParam());
    Interpreter interpreter(p.graph, p.derivative);
    interpreter.prepare(point.parameters);
    plain.resize(p.states.size());
    const auto bits = support::branch_bits(p, point);
    interpreter.evaluate(point.time, point.states, bits, plain);
    magnitude = error_scale(p.graph, p.derivative, point, bits);
  }

  /// 1e-10 of the sum of magnitudes: the reference has 12 to 17 digits and a few hundred roundings in a chain.
  /// BMD: the original keeps its production constants in single precision, 2^-24 = 6e-8 relative.
  void expect_reference(const std::vector<double>& found, const std::string& tier) const {
    static const std::set<std::string> single_precision = {"BMDls", "BMDlsDEN", "BMDfn"};
    const Program& p = peterson().program;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const double bound = (single_precision.contains(p.states[i]) ? 1e-7 : 1e-10) * magnitude[i];
      const double reference = GetParam().derivatives.at(p.states[i]);
      EXPECT_LE(std::abs(found[i] - reference), bound)
          << tier << " d" << p.states[i] << "/dt: " << found[i] << " against " << reference << ", scale " << magnitude[i];
    }
  }

  std::vector<double> by(const Evaluator& evaluator) const {
    const auto& lanes = *peterson().lanes;
    Block block(lanes, evaluator.lanes());
    for (int lane = 0; lane < evaluator.lanes(); ++lane) support::set_inputs(lanes, block, point, lane);
    support::prepare(peterson(), evaluator, block);
    evaluator.run(Phase::Derivative, block.data());
    std::vector<double> found;
    for (std::uint32_t i = 0; i < lanes.n_states; ++i) found.push_back(block.at(lanes.layout.derivative + i, evaluator.lanes() - 1));
    return found;
  }

  Point point;
  std::vector<double> plain, magnitude;
};

TEST_P(RhsReference, interpreter_agreesWithTheOriginal) { expect_reference(plain, "interpreter"); }

TEST_P(RhsReference, tape_agreesWithTheOriginal) {
  for (const Isa isa : {Isa::Scalar, Isa::Avx2, Isa::Avx512}) {
    if (has_isa(isa)) expect_reference(by(*make_tape(peterson().lanes, isa)), std::string("tape ") + name_of(isa));
  }
}

TEST_P(RhsReference, native_agreesWithTheOriginal) {
  for (const Isa isa : {Isa::Scalar, Isa::Avx2, Isa::Avx512}) {
    if (!has_isa(isa)) continue;
    const auto native = find_builtin_native(*peterson().lanes, isa);
    ASSERT_NE(native, nullptr) << name_of(isa);
    expect_reference(by(*native), std::string("native ") + name_of(isa));
  }
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, RhsReference, testing::ValuesIn(support::checkpoints()), [](const testing::TestParamInfo<Checkpoint>& which) {
  return which.param.name;
});

TEST(RhsReferenceData, fifteenPoints_coverAllStates) {
  const auto points = support::checkpoints();
  EXPECT_EQ(points.size(), 15u);
  for (const Checkpoint& c : points) {
    EXPECT_EQ(c.states.size(), 43u) << c.name;
    EXPECT_EQ(c.derivatives.size(), 43u) << c.name;
  }
}

}  // namespace
}  // namespace osteosome::compile
