// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/toml.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "errors.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::core {
namespace {

using support::error_of;
using support::TemporaryFolder;

TEST(ParseToml, keys_keepTheOrderOfTheFile) {
  const TomlValue t = parse_toml("zebra = 1\nant = 2\n[middle]\nb = 1\na = 2\n", "m.toml");
  ASSERT_EQ(t.entries.size(), 3u);
  EXPECT_EQ(t.entries[0].first, "zebra");
  EXPECT_EQ(t.entries[1].first, "ant");
  EXPECT_EQ(t.entries[2].first, "middle");
  EXPECT_EQ(t.entries[2].second.entries[0].first, "b");
}

TEST(ParseToml, values_haveLineAndColumnOfTheirKey) {
  const TomlValue t = parse_toml("[a]\n  b = 7\n", "m.toml");
  const Location where = t.find("a")->find("b")->where;
  EXPECT_EQ(where.file, "m.toml");
  EXPECT_EQ(where.line, 2);
  EXPECT_EQ(where.column, 3);
}

TEST(ParseToml, kinds_areTold) {
  const TomlValue t = parse_toml("s = 'x'\nn = 1.5\nk = 2\nb = true\na = [1]\nd = 2024-01-01\n", "m.toml");
  EXPECT_EQ(t.find("s")->kind, TomlValue::Kind::String);
  EXPECT_EQ(t.find("n")->kind, TomlValue::Kind::Number);
  EXPECT_FALSE(t.find("n")->integer);
  EXPECT_TRUE(t.find("k")->integer);
  EXPECT_TRUE(t.find("b")->boolean);
  EXPECT_EQ(t.find("a")->items.size(), 1u);
  EXPECT_STREQ(t.find("d")->kind_name(), "a date or time");
}

/// TOML 1.0: bare keys are ASCII; strings and comments hold anything.
TEST(ParseToml, charactersBeyondAscii_belongIntoStringsAndComments) {
  for (const char* good : {R"(a = 'é' # ä)", R"('ü' = 1)", R"(a = "\"é")", "a = \"\"\"\nx \\\"\"\" é\"\"\"\"\nb = 'é'\n", "a = '''\n'' é'''''\n",
                           "\xEF\xBB\xBF"
                           "a = 1\n",
                           R"(x = { a = """q"""", b = "é" })"})
    EXPECT_NO_THROW((void)parse_toml(good, "m.toml")) << good;
  for (const char* bad : {"\xCB\xA4", "a = 1\n é = 2\n", "a = é\n", "a = 1 µ\n", "[é]\n", "a = \"open\né = 1\n"}) {
    const Error error = error_of([&] { (void)parse_toml(bad, "m.toml"); });
    EXPECT_EQ(error.diagnostics().front().code, "toml-001") << bad;
  }
  const Error error = error_of([] { (void)parse_toml("a = 1\n  é = 2\n", "m.toml"); });
  EXPECT_EQ(error.diagnostics().front().where.line, 2);
  EXPECT_EQ(error.diagnostics().front().where.column, 3);
}

TEST(ParseToml, brokenText_isRefusedWithPosition) {
  const Error error = error_of([] { (void)parse_toml("a = 1\nb = = 2\n", "m.toml"); });
  EXPECT_EQ(error.kind(), ErrorKind::Input);
  const Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, "toml-001");
  EXPECT_EQ(d.message.substr(0, 16), "not valid TOML: ");
  EXPECT_EQ(d.where.line, 2);
  EXPECT_EQ(d.where.column, 5);
}

TEST(ParseToml, repeatedKey_isRefusedAtTheSecond) {
  const Error error = error_of([] { (void)parse_toml("a = 1\nb = 2\na = 3\n", "m.toml"); });
  EXPECT_EQ(error.diagnostics().front().where.line, 3);
  EXPECT_NE(std::string(error.what()).find("redefine"), std::string::npos) << error.what();
}

TEST(LoadToml, missingFile_isRefused) {
  const TemporaryFolder folder;
  const Error error = error_of([&] { (void)load_toml(folder.path("none.toml")); });
  EXPECT_EQ(error.kind(), ErrorKind::Io);
  EXPECT_EQ(error.diagnostics().front().code, "io-001");
  EXPECT_EQ(error.diagnostics().front().message, "cannot read '" + folder.path("none.toml") + "': no such file");
}

TEST(LoadToml, directory_isRefused) {
  const TemporaryFolder folder;
  const Error error = error_of([&] { (void)load_toml(folder.path()); });
  EXPECT_EQ(error.kind(), ErrorKind::Io);
  EXPECT_EQ(error.diagnostics().front().message, "cannot read '" + folder.path() + "': it is a directory, not a file");
}

TEST(LoadToml, emptyFile_isRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.write("empty.toml", " \n\n");
  const Error error = error_of([&] { (void)load_toml(path); });
  EXPECT_EQ(error.kind(), ErrorKind::Input);
  EXPECT_EQ(error.diagnostics().front().code, "toml-002");
  EXPECT_EQ(error.diagnostics().front().message, "the file is empty");
  EXPECT_EQ(error.diagnostics().front().where.file, path);
}

std::string noise(std::size_t bytes) {
  std::mt19937_64 generator(1);
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
    const std::uint64_t word = generator();
    for (std::size_t k = 0; k < 8; ++k) text[i + k] = static_cast<char>(word >> (8 * k));
  }
  return text;
}

TEST(LoadToml, fiftyMegabytesOfNoise_areRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.write("noise.toml", noise(50'000'000));
  const Error error = error_of([&] { (void)load_toml(path); });
  EXPECT_EQ(error.kind(), ErrorKind::Input);
  EXPECT_EQ(error.diagnostics().front().message, "the file is larger than the limit of 16 MiB");
}

TEST(LoadToml, noiseBelowTheLimit_isNoToml) {
  const TemporaryFolder folder;
  const std::string path = folder.write("noise.toml", noise(4'000'000));
  const Error error = error_of([&] { (void)load_toml(path); });
  EXPECT_EQ(error.diagnostics().front().code, "toml-001");
}

TEST(LoadToml, deepNesting_isRefusedWithoutCrash) {
  const TemporaryFolder folder;
  const std::string path = folder.write("deep.toml", "a = " + std::string(1'000'000, '['));
  const Error error = error_of([&] { (void)load_toml(path); });
  EXPECT_EQ(error.diagnostics().front().code, "toml-001");
}

class Reading {
 public:
  explicit Reading(const std::string& text) : value(parse_toml(text, "m.toml")), reader(value, "parameter 'k'", problems) {}
  TomlValue value;
  Diagnostics problems;
  TomlReader reader;
};

TEST(TomlReader, unknownKey_isReportedWithNearMatch) {
  Reading r("value = 1\nunt = 'h'\n");
  (void)r.reader.number("value");
  (void)r.reader.text("unit");
  r.reader.finish();
  ASSERT_EQ(r.problems.all().size(), 1u);
  EXPECT_EQ(to_text(r.problems.all()[0]), "m.toml:2:1: parameter 'k': unknown key 'unt' [toml-006] Did you mean 'unit'?");
}

TEST(TomlReader, unknownKeyNearNothing_listsTheKnownKeys) {
  Reading r("extraordinary = 1\n");
  (void)r.reader.number("value");
  (void)r.reader.text("unit");
  r.reader.finish();
  ASSERT_EQ(r.problems.all().size(), 1u);
  EXPECT_EQ(r.problems.all()[0].hint, "Known keys: value unit.");
}

TEST(TomlReader, wrongType_isReportedAtTheKey) {
  Reading r("\nvalue = 'seven'\n");
  EXPECT_EQ(r.reader.number("value"), std::nullopt);
  ASSERT_EQ(r.problems.all().size(), 1u);
  EXPECT_EQ(to_text(r.problems.all()[0]), "m.toml:2:1: parameter 'k': 'value' should be a number, but is a string [toml-004]");
}

TEST(TomlReader, wrongTypeOfRequiredKey_isReportedOnce) {
  Reading r("value = 'seven'\n");
  (void)r.reader.required_number("value");
  EXPECT_EQ(r.problems.all().size(), 1u);
}

TEST(TomlReader, missingRequiredKey_isReported) {
  Reading r("a = 1\n");
  (void)r.reader.required_text("unit");
  ASSERT_EQ(r.problems.all().size(), 1u);
  EXPECT_EQ(r.problems.all()[0].message, "parameter 'k': 'unit' is missing");
}

TEST(TomlReader, blankRequiredText_isReported) {
  Reading r("unit = ''\n");
  (void)r.reader.required_text("unit");
  ASSERT_EQ(r.problems.all().size(), 1u);
  EXPECT_EQ(r.problems.all()[0].message, "parameter 'k': 'unit' is empty");
}

TEST(TomlReader, formulaGivenAsNumber_isItsText) {
  Reading r("initial = 0.1\n");
  EXPECT_EQ(r.reader.formula("initial"), "0.1");
}

TEST(TomlReader, mixedList_isReported) {
  Reading r("faults = ['a', 1]\n");
  EXPECT_EQ(r.reader.texts("faults"), std::vector<std::string>{"a"});
  ASSERT_EQ(r.problems.all().size(), 1u);
  EXPECT_EQ(r.problems.all()[0].message, "parameter 'k': 'faults' should hold strings only");
}

TEST(TomlReader, noTable_isReported) {
  const TomlValue value = parse_toml("k = 3\n", "m.toml");
  Diagnostics problems;
  const TomlReader reader(*value.find("k"), "parameter 'k'", problems);
  ASSERT_EQ(problems.all().size(), 1u);
  EXPECT_EQ(problems.all()[0].message, "parameter 'k' should be a table, but is a number");
}

TEST(Diagnostics, problems_areThrownInOrderOfPosition) {
  Diagnostics problems;
  problems.add({"b", "second", {"f", 9, 1}, ""});
  problems.add({"a", "first", {"f", 2, 5}, "Hint."});
  const Error error = error_of([&] { problems.throw_if_any(ErrorKind::Model); });
  EXPECT_EQ(error.kind(), ErrorKind::Model);
  EXPECT_STREQ(error.what(), "f:2:5: first [a] Hint.\nf:9:1: second [b]");
}

TEST(Diagnostics, nothingFound_throwsNothing) { EXPECT_NO_THROW(Diagnostics().throw_if_any(ErrorKind::Model)); }

TEST(ReadFile, overTheLimit_isRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.write("f", std::string((1 << 20) + 1, 'x'));
  const Error error = error_of([&] { (void)read_file(path, 1 << 20); });
  EXPECT_EQ(error.diagnostics().front().message, "the file is larger than the limit of 1 MiB");
}

}  // namespace
}  // namespace osteosome::core
