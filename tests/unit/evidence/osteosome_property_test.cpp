// SPDX-License-Identifier: Apache-2.0
// The integrated model anywhere near its fit, under any sequence and combination of the ten drugs: no state leaves its range, every
// simulation arrives, and the two engines agree. Seeded: case k is the same in every run.
#include <set>

#include "osteosome/core/random.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome_simulations.hpp"

namespace osteosome::support {
namespace {

constexpr std::size_t kCases = 60, kWithReference = 5;
constexpr double kFollowed = 12;  // months after the last phase

class Draw {
 public:
  explicit Draw(std::size_t subject) : stream_(20240731, subject, "osteosome property") {}
  double between(double low, double high) { return low + (high - low) * stream_.uniform(); }
  std::size_t below(std::size_t n) { return std::min(n - 1, static_cast<std::size_t>(stream_.uniform() * static_cast<double>(n))); }
  bool chance(double p) { return stream_.uniform() < p; }

 private:
  core::RandomStream stream_;
};

struct DrugText {
  const char* name;
  std::vector<std::pair<double, const char*>> doses;  ///< label dose, and what follows the number
};
const std::vector<DrugText>& drugs() {
  static const std::vector<DrugText> list = {
      {"alendronate", {{70, "mg po weekly"}, {10, "mg po daily"}}},
      {"risedronate", {{35, "mg po weekly"}, {5, "mg po daily"}}},
      {"ibandronate", {{150, "mg po monthly"}, {2.5, "mg po daily"}, {3, "mg iv every 3 months"}}},
      {"zoledronate", {{5, "mg iv over 15 min yearly"}}},
      {"denosumab", {{60, "mg sc every 6 months"}}},
      {"raloxifene", {{60, "mg po daily"}}},
      {"estradiol", {{1, "mg po daily"}}},
      {"romosozumab", {{210, "mg sc monthly"}}},
      {"teriparatide", {{20, "ug sc daily"}}},
      {"abaloparatide", {{80, "ug sc daily"}}}};
  return list;
}

struct Case {
  std::string regimen;
  double months = 0;  ///< followed
  solve::SubjectPlan plan;
};

/// One to three phases of one to three drugs each, half to twice the label dose, with or without a pause between.
void draw_regimen(Draw& draw, Case& out) {
  const std::size_t phases = 1 + draw.below(3);
  for (std::size_t p = 0; p < phases; ++p) {
    if (p > 0) {
      const int pause = draw.chance(0.5) ? 0 : 1 + static_cast<int>(draw.below(12));
      out.regimen += pause > 0 ? " then after " + std::to_string(pause) + " months " : " then ";
      out.months += pause;
    }
    const int months = 3 + static_cast<int>(draw.below(16));
    out.months += months;
    const std::size_t count = 1 + draw.below(3);
    std::vector<std::size_t> chosen;
    while (chosen.size() < count) {
      const std::size_t drug = draw.below(drugs().size());
      if (std::find(chosen.begin(), chosen.end(), drug) == chosen.end()) chosen.push_back(drug);
    }
    for (const std::size_t drug : chosen) {
      const auto& [label, rest] = drugs()[drug].doses[draw.below(drugs()[drug].doses.size())];
      const double factor = std::exp2(draw.between(-1, 1));
      out.regimen += (drug == chosen.front() ? "" : " & ") + std::string(drugs()[drug].name) + " " + std::to_string(factor * label) + " " + rest +
                     " for " + std::to_string(months) + " months";
    }
  }
  out.months += kFollowed;
}

/// Every value of the overlay within half and one and a half of it and its bounds; age, menopause, bone and turnover of the woman besides.
Case draw_case(std::size_t k) {
  static const core::TomlValue overlay = core::load_toml(library().root + "/models/osteosome/osteosome.overlay.toml");
  Draw draw(k);
  Case out;
  simulate::PatientStart woman{integrated().program().parameter_values, 0, {}};
  for (const auto& [name, value] : overlay.find("parameters")->entries) {
    const auto* declared = integrated().model().find_parameter(name);
    const double fitted = value.find("value")->number;
    EXPECT_EQ(declared->value, fitted) << name << ": the shipped model takes its overlay";
    double low = 0.5 * fitted, high = 1.5 * fitted;
    if (declared->bounds) {
      low = std::max(low, declared->bounds->first);
      high = std::min(high, declared->bounds->second);
    }
    parameter(woman.parameters, name) = draw.between(low, high);
  }
  const double age = draw.between(45, 80);
  woman.time = (age - 30) * kYear;
  parameter(woman.parameters, "endocrine.age_at_menopause") = draw.between(42, 55);
  parameter(woman.parameters, "endocrine.surgical") = draw.chance(0.2) ? 1 : 0;
  parameter(woman.parameters, "turnover_scale") = draw.between(0.6, 1.6);
  for (const char* scale : {"scale_LS", "scale_TH", "scale_FN"}) parameter(woman.parameters, scale) = draw.between(0.6, 1.2);
  if (draw.chance(0.7))
    woman.switches.push_back({woman.time, solve::StopKind::SetParameter, integrated().program().parameter_index("endocrine.supplement").value(), 1});
  draw_regimen(draw, out);
  out.plan = plan_of(woman, out.regimen, every(0.31, out.months));  // 9.4 days: at changing times after daily doses
  return out;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> drawn;
    for (std::size_t k = 0; k < kCases; ++k) drawn.push_back(draw_case(k));
    return drawn;
  }();
  return all;
}

std::vector<solve::SubjectResult> on_lanes(std::size_t count) {
  std::vector<solve::SubjectResult> results(count);
  integrated().run(
      count, [&](std::size_t k) { return cases()[k].plan; },
      [&](std::size_t k, const solve::SubjectPlan&, solve::SubjectResult&& result) { results[k] = std::move(result); });
  return results;
}

TEST(OsteosomeProperty, Cases_cover_the_ten_drugs_alone_together_and_in_sequence) {
  for (const auto& drug : drugs()) {
    const auto with = std::count_if(cases().begin(), cases().end(), [&](const Case& c) { return c.regimen.find(drug.name) != std::string::npos; });
    EXPECT_GE(with, 5) << drug.name;
  }
  for (const char* word : {" & ", " then ", " then after "}) {
    const auto with = std::count_if(cases().begin(), cases().end(), [&](const Case& c) { return c.regimen.find(word) != std::string::npos; });
    EXPECT_GE(with, 10) << word;
    EXPECT_LE(with, static_cast<std::ptrdiff_t>(kCases) - 5) << word;
  }
}

/// Deviations from rest: estradiol above that of a young woman takes them below 0, never by more than what there is at rest.
const std::set<std::string> kDeviations = {"immune.tnf", "immune.tolerance"};

TEST(OsteosomeProperty, States_stay_finite_and_not_negative) {
  const auto& names = integrated().program().states;
  const auto results = on_lanes(kCases);
  for (std::size_t k = 0; k < kCases; ++k) {
    EXPECT_EQ(results[k].status, solve::Status::Completed) << "case " << k << ", " << cases()[k].regimen << ": " << results[k].message;
    const auto sizes = typical_sizes(cases()[k].plan.parameters);
    ASSERT_EQ(results[k].states.size(), cases()[k].plan.outputs.size() * names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == "immune.tnf" || names[i] == "immune.tolerance") continue;  // above rest: below 0 under more estrogen than a young woman's
      double least = HUGE_VAL;
      bool finite = true;
      for (std::size_t at = i; at < results[k].states.size(); at += names.size()) {
        finite = finite && std::isfinite(results[k].states[at]);
        least = std::min(least, results[k].states[at]);
      }
      ASSERT_GT(sizes[i], 0) << names[i];
      EXPECT_TRUE(finite) << names[i] << ", case " << k << ", " << cases()[k].regimen;
      EXPECT_GE(least / sizes[i], kDeviations.contains(names[i]) ? -1 : -1e-9) << names[i] << ", case " << k << ", " << cases()[k].regimen;
    }
  }
}

