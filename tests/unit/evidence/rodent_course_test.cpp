// SPDX-License-Identifier: Apache-2.0
// The course of disease in animals without treatment: ovariectomy, unloading, glucocorticoids, age (evidence/preclinical).
#include "animal_simulations.hpp"

namespace osteosome::support {
namespace {

const std::vector<std::string> kBone = {
    "BVTV_tibia", "BVTV_femur", "BVTV_vertebra", "TbN_tibia", "TbN_vertebra", "TbTh_tibia", "TbTh_vertebra", "CtTh_femur", "CTX", "BFR_BS", "OcS"};

/// Percent against the intact animal, four weeks after ovariectomy at four months (Bouxsein 2005, lines 137 to 141).
double bouxsein(const std::string& mouse, const std::string& outcome) {
  const auto groups = follow(model_of("osteosome", mouse, {}), {{gonadectomised(17, 0)}, {intact(17)}}, {4 * kWeek}, kBone);
  return percent(groups[0].at(outcome, 4 * kWeek), groups[1].at(outcome, 4 * kWeek));
}

// n 6 to 9 a group with a CV of 9 % (intact mice, holguin-2013) to 18 % (lactation-pthrp): standard error of a difference of two means
// 0.09 sqrt(2/9) = 4 to 0.18 sqrt(2/6) = 10 points. The smaller, rounded up, is the tolerance.
constexpr double kBouxsein = 5;

TEST(RodentCourse, Tibia_of_C57BL6_loses_18_percent_in_four_weeks) { EXPECT_NEAR(bouxsein("mouse", "BVTV_tibia"), -18, kBouxsein); }
TEST(RodentCourse, Tibia_of_C3H_loses_39_percent_in_four_weeks) { EXPECT_NEAR(bouxsein("mouse-c3h", "BVTV_tibia"), -39, kBouxsein); }
// Not reduced: less than the standard error could show.
TEST(RodentCourse, Vertebra_of_C3H_is_not_reduced) { EXPECT_GT(bouxsein("mouse-c3h", "BVTV_vertebra"), -kBouxsein); }
TEST(RodentCourse, Vertebra_of_C57BL6_loses_15_to_24_percent) {
  const double loss = bouxsein("mouse", "BVTV_vertebra");
  EXPECT_LE(loss, -15);
  EXPECT_GE(loss, -24);
}
// The same abstract: the cortex declines, without difference between strains.
TEST(RodentCourse, Cortex_declines_alike_in_both_strains) {
  const double b6 = bouxsein("mouse", "CtTh_femur"), c3h = bouxsein("mouse-c3h", "CtTh_femur");
  EXPECT_LT(b6, 0);
  EXPECT_NEAR(c3h, b6, 1e-4) << "percent: the tolerance of the solver, since the strains share their cortex";
}

/// SD rats ovariectomised at 13 weeks, and intact ones (Wronski 1988; 13-week-old rats followed by Guke 2016; Thompson 1995).
class OvxRat : public ::testing::Test {
 protected:
  static constexpr double kYear = 365;
  static void SetUpTestSuite() {
    std::vector<double> days;
    for (int w = 0; w <= 52; ++w) days.push_back(w == 0 ? 0.01 : kWeek * w);
    days.insert(std::upper_bound(days.begin(), days.end(), 100), 100);
    days.insert(std::upper_bound(days.begin(), days.end(), 180), 180);
    days.push_back(kYear);
    groups_ = new std::vector<GroupCourse>(follow(model_of("osteosome", "rat", {}), {{gonadectomised(13, 0)}, {intact(13)}}, days, kBone));
  }
  static void TearDownTestSuite() { delete groups_; }
  static const std::vector<double>& days() { return groups_->front().days; }
  static double change(const std::string& outcome, double day) { return percent((*groups_)[0].at(outcome, day), (*groups_)[1].at(outcome, day)); }
  static inline std::vector<GroupCourse>* groups_ = nullptr;
};

// Wronski 1988: bone loss and turnover up at day 14, BV about 5 % and a plateau from about day 100 on.
TEST_F(OvxRat, Tibia_loses_bone_by_day_14_and_is_at_its_plateau_by_day_100) {
  EXPECT_LT(change("BVTV_tibia", 14), -10);
  const double loss = change("BVTV_tibia", 100);
  EXPECT_LT(std::abs(change("BVTV_tibia", 180) - loss), 0.1 * std::abs(loss))
      << "a tenth of the loss: the standard error of a difference, 25 % * sqrt(2/8), is 12 points";
  EXPECT_NEAR((*groups_)[0].at("BVTV_tibia", 100), 5, 5 * 0.25) << "about 5 %, within the CV of one animal";
}

// Markers of resorption: the step is there at two weeks, the peak in weeks 2 to 8, and at 12 months most of it is gone (Thompson 1995).
TEST_F(OvxRat, Turnover_peaks_within_weeks_2_to_8_and_most_of_it_is_gone_after_a_year) {
  for (const std::string marker : {"CTX", "OcS"}) {
    double peak = 0, when = 0;
    for (const double day : days()) {
      if (change(marker, day) > peak) peak = change(marker, when = day);
    }
    EXPECT_GT(change(marker, 14), 0.5 * peak) << marker;
    EXPECT_GE(when, 2 * kWeek) << marker;
    EXPECT_LE(when, 8 * kWeek) << marker;
    EXPECT_LT(change(marker, kYear), 0.5 * peak) << marker;
    EXPECT_GT(change(marker, kYear), 0) << marker;
  }
}

// doi:10.1186/s12891-022-05265-1: Tb.N and BV/TV fall at 1 to 16 weeks. Tb.Th does not fall beyond the 25 % of one animal.
TEST_F(OvxRat, Trabeculae_get_fewer_and_not_thinner_over_16_weeks) {
  for (const std::string site : {"_tibia", "_vertebra"}) {
    double before = 0;
    for (const double week : {1., 4., 8., 12., 16.}) {
      const double number = change("TbN" + site, week * kWeek);
      EXPECT_LT(number, before) << site << " week " << week;
      EXPECT_NEAR(change("TbTh" + site, week * kWeek), 0, 25) << site << " week " << week;
      before = number;
    }
    EXPECT_LT(change("TbN" + site, 16 * kWeek), -25) << site;
  }
}

// Lost trabeculae do not come back: an antiresorptive keeps Tb.N where it was when treatment began.
TEST(RodentCourse, Alendronate_keeps_trabecular_number_and_does_not_restore_it) {
  const double end = 26 * kWeek;
  const auto groups = follow(model_of("osteosome", "rat", {}),
                             {{gonadectomised(25, 12), "alendronate 0.03 mg/kg sc every 3 d for 26 weeks"}, {gonadectomised(25, 12)}, {intact(25)}},
                             {0.01, end}, kBone);
  const double begin = groups[0].at("TbN_tibia", 0.01);
  EXPECT_LE(groups[0].at("TbN_tibia", end), begin * (1 + 1e-3)) << "solver";
  EXPECT_GT(groups[0].at("TbN_tibia", end), 0.95 * begin);
  EXPECT_LT(groups[1].at("TbN_tibia", end), 0.95 * begin) << "without it the loss goes on";
  EXPECT_LT(groups[0].at("TbN_tibia", end), 0.6 * groups[2].at("TbN_tibia", end)) << "intact rats";
  EXPECT_GT(groups[0].at("BVTV_tibia", end), 1.2 * groups[0].at("BVTV_tibia", 0.01)) << "what is left thickens";
}

/// Percent of limbs unloaded for `weeks` against loaded ones.
std::map<std::string, double> unloaded(const std::string& species, double age_weeks, double weeks) {
  simulate::Patient hung = intact(age_weeks);
  hung.unloading_days = std::pair{0.0, weeks * kWeek};
  const auto groups = follow(model_of("osteosome", species, {}), {{hung}, {intact(age_weeks)}}, {weeks * kWeek}, kBone);
  std::map<std::string, double> out;
  for (const auto& name : kBone) out[name] = percent(groups[0].at(name, weeks * kWeek), groups[1].at(name, weeks * kWeek));
  return out;
}

// Ko 2017, lines 170 to 176, unloaded (mean_control) against loaded (mean_sham): BV/TV 7.21 / 9.20 %, BFR/BS 0.18 / 0.50, Oc.S/BS 2.58 / 2.10 %.
// No SD is given: CV 9 % of BV/TV, eight a group, gives 0.09 sqrt(2/8) = 4.5 points; 35 % of osteoclasts (variability.csv) 17.5.
TEST(RodentCourse, Unloading_costs_the_mouse_22_percent_of_BVTV_in_three_weeks) {
  auto change = unloaded("mouse", 12, 3);
  EXPECT_NEAR(change["BVTV_femur"], 100 * (7.21 / 9.20 - 1), 5);
  EXPECT_NEAR(change["OcS"], 100 * (2.58 / 2.10 - 1), 17.5);
  EXPECT_LT(change["BFR_BS"], -35) << "falls, by more than 1.96 * 35 % * sqrt(2/8), what two groups of eight differ by chance";
}

// hlu-aged-rats-2018: distal femur of rats of 39 weeks, -27 %.
TEST(RodentCourse, Unloading_costs_the_adult_rat_27_percent_of_BVTV_in_two_weeks) { EXPECT_NEAR(unloaded("rat", 39, 2)["BVTV_femur"], -27, 5); }

TEST(RodentCourse, Glucocorticoid_lowers_BVTV_and_formation_of_the_rat) {
  const auto groups = follow(model_of("osteosome", "rat", {}), {{intact(13), "prednisolone 10 mg/kg po daily for 8 weeks"}, {intact(13)}},
                             {3 * kWeek, 8 * kWeek}, kBone);
  for (const std::string site : {"BVTV_tibia", "BVTV_femur", "BVTV_vertebra"})
    EXPECT_LT(groups[0].at(site, 8 * kWeek), 0.9 * groups[1].at(site, 8 * kWeek)) << site;
  EXPECT_LT(groups[0].at("BFR_BS", 3 * kWeek), 0.9 * groups[1].at("BFR_BS", 3 * kWeek));
}

// Glatt 2007 (C57BL/6J): BV/TV falls from the young adult on, more in the femur than in the vertebra; Tb.N falls fast by six months.
TEST(RodentCourse, Ageing_mice_lose_more_in_the_femur_than_in_the_vertebra) {
  const auto groups =
      follow(model_of("osteosome", "mouse", {}), {{intact(7)}, {intact(26)}, {intact(104)}}, {0.01}, {"BVTV_femur", "BVTV_vertebra", "TbN_femur"});
  const auto change = [&](std::size_t later, const std::string& name) { return percent(groups[later].at(name, 0.01), groups[0].at(name, 0.01)); };
  EXPECT_LT(change(1, "TbN_femur"), -10);
  EXPECT_LT(change(1, "BVTV_femur"), 0);
  EXPECT_LT(change(2, "BVTV_femur"), change(1, "BVTV_femur"));
  EXPECT_LT(change(2, "BVTV_femur"), change(2, "BVTV_vertebra"));
}

}  // namespace
}  // namespace osteosome::support
