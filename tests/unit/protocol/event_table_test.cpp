// SPDX-License-Identifier: Apache-2.0
// Event tables: which columns mean what, what stands for a missing value, and what is refused with which line.
#include "osteosome/protocol/event_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <random>

#include "errors.hpp"

namespace osteosome::protocol {
namespace {

using support::error_of;

EventTable parse(std::string_view text, const std::string& time_unit = "h") {
  return parse_event_table(text, "events.csv", time_unit, {"CL", "V", "RATE2"}, {"depot", "central"}, support::units());
}

core::Error error(std::string_view text, const std::string& time_unit = "h") {
  const core::Error e = error_of([&] { (void)parse(text, time_unit); });
  EXPECT_FALSE(e.diagnostics().empty());
  return e;
}

/// Exactly one problem: this code, line, message and hint.
void expect_refused(const std::string& text, const std::string& code, int line, const std::string& message, const std::string& hint = "") {
  const core::Error e = error(text);
  ASSERT_EQ(e.diagnostics().size(), 1u) << e.what();
  const auto& d = e.diagnostics().front();
  EXPECT_EQ(d.code, code);
  EXPECT_EQ(d.message, message);
  EXPECT_EQ(d.where.line, line);
  EXPECT_EQ(d.where.file, "events.csv");
  EXPECT_EQ(d.hint, hint);
}

EventRow only_row(std::string_view text) {
  const auto table = parse(text);
  if (table.subjects.size() != 1 || table.subjects[0].rows.size() != 1) {
    ADD_FAILURE() << "not one row";
    return {};
  }
  return table.subjects[0].rows[0];
}

// ---- what is left out is said

TEST(EventTable, Columns_without_effect_are_named_with_what_they_were_perhaps_meant_to_be) {
  const auto remarks = [](const std::string& columns, const std::string& cells) {
    return parse("ID,TIME" + columns + "\n1,0" + cells + "\n").remarks;
  };
  EXPECT_EQ(remarks(",AMT,CL", ",1,2"), std::vector<std::string>{});
  EXPECT_EQ(remarks(",cl", ",2"), (std::vector<std::string>{"columns without effect, only carried to the output: 'cl' (did you mean 'CL'?)"}));
  EXPECT_EQ(remarks(",CL [L/h],DV", ",2,3"),
            (std::vector<std::string>{"columns without effect, only carried to the output: 'CL [L/h]' (did you mean 'CL'?), 'DV'"}));
  EXPECT_EQ(remarks(",AMOUNT", ",2"),
            (std::vector<std::string>{"columns without effect, only carried to the output: 'AMOUNT' (did you mean 'AMT'?)"}));
  expect_refused("ID,TIME,\n1,0,x\n", "csv-002", 2, "the row has 3 cells, the header 2", "A decimal comma splits a number in two: write a point.");
}

TEST(EventTable, A_word_that_spells_out_a_parameter_is_a_near_match) {
  const auto t = parse_event_table("ID,TIME,WEIGHT\n1,0,70\n", "e.csv", "h", {"WT"}, {"A"}, support::units());
  EXPECT_EQ(t.remarks, (std::vector<std::string>{"columns without effect, only carried to the output: 'WEIGHT' (did you mean 'WT'?)"}));
}

TEST(EventTable, R_writes_row_names_without_a_header_and_NA) {
  const auto t = parse("\"\",\"ID\",\"TIME\",\"AMT\",\"CL\"\n\"1\",1,0,100,1.6\n\"2\",1,2,NA,NA\n");
  EXPECT_EQ(t.remarks, (std::vector<std::string>{"column 1 has no name and is left out"}));
  EXPECT_TRUE(t.carried_columns.empty());
  EXPECT_EQ(t.subjects[0].rows[1].evid, 0);
  EXPECT_TRUE(std::isnan(t.subjects[0].rows[1].parameters[0]));
}

TEST(EventTable, Rows_marked_C_are_left_out) {
  const auto t = parse("C,ID,TIME,AMT\n.,1,0,100\nC,1,1,x\n.,1,2,0\n");
  ASSERT_EQ(t.subjects[0].rows.size(), 2u);
  EXPECT_EQ(t.remarks, (std::vector<std::string>{"1 rows marked C are left out"}));
  EXPECT_TRUE(t.carried_columns.empty());
  EXPECT_EQ(parse("ID,TIME,C\n1,0,3.5\n").carried_columns, (std::vector<std::string>{"C"})) << "a concentration, say";
}

TEST(EventTable, One_ID_spelt_in_two_ways_is_refused) {
  expect_refused("ID,TIME\n1,0\n1.0,3\n", "event-014", 3, "ID is '1.0', and '1' in another row", "Spell the ID of a subject in one way.");
  EXPECT_EQ(parse("ID,TIME\n001,0\n002,0\nA1,0\n").subjects.size(), 3u);
}

TEST(EventTable, Clock_times_are_refused_with_the_cure) {
  expect_refused("ID,TIME\n1,08:00\n", "event-007", 2, "TIME is '08:00', not a finite number",
                 "Clock times and dates are not read: write the time since the first record as a number.");
}

TEST(EventTable, Units_of_AMT_drugs_and_routes_are_read) {
  const auto t = parse("ID,TIME (h),AMT [mg],DRUG,ROUTE\n1,0,60,denosumab,SC\n", "");
  EXPECT_EQ(t.time_unit_text, "h");
  EXPECT_EQ(t.subjects[0].rows[0].unit, "mg");
  EXPECT_EQ(t.subjects[0].rows[0].drug, "denosumab");
  EXPECT_EQ(t.subjects[0].rows[0].route, "sc");
  EXPECT_EQ(only_row("ID,TIME,AMT [mg],UNIT\n1,0,60,ug\n").unit, "ug") << "the row's own";
}

// ---- columns

TEST(EventTable, Full_row_is_read_into_its_fields) {
  const auto r = only_row("ID,TIME,EVID,AMT,CMT,RATE,II,ADDL,SS,MDV\n7,1.5,4,100,central,12.5,24,3,2,1\n");
  EXPECT_EQ(r.line, 2);
  EXPECT_EQ(r.time, 1.5);
  EXPECT_EQ(r.evid, 4);
  EXPECT_EQ(r.amount, 100);
  EXPECT_EQ(r.compartment, "central");
  EXPECT_EQ(r.rate, 12.5);
  EXPECT_EQ(r.interval, 24);
  EXPECT_EQ(r.additional, 3);
  EXPECT_EQ(r.steady_state, 2);
}

TEST(EventTable, Lower_case_family_is_read) { EXPECT_EQ(only_row("id,time,amt\n1,0,100\n").amount, 100); }

TEST(EventTable, Mixed_families_are_refused) {
  expect_refused("ID,TIME,amt\n1,0,100\n", "event-004", 1, "column 'amt' is not of the family of 'ID'",
                 "Event columns are all upper case or all lower case in one file.");
}

TEST(EventTable, Mixed_case_within_a_name_is_refused) {
  expect_refused("ID,Time\n1,0\n", "event-004", 1, "column 'Time' is not of the family of 'ID'",
                 "Event columns are all upper case or all lower case in one file.");
}

TEST(EventTable, Duplicate_event_column_is_refused_once) { expect_refused("ID,TIME,TIME\n1,0,0\n", "event-003", 1, "column 'TIME' stands twice"); }

TEST(EventTable, Duplicate_carried_column_is_refused) { expect_refused("ID,TIME,dv,dv\n1,0,1,2\n", "event-003", 1, "column 'dv' stands twice"); }

TEST(EventTable, Missing_ID_is_refused) {
  const auto e = error("TIME,AMT\n0,100\n");
  ASSERT_EQ(e.diagnostics().size(), 1u);
  EXPECT_EQ(e.diagnostics()[0].code, "event-005");
  EXPECT_EQ(e.diagnostics()[0].message, "column 'ID' is missing");
}

TEST(EventTable, Missing_TIME_is_refused_with_a_near_match) {
  expect_refused("ID,TIM,AMT\n1,0,100\n", "event-005", 1, "column 'TIME' is missing", "Did you mean 'TIM'?");
}

TEST(EventTable, Parameter_columns_hold_values_and_missing_ones_are_NaN) {
  const auto t = parse("ID,TIME,CL,V\n1,0,1.5,.\n1,1,,20\n");
  EXPECT_EQ(t.parameter_columns, (std::vector<std::string>{"CL", "V"}));
  const auto& rows = t.subjects[0].rows;
  EXPECT_EQ(rows[0].parameters[0], 1.5);
  EXPECT_TRUE(std::isnan(rows[0].parameters[1]));
  EXPECT_TRUE(std::isnan(rows[1].parameters[0]));
  EXPECT_EQ(rows[1].parameters[1], 20);
}

TEST(EventTable, Parameter_that_is_no_number_is_refused) {
  expect_refused("ID,TIME,CL\n1,0,high\n", "event-007", 2, "CL is 'high', not a finite number");
}

TEST(EventTable, Other_columns_are_carried_as_text) {
  const auto t = parse("ID,TIME,dv,note\n1,0,3.5,\"a, \"\"b\"\"\"\n");
  EXPECT_EQ(t.carried_columns, (std::vector<std::string>{"dv", "note"}));
  EXPECT_EQ(t.subjects[0].rows[0].carried, (std::vector<std::string>{"3.5", "a, \"b\""}));
}

TEST(EventTable, Tabs_separate_as_well) { EXPECT_EQ(only_row("ID\tTIME\tAMT\n1\t0\t100\n").amount, 100); }

TEST(EventTable, Windows_line_ends_are_read) { EXPECT_EQ(only_row("ID,TIME,AMT\r\n1,0,100\r\n").amount, 100); }

TEST(EventTable, Quoted_numbers_are_numbers) { EXPECT_EQ(only_row("\"ID\",\"TIME\",\"AMT\"\n\"1\",\"0\",\"100\"\n").amount, 100); }

TEST(EventTable, Subjects_keep_the_order_and_the_text_of_their_IDs) {
  const auto t = parse("ID,TIME\nb7,0\nb7,1\n003,0\n");
  ASSERT_EQ(t.subjects.size(), 2u);
  EXPECT_EQ(t.subjects[0].id, "b7");
  EXPECT_EQ(t.subjects[0].rows.size(), 2u);
  EXPECT_EQ(t.subjects[1].id, "003");
}

// ---- unit of time

TEST(EventTable, Unit_of_time_from_the_header) {
  const auto t = parse("ID,TIME [d]\n1,0\n", "");
  EXPECT_EQ(t.time_unit_text, "d");
  EXPECT_EQ(t.time_unit.factor_to(support::units().parse("h")), 24);
}

TEST(EventTable, Unit_of_time_from_a_comment) { EXPECT_EQ(parse("# time-unit: week\nID,TIME\n1,0\n", "").time_unit_text, "week"); }

TEST(EventTable, Units_of_time_that_contradict_each_other_are_refused) {
  const auto e = error("ID,TIME [d]\n1,0\n", "min");
  ASSERT_EQ(e.diagnostics().size(), 1u);
  EXPECT_EQ(e.diagnostics()[0].message, "TIME is headed [d], but --time-unit says min");
}

TEST(EventTable, Missing_unit_of_time_is_refused) {
  const auto e = error("ID,TIME\n1,0\n", "");
  ASSERT_EQ(e.diagnostics().size(), 1u);
  EXPECT_EQ(e.diagnostics()[0].code, "event-006");
  EXPECT_EQ(e.diagnostics()[0].message, "the unit of TIME is not known");
  EXPECT_EQ(e.diagnostics()[0].hint,
            "Head the column 'TIME [h]', begin the file with '# time-unit: h', or give --time-unit h (in a calibration file: time_unit in [data]).");
}

TEST(EventTable, Unit_that_is_no_time_is_refused) {
  const auto e = error("ID,TIME\n1,0\n", "mg");
  EXPECT_EQ(e.diagnostics()[0].code, "event-006");
  EXPECT_EQ(e.diagnostics()[0].message, "'mg' is no unit of time");
}

TEST(EventTable, Unit_that_is_none_is_refused) { EXPECT_EQ(error("ID,TIME\n1,0\n", "fortnoughts").diagnostics()[0].code, "unit-001"); }

// ---- EVID

int evid_of(const std::string& header, const std::string& cells) { return only_row("ID,TIME," + header + "\n1,0," + cells + "\n").evid; }

TEST(EventTable, Row_with_an_amount_is_a_dose) { EXPECT_EQ(evid_of("AMT", "100"), 1); }
TEST(EventTable, Row_without_an_amount_is_an_observation) { EXPECT_EQ(evid_of("AMT", "0"), 0); }
TEST(EventTable, Row_with_a_steady_rate_only_is_a_dose) { EXPECT_EQ(evid_of("RATE,SS", "10,1"), 1); }
TEST(EventTable, Row_with_MDV_1_and_no_dose_is_another_event) { EXPECT_EQ(evid_of("MDV", "1"), 2); }
TEST(EventTable, Row_with_MDV_0_is_an_observation) { EXPECT_EQ(evid_of("MDV", "0"), 0); }
TEST(EventTable, Dose_with_MDV_1_is_a_dose) { EXPECT_EQ(evid_of("AMT,MDV", "100,1"), 1); }
TEST(EventTable, Missing_EVID_cell_is_implied) { EXPECT_EQ(evid_of("AMT,EVID", "100,."), 1); }
TEST(EventTable, Given_EVID_holds) { EXPECT_EQ(evid_of("AMT,EVID", "0,3"), 3); }

/// The hint for negative CMT recommends "EVENT = replace with AMT 0", so such a row has to do something without an EVID column.
TEST(EventTable, Replace_by_0_without_EVID_is_no_observation) { EXPECT_EQ(evid_of("AMT,EVENT", "0,replace"), 1); }

TEST(EventTable, Steady_state_3_is_taken_as_1) { EXPECT_EQ(only_row("ID,TIME,AMT,II,SS\n1,0,100,24,3\n").steady_state, 1); }

TEST(EventTable, Dots_and_blanks_are_missing_values) {
  const auto r = only_row("ID,TIME,AMT,RATE,II,ADDL,SS,CMT\n1,0,100,.,,.,.,.\n");
  EXPECT_EQ(r.rate, 0);
  EXPECT_EQ(r.interval, 0);
  EXPECT_EQ(r.additional, 0);
  EXPECT_EQ(r.steady_state, 0);
  EXPECT_EQ(r.compartment, "");
}

TEST(EventTable, DUR_and_TINF_are_the_duration) {
  EXPECT_EQ(only_row("ID,TIME,AMT,DUR\n1,0,100,2\n").duration, 2);
  EXPECT_EQ(only_row("ID,TIME,AMT,TINF\n1,0,100,3\n").duration, 3);
}

TEST(EventTable, Action_is_read_in_any_case) { EXPECT_EQ(only_row("ID,TIME,AMT,EVID,EVENT\n1,0,2,1,Multiply\n").action, "multiply"); }

// ---- compartments

TEST(EventTable, Compartment_index_counts_from_1) {
  EXPECT_EQ(only_row("ID,TIME,AMT,CMT\n1,0,100,2\n").compartment, "central");
  EXPECT_EQ(only_row("ID,TIME,AMT,CMT\n1,0,100,0\n").compartment, "");
}

TEST(EventTable, Zero_spelt_otherwise_is_the_default_compartment) {
  for (const char* zero : {"0.0", "00", "-0", "+0", "0e0"})
    EXPECT_EQ(only_row(std::string("ID,TIME,AMT,CMT\n1,0,100,") + zero + "\n").compartment, "") << zero;
}

TEST(EventTable, Unknown_compartment_is_refused_with_a_near_match) {
  expect_refused("ID,TIME,AMT,CMT\n1,0,100,centrl\n", "event-010", 2, "CMT is 'centrl', which is no species of the model", "Did you mean 'central'?");
}

TEST(EventTable, Compartment_index_out_of_range_is_refused) {
  expect_refused("ID,TIME,AMT,CMT\n1,0,100,3\n", "event-010", 2, "CMT is 3, but the model has 2 species");
  expect_refused("ID,TIME,AMT,CMT\n1,0,100,1.5\n", "event-010", 2, "CMT is 1.5, but the model has 2 species");
  expect_refused("ID,TIME,AMT,CMT\n1,0,100,nan\n", "event-010", 2, "CMT is nan, but the model has 2 species");
}

TEST(EventTable, Negative_compartment_is_refused) {
  expect_refused("ID,TIME,AMT,CMT\n1,0,100,-2\n", "event-010", 2, "CMT is -2",
                 "Switching a compartment off (a negative CMT) is not supported; use EVENT = replace with AMT 0.");
}

// ---- values that are refused

TEST(EventTable, Cell_that_is_no_number_is_refused) { expect_refused("ID,TIME,AMT\n1,0,1OO\n", "event-007", 2, "AMT is '1OO', not a finite number"); }

TEST(EventTable, Amount_that_is_not_finite_is_refused) {
  for (const std::string bad : {"inf", "nan", "-inf", "1e999"})
    expect_refused("ID,TIME,AMT\n1,0," + bad + "\n", "event-007", 2, "AMT is '" + bad + "', not a finite number",
                   bad == "nan" ? "A missing value is an empty cell, '.' or NA." : "");
}

TEST(EventTable, Time_that_is_not_finite_is_refused) {
  expect_refused("ID,TIME,AMT\n1,inf,1\n", "event-007", 2, "TIME is 'inf', not a finite number");
}

TEST(EventTable, Negative_amount_is_refused) { expect_refused("ID,TIME,AMT\n1,0,-5\n", "event-011", 2, "AMT is negative: -5"); }

TEST(EventTable, Amount_of_0_in_a_dose_row_is_refused) {
  expect_refused("ID,TIME,AMT,EVID\n1,0,0,1\n", "event-011", 2, "AMT is 0 in a dose row", "A dose of 0 is allowed only with SS.");
}

/// NONMEM: "observation record must not specify dose information"; to drop the dose in silence would be worse than to refuse it.
TEST(EventTable, Amount_in_an_observation_row_is_refused) { EXPECT_EQ(error("ID,TIME,AMT,EVID\n1,0,100,0\n").diagnostics()[0].where.line, 2); }

TEST(EventTable, Rate_and_duration_together_are_refused) {
  expect_refused("ID,TIME,AMT,RATE,DUR\n1,0,100,10,5\n", "event-011", 2, "RATE and DUR are both given", "One of them says all.");
}

TEST(EventTable, Rate_below_minus_2_or_between_is_refused) {
  for (const std::string bad : {"-3", "-0.5", "-1.5"}) {
    expect_refused("ID,TIME,AMT,RATE\n1,0,100," + bad + "\n", "event-011", 2, "RATE is " + bad,
                   "Allowed are 0, a positive rate, -1 (rate from the model) and -2 (duration from the model).");
  }
}

TEST(EventTable, Rate_from_the_model_without_an_amount_is_refused) {
  expect_refused("ID,TIME,AMT,RATE,SS,II\n1,0,0,-2,1,0\n", "event-011", 2, "RATE -1 or -2 needs an AMT");
}

TEST(EventTable, Negative_duration_is_refused) {
  expect_refused("ID,TIME,AMT,DUR\n1,0,100,-1\n", "event-011", 2, "the infusion duration is negative");
}
TEST(EventTable, Negative_interval_is_refused) { expect_refused("ID,TIME,AMT,II\n1,0,100,-24\n", "event-011", 2, "II is negative"); }
TEST(EventTable, Additional_doses_without_an_interval_are_refused) {
  expect_refused("ID,TIME,AMT,ADDL\n1,0,100,3\n", "event-011", 2, "ADDL is 3 without an interval II");
}
TEST(EventTable, Steady_state_without_an_interval_is_refused) {
  expect_refused("ID,TIME,AMT,SS\n1,0,100,1\n", "event-011", 2, "SS needs an interval II");
}

TEST(EventTable, Constant_infusion_with_additional_doses_is_refused) {
  expect_refused("ID,TIME,AMT,RATE,SS,ADDL,II\n1,0,0,10,1,2,24\n", "event-011", 2, "a constant infusion at steady state takes no ADDL");
}

TEST(EventTable, Negative_or_broken_ADDL_is_refused) {
  for (const std::string bad : {"-1", "1.5"}) {
    expect_refused("ID,TIME,AMT,II,ADDL\n1,0,100,24," + bad + "\n", "event-008", 2, "ADDL is " + bad, "Allowed are whole numbers from 0 to 1000000.");
  }
}

TEST(EventTable, Steady_state_above_3_is_refused) {
  expect_refused("ID,TIME,AMT,II,SS\n1,0,100,24,4\n", "event-008", 2, "SS is 4", "Allowed are whole numbers from 0 to 3.");
}
TEST(EventTable, EVID_above_4_is_refused) {
  expect_refused("ID,TIME,EVID\n1,0,5\n", "event-008", 2, "EVID is 5", "Allowed are whole numbers from 0 to 4.");
}

TEST(EventTable, Unknown_action_is_refused_with_a_near_match) {
  expect_refused("ID,TIME,AMT,EVENT\n1,0,5,replce\n", "event-011", 2, "EVENT is 'replce'",
                 "Allowed are 'replace' and 'multiply'. Did you mean 'replace'?");
}

// ---- order of rows

TEST(EventTable, Time_going_back_is_refused) {
  expect_refused("ID,TIME\n1,5\n1,4.5\n", "event-013", 3, "TIME goes back from 5 to 4.5",
                 "Times of a subject ascend, except at a reset (EVID 3 or 4).");
}

TEST(EventTable, Time_may_go_back_at_a_reset) {
  for (const char* evid : {"3", "4"})
    EXPECT_NO_THROW((void)parse(std::string("ID,TIME,AMT,EVID\n1,5,0,0\n1,0,") + (evid == std::string("4") ? "5," : "0,") + evid + "\n1,1,0,0\n"))
        << evid;
}

TEST(EventTable, Time_may_start_again_with_the_next_subject) { EXPECT_EQ(parse("ID,TIME\n1,5\n2,0\n").subjects.size(), 2u); }

TEST(EventTable, Rows_of_a_subject_apart_are_refused) {
  expect_refused("ID,TIME\n1,0\n2,0\n1,1\n", "event-012", 4, "the rows of subject '1' are not together", "Sort the table by ID.");
}

TEST(EventTable, Missing_ID_or_TIME_in_a_row_is_refused) {
  expect_refused("ID,TIME\n,0\n", "event-009", 2, "ID is missing");
  expect_refused("ID,TIME\n1,.\n", "event-009", 2, "TIME is missing");
}

TEST(EventTable, Several_problems_are_reported_in_one_go_by_line) {
  const auto e = error("ID,TIME,AMT,CMT\n1,0,-5,central\n1,1,x,depot\n1,2,1,limbo\n");
  EXPECT_EQ(e.kind(), core::ErrorKind::Dosing);
  ASSERT_EQ(e.diagnostics().size(), 3u) << e.what();
  EXPECT_EQ(e.diagnostics()[0].where.line, 2);
  EXPECT_EQ(e.diagnostics()[1].where.line, 3);
  EXPECT_EQ(e.diagnostics()[2].where.line, 4);
}

// ---- files that are no tables

TEST(EventTable, Ragged_row_is_refused) { expect_refused("ID,TIME,AMT\n1,0\n", "csv-002", 2, "the row has 2 cells, the header 3"); }
TEST(EventTable, Empty_file_is_refused) { expect_refused(" \n\n", "csv-001", 0, "the file is empty"); }
TEST(EventTable, Header_alone_is_refused) { expect_refused("ID,TIME\n", "event-002", 0, "the table has no rows"); }
TEST(EventTable, Open_quote_is_refused) { expect_refused("ID,TIME\n1,\"0\n", "csv-003", 2, "a quote is never closed"); }
TEST(EventTable, Binary_file_is_refused) {
  expect_refused(std::string("ID,TIME\n\0\1", 10), "csv-004", 2, "the file is binary, not a text table",
                 "If it is UTF-16 or a spreadsheet, save it as CSV in UTF-8.");
}

TEST(EventTable, Megabyte_of_noise_is_refused) {
  std::mt19937 random(1);
  std::string noise(1 << 20, ' ');
  for (char& c : noise) c = static_cast<char>(1 + random() % 255);
  EXPECT_THROW((void)parse(noise), core::Error);
}

TEST(EventTable, Directory_and_missing_file_are_refused) {
  const support::TemporaryFolder folder;
  for (const auto& path : {folder.path(), folder.path("none.csv")}) {
    const auto e = error_of([&] { (void)read_event_table(path, "h", {}, {}, support::units()); });
    EXPECT_EQ(e.kind(), core::ErrorKind::Io);
    EXPECT_NE(std::string(e.what()).find("cannot read '" + path + "'"), std::string::npos) << e.what();
  }
}

TEST(EventTable, Any_cells_are_read_or_refused) {
  EXPECT_TRUE(rc::check("no other exception escapes", [] {
    const auto cell = rc::gen::element<std::string>("0", "1", "2", "-1", ".", "", "100", "central", "x", "nan", "replace", "1e9", "0.0");
    std::string text = "ID,TIME,EVID,AMT,CMT,RATE,DUR,II,ADDL,SS,MDV,EVENT,CL\n";
    const int rows = *rc::gen::inRange(1, 5);
    for (int i = 0; i < rows; ++i) {
      for (int c = 0; c < 13; ++c) text += (c > 0 ? "," : "") + *cell;
      text += "\n";
    }
    try {
      (void)parse(text);
    } catch (const core::Error& e) {
      RC_ASSERT(!e.diagnostics().empty());
    }
  }));
}

}  // namespace
}  // namespace osteosome::protocol
