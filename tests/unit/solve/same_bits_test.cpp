// SPDX-License-Identifier: Apache-2.0
// A subject's result is the same bits whoever it shares a block with, in whatever order, on any number of threads, on any code.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <numeric>
#include <random>

#include "solve_openbonemin.hpp"

namespace osteosome::support {
namespace {

constexpr double kSd = 0.2;  // of the logarithm

/// Peterson-Riggs subjects with varied parameters, one denosumab dose, six months; every third also takes ten doses of teriparatide.
class SameBits : public testing::Test {
 protected:
  const compile::Program program = published("peterson-riggs-2010");
  const solve::Options options = at_rtol(1e-6);

  [[nodiscard]] std::vector<solve::SubjectPlan> subjects(std::size_t count) const {
    std::mt19937_64 bits(20221124);
    const auto uniform = [&] { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53; };
    const auto normal = [&] { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); };
    std::vector<solve::SubjectPlan> plans;
    for (std::size_t s = 0; s < count; ++s) {
      std::vector<solve::Stop> stops;
      add_denosumab(program, stops, 60, 0, 0, 1);
      if (s % 3 == 0) add_teriparatide(program, stops, 20, 240, 10);
      plans.push_back(plan_for(program, stops, even_times(0, 6 * kMonthHours, 6)));
      for (const char* id : {"koutL", "kb", "TERICL", "DENCL", "DENVMAX"}) {
        plans.back().parameters[program.parameter_index(id).value()] *= std::exp(kSd * normal());
      }
    }
    return plans;
  }

  static void expect_same(const solve::SubjectResult& a, const solve::SubjectResult& b, std::size_t subject, const char* what) {
    ASSERT_EQ(a.status, b.status) << what << ", subject " << subject;
    ASSERT_EQ(a.states.size(), b.states.size());
    ASSERT_EQ(std::memcmp(a.states.data(), b.states.data(), a.states.size() * sizeof(double)), 0) << what << ", subject " << subject;
    EXPECT_EQ(a.statistics.steps, b.statistics.steps) << what << ", subject " << subject;
    EXPECT_EQ(a.statistics.rejected, b.statistics.rejected) << what << ", subject " << subject;
    EXPECT_EQ(a.time_reached, b.time_reached) << what << ", subject " << subject;
  }
};

TEST_F(SameBits, Lanes_thousand_subjects_threads_order_and_company_do_not_matter) {
  constexpr std::size_t kSubjects = 1000;
  const auto plans = subjects(kSubjects);
  const auto together = run_all_lanes(program, plans, options);
  std::size_t different = 0;
  for (std::size_t s = 0; s < kSubjects; ++s) {
    ASSERT_EQ(together[s].status, solve::Status::Completed) << s << ": " << together[s].message;
    different += together[s].states != together[0].states;
  }
  ASSERT_EQ(different, kSubjects - 1) << "subjects must differ for this test to mean anything";

  const auto two_threads = run_all_lanes(program, plans, options, {}, 2);
  for (std::size_t s = 0; s < kSubjects; ++s) expect_same(together[s], two_threads[s], s, "two threads");

  std::vector<std::size_t> order(kSubjects);
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937_64 bits(7);
  std::shuffle(order.begin(), order.end(), bits);
  std::vector<solve::SubjectPlan> shuffled;
  for (const std::size_t s : order) shuffled.push_back(plans[s]);
  const auto mixed = run_all_lanes(program, shuffled, options);
  for (std::size_t k = 0; k < kSubjects; ++k) expect_same(together[order[k]], mixed[k], order[k], "shuffled");

  for (const std::size_t s : {0U, 1U, 17U, 500U, 999U}) expect_same(together[s], run_one(Engine::Lanes, program, plans[s], options), s, "alone");
}

TEST_F(SameBits, Lanes_every_instruction_set_and_tier_give_the_same) {
  constexpr std::size_t kSubjects = 1000;
  const auto plans = subjects(kSubjects);
  const auto expected = run_all_lanes(program, plans, options);
  for (const auto isa : {compile::Isa::Scalar, compile::Isa::Avx2, compile::Isa::Avx512}) {
    if (!compile::has_isa(isa)) {
      std::cout << "  not on this processor: " << compile::name_of(isa) << "\n";
      continue;
    }
    for (const bool tape : {false, true}) {
      solve::LaneCode code(program, {.isa = isa, .tape_only = tape, .cache_dir = {}});
      ASSERT_EQ(code.current()->tier(), std::string(tape ? "tape" : "native"));
      const auto results = run_all_lanes(program, plans, options, {.isa = isa, .tape_only = tape, .cache_dir = {}});
      for (std::size_t s = 0; s < kSubjects; ++s) {
        expect_same(expected[s], results[s], s, (std::string(compile::name_of(isa)) + (tape ? " tape" : " native")).c_str());
      }
    }
  }
}

TEST_F(SameBits, Lanes_input_rate_of_a_neighbour_changes_nothing) {
  // One subject with an infusion makes the whole block add input rates.
  auto plans = subjects(9);
  const auto expected = run_all_lanes(program, plans, options);
  solve::SubjectPlan infused = plans[4];
  infused.stops.push_back({0, solve::StopKind::ChangeRate, program.state_index("PTH").value(), 385});
  set_outputs_before_stops(infused, even_times(0, 6 * kMonthHours, 6));
  plans[4] = infused;
  const auto results = run_all_lanes(program, plans, options);
  for (std::size_t s = 0; s < plans.size(); ++s) {
    if (s != 4) expect_same(expected[s], results[s], s, "beside an infusion");
  }
  EXPECT_NE(expected[4].states, results[4].states);
}

}  // namespace
}  // namespace osteosome::support
