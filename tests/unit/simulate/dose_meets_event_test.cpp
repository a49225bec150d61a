// SPDX-License-Identifier: Apache-2.0
// Event tables on models whose own events answer to the doses: rows at doses, resets and steady states.
#include <gtest/gtest.h>

#include "errors.hpp"
#include "simulate_one_compartment.hpp"

namespace osteosome::support {
namespace {

using simulate::EngineChoice;

constexpr double kK = kCL / kV;

std::string with_events(const std::string& events) { return one_compartment_document("[events]\n" + events + "\n"); }

const std::string kVomit = R"(vomit = { trigger = "central > 40", assign = { central = "central/2" }, unchecked = "half" })";
const std::string kInduce = R"(induce = { trigger = "central > 20", assign = { CL = "2.2" }, unchecked = "twice" })";
const std::string kLater =
    R"(later = { trigger = "central > 25", delay = "2", values_from_trigger_time = false, assign = { central = "central/2" }, unchecked = "h" })";

class Dose_meets_event : public testing::TestWithParam<EngineChoice> {
 protected:
  /// Values of the central compartment at the output rows.
  std::vector<double> central(const std::string& events, const std::string& rows) {
    model_ = compile_text(with_events(events), GetParam());
    return run_central(*model_, "ID,TIME,AMT,CMT,EVID,II,ADDL,SS\n" + rows);
  }
  static void expect(const std::vector<double>& values, const std::vector<double>& expected) {
    ASSERT_EQ(values.size(), expected.size());
    for (std::size_t k = 0; k < values.size(); ++k) EXPECT_NEAR(values[k], expected[k], 60 * kAccuracy) << k;
  }

  std::unique_ptr<simulate::CompiledModel> model_;
};

TEST_P(Dose_meets_event, Rows_show_the_event_that_a_dose_causes) {
  const double before = 30 * std::exp(-kK * 4), after = (before + 30) / 2;
  expect(central(kVomit, "1,0,50,central,1,0,0,0\n1,0,0,central,0,0,0,0\n2,0,30,central,1,4,1,0\n2,4,0,central,0,0,0,0\n2,6,0,central,0,0,0,0\n"),
         {25, after, after * std::exp(-kK * 2)});
}

TEST_P(Dose_meets_event, Reset_restores_parameters_that_an_event_has_changed) {
  for (const std::string evid : {"3", "4"}) {
    const std::string dose = evid == "3" ? "1,10,0,central,3,0,0,0\n1,10,15,central,1,0,0,0\n" : "1,10,15,central,4,0,0,0\n";
    expect(central(kInduce, "1,0,50,central,1,0,0,0\n1,5,0,central,0,0,0,0\n" + dose + "1,15,0,central,0,0,0,0\n"),
           {50 * std::exp(-2 * kK * 5), 15 * std::exp(-kK * 5)});
  }
}

TEST_P(Dose_meets_event, Reset_drops_events_that_wait) {
  expect(central(kLater, "1,0,50,central,1,0,0,0\n1,1,15,central,4,0,0,0\n1,5,0,central,0,0,0,0\n"), {15 * std::exp(-kK * 4)});
}

TEST_P(Dose_meets_event, Steady_state_in_which_every_dose_causes_an_event) {
  // x = (x + 30)/2 e with e = exp(-6 k): after the event (x + 30)/2
  const double e = std::exp(-kK * 6), x = 15 * e / (1 - e / 2);
  ASSERT_GT(x + 30, 40);
  expect(central(kVomit, "1,0,60,central,1,0,0,0\n1,2,30,central,1,6,0,1\n1,2,0,central,0,0,0,0\n1,4,0,central,0,0,0,0\n"),
         {(x + 30) / 2, (x + 30) / 2 * std::exp(-kK * 2)});
}

TEST_P(Dose_meets_event, Steady_state_keeps_what_an_event_has_set) {
  const double peak = 30 / (1 - std::exp(-2 * kK * 12));
  expect(central(kInduce, "1,2,30,central,1,12,0,1\n1,2,0,central,0,0,0,0\n1,7,0,central,0,0,0,0\n"), {peak, peak * std::exp(-2 * kK * 5)});
}

TEST_P(Dose_meets_event, Steady_state_with_an_event_that_waits) {
  const double e = std::exp(-kK * 12), x = 15 * e / (1 - e / 2);
  ASSERT_LT(x, 25);
  expect(central(kLater, "1,2,30,central,1,12,1,1\n1,2,0,central,0,0,0,0\n1,5,0,central,0,0,0,0\n1,17,0,central,0,0,0,0\n"),
         {x + 30, (x + 30) / 2 * std::exp(-kK * 3), (x + 30) / 2 * std::exp(-kK * 3)});
}

TEST_P(Dose_meets_event, Steady_state_to_be_added_is_refused_where_events_have_a_past) {
  const auto problem = error_of([&] { (void)central(kInduce, "1,2,30,central,1,12,0,2\n1,2,0,central,0,0,0,0\n"); }).diagnostics().front();
  EXPECT_EQ(problem.code, "steady-005");
  EXPECT_EQ(problem.where.line, 2);
  EXPECT_NE(problem.message.find("where events change parameters or wait"), std::string::npos) << problem.message;
}

INSTANTIATE_TEST_SUITE_P(Engines, Dose_meets_event, testing::Values(EngineChoice::Reference, EngineChoice::Lanes), [](const auto& instance) {
  return instance.param == EngineChoice::Lanes ? "lanes" : "reference";
});

}  // namespace
}  // namespace osteosome::support