TEST(OsteosomeProperty, Reference_engine_agrees) {
  const auto& names = integrated().program().states;
  const auto results = on_lanes(kWithReference);
  solve::Options options;
  options.relative_tolerance = 1e-7;
  for (std::size_t k = 0; k < kWithReference; ++k) {
    const auto reference = solve::run_reference(integrated().program(), cases()[k].plan, options);
    ASSERT_EQ(reference.status, solve::Status::Completed) << reference.message;
    ASSERT_EQ(reference.states.size(), results[k].states.size());
    const auto sizes = typical_sizes(cases()[k].plan.parameters);
    for (std::size_t i = 0; i < names.size(); ++i) {
      double largest = 0, difference = 0;
      for (std::size_t at = i; at < reference.states.size(); at += names.size()) {
        largest = std::max(largest, std::abs(reference.states[at]));
        const double d = std::abs(reference.states[at] - results[k].states[at]);
        if (!(d <= difference)) difference = d;
      }
      // Visits see a daily dose hours after it, nearly gone: below 1e-9 of its typical size a state is accurate in absolute terms only.
      EXPECT_LE(difference, 1e-4 * largest + 1e-9 * sizes[i]) << names[i] << ", case " << k << ", " << cases()[k].regimen;
    }
  }
}

}  // namespace
}  // namespace osteosome::support
