// SPDX-License-Identifier: Apache-2.0
// Exosomes and cells in the ovariectomised rat: the engines agree, amounts stay what they are, threads change nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "documents.hpp"
#include "osteosome/core/random.hpp"
#include "osteosome/protocol/regimen.hpp"
#include "osteosome/simulate/course.hpp"
#include "prepared_patients.hpp"

namespace osteosome::support {
namespace {

using simulate::CompiledModel;

const std::vector<std::string> kDrugs = {"exosomes:bmsc", "exosomes:sidkk1", "msc:bmsc", "msc:bmsc-late"};

/// The rat with all of `kDrugs`, at a tolerance and on a number of threads.
const CompiledModel& rat(double tolerance = 1e-6, unsigned threads = 1) {
  static std::map<std::pair<double, unsigned>, std::unique_ptr<CompiledModel>> models;
  auto& slot = models[{tolerance, threads}];
  if (!slot) {
    simulate::SolverSettings settings;
    settings.relative_tolerance = tolerance;
    settings.threads = threads;
    slot = std::make_unique<CompiledModel>(model::load_model(library().find_model("osteosome"), library(), units(),
                                                             model::LoadOptions{"rat", kDrugs, {}}),
                                           settings);
  }
  return *slot;
}

const protocol::DrugCatalogue& catalogue() {
  static const auto drugs = protocol::load_catalogue(library().root);
  return drugs;
}

/// A rat of 25 weeks, ovariectomised 12 weeks before treatment; looked at twice a week for 16 weeks.
solve::SubjectPlan plan_of(const CompiledModel& model, const std::string& regimen) {
  simulate::Patient animal;
  animal.age_days = 175;
  animal.days_since_gonadectomy = 84;
  animal.supplement = false;
  const auto start = prepare_patients(model, {animal}, {model.program().parameter_values}).front();
  const auto parsed = protocol::parse_regimen(regimen, catalogue(), units());
  simulate::DoseTranslator(model, units()).check(parsed, simulate::body_mass_kg(model, animal));
  const auto horizon = static_cast<protocol::Microseconds>(112 * protocol::kMicrosecondsPerDay) + 1;
  std::vector<core::Time> looks;
  for (int k = 0; k <= 32; ++k) looks.emplace_back(3.5 * k, core::kSecondsPerDay);
  solve::SubjectPlan plan = simulate::bare_plan(model, start);
  simulate::add_course(model, units(), start, {protocol::expand(parsed, horizon)}, simulate::body_mass_kg(model, animal), looks,
                       simulate::AtDose::Pre, plan);
  return plan;
}

std::vector<solve::SubjectResult> run(const CompiledModel& model, const std::vector<solve::SubjectPlan>& plans) {
  std::vector<solve::SubjectResult> results(plans.size());
  model.run(
      plans.size(), [&](std::size_t k) { return plans[k]; },
      [&](std::size_t k, const solve::SubjectPlan&, solve::SubjectResult&& result) { results[k] = std::move(result); });
  return results;
}

/// Lanes at their tolerance of 1e-8 and CVODES at 1e-9: each keeps a curve to a few hundred times its tolerance (classic_test.cpp).
void expect_engines_agree(const std::string& regimen) {
  const CompiledModel& model = rat(1e-8);
  const auto plan = plan_of(model, regimen);
  const auto lanes = run(model, {plan}).front();
  solve::Options options;
  options.relative_tolerance = 1e-9;
  const auto reference = solve::run_reference(model.program(), plan, options);
  ASSERT_EQ(lanes.status, solve::Status::Completed) << lanes.message;
  ASSERT_EQ(reference.status, solve::Status::Completed) << reference.message;
  ASSERT_EQ(lanes.states.size(), reference.states.size());
  const auto& names = model.program().states;
  for (std::size_t i = 0; i < names.size(); ++i) {
    double largest = 0, difference = 0;
    for (std::size_t at = i; at < lanes.states.size(); at += names.size()) {
      largest = std::max(largest, std::abs(reference.states[at]));
      const double d = std::abs(reference.states[at] - lanes.states[at]);
      if (!(d <= difference)) difference = d;
    }
    // What leaves within minutes is nothing at every visit: below 1e-9 of its typical size a state is accurate in absolute terms only.
    const auto& typical = model.model().find_species(names[i])->typical;
    const double size = typical && typical->kind == expr::Ast::Kind::Number ? typical->value : 0;
    EXPECT_LE(difference, 1e-5 * largest + 1e-9 * size) << names[i] << ", " << regimen << ": at most " << largest;
  }
}

TEST(OsteosomeProducts, Engines_agree_on_a_course_of_exosomes) { expect_engines_agree("exosomes:bmsc 100 ug iv weekly x 8"); }
TEST(OsteosomeProducts, Engines_agree_on_a_course_of_cells) { expect_engines_agree("msc:bmsc 1e6 cells iv every 2 weeks x 3"); }

/// One to three products a rat, a tenth of the usual dose to ten times as much, by any of their routes.
std::string random_regimen(std::size_t k) {
  core::RandomStream stream(20251125, k, "products property");
  const auto below = [&](std::size_t n) { return std::min(n - 1, static_cast<std::size_t>(stream.uniform() * static_cast<double>(n))); };
  std::string text;
  const std::size_t count = 1 + below(3);
  for (std::size_t c = 0; c < count; ++c) {
    const std::string& drug = kDrugs[below(kDrugs.size())];
    const double factor = std::pow(10, 2 * stream.uniform() - 1);
    const bool cells = drug.starts_with("msc");
    static const std::vector<std::string> exosome_routes = {"iv", "ip", "im", "sc", "local", "gel"}, cell_routes = {"iv", "local"};
    const auto& routes = cells ? cell_routes : exosome_routes;
    text += (c == 0                   ? ""
             : stream.uniform() < 0.5 ? " & "
                                      : " then ") +
            drug + " " + std::to_string(factor * (cells ? 1e6 : 100)) + (cells ? " cells " : " ug ") + routes[below(routes.size())] + " every " +
            std::to_string(1 + below(14)) + " d x " + std::to_string(1 + below(6));
  }
  return text;
}

const std::vector<solve::SubjectPlan>& random_plans() {
  static const std::vector<solve::SubjectPlan> plans = [] {
    std::vector<solve::SubjectPlan> all;
    for (std::size_t k = 0; k < 24; ++k) all.push_back(plan_of(rat(), random_regimen(k)));
    return all;
  }();
  return plans;
}

TEST(OsteosomeProducts, States_of_exosomes_and_cells_stay_finite_and_not_negative) {
  const auto& names = rat().program().states;
  const auto results = run(rat(), random_plans());
  std::size_t looked_at = 0;
  for (std::size_t k = 0; k < results.size(); ++k) {
    ASSERT_EQ(results[k].status, solve::Status::Completed) << random_regimen(k) << ": " << results[k].message;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!names[i].starts_with("exosomes_") && !names[i].starts_with("msc_")) continue;
      double least = HUGE_VAL, largest = 0;
      for (std::size_t at = i; at < results[k].states.size(); at += names.size()) {
        ASSERT_TRUE(std::isfinite(results[k].states[at])) << names[i] << ", " << random_regimen(k);
        least = std::min(least, results[k].states[at]);
        largest = std::max(largest, results[k].states[at]);
      }
      ++looked_at;
      // below the size that scales the absolute tolerance (1e-6 of it) a state that has died out is noise around 0
      const auto typical = rat().model().find_species(names[i])->typical;
      const double size = typical && typical->kind == expr::Ast::Kind::Number ? typical->value : 1;
      EXPECT_GE(least, -1e-6 * std::max(largest, size)) << names[i] << ", " << random_regimen(k);
    }
  }
  EXPECT_GT(looked_at, 24u * 40u) << "pools, depots and cells of four products";
}

TEST(OsteosomeProducts, Two_threads_give_the_same_bits_as_one) {
  const auto one = run(rat(1e-6, 1), random_plans()), two = run(rat(1e-6, 2), random_plans());
  for (std::size_t k = 0; k < one.size(); ++k) EXPECT_EQ(one[k].states, two[k].states) << random_regimen(k);
}

}  // namespace
}  // namespace osteosome::support
