// SPDX-License-Identifier: Apache-2.0
// Overlays of species: body mass and what scales with it, further constants and outputs, bases; which therapies then do not work.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "documents.hpp"

namespace osteosome::model {
namespace {

using support::error_of;
using support::TemporaryFolder;

const std::string kModel = R"toml([model]
id = "host"
title = "A human"
time = "d"
source = "doi:10.1000/host"
overlays = ["fit"]

[targets]
block = { unit = "1", combine = "sum" }

[parameters]
mass = { value = 64, unit = "kg", source = "model", kind = "reported", bounds = [0.005, 300] }
k = { value = 0.1, unit = "1/d", source = "model", kind = "reported", bounds = [0.05, 1] }
volume = { value = 4, unit = "L", source = "model", kind = "reported", bounds = [1, 8] }

[species]
bone = { initial = 1, unit = "1", source = "model", kind = "reported", rate = "-k*(1 + block)*bone" }

[patient]
body_mass = "mass"

[outputs]
BMD = { formula = "bone", unit = "1", observable = "LS", label = "spine" }
)toml";
const std::string kFit =
    "[overlay]\ntitle = \"Fit\"\nof = \"host\"\nsource = \"fit\"\n[parameters]\nk = { value = 0.2, unit = \"1/d\", kind = "
    "\"fitted\" }\n";
const std::string kRodent = R"toml([overlay]
title = "Rodents"
of = "host"
source = "doi:10.1000/rodent"
[scaling]
volume = 1
k = -0.25
)toml";
const std::string kRat = R"toml([overlay]
title = "Rat"
of = "host"
species = "rat"
base = "rodent"
body_mass = 0.25
source = "doi:10.1000/rat"
[constants]
tibia = { value = 0.2, unit = "1", kind = "reported", source = "doi:10.1000/tibia" }
[outputs]
BVTV = { formula = "tibia*bone", unit = "1", observable = "BVTV_tibia", label = "tibia" }
)toml";
const std::string kStrain = R"toml([overlay]
title = "Small rat"
of = "host"
species = "rat"
base = "rat"
body_mass = 0.125
source = "doi:10.1000/strain"
[constants]
tibia = { value = 0.3, unit = "1", kind = "reported", source = "doi:10.1000/strain" }
)toml";

std::string therapy(const std::string& drug, const std::string& more) {
  return "[model]\nid = \"" + drug + "\"\ntitle = \"" + drug + "\"\ntime = \"d\"\nsource = \"x\"\n[therapy]\ndrug = \"" + drug +
         "\"\nroute = \"sc\"\nunit = \"mg\"\n" + more +
         "[parameters]\none = { value = 1, unit = \"mg\", source = \"model\", kind = \"reported\" }\n[species]\nbody = { initial = 0, unit = "
         "\"mg\", rate = \"0\" }\n[doses]\n" +
         drug + " = { into = \"body\", route = \"sc\" }\n[acts]\nblock = \"body/one\"\n";
}

class Zoo {
 public:
  Zoo() {
    for (const char* name : {"models", "therapies", "species"}) std::filesystem::create_directory(folder.path(name));
    (void)folder.write("models/host.toml", kModel);
    (void)folder.write("models/fit.toml", kFit);
    (void)folder.write("species/rodent.toml", kRodent);
    (void)folder.write("species/rat.toml", kRat);
    (void)folder.write("species/rat-small.toml", kStrain);
    (void)folder.write("therapies/everywhere.toml", therapy("everywhere", ""));
    (void)folder.write("therapies/antibody.toml", therapy("antibody", "species = [\"human\"]\nelsewhere = \"Give fusion.\"\n"));
    (void)folder.write("therapies/fusion.toml", therapy("fusion", "species = [\"mouse\", \"rat\"]\n"));
    (void)folder.write("therapies/medium.toml", therapy("medium", "species = [\"dish\"]\n"));
  }
  [[nodiscard]] Model load(const std::string& species, const std::vector<std::string>& overlays = {}) const {
    return load_model(folder.path("models/host.toml"), {folder.path()}, support::units(), LoadOptions{species, {}, overlays});
  }
  TemporaryFolder folder;
};

double value(const Model& m, const std::string& id) { return m.find_parameter(id)->value; }

