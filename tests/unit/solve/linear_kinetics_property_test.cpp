// SPDX-License-Identifier: Apache-2.0
// Linear kinetics: responses scale and add up, whatever the doses; the two engines and the closed form agree.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "solve_small_models.hpp"

namespace osteosome::support {
namespace {

using solve::StopKind;

constexpr double kEnd = 60;
constexpr double kRtol = 1e-8;
/// Lanes stay within 0.2 rtol of the largest value (classic_test.cpp); ten leaves room for sums of up to eight responses.
constexpr double kAccuracy = 10 * kRtol;

struct Dose {
  double time = 0, amount = 0, duration = 0;  ///< duration 0: bolus into the depot; else an infusion into the central compartment
};

rc::Gen<Dose> any_dose() {
  // Times on a grid of a tenth so that doses do coincide; amounts over four decades.
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 500), rc::gen::inRange(-200, 200), rc::gen::inRange(-60, 60)), [](const auto& t) {
    return Dose{std::get<0>(t) * 0.1, std::pow(10.0, std::get<1>(t) * 0.01), std::max(0, std::get<2>(t)) * 0.1};
  });
}

std::vector<solve::Stop> stops_for(const std::vector<Dose>& doses, double factor = 1) {
  std::vector<solve::Stop> stops;
  for (const Dose& d : doses) {
    if (d.duration > 0) {
      const double rate = factor * d.amount / d.duration;
      stops.push_back({d.time, StopKind::ChangeRate, 1, rate});
      stops.push_back({d.time + d.duration, StopKind::ChangeRate, 1, -rate});
    } else {
      stops.push_back({d.time, StopKind::Add, 0, factor * d.amount});
    }
  }
  return stops;
}

const std::vector<double> kTimes = even_times(0.05, kEnd, 53);

std::vector<double> central(const compile::Program& program, const std::vector<solve::Stop>& stops, Engine engine = Engine::Lanes,
                            double rtol = kRtol) {
  const auto result = run_one(engine, program, plan_for(program, stops, kTimes), at_rtol(rtol));
  RC_ASSERT(result.status == solve::Status::Completed);
  std::vector<double> out;
  for (std::size_t k = 0; k < kTimes.size(); ++k) out.push_back(result.states[k * program.states.size() + 1]);
  return out;
}

double largest(const std::vector<double>& x) {
  double m = 0;
  for (const double v : x) m = std::max(m, std::abs(v));
  return m;
}

class LinearKinetics : public testing::Test {
 protected:
  const TwoCompartments pk;
  const compile::Program program = pk.model().program();
};

RC_GTEST_FIXTURE_PROP(LinearKinetics, Superposition_response_to_all_is_sum_of_responses, ()) {
  const auto doses = *rc::gen::resize(8, rc::gen::nonEmpty(rc::gen::container<std::vector<Dose>>(any_dose())));
  const auto all = central(program, stops_for(doses));
  std::vector<double> sum(all.size(), 0);
  for (const Dose& d : doses) {
    const auto one = central(program, stops_for({d}));
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += one[k];
  }
  const double limit = kAccuracy * largest(sum);
  for (std::size_t k = 0; k < sum.size(); ++k) RC_ASSERT(std::abs(all[k] - sum[k]) <= limit);
}

RC_GTEST_FIXTURE_PROP(LinearKinetics, Scaling_every_dose_scales_the_response, ()) {
  const auto doses = *rc::gen::resize(8, rc::gen::nonEmpty(rc::gen::container<std::vector<Dose>>(any_dose())));
  const double factor = std::pow(10.0, *rc::gen::inRange(-60, 60) * 0.1);
  const auto one = central(program, stops_for(doses));
  const auto scaled = central(program, stops_for(doses, factor));
  const double limit = kAccuracy * largest(one);
  // The absolute tolerance follows the largest dose, so accuracy holds over twelve decades.
  for (std::size_t k = 0; k < one.size(); ++k) RC_ASSERT(std::abs(scaled[k] / factor - one[k]) <= limit);
}

RC_GTEST_FIXTURE_PROP(LinearKinetics, Boluses_follow_the_closed_form, ()) {
  auto doses = *rc::gen::resize(8, rc::gen::nonEmpty(rc::gen::container<std::vector<Dose>>(any_dose())));
  for (Dose& d : doses) d.duration = 0;
  const auto here = central(program, stops_for(doses));
  std::vector<double> exact;
  for (const double t : kTimes) {
    exact.push_back(0);
    for (const Dose& d : doses) exact.back() += d.amount * pk.central_after_oral(t - d.time);
  }
  const double limit = kAccuracy * largest(exact);
  for (std::size_t k = 0; k < exact.size(); ++k) RC_ASSERT(std::abs(here[k] - exact[k]) <= limit);
}

RC_GTEST_FIXTURE_PROP(LinearKinetics, Order_of_doses_at_one_time_is_irrelevant, ()) {
  const auto doses = *rc::gen::resize(8, rc::gen::nonEmpty(rc::gen::container<std::vector<Dose>>(any_dose())));
  auto reversed = doses;
  std::reverse(reversed.begin(), reversed.end());
  const auto a = central(program, stops_for(doses)), b = central(program, stops_for(reversed));
  const double limit = kAccuracy * largest(a);
  for (std::size_t k = 0; k < a.size(); ++k) RC_ASSERT(std::abs(a[k] - b[k]) <= limit);
}

RC_GTEST_FIXTURE_PROP(LinearKinetics, Engines_agree, ()) {
  const auto doses = *rc::gen::resize(8, rc::gen::nonEmpty(rc::gen::container<std::vector<Dose>>(any_dose())));
  const auto lanes = central(program, stops_for(doses)), reference = central(program, stops_for(doses), Engine::Reference);
  // CVODES: up to 30 rtol on such chains (classic_test.cpp), 200 leaves room.
  const double limit = 200 * kRtol * largest(lanes);
  for (std::size_t k = 0; k < lanes.size(); ++k) RC_ASSERT(std::abs(lanes[k] - reference[k]) <= limit);
}

}  // namespace
}  // namespace osteosome::support
