// SPDX-License-Identifier: Apache-2.0
// Regimen text (docs/reference/regimen.md): what it expands to, what it refuses, and who misses doses.
#include "osteosome/protocol/regimen.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

#include "errors.hpp"

namespace osteosome::protocol {
namespace {

using support::error_of;

// All in whole microseconds, so every comparison below is exact.
constexpr Microseconds kDay = 86'400'000'000;
constexpr Microseconds kMonth = 30 * kDay + kDay * 4375 / 10000;  // 30.4375 d
static_assert(kMonth == 2'629'800'000'000);

const DrugCatalogue& catalogue() {
  static const DrugCatalogue drugs = {
      {{"alendronate", "po", "mg"},
       {"zoledronate", "iv", "mg"},
       {"denosumab", "sc", "mg"},
       {"teriparatide", "sc", "ug"},
       {"romosozumab", "sc", "mg"},
       {"exosomes:bmsc", "iv", "ug"},
       {"calcitonin", "sc", "IU"}},
      load_routes(OSTEOSOME_ROOT)};
  return drugs;
}

Regimen parse(std::string_view text) { return parse_regimen(text, catalogue(), support::units()); }
std::vector<DoseRecord> doses(std::string_view text, Microseconds horizon = kForever) { return expand(parse(text), horizon); }

std::vector<Microseconds> times(const std::vector<DoseRecord>& records) {
  std::vector<Microseconds> out;
  for (const auto& r : records) out.push_back(r.time);
  return out;
}

core::Diagnostic problem(std::string_view text) {
  const core::Error error = error_of([&] { (void)parse(text); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Dosing);
  EXPECT_EQ(error.diagnostics().size(), 1u);
  return error.diagnostics().front();
}

/// `text` is refused at the last occurrence of `word` with this code and a message that ends in `message`.
void expect_refused(const std::string& text, const std::string& word, const std::string& code, const std::string& message, const std::string& hint) {
  const auto d = problem(text);
  EXPECT_EQ(d.code, code) << d.message;
  const std::size_t column = word.empty() ? text.size() + 1 : text.rfind(word) + 1;
  EXPECT_EQ(d.message, "regimen '" + text.substr(0, 100) + "', column " + std::to_string(column) + ": " + message);
  EXPECT_NE(d.hint.find(hint), std::string::npos) << d.hint;
}

// ---- examples of regimen.md

TEST(Regimen, Weekly_for_36_months_gives_157_doses) {
  // 36 months = 1095.75 d = 156.5 weeks: doses at week 0 to 156.
  const auto given = doses("alendronate 70 mg po weekly for 36 months");
  ASSERT_EQ(given.size(), 157u);
  for (std::size_t k = 0; k < given.size(); ++k) {
    EXPECT_EQ(given[k].time, static_cast<Microseconds>(k) * 7 * kDay);
    EXPECT_EQ(given[k]->amount, 70);
    EXPECT_EQ(given[k]->unit, "mg");
    EXPECT_EQ(given[k]->route, "po");
    EXPECT_EQ(given[k]->interval, 7 * kDay);
  }
}

TEST(Regimen, Courses_joined_by_and_start_together) {
  const auto given = doses("teriparatide 20 ug sc daily for 24 months & denosumab 60 mg sc every 6 months x 4");
  std::vector<Microseconds> denosumab;
  std::size_t teriparatide = 0;
  for (const auto& d : given) {
    if (d->drug == "denosumab")
      denosumab.push_back(d.time);
    else
      EXPECT_EQ(d.time, static_cast<Microseconds>(teriparatide++) * kDay);
  }
  EXPECT_EQ(teriparatide, 731u);  // 24 months = 730.5 d: days 0 to 730
  EXPECT_EQ(denosumab, (std::vector<Microseconds>{0, 6 * kMonth, 12 * kMonth, 18 * kMonth}));
}

TEST(Regimen, Then_none_for_gives_the_times_of_the_example) {
  const auto r = parse("romosozumab 210 mg sc monthly x 12 then denosumab 60 mg sc every 6 months x 2 then none for 12 months");
  ASSERT_EQ(r.phases.size(), 3u);
  EXPECT_EQ(r.phases[2].length, 12 * kMonth);
  EXPECT_TRUE(r.phases[2].courses.empty());
  const auto given = expand(r, kForever);
  ASSERT_EQ(given.size(), 14u);
  for (std::size_t k = 0; k < 12; ++k) EXPECT_EQ(given[k].time, static_cast<Microseconds>(k) * kMonth);
  EXPECT_EQ(given[12].time, 12 * kMonth);
  EXPECT_EQ(given[12]->drug, "denosumab");
  EXPECT_EQ(given[13].time, 18 * kMonth);
}

TEST(Regimen, Drug_name_with_a_colon_is_a_drug) {
  const auto given = doses("exosomes:bmsc 100 ug iv weekly x 8");
  ASSERT_EQ(given.size(), 8u);
  EXPECT_EQ(given.back().time, 49 * kDay);
  EXPECT_EQ(given.back()->drug, "exosomes:bmsc");
}

TEST(Regimen, Shipped_catalogue_takes_every_drug_of_the_first_three_examples) {
  const auto shipped = load_catalogue(OSTEOSOME_ROOT);
  for (const char* text :
       {"alendronate 70 mg po weekly for 36 months", "teriparatide 20 ug sc daily for 24 months & denosumab 60 mg sc every 6 months x 4",
        "romosozumab 210 mg sc monthly x 12 then denosumab 60 mg sc every 6 months x 2 then none for 12 months"}) {
    EXPECT_NO_THROW((void)parse_regimen(text, shipped, support::units())) << text;
  }
}

TEST(Regimen, Phase_after_four_denosumab_doses_starts_at_month_24) {
  const auto given = doses("denosumab 60 mg sc every 6 months x 4 then zoledronate 5 mg iv");
  ASSERT_EQ(given.size(), 5u);
  EXPECT_EQ(given[4]->drug, "zoledronate");
  EXPECT_EQ(given[4].time, 24 * kMonth);
}

// ---- times

TEST(Regimen, Thousand_monthly_doses_do_not_drift) {
  const auto given = doses("denosumab 60 mg sc monthly x 1000");
  ASSERT_EQ(given.size(), 1000u);
  for (std::size_t k = 0; k < given.size(); ++k) ASSERT_EQ(given[k].time, static_cast<Microseconds>(k) * kMonth) << k;
}

TEST(Regimen, For_a_whole_number_of_intervals_leaves_out_the_dose_at_the_end) {
  EXPECT_EQ(times(doses("denosumab 60 mg every 6 months for 12 months")), (std::vector<Microseconds>{0, 6 * kMonth}));
}

TEST(Regimen, For_a_little_longer_gives_one_dose_more) {
  EXPECT_EQ(times(doses("denosumab 60 mg every 6 months for 12.01 months")), (std::vector<Microseconds>{0, 6 * kMonth, 12 * kMonth}));
}

TEST(Regimen, For_shorter_than_the_interval_gives_one_dose) {
  const auto r = parse("denosumab 60 mg every 6 months for 1 day");
  EXPECT_EQ(times(expand(r, kForever)), (std::vector<Microseconds>{0}));
  EXPECT_EQ(r.phases[0].length, kDay);
}

TEST(Regimen, Course_with_a_count_lasts_count_intervals) { EXPECT_EQ(parse("denosumab 60 mg q6mo x 3").phases[0].length, 18 * kMonth); }

TEST(Regimen, Single_dose_lasts_no_time) { EXPECT_EQ(times(doses("zoledronate 5 mg then denosumab 60 mg")), (std::vector<Microseconds>{0, 0})); }

TEST(Regimen, Doses_of_one_time_keep_the_order_of_the_text) {
  const auto given = doses("zoledronate 5 mg & alendronate 70 mg & denosumab 60 mg");
  ASSERT_EQ(given.size(), 3u);
  EXPECT_EQ(given[0]->drug, "zoledronate");
  EXPECT_EQ(given[1]->drug, "alendronate");
  EXPECT_EQ(given[2]->drug, "denosumab");
  EXPECT_EQ(given[2]->course, 2u);
}

TEST(Regimen, Phase_lasts_as_long_as_its_longest_course) {
  EXPECT_EQ(times(doses("zoledronate 5 mg & alendronate 70 mg weekly x 2 then denosumab 60 mg")),
            (std::vector<Microseconds>{0, 0, 7 * kDay, 14 * kDay}));
}

TEST(Regimen, After_waits_longer) {
  EXPECT_EQ(times(doses("denosumab 60 mg q6mo x 2 then after 3 months zoledronate 5 mg")), (std::vector<Microseconds>{0, 6 * kMonth, 15 * kMonth}));
}

TEST(Regimen, None_alone_gives_no_dose_and_lasts_for_ever) {
  const auto r = parse("none");
  EXPECT_TRUE(expand(r, kForever).empty());
  EXPECT_EQ(r.phases[0].length, kForever);
}

TEST(Regimen, None_for_delays_the_next_phase) {
  EXPECT_EQ(times(doses("none for 2 years then denosumab 60 mg")), (std::vector<Microseconds>{24 * kMonth}));
}

TEST(Regimen, None_can_stand_last) { EXPECT_EQ(doses("denosumab 60 mg then none").size(), 1u); }

TEST(Regimen, Horizon_itself_is_excluded) {
  EXPECT_EQ(doses("denosumab 60 mg monthly x 5", 2 * kMonth).size(), 2u);
  EXPECT_EQ(doses("denosumab 60 mg monthly x 5", 2 * kMonth + 1).size(), 3u);
}

// ---- spelling

TEST(Regimen, Short_form_equals_the_long_form) {
  EXPECT_EQ(times(doses("denosumab 60 mg sc q6mo x 6")), times(doses("denosumab 60 mg sc every 6 months x 6")));
  EXPECT_EQ(times(doses("denosumab 60 mg q1w x 6")), times(doses("denosumab 60 mg weekly x 6")));
  EXPECT_EQ(times(doses("denosumab 60 mg q1d x 6")), times(doses("denosumab 60 mg daily x 6")));
}

TEST(Regimen, Words_may_be_in_any_case) {
  const auto given = doses("DENOSUMAB 60 mg SC Every 6 Months X 4 THEN None FOR 1 Year Then Zoledronate 5 mg");
  ASSERT_EQ(given.size(), 5u);
  EXPECT_EQ(given[0]->drug, "denosumab");
  EXPECT_EQ(given[0]->route, "sc");
  EXPECT_EQ(given[4].time, 36 * kMonth);
}

TEST(Regimen, Numbers_may_be_glued_to_units) {
  const auto given = doses("denosumab 60mg sc q6mo for 36mo");
  ASSERT_EQ(given.size(), 6u);
  EXPECT_EQ(given[0]->amount, 60);
  EXPECT_EQ(given[0]->unit, "mg");
}

TEST(Regimen, And_may_be_glued_to_its_neighbours) { EXPECT_EQ(doses("zoledronate 5 mg&denosumab 60 mg").size(), 2u); }

TEST(Regimen, Exponent_belongs_to_the_number) { EXPECT_EQ(doses("denosumab 6e1mg").front()->amount, 60); }

TEST(Regimen, Both_micro_signs_are_micro) {
  EXPECT_EQ(doses("teriparatide 20 \xC2\xB5g daily x 1").front()->unit, "ug");
  EXPECT_EQ(doses("teriparatide 20\xCE\xBCg daily x 1").front()->unit, "ug");
}

TEST(Regimen, Amount_per_kg_keeps_its_unit) {
  const auto given = doses("calcitonin 2 IU/kg sc daily x 2");
  ASSERT_EQ(given.size(), 2u);
  EXPECT_EQ(given[0]->unit, "IU/kg");
  EXPECT_EQ(given[0]->amount, 2);
  EXPECT_TRUE(parse("denosumab 1 mg/KG").phases[0].courses[0].per_kg);
}

TEST(Regimen, Route_left_out_is_the_usual_one) {
  EXPECT_EQ(doses("zoledronate 5 mg").front()->route, "iv");
  EXPECT_EQ(doses("zoledronate 5 mg po").front()->route, "po");
}

TEST(Regimen, Infusion_time_is_kept) { EXPECT_EQ(doses("zoledronate 5 mg iv over 15 min").front()->over, kDay / 96); }

TEST(Regimen, Every_unit_of_time_has_its_length) {
  const std::vector<std::pair<std::string, Microseconds>> units = {
      {"min", kDay / 1440}, {"h", kDay / 24},   {"d", kDay},           {"day", kDay},         {"days", kDay},
      {"w", 7 * kDay},      {"week", 7 * kDay}, {"weeks", 7 * kDay},   {"mo", kMonth},        {"month", kMonth},
      {"months", kMonth},   {"y", 12 * kMonth}, {"year", 12 * kMonth}, {"years", 12 * kMonth}};
  for (const auto& [unit, length] : units) EXPECT_EQ(parse("none for 1 " + unit).phases[0].length, length) << unit;
}

// ---- refusals

TEST(Regimen, Empty_text_is_refused) {
  expect_refused("", "", "regimen-001", "the regimen is empty", "or 'none'");
  expect_refused("  \n", "", "regimen-001", "the regimen is empty", "or 'none'");
}

TEST(Regimen, Unknown_drug_is_refused_with_a_near_match) {
  expect_refused("denosumap 60 mg", "denosumap", "regimen-007", "unknown drug 'denosumap'", "Did you mean 'denosumab'?");
}

TEST(Regimen, Drug_far_from_all_is_refused_with_the_list) {
  expect_refused("water 1 mg", "water", "regimen-007", "unknown drug 'water'", "Known drugs: alendronate, zoledronate, denosumab");
}

TEST(Regimen, Missing_drug_after_then_is_refused_at_the_end) {
  expect_refused("denosumab 60 mg then", "", "regimen-007", "a drug is expected", "Known drugs");
}

TEST(Regimen, Missing_unit_is_refused) {
  expect_refused("denosumab 60 sc", "sc", "regimen-009", "the amount of denosumab has no unit: 'sc' is none", "Write e.g. '60 mg'.");
  expect_refused("denosumab 60", "", "regimen-009", "the amount of denosumab has no unit", "Write e.g. '60 mg'.");
}

TEST(Regimen, Unit_of_another_dimension_is_refused) {
  expect_refused("denosumab 60 IU sc", "IU", "regimen-010", "'IU' does not fit denosumab", "counted in units like 'mg'");
  expect_refused("calcitonin 2 mg", "mg", "regimen-010", "'mg' does not fit calcitonin", "counted in units like 'IU'");
}

TEST(Regimen, Word_that_is_no_unit_is_refused) {
  expect_refused("denosumab 60 bananas", "bananas", "regimen-009", "the amount of denosumab has no unit: 'bananas' is none", "60 mg");
}

TEST(Regimen, Interval_of_zero_is_refused) {
  const auto d = problem("denosumab 60 mg every 0 months x 3");
  EXPECT_EQ(d.code, "regimen-006");
  EXPECT_NE(d.message.find("the duration should be positive"), std::string::npos) << d.message;
}

/// 1e-9 min is 0.06 microseconds, which is 0 in the unit that times are kept in: the interval is zero.
TEST(Regimen, Interval_below_a_microsecond_with_a_count_is_refused) { EXPECT_EQ(problem("denosumab 60 mg every 1e-9 min x 3").code, "regimen-006"); }
TEST(Regimen, Interval_below_a_microsecond_with_a_duration_is_refused) {
  EXPECT_EQ(problem("denosumab 60 mg every 1e-9 min for 1 d").code, "regimen-006");
}

TEST(Regimen, Negative_amount_is_refused) { expect_refused("denosumab -60 mg", "-60", "regimen-008", "the amount is negative", ""); }

TEST(Regimen, Amount_that_is_not_finite_is_refused) {
  for (const std::string bad : {"inf", "nan", "1e999", "-inf", "infinity"}) {
    expect_refused("denosumab " + bad + " mg", bad, "regimen-004", "a number is expected as the amount of denosumab, not '" + bad + "'", "");
  }
}

TEST(Regimen, Missing_amount_is_refused) {
  expect_refused("denosumab mg", "mg", "regimen-004", "a number is expected as the amount of denosumab, not 'mg'", "");
}

TEST(Regimen, Repeat_without_a_count_is_refused) {
  expect_refused("denosumab 60 mg every 6 months", "", "regimen-012",
                 "'x' and a count, or 'for' and a duration, is expected after the interval, not the end", "'x 6'");
}

TEST(Regimen, Word_that_does_not_belong_is_refused_with_a_near_match) {
  expect_refused("denosumab 60 mg sc evry 6 months x 3", "evry", "regimen-002", "'evry' does not belong here", "Did you mean 'every'?");
  expect_refused("denosumab 60 mg sc q6mo x 3 thn zoledronate 5 mg", "thn", "regimen-002", "'thn' does not belong here", "Did you mean 'then'?");
}

TEST(Regimen, Unknown_unit_of_time_is_refused_with_a_near_match) {
  expect_refused("denosumab 60 mg every 6 monts x 3", "monts", "regimen-005", "a unit of time is expected, not 'monts'", "Did you mean 'month");
}

TEST(Regimen, Short_form_with_a_bad_unit_names_its_column) {
  expect_refused("denosumab 60 mg q6zz x 3", "zz", "regimen-005", "a unit of time is expected, not 'zz'", "One of min, h, d, week, month, year.");
}

TEST(Regimen, Nothing_can_follow_an_endless_none) {
  const auto d = problem("none then denosumab 60 mg");
  EXPECT_EQ(d.code, "regimen-003");
  EXPECT_NE(d.message.find("nothing can follow a 'none' that lasts for ever"), std::string::npos);
  EXPECT_EQ(d.hint, "Write 'none for 12 months then ...'.");
}

TEST(Regimen, Count_that_is_no_whole_number_from_1_is_refused) {
  for (const std::string bad : {"0", "-1", "2.5", "2000001", "1e30"}) {
    expect_refused("denosumab 60 mg weekly x " + bad, bad, "regimen-011", "the number of doses should be a whole number from 1 to 2000000", "");
  }
}

/// 0.3333333333 d are 28 799 999 997.12 microseconds.
TEST(Regimen, A_duration_that_is_no_whole_number_of_microseconds_is_refused) {
  const auto d = problem("denosumab 60 mg every 0.3333333333 d x 3");
  EXPECT_EQ(d.code, "regimen-013");
  EXPECT_NE(d.message.find("column 23: '0.3333333333 d' is 28799.99999712 seconds, no whole number of microseconds"), std::string::npos) << d.message;
  EXPECT_EQ(d.hint, "Write it in a unit in which it is a short number, e.g. '8 h' for a third of a day.");
}

TEST(Regimen, Durations_are_exact_and_what_a_program_computed_is_what_it_meant) {
  const auto interval = [](const std::string& text) { return parse("denosumab 60 mg every " + text + " x 2").phases[0].courses[0].interval; };
  EXPECT_EQ(interval("0.333333 d"), 28'799'971'200);
  EXPECT_EQ(interval("0.1 d"), 8'640'000'000);
  EXPECT_EQ(interval("0.3333333333333333 d"), 28'800'000'000) << "1/3 as a double";
  EXPECT_EQ(interval("2.3333333333333335 d"), 201'600'000'000) << "7/3 as a double";
  EXPECT_EQ(interval("0.1 months"), 262'980'000'000);
}

TEST(Regimen, More_than_two_million_doses_by_duration_are_refused) {
  const auto d = problem("denosumab 60 mg every 1 min for 1000 years");
  EXPECT_EQ(d.code, "regimen-011");
  EXPECT_NE(d.message.find("the course has more than 2000000 doses"), std::string::npos);
}

/// 300 millennia in microseconds are 9.47e18, over the largest 64-bit integer (9.22e18).
TEST(Regimen, Course_too_long_for_microseconds_is_refused_or_stays_positive) {
  try {
    const auto r = parse("denosumab 60 mg every 1000 years x 300 then zoledronate 5 mg");
    EXPECT_GT(r.phases[0].length, 0);
    for (const auto t : times(expand(r, kForever))) EXPECT_GE(t, 0);
  } catch (const core::Error& error) {
    EXPECT_EQ(error.kind(), core::ErrorKind::Dosing);
  }
}

TEST(Regimen, Megabyte_of_noise_is_refused_with_a_short_message) {
  std::mt19937 random(1);
  std::string noise(1 << 20, ' ');
  for (char& c : noise) c = static_cast<char>(random() & 0xff);
  EXPECT_LT(problem(noise).message.size(), 2000u) << "a message shows at most a line of the text";
}

TEST(Regimen, Megabyte_of_valid_text_is_read) {
  std::string text = "denosumab 60 mg";
  while (text.size() < (1u << 20)) text += " & denosumab 60 mg";
  EXPECT_EQ(parse(text).phases.front().courses.size(), (text.size() + 3) / 18);
}

// ---- properties

TEST(Regimen, Count_equals_the_number_of_expanded_doses) {
  EXPECT_TRUE(rc::check("doses of each course = records of each course", [] {
    const auto interval = *rc::gen::inRange(1, 400);
    const auto length = *rc::gen::inRange(1, 3000);
    const auto count = *rc::gen::inRange(1, 200);
    const bool by_count = *rc::gen::arbitrary<bool>();
    const auto r = parse("denosumab 60 mg every " + std::to_string(interval) + " d " +
                         (by_count ? "x " + std::to_string(count) : "for " + std::to_string(length) + " d") + " & zoledronate 5 mg");
    const auto records = expand(r, kForever);
    const auto mine = static_cast<std::int64_t>(std::count_if(records.begin(), records.end(), [](const DoseRecord& d) { return d->course == 0; }));
    RC_ASSERT(mine == r.phases[0].courses[0].doses);
    RC_ASSERT(mine == (by_count ? count : (length + interval - 1) / interval));
  }));
}

TEST(Regimen, Phases_give_the_same_doses_as_an_explicit_sum_of_lengths) {
  EXPECT_TRUE(rc::check("phase k starts at the sum of lengths before it", [] {
    const auto counts = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 6)));
    std::string text;
    std::vector<Microseconds> expected;
    Microseconds start = 0;
    for (const int n : counts) {
      text += (text.empty() ? "" : " then ") + std::string("denosumab 60 mg monthly x ") + std::to_string(n);
      for (int k = 0; k < n; ++k) expected.push_back(start + k * kMonth);
      start += n * kMonth;
    }
    RC_ASSERT(times(doses(text)) == expected);
  }));
}

TEST(Regimen, Any_text_is_read_or_refused_as_dosing) {
  EXPECT_TRUE(rc::check("no other exception escapes", [] {
    const auto words =
        *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("denosumab", "60", "mg", "sc", "every", "6", "months", "x", "4",
                                                                                    "then", "none", "for", "&", "after", "q6mo", "over", "-1",
                                                                                    "IU/kg", "\xC2\xB5g", "0"));
    std::string text;
    for (const auto& w : words) text += w + " ";
    try {
      (void)expand(parse(text), 100 * kMonth);
    } catch (const core::Error& error) {
      RC_ASSERT(error.kind() == core::ErrorKind::Dosing);
    }
  }));
}

// ---- adherence

std::vector<Microseconds> taken(const Adherence& adherence, std::uint64_t subject = 3, const char* text = "denosumab 60 mg monthly x 200") {
  core::RandomStream stream(1, subject, "adherence:test");
  return times(expand(parse(text), kForever, adherence, &stream));
}

TEST(Adherence, Miss_probability_0_gives_every_dose) {
  Adherence a;
  a.miss_probability = 0;
  EXPECT_EQ(taken(a), times(doses("denosumab 60 mg monthly x 200")));
}

TEST(Adherence, Miss_probability_1_gives_no_dose) {
  Adherence a;
  a.miss_probability = 1;
  EXPECT_TRUE(taken(a).empty());
}

/// Of 200 doses at 30 % about 60 are missed; the bounds are 5 standard deviations (sqrt(200 * 0.3 * 0.7) = 6.5) away.
TEST(Adherence, Miss_probability_of_30_percent_misses_about_that) {
  Adherence a;
  a.miss_probability = 0.3;
  EXPECT_NEAR(200.0 - static_cast<double>(taken(a).size()), 60, 5 * 6.5);
}

TEST(Adherence, Same_stream_misses_the_same_doses) {
  Adherence a;
  a.miss_probability = 0.3;
  EXPECT_EQ(taken(a, 17), taken(a, 17));
  EXPECT_NE(taken(a, 17), taken(a, 18));
}

TEST(Adherence, Skipped_doses_do_not_change_which_others_are_missed) {
  Adherence a, b;
  a.miss_probability = b.miss_probability = 0.3;
  b.skip = {1};
  auto without = taken(a);
  std::erase(without, 0);
  EXPECT_EQ(taken(b), without);
}

TEST(Adherence, Skip_list_counts_from_1) {
  Adherence a;
  a.skip = {2, 4, 99};
  EXPECT_EQ(times(expand(parse("denosumab 60 mg monthly x 5"), kForever, a)), (std::vector<Microseconds>{0, 2 * kMonth, 4 * kMonth}));
}

TEST(Adherence, Delay_shifts_every_dose) {
  Adherence a;
  a.delay = 3 * kDay;
  EXPECT_EQ(times(expand(parse("denosumab 60 mg monthly x 2"), kForever, a)), (std::vector<Microseconds>{3 * kDay, kMonth + 3 * kDay}));
}

TEST(Adherence, Random_delay_is_never_early_and_doses_stay_in_order) {
  Adherence a;
  a.delay_sd = 40 * kDay;
  const auto given = taken(a);
  ASSERT_EQ(given.size(), 200u);
  EXPECT_TRUE(std::is_sorted(given.begin(), given.end()));
  for (std::size_t k = 0; k < given.size(); ++k)
    EXPECT_GE(given[k], static_cast<Microseconds>(k) * kMonth) << "sorted late times lie at or after sorted due times";
}

TEST(Adherence, Stop_after_excludes_the_dose_at_that_time) {
  Adherence a;
  a.stop_after = 2 * kMonth;
  EXPECT_EQ(times(expand(parse("denosumab 60 mg monthly x 5"), kForever, a)), (std::vector<Microseconds>{0, kMonth}));
}

/// regimen.hpp: stop_after means "no dose at or after this time".
TEST(Adherence, Dose_delayed_past_stop_after_is_not_given) {
  Adherence a;
  a.delay = 40 * kDay;
  a.stop_after = 2 * kMonth;
  for (const auto t : times(expand(parse("denosumab 60 mg monthly x 5"), kForever, a))) EXPECT_LT(t, a.stop_after);
}

/// regimen.hpp: expand gives "all doses before horizon".
TEST(Adherence, Dose_delayed_past_the_horizon_is_not_listed) {
  Adherence a;
  a.delay = 40 * kDay;
  for (const auto t : times(expand(parse("denosumab 60 mg monthly x 5"), 3 * kMonth, a))) EXPECT_LT(t, 3 * kMonth);
}

// ---- catalogue

TEST(Catalogue, Drug_without_a_unit_is_refused_with_its_name) {
  const support::TemporaryFolder folder;
  const auto path = folder.write("c.toml", "[drugs]\nx = { route = \"sc\" }\n");
  const core::Error error = error_of([&] { (void)load_catalogue(OSTEOSOME_ROOT, path); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  EXPECT_NE(std::string(error.what()).find("drug 'x'"), std::string::npos) << error.what();
  EXPECT_NE(std::string(error.what()).find("unit"), std::string::npos) << error.what();
}

// ---- doses that no label or study comes near

TEST(LargestDose, Ten_times_is_let_through_more_is_said_and_a_thousand_times_is_refused) {
  const DrugCatalogue catalogue = {{{"x", "sc", "mg", {}, "2 mg", "30 ug"}, {"unknown", "sc", "mg"}}, {}};
  const auto parsed = [&](const char* text) { return parse_regimen(text, catalogue, support::units()); };
  EXPECT_TRUE(parsed("x 20 mg").remarks.empty());
  EXPECT_EQ(parsed("x 0.03 g daily x 3").remarks,
            (std::vector<std::string>{"0.03 g of x is 15 times the largest dose of its labels and studies, 2 mg"}));
  EXPECT_TRUE(parsed("x 2 g").remarks.size() == 1) << "a thousand times is the limit";
  EXPECT_TRUE(parsed("x 300 ug/kg").remarks.empty());
  EXPECT_EQ(parsed("x 3 mg/kg").remarks.size(), 1u);
  EXPECT_TRUE(parsed("unknown 60 kg").remarks.empty()) << "nothing is stated";
  const auto error = support::error_of([&] { (void)parsed("none for 1 month then x 2.1 g"); });
  EXPECT_EQ(error.diagnostics()[0].code, "regimen-021");
  EXPECT_EQ(error.diagnostics()[0].message,
            "regimen 'none for 1 month then x 2.1 g', column 25: 2.1 g of x is 1050 times the largest dose of its labels and studies, 2 mg");
  EXPECT_EQ(error.diagnostics()[0].hint, "Is the unit right? At most 1000 times is allowed.");
}

}  // namespace
}  // namespace osteosome::protocol
