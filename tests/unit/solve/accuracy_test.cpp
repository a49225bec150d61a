// SPDX-License-Identifier: Apache-2.0
// Achieved error of the lane engine at the user's tolerance, as given: E = max over states and times |x - x_tight| / max |x_tight|.
#include <gtest/gtest.h>

#include <iostream>

#include "solve_openbonemin.hpp"

namespace osteosome::support {
namespace {

struct Course {
  const char* name;
  std::vector<solve::Stop> (*stops)(const compile::Program&);
  int months;
};
void PrintTo(const Course& course, std::ostream* out) { *out << course.name; }
const Course kCourses[] = {
    {"denosumab_60_months",
     [](const compile::Program& p) {
       std::vector<solve::Stop> s;
       add_denosumab(p, s, 60, 0, kHalfYearHours, 6);
       return s;
     },
     60},
    {"teriparatide_24_months",
     [](const compile::Program& p) {
       std::vector<solve::Stop> s;
       add_teriparatide(p, s, 20, 0, 730);
       return s;
     },
     24},
};

class LanesAccuracy : public testing::TestWithParam<Course> {
 protected:
  const compile::Program program = published("peterson-riggs-2010");
  const std::size_t n = program.states.size();
  const solve::SubjectPlan plan = plan_for(program, GetParam().stops(program), even_times(0, GetParam().months* kMonthHours, GetParam().months));
  // Measured against 1e-12: E 2e-11 or less; CVODES (below) confirms it to a tenth of the smallest bound.
  const solve::SubjectResult tight = run_one(Engine::Lanes, program, plan, at_rtol(1e-10));
};

TEST_P(LanesAccuracy, Error_at_three_tolerances_below_ten_times_finer_bounds) {
  ASSERT_EQ(tight.status, solve::Status::Completed) << tight.message;
  constexpr std::pair<double, double> kBounds[] = {{1e-4, 1e-5}, {1e-6, 1e-6}, {1e-8, 1e-7}};  // rtol, E: the project's requirement
  for (const auto& [rtol, bound] : kBounds) {
    const auto result = run_one(Engine::Lanes, program, plan, at_rtol(rtol));
    ASSERT_EQ(result.status, solve::Status::Completed) << result.message;
    const double error = achieved_error(result.states, tight.states, n);
    EXPECT_LT(error, bound) << "rtol " << rtol;
    std::cout << "  rtol " << rtol << ": E " << error << ", steps " << result.statistics.steps << ", rejected " << result.statistics.rejected
              << ", crossings " << result.statistics.switches << "\n";
  }
}

TEST_P(LanesAccuracy, Tight_solution_agrees_with_the_reference_engine) {
  solve::Options options = at_rtol(1e-11);
  options.absolute_scale = 1e-3;  // depots are at their trough at the output times, far below the default absolute tolerance
  const auto reference = run_one(Engine::Reference, program, plan, options);
  ASSERT_EQ(reference.status, solve::Status::Completed) << reference.message;
  const double difference = achieved_error(reference.states, tight.states, n);
  EXPECT_LE(difference, 1e-8);  // a tenth of the smallest bound on E
  std::cout << "  tight lanes against reference: " << difference << "\n";
}

INSTANTIATE_TEST_SUITE_P(Courses, LanesAccuracy, testing::ValuesIn(kCourses), [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace osteosome::support
