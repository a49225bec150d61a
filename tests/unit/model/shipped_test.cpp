// SPDX-License-Identifier: Apache-2.0
// The models of the repository load, complete and in the order of their files.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "documents.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::model {
namespace {

using support::library;
using support::shipped;

/// Number of entries of a table as plain text: lines "NAME = {" between "[table]" and the next table.
std::vector<std::string> entries_in_file(const std::string& path, const std::string& table) {
  std::vector<std::string> names;
  bool inside = false;
  for (const std::string& line : core::split(core::read_file(path), '\n')) {
    if (line.starts_with("[")) inside = line.starts_with("[" + table + "]");
    const auto equals = line.find(" = {");
    if (inside && equals != std::string::npos && core::is_identifier(line.substr(0, equals))) names.push_back(line.substr(0, equals));
  }
  return names;
}

class Shipped : public testing::TestWithParam<const char*> {};

TEST_P(Shipped, species_areThoseOfTheFileInItsOrder) {
  const Model& m = shipped(GetParam());
  std::vector<std::string> ids;
  for (const Species& s : m.species) ids.push_back(s.id);
  EXPECT_EQ(ids, entries_in_file(m.file, "species"));
}

TEST_P(Shipped, parameters_areThoseOfTheFileInItsOrder) {
  const Model& m = shipped(GetParam());
  std::vector<std::string> ids;
  for (const Parameter& p : m.parameters) ids.push_back(p.id);
  EXPECT_EQ(ids, entries_in_file(m.file, "parameters"));
}

TEST_P(Shipped, everyParameter_hasSourceAndKind) {
  for (const Parameter& p : shipped(GetParam()).parameters) {
    EXPECT_FALSE(p.provenance.source.empty()) << p.id;
    EXPECT_NE(p.provenance.source, "model") << p.id;
    EXPECT_FALSE(p.provenance.kind.empty()) << p.id;
  }
}

TEST_P(Shipped, ruleOrder_putsEveryRuleAfterItsArguments) {
  const Model& m = shipped(GetParam());
  std::set<std::string> rules, done;
  for (const Rule& r : m.rules) rules.insert(r.id);
  for (const std::size_t i : rule_order(m)) {
    for (const std::string& name : expr::names_in(m.rules[i].formula)) {
      EXPECT_TRUE(!rules.contains(name) || done.contains(name)) << m.rules[i].id << " comes before " << name;
    }
    done.insert(m.rules[i].id);
  }
  EXPECT_EQ(done, rules);
}

TEST_P(Shipped, markdown_listsEveryParameterWithItsSource) {
  const Model& m = shipped(GetParam());
  const std::string text = to_markdown(m);
  const std::vector<std::string> lines = core::split(text, '\n');
  for (const Parameter& p : m.parameters) {
    const auto row = std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.starts_with("| " + p.id + " | " + core::format_double(p.value) + " | ");
    });
    ASSERT_NE(row, lines.end()) << p.id;
    EXPECT_NE(row->find(p.provenance.source), std::string::npos) << *row;
  }
}

TEST_P(Shipped, markdown_listsKnownFaults) {
  const Model& m = shipped(GetParam());
  const std::string text = to_markdown(m);
  for (const std::string& fault : m.faults) EXPECT_NE(text.find("- " + fault), std::string::npos) << fault;
}

std::string test_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::erase(name, '-');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Models, Shipped, testing::Values("peterson-riggs-2010", "joerg-2022"), test_name);

TEST(PetersonRiggs, species_are43WithTheSourcesCompartmentNumbers) {
  const Model& m = shipped("peterson-riggs-2010");
  ASSERT_EQ(m.species.size(), 43u);
  EXPECT_EQ(m.species[0].id, "DENSC");     // CMT 1
  EXPECT_EQ(m.species[22].id, "TERISC");  // CMT 23
}

TEST(PetersonRiggs, time_isHours) { EXPECT_TRUE(shipped("peterson-riggs-2010").time.unit.equivalent(support::units().parse("h"))); }
TEST(Joerg, time_isDays) { EXPECT_TRUE(shipped("joerg-2022").time.unit.equivalent(support::units().parse("d"))); }
TEST(Joerg, start_namesTheAgeParameter) { EXPECT_EQ(shipped("joerg-2022").age_at_zero, "init_age"); }
TEST(Joerg, doses_areItsFiveDrugs) {
  const Model& m = shipped("joerg-2022");
  EXPECT_EQ(m.doses.size(), 5u);
  ASSERT_NE(m.find_dose("denosumab"), nullptr);
  EXPECT_EQ(m.find_dose("denosumab")->into, "a_denosumab");
  EXPECT_EQ(m.find_dose("alendronate")->continuous_up_to_days, 1.0);
  EXPECT_TRUE(m.find_dose("teriparatide")->continuous);
}

TEST(Library, modelById_isFound) { EXPECT_TRUE(library().find_model("joerg-2022").ends_with("models/published/joerg-2022.toml")); }
TEST(Library, modelByFolderAndId_isFound) { EXPECT_TRUE(library().find_model("published/joerg-2022").ends_with("models/published/joerg-2022.toml")); }
TEST(Library, models_areListedSorted) {
  const auto ids = library().models();
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_NE(std::find(ids.begin(), ids.end(), "peterson-riggs-2010"), ids.end());
}
TEST(Library, misspeltModel_isRefusedWithNearMatch) {
  const core::Error error = support::error_of([] { (void)library().find_model("jorg-2022"); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Input);
  EXPECT_EQ(error.diagnostics().front().code, "input-010");
  EXPECT_EQ(error.diagnostics().front().message, "no model 'jorg-2022'");
  EXPECT_EQ(error.diagnostics().front().hint, "Did you mean 'joerg-2022'?");
}

}  // namespace
}  // namespace osteosome::model