TEST(Species, Scaled_constants_follow_body_mass_after_the_models_own_overlay) {
  const Model rat = Zoo().load("rat");
  EXPECT_EQ(rat.species_name, "rat");
  EXPECT_EQ(value(rat, "mass"), 0.25);
  EXPECT_DOUBLE_EQ(value(rat, "volume"), 4.0 / 256);
  EXPECT_DOUBLE_EQ(value(rat, "k"), 0.2 * 4) << "256 to the power 1/4, of the fitted value";
  const Parameter& k = *rat.find_parameter("k");
  EXPECT_EQ(k.provenance.kind, "converted");
  EXPECT_EQ(k.provenance.source, "doi:10.1000/rodent");
  EXPECT_DOUBLE_EQ(k.bounds->first, 0.05 * 4) << "bounds scale too";
  EXPECT_DOUBLE_EQ(k.bounds->second, 4);
}

TEST(Species, Outputs_give_way_and_constants_are_added) {
  const Model rat = Zoo().load("rat");
  ASSERT_EQ(rat.outputs.size(), 1u);
  EXPECT_EQ(rat.outputs[0].id, "BVTV");
  EXPECT_EQ(value(rat, "tibia"), 0.2);
}

TEST(Species, Strain_builds_on_its_species_and_its_own_values_win) {
  const Model small = Zoo().load("rat-small");
  EXPECT_EQ(small.species_name, "rat");
  EXPECT_EQ(value(small, "mass"), 0.125);
  EXPECT_DOUBLE_EQ(value(small, "volume"), 4.0 / 512);
  EXPECT_EQ(value(small, "tibia"), 0.3);
  EXPECT_EQ(small.outputs[0].id, "BVTV");
}

TEST(Species, Without_one_the_model_is_human_and_its_own) {
  const Model human = Zoo().load("");
  EXPECT_EQ(human.species_name, "human");
  EXPECT_EQ(value(human, "mass"), 64);
  EXPECT_EQ(value(human, "k"), 0.2);
  EXPECT_EQ(human.outputs[0].id, "BMD");
}

