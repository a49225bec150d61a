// SPDX-License-Identifier: Apache-2.0
// Every evaluation tier and instruction set gives the same bits for every phase.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "compile_support.hpp"

namespace osteosome::compile {
namespace {

using support::Block;
using support::Compiled;
using support::Point;
using support::TemporaryFolder;

constexpr double kInverseGammaH = 3.7;

/// The output slots [first, end) of each phase.
std::vector<std::pair<std::uint32_t, std::uint32_t>> outputs(const LaneProgram& p, Phase phase) {
  const SlotLayout& at = p.layout;
  switch (phase) {
    case Phase::Prologue: return {{at.hoisted, at.derivative}};
    case Phase::Derivative: return {{at.derivative, at.derivative + p.n_states}};
    case Phase::DerivativeAndJacobian: return {{at.derivative, at.lu}};
    case Phase::Factor: return {{at.lu, at.lu + p.lu_entries}};
    case Phase::Solve: return {{at.rhs, at.rhs + p.n_states}};
    case Phase::Gaps: return {{at.gaps, at.gaps + p.n_switches}};
  }
  return {};
}

/// All phase outputs of `points`, one row a point, evaluated as many lanes at a time as the evaluator has.
std::vector<std::vector<double>> run_all(const Compiled& model, const Evaluator& evaluator, const std::vector<Point>& points) {
  const LaneProgram& p = *model.lanes;
  std::vector<std::vector<double>> rows(points.size());
  const int lanes = evaluator.lanes();
  for (std::size_t first = 0; first < points.size(); first += static_cast<std::size_t>(lanes)) {
    Block block(p, lanes);
    const auto index = [&](int lane) { return std::min(first + static_cast<std::size_t>(lane), points.size() - 1); };
    for (int lane = 0; lane < lanes; ++lane) support::set_inputs(p, block, points[index(lane)], lane);
    support::prepare(model, evaluator, block);
    block.fill(p.layout.inverse_gamma_h, kInverseGammaH);
    for (std::uint32_t i = 0; i < p.n_states; ++i) block.fill(p.layout.rhs + i, 1.0 + 0.1 * i);
    for (const Phase phase : {Phase::Prologue, Phase::Gaps, Phase::Derivative, Phase::DerivativeAndJacobian, Phase::Factor, Phase::Solve}) {
      evaluator.run(phase, block.data());
      for (int lane = 0; lane < lanes && first + static_cast<std::size_t>(lane) < points.size(); ++lane) {
        for (const auto& [begin, end] : outputs(p, phase)) {
          for (std::uint32_t slot = begin; slot < end; ++slot) rows[index(lane)].push_back(block.at(slot, lane));
        }
      }
    }
  }
  return rows;
}

void expect_same_bits(const std::vector<std::vector<double>>& expected, const std::vector<std::vector<double>>& found, const std::string& what) {
  ASSERT_EQ(expected.size(), found.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(expected[i].size(), found[i].size());
    ASSERT_FALSE(expected[i].empty());
    if (std::memcmp(expected[i].data(), found[i].data(), expected[i].size() * sizeof(double)) == 0) continue;
    for (std::size_t k = 0; k < expected[i].size(); ++k) {
      ASSERT_EQ(std::memcmp(&expected[i][k], &found[i][k], sizeof(double)), 0)
          << what << ": point " << i << ", output " << k << ": " << expected[i][k] << " and " << found[i][k];
    }
  }
}

std::vector<Point> random_points(const Compiled& model, unsigned count) {
  std::vector<Point> points;
  for (unsigned seed = 1; seed <= count; ++seed) points.push_back(support::random_point(model, seed));
  return points;
}

class SameBits : public testing::TestWithParam<std::tuple<const char*, Isa>> {
 protected:
  void SetUp() override {
    if (!has_isa(isa)) GTEST_SKIP() << "this processor has no " << name_of(isa);
  }
  const Compiled& model = support::shipped_program(std::get<0>(GetParam()));
  Isa isa = std::get<1>(GetParam());
};

TEST_P(SameBits, tape_givesTheBitsOfTheScalarTape) {
  const auto points = random_points(model, 37);  // more than one block of 32, and a part of one
  expect_same_bits(run_all(model, *make_tape(model.lanes, Isa::Scalar), points), run_all(model, *make_tape(model.lanes, isa), points), name_of(isa));
}

TEST_P(SameBits, builtinNative_givesTheBitsOfTheScalarTape) {
  const auto native = find_builtin_native(*model.lanes, isa);
  ASSERT_NE(native, nullptr);
  EXPECT_EQ(native->lanes(), lanes_of(isa));
  EXPECT_STREQ(native->tier(), "native");
  const auto points = random_points(model, 37);
  expect_same_bits(run_all(model, *make_tape(model.lanes, Isa::Scalar), points), run_all(model, *native, points), name_of(isa));
}

INSTANTIATE_TEST_SUITE_P(Models, SameBits,
                         testing::Combine(testing::Values("peterson-riggs-2010", "joerg-2022"), testing::Values(Isa::Scalar, Isa::Avx2, Isa::Avx512)),
                         [](const testing::TestParamInfo<std::tuple<const char*, Isa>>& which) {
                           std::string name = std::string(std::get<0>(which.param)) + "_" + name_of(std::get<1>(which.param));
                           std::erase(name, '-');
                           return name;
                         });

// Every operation of the tape at least once; lines of the rates in no particular order.
const std::string kEverything = R"toml([model]
id = "everything"
title = "Every operation"
time = "h"
source = "doi:10.1000/x"

[parameters]
k = { value = 0.7, unit = "1", source = "model", kind = "reported" }

[species]
a = { initial = "k", unit = "1", rate = "exp(-a) + ln(a + 1)*sqrt(b) - tanh(a*b) + a^k", unchecked = "numbers only" }
b = { initial = "k", unit = "1", rate = "sin(a) + cos(b) - tan(a/4) + asin(a/9)*acos(b/9) - atan(a) + sinh(b/3)/cosh(a)", unchecked = "numbers only" }
c = { initial = "k", unit = "1", rate = "floor(7*a) - ceil(3*b) + piecewise(a, a < b && time > 3, b, c >= a || !(b <= 0.5), c) + min(a, b, c) - max(a, c) + abs(b - c)", unchecked = "numbers only" }
)toml";

TEST(CompiledNative, userModel_givesTheBitsOfTheTape) {
  const auto model = support::compiled(support::load_text(kEverything));
  const TemporaryFolder cache;
  const auto points = random_points(*model, 9);
  const auto expected = run_all(*model, *make_tape(model->lanes, Isa::Scalar), points);
  for (const Isa isa : {Isa::Scalar, best_isa()}) {
    std::string why;
    const auto native = compile_native(*model->lanes, isa, cache.path(), why);
    ASSERT_NE(native, nullptr) << why;
    expect_same_bits(expected, run_all(*model, *native, points), name_of(isa));
  }
}

TEST(CompiledNative, secondRequest_comesFromTheCache) {
  const auto model = support::compiled(support::load_text(kEverything));
  const TemporaryFolder cache;
  std::string why;
  ASSERT_NE(compile_native(*model->lanes, Isa::Scalar, cache.path(), why), nullptr) << why;
  const auto files = [&] {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(cache.path())) found.push_back(entry.path());
    return found;
  };
  ASSERT_EQ(files().size(), 1u) << "one library and no leftovers";
  const auto written = std::filesystem::last_write_time(files()[0]);
  EXPECT_NE(compile_native(*model->lanes, Isa::Scalar, cache.path(), why), nullptr) << why;
  EXPECT_EQ(std::filesystem::last_write_time(files()[0]), written);
}

