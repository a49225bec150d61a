// SPDX-License-Identifier: Apache-2.0
// Populations of studies: which entry a code gets, and what is refused. What they do to a woman: trials_test.cpp.
#include "osteosome/evidence/populations.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "errors.hpp"

namespace osteosome::support {
namespace {

const std::string kRest = "[[populations]]\ncode = \"rest\"\ntitle = \"rest\"\nothers = \"\"\nage = 67\nsource = \"test\"\n";

evidence::Populations load(const std::string& text) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("vocabulary"));
  folder.write("vocabulary/populations.toml", text);
  return evidence::load_populations(folder.path(), model::load_outcomes(OSTEOSOME_ROOT));
}

TEST(Populations, The_own_entry_then_one_for_others_that_begin_so_then_the_rest) {
  const auto all = load("[[populations]]\ncode = \"pm_a\"\ntitle = \"a\"\nothers = \"pm_\"\nage = 60\nsource = \"test\"\n" + kRest +
                        "[[populations]]\ncode = \"pm_b\"\ntitle = \"b\"\nage = 61\nsource = \"test\"\n");
  EXPECT_EQ(all.of("pm_b").age_y, 61);
  EXPECT_EQ(all.of("pm_c").code, "pm_a");
  EXPECT_EQ(all.of("men").code, "rest");
  EXPECT_EQ(all.of("").code, "rest");
}

TEST(Populations, Mistakes_are_refused_with_what_may_be_meant) {
  const std::string entry = "[[populations]]\ncode = \"a\"\ntitle = \"a\"\nsource = \"test\"\n";
  struct {
    std::string text, message, hint;
  } const cases[] = {
      {kRest + entry + "age = 60\nt_scores = { LSS = -2 }\n", "no site with T-scores is called 'LSS'", "Did you mean 'LS'?"},
      {kRest + entry + "age = 60\nt_scores = { tibia = -2 }\n", "no site with T-scores is called 'tibia'", ""},
      {kRest + entry, "'age' or 'age_at_menopause', one of them, is needed", ""},
      {kRest + entry + "age = 7\n", "an age of 7 years", ""},
      {kRest + entry + "age = 60\nsurgical = true\n", "'surgical' needs 'age_at_menopause'", ""},
      {kRest + kRest, "'rest' stands twice", ""},
      {entry + "age = 60\n", "no entry of [[populations]] is for all others", "Give one of them others = \"\"."},
  };
  for (const auto& c : cases) {
    const auto error = error_of([&] { (void)load(c.text); });
    ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
    EXPECT_NE(error.diagnostics()[0].message.find(c.message), std::string::npos) << error.what();
    EXPECT_EQ(error.diagnostics()[0].hint, c.hint) << c.message;
    EXPECT_GT(error.diagnostics()[0].where.line, 0) << c.message;
  }
}

}  // namespace
}  // namespace osteosome::support
