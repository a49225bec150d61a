// SPDX-License-Identifier: Apache-2.0
// Where vesicles and cells go, in mouse and human. "Input": the number was used to set the constant, so the test shows that the model
// still holds it; the others are predictions or directions.
#include "animal_simulations.hpp"

namespace osteosome::support {
namespace {

constexpr double kParticles = 1e10;  // a microgram of protein, as the product documents have it

const std::vector<std::string> kPlaces = {"depot", "gel", "site", "plasma", "wall", "liver", "spleen", "lung", "marrow"};

std::string place(const std::string& name) { return "exosomes_bmsc." + name; }
std::vector<std::string> places() {
  std::vector<std::string> names;
  for (const auto& p : kPlaces) names.push_back(place(p));
  names.push_back(place("endosome"));
  names.push_back(place("immunity"));
  return names;
}

std::vector<GroupCourse> in_mouse(const std::vector<AnimalGroup>& groups, const std::vector<double>& days) {
  return follow(model_of("osteosome", "mouse", {"exosomes:bmsc"}), groups, days, places());
}

/// Half-life between two times [min].
double half_life(const GroupCourse& group, const std::string& name, double from, double to) {
  return std::log(2.0) * (to - from) / std::log(group.at(name, from) / group.at(name, to)) / kMinute;
}

// Gluc-labelled exosomes: about 2 min (Takahashi 2013) and 20 min (Lai 2014); the estimates depend on the label.
TEST(ExosomeKinetics, Plasma_half_life_lies_between_the_two_luciferase_estimates) {
  const auto group = in_mouse({{intact(12), "exosomes:bmsc 1 ug iv"}}, {0.001 * kMinute, 5 * kMinute}).front();
  const double early = half_life(group, place("plasma"), 0.001 * kMinute, 5 * kMinute);
  EXPECT_GE(early, 2);
  EXPECT_LE(early, 20);
}

// Input: elimination half-life of fluorophore exosomes in CD-1 mice, 149 to 792 min (doi:10.3390/pharmaceutics11120649, table 1).
TEST(ExosomeKinetics, Terminal_half_life_is_that_of_the_fluorophore) {
  const auto group = in_mouse({{intact(12), "exosomes:bmsc 1 ug iv"}}, {8 * kHour, 16 * kHour, 24 * kHour}).front();
  const double late = half_life(group, place("plasma"), 8 * kHour, 16 * kHour);
  EXPECT_GE(late, 149);
  EXPECT_LE(late, 792);
  EXPECT_NEAR(half_life(group, place("plasma"), 16 * kHour, 24 * kHour), late, 0.01 * late) << "terminal: it no longer changes";
}

// Input: 28, 7 and 1.6 % of the dose at 4 h (Morishita 2015, doi:10.1002/jps.24251), +-30 % of each: counts of a few mice.
TEST(ExosomeKinetics, Organ_shares_at_four_hours_are_those_measured) {
  const auto group = in_mouse({{intact(12), "exosomes:bmsc 1 ug iv"}}, {4 * kHour}).front();
  const auto share = [&](const std::string& organ) { return 100 * group.at(place(organ), 4 * kHour) / kParticles; };
  EXPECT_NEAR(share("liver"), 28, 0.3 * 28);
  EXPECT_NEAR(share("lung"), 7, 0.3 * 7);
  EXPECT_NEAR(share("spleen"), 1.6, 0.3 * 1.6);
  EXPECT_LT(share("marrow"), share("spleen")) << "seen in marrow, below liver and spleen";
}

// Kang 2021 (doi:10.1002/jev2.12085): liver at its maximum within an hour; large vesicles go to the lung first.
TEST(ExosomeKinetics, Liver_is_at_its_maximum_within_an_hour) {
  const auto group = in_mouse({{intact(12), "exosomes:bmsc 1 ug iv"}}, {0.5 * kHour, kHour, 2 * kHour, 4 * kHour}).front();
  const double hour = group.at(place("liver"), kHour);
  EXPECT_GT(std::max(hour, group.at(place("liver"), 0.5 * kHour)), group.at(place("liver"), 2 * kHour));
  EXPECT_GT(group.at(place("liver"), 2 * kHour), group.at(place("liver"), 4 * kHour));
}
TEST(ExosomeKinetics, Large_vesicles_go_to_the_lung) {
  const auto groups = in_mouse({{intact(12), "exosomes:bmsc 1 ug iv"}, {intact(12), "exosomes:bmsc 1 ug iv", {{place("diameter"), 250}}}}, {kHour});
  EXPECT_GT(groups[1].at(place("lung"), kHour), 2 * groups[0].at(place("lung"), kHour)) << "(250/110)^2 = 5, less what the lung itself takes away";
  EXPECT_GT(groups[1].at(place("lung"), kHour), groups[1].at(place("liver"), kHour)) << "lung before liver";
  EXPECT_LT(groups[1].at(place("liver"), kHour), groups[0].at(place("liver"), kHour));
}

// Macrophage uptake saturates (Imai 2015, direction): a smaller share to liver, longer in plasma.
TEST(ExosomeKinetics, Large_doses_saturate_the_liver) {
  const auto groups =
      in_mouse({{intact(12), "exosomes:bmsc 1 ug iv"}, {intact(12), "exosomes:bmsc 100 ng iv"}, {intact(12), "exosomes:bmsc 1000 ug iv"}},
               {10 * kMinute, 4 * kHour});
  const auto share = [&](std::size_t g, const std::string& organ, double at, double dose) {
    return groups[g].at(place(organ), at) / (dose * kParticles);
  };
  EXPECT_LT(share(2, "liver", 4 * kHour, 1000), 0.7 * share(0, "liver", 4 * kHour, 1)) << "beyond the 30 % of the measured share";
  EXPECT_GT(share(2, "plasma", 10 * kMinute, 1000), 1.2 * share(0, "plasma", 10 * kMinute, 1));
  EXPECT_NEAR(share(1, "liver", 4 * kHour, 0.1) / share(0, "liver", 4 * kHour, 1), 1, 0.02) << "linear below 1 ug: capacity is about 100 ug a mouse";
}

// Driedonks 2022 (doi:10.1002/jex2.59): circulation time of human vesicles falls strongly with repeated doses.
TEST(ExosomeKinetics, Repeated_foreign_vesicles_clear_faster) {
  std::vector<double> days;
  for (int k = 0; k < 4; ++k) {
    days.push_back(kWeek * k + 2 * kMinute);
    days.push_back(kWeek * k + 10 * kMinute);
  }
  const auto groups =
      in_mouse({{intact(12), "exosomes:bmsc 1 ug iv weekly x 4", {{place("xenogeneic"), 1}}}, {intact(12), "exosomes:bmsc 1 ug iv weekly x 4"}},
               days);
  const auto at_dose = [&](std::size_t g, int k) { return half_life(groups[g], place("plasma"), kWeek * k + 2 * kMinute, kWeek * k + 10 * kMinute); };
  for (int k = 1; k < 4; ++k) {
    EXPECT_LT(at_dose(0, k), at_dose(0, k - 1)) << "dose " << k + 1;
    EXPECT_NEAR(at_dose(1, k), at_dose(1, 0), 1e-3 * at_dose(1, 0)) << "own vesicles, dose " << k + 1;
  }
  EXPECT_LT(at_dose(0, 3), 0.5 * at_dose(0, 0)) << "strongly";
}

TEST(ExosomeKinetics, Nothing_is_negative_and_no_more_than_the_dose_is_there) {
  std::vector<double> days;
  for (int k = 0; k <= 60; ++k) days.push_back(0.01 * kMinute * std::pow(10.0, k / 10.0));
  std::vector<AnimalGroup> groups;
  for (const char* route : {"iv", "ip", "sc", "im", "local", "gel"}) groups.push_back({intact(12), std::string("exosomes:bmsc 1 ug ") + route});
  groups.push_back({intact(12), "exosomes:bmsc 1000 ug iv"});
  for (const auto& group : in_mouse(groups, days)) {
    double first = 0;
    for (const auto& p : kPlaces) first += group.values.at(place(p)).front();
    const double dose = first > 100 * kParticles ? 1000 * kParticles : kParticles;
    EXPECT_GT(first, 0.99 * dose) << "a hundredth of a minute after the dose";
    double before = dose;
    for (std::size_t i = 0; i < days.size(); ++i) {
      double total = 0;
      for (const auto& p : kPlaces) {
        EXPECT_GE(group.values.at(place(p))[i], -1e-6 * first) << p << " day " << days[i];
        total += group.values.at(place(p))[i];
      }
      EXPECT_LE(total, before * (1 + 1e-6)) << "day " << days[i] << ": relative tolerance of the solver";
      before = total;
    }
  }
}

/// Share of the dose.
double of_cells(const GroupCourse& group, const std::string& name, double day, double dose) { return group.at("msc_bmsc." + name, day) / dose; }

// Input: viable cells in mouse lungs up to 24 h, gone by 72 h (Eggenhofer 2012, 5e5 cells, C57BL/6).
TEST(MscKinetics, Living_cells_are_in_mouse_lungs_after_a_day_and_gone_after_three) {
  const auto group = follow(model_of("osteosome", "mouse", {"msc:bmsc"}), {{intact(12), "msc:bmsc 5e5 cells iv"}}, {kHour, 1, 3, 28},
                            {"msc_bmsc.lung", "msc_bmsc.elsewhere", "msc_bmsc.marrow", "msc_bmsc.living"})
                         .front();
  EXPECT_GT(of_cells(group, "lung", kHour, 5e5), 0.5) << "most are in the lungs in the first hour";
  EXPECT_GT(of_cells(group, "lung", 1, 5e5), 0.05);
  EXPECT_LT(of_cells(group, "lung", 3, 5e5), 0.01);
  EXPECT_LT(of_cells(group, "marrow", 3, 5e5), 0.01) << "few reach marrow";
  EXPECT_GT(of_cells(group, "marrow", 28, 5e5), 0) << "at least four weeks (Sui 2016)";
  EXPECT_LT(of_cells(group, "marrow", 28, 5e5), of_cells(group, "marrow", 3, 5e5)) << "none engrafts for long";
}

// Input: 111In-MSC in four patients, 2.5 to 4e8 cells: 27.0 to 33.5 % in the lungs at once, 2.0 to 5.4 % at day 10 (Gholamrezanezhad 2011).
TEST(MscKinetics, Label_in_human_lungs_is_a_third_at_once_and_a_few_percent_at_day_10) {
  simulate::Patient woman;
  woman.age_days = 60 * 365.25;
  const auto group =
      follow(model_of("osteosome", "", {"msc:bmsc"}), {{woman, "msc:bmsc 3e8 cells iv"}}, {kHour, 10}, {"msc_bmsc.lung_label"}).front();
  EXPECT_GE(of_cells(group, "lung_label", kHour, 3e8), 0.270);
  EXPECT_LE(of_cells(group, "lung_label", kHour, 3e8), 0.335);
  EXPECT_GE(of_cells(group, "lung_label", 10, 3e8), 0.020);
  EXPECT_LE(of_cells(group, "lung_label", 10, 3e8), 0.054);
}

struct Donor {
  double senescent = 0, immune = 0, bone = 0;  ///< share, effect on T cells, BV/TV against untreated at 8 weeks [percent]
};
Donor donor(const std::string& product, double cells = 1e6) {
  std::string prefix = product;
  std::replace_if(prefix.begin(), prefix.end(), [](char c) { return c == ':' || c == '-'; }, '_');
  const double end = 8 * kWeek;
  const auto mouse = gonadectomised(14, 2);
  const auto groups = follow(model_of("osteosome", "mouse", {product}), {{mouse, product + " " + std::to_string(cells) + " cells iv"}, {mouse}},
                             {end}, {prefix + ".senescent", prefix + ".immune_health", "BVTV_femur"});
  return {groups[0].at(prefix + ".senescent", end), groups[0].at(prefix + ".immune_health", end),
          percent(groups[0].at("BVTV_femur", end), groups[1].at("BVTV_femur", end))};
}

// Zhou 2008 (old donors: four times the senescent cells), PMC5980002 (marrow cells of ovariectomised donors failed, adipose ones did not),
// 0 % senescent at P1 and 3.4 % at P13 (doi:10.3109/10520295.2011.649785, direction).
TEST(MscKinetics, Cells_of_old_or_ovariectomised_donors_and_late_passages_are_weaker) {
  const Donor young = donor("msc:bmsc"), old = donor("msc:bmsc-old"), ovx = donor("msc:bmsc-ovx"), late = donor("msc:bmsc-late");
  EXPECT_GT(old.senescent, 2 * young.senescent);
  EXPECT_GT(late.senescent, 2 * young.senescent);
  for (const Donor& weaker : {old, ovx, late}) {
    EXPECT_LT(weaker.immune, 0.75 * young.immune);
    EXPECT_LT(weaker.bone, young.bone);
  }
  EXPECT_LT(ovx.bone, 0.5 * young.bone) << "failed";
  EXPECT_NEAR(donor("msc:adsc-ovx").bone, donor("msc:adsc").bone, 1e-6) << "adipose cells keep their efficacy";
}

}  // namespace
}  // namespace osteosome::support