TEST(CompiledNative, unwritableCache_saysWhy) {
  const auto model = support::compiled(support::load_text(kEverything));
  std::string why;
  EXPECT_EQ(compile_native(*model->lanes, Isa::Scalar, "/proc/no-such-folder", why), nullptr);
  EXPECT_EQ(why, "cannot write to /proc/no-such-folder");
}

TEST(BuiltinNative, userModel_hasNone) {
  const auto model = support::compiled(support::load_text(kEverything));
  EXPECT_EQ(find_builtin_native(*model->lanes, Isa::Scalar), nullptr);
}

TEST(LaneProgram, sameModel_hasTheSameHash) {
  const auto one = support::compiled(support::load_text(kEverything));
  const auto two = support::compiled(support::load_text(kEverything));
  EXPECT_EQ(one->lanes->hash, two->lanes->hash);
}

TEST(Isa, misspeltName_isRefusedWithNearMatch) {
  const core::Error error = support::error_of([] { (void)isa_from_name("avx-512"); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  EXPECT_EQ(error.diagnostics().front().code, "input-011");
  EXPECT_EQ(error.diagnostics().front().message, "unknown instruction set 'avx-512'");
  EXPECT_EQ(error.diagnostics().front().hint, "Did you mean 'avx512'?");
}

}  // namespace
}  // namespace osteosome::compile
