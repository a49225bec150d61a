// SPDX-License-Identifier: Apache-2.0
// The vocabulary of outcomes and sites: what the shipped files say, what an entry gives, what is refused.
#include "osteosome/model/outcomes.hpp"

#include <gtest/gtest.h>

#include <set>

#include "documents.hpp"

namespace osteosome::support {
namespace {

using model::Outcomes;

const std::string kSites = "[[sites]]\ncode = \"DR\"\ntitle = \"distal radius\"\nt_score = true\n[[sites]]\ncode = \"ilium\"\ntitle = \"ilium\"\n";
const std::string kOutcome = "[[outcomes]]\ntitle = \"X\"\nmeaning = \"x\"\nkind = \"structure\"\nunit = \"1\"\n";

/// A data folder with these two files.
class Vocabulary {
 public:
  explicit Vocabulary(const std::string& outcomes, const std::string& sites = kSites) {
    std::filesystem::create_directories(folder_.path("vocabulary"));
    folder_.write("vocabulary/outcomes.toml", outcomes);
    folder_.write("vocabulary/sites.toml", sites);
  }
  [[nodiscard]] Outcomes load() const { return model::load_outcomes(folder_.path()); }
  [[nodiscard]] core::Diagnostic problem() const {
    const auto error = error_of([&] { (void)load(); });
    EXPECT_EQ(error.diagnostics().size(), 1u) << error.what();
    return error.diagnostics().front();
  }

 private:
  TemporaryFolder folder_;
};

TEST(Outcomes, One_with_sites_has_a_code_and_a_title_a_site) {
  const Outcomes all = Vocabulary(kOutcome + "code = \"BVTV\"\nsites = [\"DR\", \"ilium\"]\ngood = \"up\"\n").load();
  ASSERT_EQ(all.all().size(), 2u);
  EXPECT_EQ(all.codes(), (std::vector<std::string>{"BVTV_DR", "BVTV_ilium"}));
  const auto* radius = all.find("BVTV_DR");
  ASSERT_NE(radius, nullptr);
  EXPECT_EQ(radius->measure, "BVTV");
  EXPECT_EQ(radius->site, "DR");
  EXPECT_EQ(radius->title, "X, distal radius");
  EXPECT_EQ(radius->good, model::Good::Up);
  EXPECT_EQ(radius->spread, "other") << "unless it is said";
  EXPECT_EQ(all.find("BVTV"), nullptr);
  EXPECT_EQ(all.find("BVTV", "ilium"), all.find("BVTV_ilium"));
  EXPECT_EQ(all.find("BVTV", "LS"), nullptr);
  EXPECT_EQ(all.sites().front().t_score_key(), "t_dr");
}

TEST(Outcomes, One_without_sites_is_found_whatever_the_site) {
  const Outcomes all = Vocabulary(kOutcome + "code = \"MAR\"\n").load();
  EXPECT_EQ(all.find("MAR", "tibia"), all.find("MAR"));
  EXPECT_EQ(all.find("MAR")->good, model::Good::Neither);
}

TEST(Outcomes, Usual_ones_stand_in_their_order_and_fractures_are_in_evidence_only) {
  const std::string fracture = "[[outcomes]]\ncode = \"VFX\"\ntitle = \"X\"\nmeaning = \"x\"\nkind = \"fracture\"\nunit = \"1\"\n";
  const Outcomes all =
      Vocabulary(kOutcome + "code = \"b\"\norder = 2\n" + kOutcome + "code = \"a\"\norder = 1\n" + kOutcome + "code = \"c\"\n" + fracture).load();
  EXPECT_EQ(all.usual(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(all.codes(), (std::vector<std::string>{"b", "a", "c"}));
}

TEST(Outcomes, Mistakes_are_refused_where_they_stand_with_what_may_be_meant) {
  struct {
    const char *more, *code, *message, *hint;
  } const cases[] = {
      {"code = \"a\"\ngood = \"upp\"\n", "outcome-001", "unknown 'good' = 'upp'", "One of up, down. Did you mean 'up'?"},
      {"code = \"a\"\nsite = \"illium\"\n", "outcome-001", "unknown 'site' = 'illium'", "One of DR, ilium. Did you mean 'ilium'?"},
      {"code = \"a\"\nsites = [\"ilum\"]\n", "outcome-001", "unknown 'sites' = 'ilum'", "One of DR, ilium. Did you mean 'ilium'?"},
      {"code = \"a b\"\n", "outcome-002", "'a b' is no code", "Use letters, digits and '_'."},
      {"code = \"a\"\nsite = \"DR\"\nsites = [\"DR\"]\n", "outcome-005", "'site' and 'sites' are the same question", "Keep one of them."},
      {"code = \"a\"\nprecision = 1\n", "outcome-005", "'precision' needs a 'source'", ""},
      {"code = \"a\"\nprecision = 0\nsource = \"x\"\n", "outcome-005", "'precision' should lie between 0 and 100 percent", ""},
      {"code = \"a\"\norder = 1.5\n", "outcome-005", "'order' should be a whole number from 1 to 1000", ""},
      {"code = \"a\"\nfade = true\n", "toml-006", "entry of [[outcomes]]: unknown key 'fade'", "Did you mean 'fades'?"},
  };
  for (const auto& c : cases) {
    const auto d = Vocabulary(kOutcome + c.more).problem();
    EXPECT_EQ(d.code, c.code) << c.more;
    EXPECT_NE(d.message.find(c.message), std::string::npos) << d.message;
    EXPECT_EQ(d.hint, c.hint) << c.more;
    EXPECT_GT(d.where.line, 1) << c.more;
    EXPECT_TRUE(d.where.file.ends_with("vocabulary/outcomes.toml")) << d.where.file;
  }
}

TEST(Outcomes, A_code_twice_is_refused_also_when_a_site_makes_it) {
  EXPECT_EQ(Vocabulary(kOutcome + "code = \"a\"\n" + kOutcome + "code = \"a\"\n").problem().code, "outcome-003");
  EXPECT_EQ(Vocabulary(kOutcome + "code = \"a_DR\"\n" + kOutcome + "code = \"a\"\nsites = [\"DR\"]\n").problem().code, "outcome-003");
  EXPECT_EQ(Vocabulary(kOutcome + "code = \"a\"\n", kSites + "[[sites]]\ncode = \"DR\"\ntitle = \"again\"\n").problem().code, "outcome-003");
}

TEST(Outcomes, A_file_without_its_list_is_refused) { EXPECT_EQ(Vocabulary("# nothing\n").problem().code, "outcome-004"); }

TEST(Outcomes, Shipped_ones_are_the_codes_of_documents_in_evidence_and_reports) {
  const Outcomes all = model::load_outcomes(OSTEOSOME_ROOT);
  EXPECT_EQ(all.codes().size(), 56u);
  EXPECT_EQ(all.usual(), (std::vector<std::string>{"TH", "LS", "FN", "CTX", "P1NP", "BSAP", "OC", "TR", "TB"}));
  std::set<std::string> markers;
  for (const auto& o : all.all()) {
    if (o.kind == model::OutcomeKind::Marker) markers.insert(o.code);
  }
  EXPECT_EQ(markers, (std::set<std::string>{"CTX", "uCTX", "P1NP", "BSAP", "OC"}));
  EXPECT_EQ(all.find("BVTV_tibia")->spread, "BV/TV");
  EXPECT_EQ(all.find("OcS")->good, model::Good::Down);
  EXPECT_EQ(all.find("TH")->site, "TH");
}

}  // namespace
}  // namespace osteosome::support
