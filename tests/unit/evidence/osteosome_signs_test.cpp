// SPDX-License-Identifier: Apache-2.0
// What the integrated model says whatever it is fitted to: directions that no calibration may bend. Women of 68 with osteoporosis.
#include "osteosome_simulations.hpp"

namespace osteosome::support {
namespace {

const std::vector<std::string> kFormationMarkers = {"P1NP", "BSAP", "OC"};
/// Two arms are integrated with steps of their own at a relative tolerance of 1e-6; ten times that is no difference.
constexpr double kNoDifference = 1e-5;

/// Greatest excess of a marker over the untreated arm from month 0 to `until`, as a share of it, and when.
struct Excess {
  double share = -1, month = 0;
};
Excess greatest_excess(const FollowUp& treated, const FollowUp& untreated, const std::string& marker, double until) {
  Excess most;
  for (const double month : treated.months) {
    const double share = treated.at(marker, month) / untreated.at(marker, month) - 1;
    if (month > 0 && month <= until && !(share <= most.share)) most = {share, month};
  }
  return most;
}

std::vector<double> dense_months(double until) {
  std::vector<double> months = every(0.05, 1);
  for (const double month : every(0.25, until, 1.25)) months.push_back(month);
  return months;
}

/// Over 36 months no marker is above the untreated arm at any time, and at their end each is below it.
void expect_formation_falls(const std::vector<std::string>& regimens) {
  std::vector<std::string> all = regimens;
  all.insert(all.begin(), "none");
  const auto arms = follow(osteoporotic_woman(), all, dense_months(36), kFormationMarkers);
  for (std::size_t k = 1; k < arms.size(); ++k) {
    for (const auto& marker : kFormationMarkers) {
      const Excess most = greatest_excess(arms[k], arms[0], marker, 36);
      EXPECT_LE(most.share, kNoDifference) << all[k] << ": " << marker << " is " << 100 * most.share << " % above untreated in month " << most.month;
      EXPECT_LT(arms[k].at(marker, 36), 0.99 * arms[0].at(marker, 36)) << all[k] << ": " << marker << " does not fall";
    }
  }
}

TEST(OsteosomeSigns, Bisphosphonates_alone_never_raise_formation_markers) {
  expect_formation_falls({"alendronate 70 mg po weekly for 36 months", "alendronate 10 mg po daily for 36 months",
                          "risedronate 5 mg po daily for 36 months", "risedronate 35 mg po weekly for 36 months",
                          "ibandronate 2.5 mg po daily for 36 months", "ibandronate 3 mg iv every 3 months x 12",
                          "zoledronate 5 mg iv over 15 min yearly x 3"});
}

TEST(OsteosomeSigns, Denosumab_alone_never_raises_formation_markers) { expect_formation_falls({"denosumab 60 mg sc every 6 months x 6"}); }

TEST(OsteosomeSigns, Raloxifene_and_estradiol_alone_never_raise_formation_markers) {
  expect_formation_falls({"raloxifene 60 mg po daily for 36 months", "estradiol 1 mg po daily for 36 months"});
}

TEST(OsteosomeSigns, Anabolics_alone_raise_formation_markers_within_the_first_month) {
  const std::vector<std::string> regimens = {
      "none", "teriparatide 20 ug sc daily for 1 month", "abaloparatide 80 ug sc daily for 1 month", "romosozumab 210 mg sc monthly x 1"};
  const auto arms = follow(osteoporotic_woman(), regimens, every(0.05, 1), kFormationMarkers);
  for (std::size_t k = 1; k < arms.size(); ++k) {
    for (const auto& marker : kFormationMarkers) {
      EXPECT_GT(greatest_excess(arms[k], arms[0], marker, 1).share, 0.01) << regimens[k] << ": " << marker;
      EXPECT_GT(arms[k].at(marker, 1), arms[0].at(marker, 1)) << regimens[k] << ": " << marker << " at one month";
    }
  }
}

TEST(OsteosomeSigns, Teriparatide_raises_the_hip_less_than_the_spine) {
  const auto arms = follow(osteoporotic_woman(), {"none", "teriparatide 20 ug sc daily for 24 months"}, every(12, 24), {"LS", "TH"});
  for (const double month : {12.0, 24.0}) {
    EXPECT_LT(arms[1].change("TH", 0, month), arms[1].change("LS", 0, month)) << month;
    const auto gain = [&](const char* site) { return arms[1].change(site, 0, month) - arms[0].change(site, 0, month); };
    EXPECT_LT(gain("TH"), gain("LS")) << "over untreated, month " << month;
    EXPECT_GT(gain("TH"), 0) << month;
  }
}

TEST(OsteosomeSigns, Same_dose_of_teriparatide_builds_less_and_resorbs_more_the_longer_it_lasts) {
  const auto arms =
      follow(osteoporotic_woman(),
             {"none", "teriparatide 20 ug sc daily for 24 months", "teriparatide 20 ug sc over 6 h daily for 24 months",
              "teriparatide 20 ug sc over 24 h daily for 24 months"},
             every(12, 24), {"LS", "TH", "CTX"});
  const auto gain = [&](std::size_t arm, const char* site) { return arms[arm].change(site, 0, 24) - arms[0].change(site, 0, 24); };
  EXPECT_GT(gain(1, "LS"), 1.2 * gain(2, "LS"));
  EXPECT_GT(gain(2, "LS"), 1.2 * gain(3, "LS"));
  EXPECT_LT(gain(3, "TH"), 0) << "a constant infusion takes from the hip";
  EXPECT_LT(gain(1, "CTX"), gain(2, "CTX"));
  EXPECT_LT(gain(2, "CTX"), gain(3, "CTX"));
}

TEST(OsteosomeSigns, Hip_is_lost_faster_after_denosumab_than_after_alendronate) {
  const auto arms =
      follow(osteoporotic_woman(), {"denosumab 60 mg sc every 6 months x 4 then none", "alendronate 70 mg po weekly for 24 months then none"},
             every(12, 36), {"TH"});
  EXPECT_LT(arms[0].change("TH", 24, 36), arms[1].change("TH", 24, 36));
  EXPECT_LT(arms[0].change("TH", 24, 36), -0.5) << "denosumab: most of the gain goes within a year";
}

TEST(OsteosomeSigns, Denosumab_after_romosozumab_goes_on_gaining_and_nothing_after_it_loses) {
  const auto arms =
      follow(osteoporotic_woman(),
             {"romosozumab 210 mg sc monthly x 12 then denosumab 60 mg sc every 6 months x 2", "romosozumab 210 mg sc monthly x 12 then none"},
             every(12, 24), {"LS", "TH"});
  for (const char* site : {"LS", "TH"}) {
    EXPECT_NEAR(arms[0].at(site, 12) / arms[1].at(site, 12), 1, kNoDifference) << site << ": the same until then";
    EXPECT_GT(arms[0].change(site, 0, 12), 0) << site;
    EXPECT_GT(arms[0].change(site, 12, 24), 0) << site << " under denosumab";
    EXPECT_LT(arms[1].change(site, 12, 24), 0) << site << " under nothing";
  }
}

/// The fourth dose at month 18 holds to month 24.
TEST(OsteosomeSigns, CTX_overshoots_after_denosumab_and_comes_back_within_30_months) {
  const auto arm = follow(osteoporotic_woman(), {"denosumab 60 mg sc every 6 months x 4 then none"}, every(0.25, 54), {"CTX"}).front();
  double peak = 0, peak_month = 0, least_after = HUGE_VAL;
  for (const double month : every(0.25, 54, 18)) {
    if (arm.at("CTX", month) > peak) {
      peak = arm.at("CTX", month);
      peak_month = month;
    }
  }
  for (const double month : every(0.25, 54, peak_month)) least_after = std::min(least_after, arm.at("CTX", month));
  const double baseline = arm.at("CTX", 0);
  EXPECT_LT(arm.at("CTX", 18.5), 0.7 * baseline) << "low under the last dose";
  EXPECT_GT(peak, 1.05 * baseline) << "overshoot";
  EXPECT_GT(peak_month, 24) << "after the last dose has worn off";
  EXPECT_LE(least_after, 1.05 * baseline) << "peak " << peak / baseline << " of baseline in month " << peak_month;
}

}  // namespace
}  // namespace osteosome::support