TEST(Species, Unknown_one_is_refused_with_those_known_and_a_near_match) {
  const core::Error error = error_of([] { (void)Zoo().load("rats"); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "input-015");
  EXPECT_EQ(error.diagnostics()[0].message, "no species 'rats'");
  EXPECT_EQ(error.diagnostics()[0].hint, "Known are human, rat-small, rat. Did you mean 'rat'?");
}

TEST(Species, Therapies_that_do_not_work_in_it_are_remembered_with_what_stands_in) {
  const auto refused = [](const Model& m) {
    std::vector<std::string> drugs;
    for (const auto& r : m.refused) drugs.push_back(r.drug);
    return drugs;
  };
  const Model rat = Zoo().load("rat"), human = Zoo().load("");
  EXPECT_EQ(refused(rat), (std::vector<std::string>{"antibody"}));
  EXPECT_EQ(rat.refused[0].species, (std::vector<std::string>{"human"}));
  EXPECT_EQ(rat.refused[0].instead, "Give fusion.");
  EXPECT_EQ(refused(human), (std::vector<std::string>{"fusion"}));
  EXPECT_EQ(human.find_dose("medium"), nullptr) << "what belongs in a dish is not taken in";
}

TEST(Species, Shared_overlay_passes_over_what_the_model_lacks) {
  const Zoo zoo;
  const std::string values =
      "source = \"shared fit\"\n[parameters]\nk = { value = 0.3, unit = \"1/d\", kind = \"fitted\" }\nnowhere = { value = 1, unit = \"1\", kind = "
      "\"fitted\" }\n";
  (void)zoo.folder.write("models/all.toml", "[overlay]\ntitle = \"All\"\nof = \"shared\"\n" + values);
  (void)zoo.folder.write("models/one.toml", "[overlay]\ntitle = \"One\"\nof = \"host\"\n" + values);
  EXPECT_EQ(value(zoo.load("", {"all"}), "k"), 0.3);
  const core::Error error = error_of([&] { (void)zoo.load("", {"one"}); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "overlay-001");
}

TEST(Species, Body_mass_of_a_model_without_one_is_refused) {
  const Zoo zoo;
  std::string model = kModel;
  model.erase(model.find("[patient]"), model.find("[outputs]") - model.find("[patient]"));
  (void)zoo.folder.write("models/host.toml", model);
  const core::Error error = error_of([&] { (void)zoo.load("rat"); });
  EXPECT_EQ(error.diagnostics()[0].code, "overlay-006") << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "[overlay]: 'body_mass' needs a model that has one, and should be positive");
}

// ---- set_value: every way to set a parameter from outside

TEST(SetValue, Within_bounds_says_by_whom) {
  const Model m = Zoo().load("");
  Parameter p = *m.find_parameter("volume");
  core::Diagnostics problems;
  set_value(p, 8, "the scenario", {}, problems);
  EXPECT_TRUE(problems.all().empty());
  EXPECT_EQ(p.value, 8) << "bounds belong to the range";
  EXPECT_EQ(p.provenance.source, "set by the scenario");
  EXPECT_EQ(p.provenance.kind, "assumed");
}

TEST(SetValue, Outside_bounds_or_not_finite_is_refused_and_changes_nothing) {
  for (const double bad : {0.99, 8.01, std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    const Model m = Zoo().load("");
    Parameter p = *m.find_parameter("volume");
    core::Diagnostics problems;
    set_value(p, bad, "the scenario", {"x.toml", 7, 1}, problems);
    ASSERT_EQ(problems.all().size(), 1u) << bad;
    EXPECT_EQ(problems.all()[0].code, "value-001");
    EXPECT_EQ(problems.all()[0].where.line, 7);
    EXPECT_EQ(p.value, 4);
    EXPECT_EQ(p.provenance.kind, "reported");
  }
}

TEST(SetValue, Message_names_the_bounds_and_their_unit) {
  const Model m = Zoo().load("");
  Parameter p = *m.find_parameter("volume");
  core::Diagnostics problems;
  set_value(p, 9, "the scenario", {}, problems);
  EXPECT_EQ(problems.all()[0].message, "'volume' = 9 is outside its bounds");
  EXPECT_EQ(problems.all()[0].hint, "They are 1 and 8 L.");
}

// ---- the shipped ones

TEST(ShippedSpecies, Rodents_refuse_denosumab_and_humans_OPG_Fc) {
  const auto load = [](const std::string& species) {
    return load_model(support::library().find_model("osteosome"), support::library(), support::units(), LoadOptions{species, {}, {}});
  };
  const auto instead = [](const Model& m, const std::string& drug) {
    for (const auto& r : m.refused) {
      if (r.drug == drug) return r.instead;
    }
    return std::string("works");
  };
  for (const char* species : {"rat", "mouse", "mouse-c3h"}) {
    const Model m = load(species);
    EXPECT_NE(instead(m, "denosumab").find("opg-fc"), std::string::npos) << species << ": " << instead(m, "denosumab");
    EXPECT_EQ(instead(m, "opg-fc"), "works") << species;
  }
  EXPECT_EQ(instead(load(""), "opg-fc"), "Give denosumab in humans.");
  EXPECT_EQ(instead(load(""), "denosumab"), "works");
}

// Every therapy that works in rats: its volumes and clearances are not those of a woman.
TEST(ShippedSpecies, Volumes_and_clearances_of_drugs_follow_body_mass) {
  const auto load = [](const std::string& species) {
    return load_model(support::library().find_model("osteosome"), support::library(), support::units(), LoadOptions{species, {}, {}});
  };
  const Model woman = load(""), rat = load("rat");
  const auto& units = support::units();
  const auto volume = units.parse("L"), clearance = units.parse("L/h");
  std::size_t seen = 0;
  for (const Parameter& p : rat.parameters) {
    const std::string drug = p.id.substr(0, p.id.find('.'));
    const bool by_mass = p.unit.unit.same_dimension(volume) || p.unit.unit.same_dimension(clearance);
    if (!by_mass || !std::filesystem::exists(support::library().root + "/therapies/" + drug + ".toml")) continue;
    const bool refused = std::any_of(rat.refused.begin(), rat.refused.end(), [&](const auto& r) { return r.drug == drug; });
    const Parameter* hers = woman.find_parameter(p.id);
    if (refused || hers == nullptr) continue;
    ++seen;
    EXPECT_LT(p.value, hers->value / 10) << p.id;
  }
  EXPECT_GT(seen, 5u);
}

}  // namespace
}  // namespace osteosome::model
