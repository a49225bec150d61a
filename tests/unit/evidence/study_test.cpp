// SPDX-License-Identifier: Apache-2.0
// Study documents: the shipped ones load, broken ones are refused with every problem.
#include "osteosome/evidence/study.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "errors.hpp"
#include "evidence_vocabulary.hpp"

namespace osteosome::evidence {
namespace {

using support::error_of;
using support::vocabulary;

const std::string kGood = R"toml([study]
id = "trial"
title = "Trial (Author 2020)"
domain = "clinical"
doi = "10.1/x"

[arms.one]
label = "drug"
regimen = "denosumab 60 mg"
time_zero_month = 12
runnable = "yes"
role = "validation"
measurements = [
  { outcome = "TH", unit = "percent_change", month = 6, mean = 2.5, ci_low = 1, ci_high = 4, interval = "CI95", n = 10, count = "yes", provenance = "seen" },
  { outcome = "TH", unit = "percent_change", month = 9, mean = 2.5, error = 1.5, interval = "SD", count = "no:duplicate", provenance = "recalled" },
]
)toml";

core::Error refusal(const std::string& text) {
  const support::TemporaryFolder folder;
  return error_of([&] { (void)load_study(folder.write("trial.toml", text), vocabulary()); });
}

/// kGood with `from` turned into `to` has exactly one problem with this message, at the line of `marker`.
void expect_refused(const std::string& from, const std::string& to, const std::string& message, const std::string& hint, const std::string& marker) {
  std::string text = kGood;
  text.replace(text.find(from), from.size(), to);
  const auto error = refusal(text);
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, message);
  EXPECT_NE(error.diagnostics()[0].hint.find(hint), std::string::npos) << error.what();
  EXPECT_EQ(error.diagnostics()[0].where.line, support::line_of(text, marker)) << error.what();
}

TEST(Study, Fields_are_read) {
  const support::TemporaryFolder folder;
  const auto s = load_study(folder.write("trial.toml", kGood), vocabulary());
  EXPECT_EQ(s.id, "trial");
  EXPECT_EQ(s.doi, "10.1/x");
  ASSERT_EQ(s.arms.size(), 1u);
  EXPECT_EQ(s.arms[0].id, "one");
  EXPECT_EQ(s.arms[0].time_zero_month, 12);
  EXPECT_EQ(s.arms[0].role, "validation");
  ASSERT_EQ(s.arms[0].measurements.size(), 2u);
  const auto& m = s.arms[0].measurements[0];
  EXPECT_EQ(m.outcome, "TH");
  EXPECT_EQ(*m.mean, 2.5);
  EXPECT_EQ(*m.low, 1);
  EXPECT_EQ(*m.high, 4);
  EXPECT_FALSE(m.error.has_value());
  EXPECT_EQ(*s.arms[0].measurements[1].error, 1.5);
}

TEST(Study, Every_shipped_file_loads) {
  const auto studies = load_evidence(OSTEOSOME_ROOT);
  std::size_t files = 0;
  for (const auto& f : std::filesystem::recursive_directory_iterator(std::string(OSTEOSOME_ROOT) + "/evidence"))
    files += f.path().extension() == ".toml" && f.path().parent_path().filename() != "preclinical" ? 1 : 0;
  EXPECT_EQ(studies.size(), files);
  EXPECT_GE(files, 15u);
}

TEST(Study, Shipped_arms_have_ids_of_their_own) {
  std::set<std::string> ids;
  for (const auto& s : load_evidence(OSTEOSOME_ROOT)) {
    for (const auto& a : s.arms) EXPECT_TRUE(ids.insert(a.id).second) << a.id;
  }
}

TEST(Study, Shipped_file_is_named_as_its_study) {
  const auto studies = load_evidence(OSTEOSOME_ROOT);
  std::set<std::string> names;
  for (const auto& f : std::filesystem::recursive_directory_iterator(std::string(OSTEOSOME_ROOT) + "/evidence")) names.insert(f.path().filename());
  for (const auto& s : studies) EXPECT_TRUE(names.contains(s.id + ".toml")) << s.id;
}

TEST(Study, Shipped_intervals_hold_their_mean) {
  for (const auto& s : load_evidence(OSTEOSOME_ROOT)) {
    for (const auto& a : s.arms) {
      for (const auto& m : a.measurements) {
        if (!m.mean || !m.low || !m.high) continue;
        EXPECT_LE(*m.low, *m.mean) << a.id << " " << m.outcome << " " << m.month;
        EXPECT_GE(*m.high, *m.mean) << a.id << " " << m.outcome << " " << m.month;
      }
    }
  }
}

TEST(Study, Folder_without_evidence_gives_no_study) {
  const support::TemporaryFolder folder;
  EXPECT_TRUE(load_studies(folder.path(), vocabulary()).empty());
}

TEST(Study, Missing_header_is_refused) {
  const auto error = refusal("[arms.one]\nrunnable = \"yes\"\n");
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "study-001");
  EXPECT_EQ(error.diagnostics()[0].message, "study document: the table [study] is missing");
}

TEST(Study, Missing_outcome_is_refused) { expect_refused("outcome = \"TH\", ", "", "measurement of arm 'one': 'outcome' is missing", "", "{ unit"); }
TEST(Study, Missing_provenance_is_refused) {
  expect_refused(", provenance = \"seen\"", "", "measurement of arm 'one': 'provenance' is missing", "", "ci_low");
}
TEST(Study, Missing_count_is_refused) { expect_refused("count = \"yes\", ", "", "measurement of arm 'one': 'count' is missing", "", "ci_low"); }
TEST(Study, Missing_runnable_is_refused) { expect_refused("runnable = \"yes\"\n", "", "arm 'one': 'runnable' is missing", "", "[arms.one]"); }
TEST(Study, Mean_that_is_text_is_refused) {
  expect_refused("mean = 2.5, ci", "mean = \"2.5\", ci", "measurement of arm 'one': 'mean' should be a number, but is a string", "", "ci_low");
}
TEST(Study, Unknown_key_is_refused_with_a_near_match) {
  expect_refused("role =", "rolle =", "arm 'one': unknown key 'rolle'", "Did you mean 'role'?", "rolle");
}

/// An interval upside down would be drawn and counted as one that no value lies inside.
TEST(Study, Interval_upside_down_is_refused) {
  EXPECT_EQ(refusal(std::string(kGood).replace(kGood.find("ci_low = 1"), 10, "ci_low = 9")).kind(), core::ErrorKind::Input);
}

/// Months before the arm's month 0 are allowed; a month or a mean that is not a number is not.
TEST(Study, Mean_that_is_not_finite_is_refused) {
  EXPECT_EQ(refusal(std::string(kGood).replace(kGood.find("mean = 2.5"), 10, "mean = nan")).kind(), core::ErrorKind::Input);
}

TEST(Study, Several_problems_are_reported_in_one_go) {
  const auto error = refusal("[study]\nid = \"x\"\n[arms.one]\nmeasurements = [ { outcome = \"TH\" } ]\n");
  // title, domain; runnable; unit, month, count, provenance
  EXPECT_EQ(error.diagnostics().size(), 7u) << error.what();
}

}  // namespace
}  // namespace osteosome::evidence
