// SPDX-License-Identifier: Apache-2.0
// Tables as spreadsheets, R and NONMEM write them. Expected cells are those a reader of the file sees.
#include "osteosome/core/csv.hpp"

#include <gtest/gtest.h>

#include "errors.hpp"

namespace osteosome::core {
namespace {

using support::error_of;
using Cells = std::vector<std::string>;

CsvTable parse(std::string_view text) { return parse_csv(text, "t.csv"); }

Diagnostic refused(std::string_view text) {
  const Error e = error_of([&] { (void)parse(text); });
  if (e.diagnostics().size() != 1) {
    ADD_FAILURE() << e.what();
    return {};
  }
  return e.diagnostics().front();
}

/// Every text is the table a,b / 1,2 / 3,4.
TEST(Csv, The_same_table_in_every_layout) {
  const std::string utf16 =
      std::string("\xFF\xFE") +
      std::string(
          "a\0,\0b\0\n\0"
          "1\0,\0"
          "2\0\n\0"
          "3\0,\0"
          "4\0",
          22);
  for (const std::string& text :
       {std::string("a,b\n1,2\n3,4\n"), std::string("a,b\r1,2\r3,4\r"), std::string("a,b\r\n1,2\n3,4"), std::string("a;b\n1;2\n3;4\n"),
        std::string("a\tb\n1\t2\n3\t4\n"), std::string("a b\n1 2\n3  4\n"), std::string("  a    b\n  1 \t 2\n  3  4\n"),
        std::string("sep=;\na;b\n1;2\n3;4\n"), std::string("TABLE NO.  1\n a  b\n 1  2\n 3  4\n"),
        std::string("\xEF\xBB\xBF\"a\",\"b\"\n\"1\",\"2\"\n\"3\",\"4\"\n"), std::string("#a,b\n1,2\n3,4\n"), std::string("@a,b\n1,2\n3,4\n"),
        std::string("a,b\n1,2\n\n,,,\n3,4\n\n"), std::string("a,b\n1,2,\n3,4,\n"), std::string("a,b,\n1,2,\n3,4,\n"),
        std::string("# note\na,b\n1,2\n# 9,9\n3,4\n"),
        std::string("a,b\n\xC2\xA0"
                    "1, 2\n3,4\xE2\x80\xAF\n"),
        utf16}) {
    const auto table = parse(text);
    EXPECT_EQ(table.header, (Cells{"a", "b"})) << text;
    EXPECT_EQ(table.rows, (std::vector<Cells>{{"1", "2"}, {"3", "4"}})) << text;
  }
}

TEST(Csv, Lines_are_those_of_the_file) {
  const auto table = parse("# one\r\nsep=;\r\na;b\r\n\r\n1;2\r\n# six\r\n3;4\r\n");
  EXPECT_EQ(table.header_line, 3);
  EXPECT_EQ(table.lines, (std::vector<int>{5, 7}));
  EXPECT_EQ(table.comments, (Cells{"one", "six"}));
}

TEST(Csv, Units_in_brackets_are_no_second_column) {
  EXPECT_EQ(parse("time [h]\n1\n2\n").header, (Cells{"time [h]"}));
  EXPECT_EQ(parse("ID TIME [h]\n1 2\n").header, (Cells{"ID", "TIME[h]"}));
}

TEST(Csv, A_comment_before_the_header_is_no_header) {
  EXPECT_EQ(parse("# time-unit: h\nID,TIME\n1,2\n").header, (Cells{"ID", "TIME"}));
  EXPECT_EQ(parse("#a,b\n#c,d\nID,TIME\n1,2\n").comments, (Cells{"a,b", "c,d"}));
}

TEST(Csv, Quotes) {
  EXPECT_EQ(parse("a,b\n\"x, \"\"y\"\"\nz\" ,2\n").rows[0], (Cells{"x, \"y\"\nz", "2"}));
  EXPECT_EQ(parse("a,b\n5\" nail,2\n").rows[0], (Cells{"5\" nail", "2"})) << "a quote inside of a word";
  EXPECT_EQ(refused("a,b\n1,\"2\n").code, "csv-003");
  const auto d = refused("a,b\n\"1\"2,3\n");
  EXPECT_EQ(d.code, "csv-006");
  EXPECT_EQ(d.message, "text follows a closing quote");
  EXPECT_EQ(d.where.line, 2);
}

TEST(Csv, Other_encodings_are_named_with_the_cure) {
  const auto latin = refused("ID,TIME [\xB5s]\n1,2\n");
  EXPECT_EQ(latin.code, "csv-005");
  EXPECT_EQ(latin.hint, "The file may be Latin-1 (Windows): save it as UTF-8.");
  const auto binary = refused(std::string_view("a\0,\0b\0\n\0", 8));
  EXPECT_EQ(binary.code, "csv-004");
  EXPECT_EQ(binary.hint, "If it is UTF-16 or a spreadsheet, save it as CSV in UTF-8.");
  EXPECT_EQ(refused("").code, "csv-001");
  EXPECT_EQ(refused("\xEF\xBB\xBF \n").code, "csv-001");
  EXPECT_EQ(refused("# only\n# comments\n").message, "the file has comments only");
}

TEST(Csv, Ragged_rows_are_refused_and_a_decimal_comma_is_suspected) {
  const auto d = refused("a,b\n1,2,5\n");
  EXPECT_EQ(d.code, "csv-002");
  EXPECT_EQ(d.message, "the row has 3 cells, the header 2");
  EXPECT_EQ(d.hint, "A decimal comma splits a number in two: write a point.");
  EXPECT_EQ(refused("a;b\n1\n").hint, "");
}

TEST(CsvNumber, Decimal_commas_count_where_nothing_contradicts) {
  const auto german = parse("a;b\n100,5;x\n-1,25E2;y\n");
  EXPECT_TRUE(german.decimal_comma);
  EXPECT_EQ(csv_number(german, "100,5"), 100.5);
  EXPECT_EQ(csv_number(german, "-1,25E2"), -125);
  EXPECT_EQ(csv_number(german, "1.234,5"), std::nullopt);
  EXPECT_FALSE(parse("a;b\n100,5;2.5\n").decimal_comma) << "points and commas";
  EXPECT_FALSE(parse("a;b\n1,000;2\n").decimal_comma) << "one or a thousand";
  EXPECT_FALSE(parse("a,b\n\"1,5\",2\n").decimal_comma) << "commas separate the cells";
}

TEST(CsvNumber, Fortran_exponents_and_what_is_none) {
  const auto table = parse("a,b\n1,2\n");
  EXPECT_EQ(csv_number(table, "1.0D+02"), 100);
  EXPECT_EQ(csv_number(table, "5d-1"), 0.5);
  EXPECT_EQ(csv_number(table, "1.0000E+00"), 1);
  EXPECT_EQ(csv_number(table, "+7"), 7);
  for (const char* bad : {"1,000.5", "0x10", "1e400", "12d", "D2", "1.0D", "08:00", "2020-01-01", "0 # trough", "1 000", ""})
    EXPECT_EQ(csv_number(table, bad), std::nullopt) << bad;
}

TEST(CsvNumber, Hints_name_the_cure) {
  EXPECT_EQ(csv_number_hint("08:00"), "Clock times and dates are not read: write the time since the first record as a number.");
  EXPECT_EQ(csv_number_hint("2020-01-01"), csv_number_hint("08:00"));
  EXPECT_EQ(csv_number_hint("0 # trough"), "A comment stands on a line of its own that begins with '#'.");
  EXPECT_NE(csv_number_hint("1,000.5").find("no thousands separators"), std::string::npos);
  EXPECT_EQ(csv_number_hint("NaN"), "A missing value is an empty cell, '.' or NA.");
  EXPECT_EQ(csv_number_hint("abc"), "");
}

TEST(Csv, Missing_cells) {
  for (const char* cell : {"", ".", "NA"}) EXPECT_TRUE(csv_missing(cell)) << cell;
  for (const char* cell : {"0", "NaN", "na", "-"}) EXPECT_FALSE(csv_missing(cell)) << cell;
}

}  // namespace
}  // namespace osteosome::core
