// SPDX-License-Identifier: Apache-2.0
// The drugs that regimen text may name: therapy documents and catalogues of a folder.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "errors.hpp"
#include "osteosome/protocol/regimen.hpp"

namespace osteosome::protocol {
namespace {

using support::error_of;
using support::line_of;

const std::string kTherapy = R"toml([model]
id = "dronate"
title = "Dronate"
time = "h"
source = "doi:10.1000/dronate"

[therapy]
drug = "dronate"
route = "po"
unit = "mg"
species = ["human"]

[species]
body = { initial = 0, unit = "mg" }

[doses]
dronate = { into = "body" }

[acts]
anything = 1
)toml";

const std::string kCatalogue = "[drugs]\nsomab = { route = \"sc\", unit = \"mg\" }\n\"exosomes:bmsc\" = { route = \"iv\", unit = \"ug\" }\n";

/// Documents below one folder.
struct Cabinet {
  Cabinet(std::initializer_list<std::pair<std::string, std::string>> files) {
    std::filesystem::create_directories(folder.path("therapies/more"));
    for (const auto& [name, text] : files) folder.write("therapies/" + name, text);
  }
  [[nodiscard]] DrugCatalogue load() const { return load_catalogue(folder.path()); }
  [[nodiscard]] core::Error error() const {
    return error_of([&] { (void)load(); });
  }
  support::TemporaryFolder folder;
};

std::vector<std::string> names(const DrugCatalogue& catalogue) {
  std::vector<std::string> out;
  for (const Drug& d : catalogue.drugs) out.push_back(d.name);
  return out;
}

TEST(CatalogueFolder, Holds_the_drugs_of_therapies_and_of_catalogues) {
  const auto drugs = Cabinet({{"dronate.toml", kTherapy}, {"others.toml", kCatalogue}}).load();
  ASSERT_EQ(names(drugs), (std::vector<std::string>{"dronate", "somab", "exosomes:bmsc"}));
  EXPECT_EQ(drugs.drugs[0].route, "po");
  EXPECT_EQ(drugs.drugs[0].unit, "mg");
  EXPECT_EQ(drugs.drugs[1].route, "sc");
  EXPECT_EQ(drugs.drugs[2].unit, "ug");
}

TEST(CatalogueFolder, Is_read_with_its_subfolders_and_nothing_but_TOML) {
  const Cabinet cabinet({{"z.toml", kCatalogue}, {"more/dronate.toml", kTherapy}, {"README.md", "no TOML at all ["}});
  EXPECT_EQ(names(cabinet.load()), (std::vector<std::string>{"dronate", "somab", "exosomes:bmsc"}));
}

TEST(CatalogueFolder, Order_is_that_of_the_paths) {
  const std::string other = "[drugs]\nother = { route = \"iv\", unit = \"mg\" }\n";
  EXPECT_EQ(names(Cabinet({{"b.toml", kTherapy}, {"a.toml", other}}).load()), (std::vector<std::string>{"other", "dronate"}));
  EXPECT_EQ(names(Cabinet({{"a.toml", kTherapy}, {"b.toml", other}}).load()), (std::vector<std::string>{"dronate", "other"}));
}

TEST(CatalogueFolder, Name_of_the_drug_is_the_therapys_not_the_models_or_the_files) {
  std::string text = kTherapy;
  text.replace(text.find("drug = \"dronate\""), 16, "drug = \"dronic acid\"");
  EXPECT_EQ(names(Cabinet({{"x.toml", text}}).load()), std::vector<std::string>{"dronic acid"});
}

TEST(CatalogueFile, Alone_is_read_too) {
  const Cabinet cabinet({{"others.toml", kCatalogue}, {"dronate.toml", kTherapy}});
  EXPECT_EQ(names(load_catalogue(cabinet.folder.path(), cabinet.folder.path("therapies/others.toml"))),
            (std::vector<std::string>{"somab", "exosomes:bmsc"}));
  EXPECT_EQ(names(load_catalogue(cabinet.folder.path(), cabinet.folder.path("therapies/dronate.toml"))), std::vector<std::string>{"dronate"});
}

TEST(CatalogueFolder, Regimen_takes_route_and_unit_of_a_therapy) {
  const auto drugs = Cabinet({{"dronate.toml", kTherapy}}).load();
  const auto regimen = parse_regimen("dronate 70 mg weekly x 3", drugs, support::units());
  EXPECT_EQ(regimen.phases[0].courses[0].route, "po");
  const auto error = error_of([&] { (void)parse_regimen("dronate 70 IU", drugs, support::units()); });
  EXPECT_NE(std::string(error.what()).find("'IU' does not fit dronate"), std::string::npos) << error.what();
}

TEST(CatalogueFolder, Keys_of_a_therapy_are_required_at_its_line) {
  for (const std::string key : {"drug", "route", "unit"}) {
    std::string text = kTherapy;
    const auto at = text.find("\n" + key + " = ") + 1;
    text.erase(at, text.find('\n', at) + 1 - at);
    const auto error = Cabinet({{"dronate.toml", text}}).error();
    ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
    EXPECT_EQ(error.kind(), core::ErrorKind::Input);
    EXPECT_EQ(error.diagnostics()[0].message, "[therapy]: '" + key + "' is missing");
    EXPECT_TRUE(error.diagnostics()[0].where.file.ends_with("dronate.toml"));
    EXPECT_EQ(error.diagnostics()[0].where.line, line_of(text, "[therapy]"));
  }
}

TEST(CatalogueFolder, Problems_of_all_files_are_reported_together) {
  const auto error =
      Cabinet({{"a.toml", "[drugs]\nx = { unit = \"mg\" }\ny = { route = \"sc\" }\n"}, {"b.toml", "[therapy]\ndrug = \"z\"\nroute = \"sc\"\n"}})
          .error();
  ASSERT_EQ(error.diagnostics().size(), 3u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "drug 'x': 'route' is missing");
  EXPECT_EQ(error.diagnostics()[1].message, "drug 'y': 'unit' is missing");
  EXPECT_EQ(error.diagnostics()[2].message, "[therapy]: 'unit' is missing");
}

TEST(CatalogueFolder, Unknown_keys_of_a_catalogue_are_refused_with_near_matches) {
  const auto error = Cabinet({{"a.toml", "[drug]\n"}, {"b.toml", "[drugs]\nx = { route = \"sc\", unit = \"mg\", unitts = \"mg\" }\n"}}).error();
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "catalogue: unknown key 'drug'");
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'drugs'?");
  EXPECT_EQ(error.diagnostics()[1].message, "drug 'x': unknown key 'unitts'");
  EXPECT_EQ(error.diagnostics()[1].hint, "Did you mean 'units'?");
}

TEST(CatalogueFolder, File_that_is_no_TOML_is_reported_with_its_name) {
  const auto error = Cabinet({{"a.toml", kCatalogue}, {"b.toml", "[drugs\n"}}).error();
  EXPECT_EQ(error.diagnostics()[0].code, "toml-001");
  EXPECT_TRUE(error.diagnostics()[0].where.file.ends_with("b.toml")) << error.what();
}

TEST(CatalogueFolder, That_is_missing_or_empty_is_an_error_of_reading) {
  const Cabinet cabinet({});
  for (const auto& path : {cabinet.folder.path(), cabinet.folder.path("nowhere")}) {
    const auto error = error_of([&] { (void)load_catalogue(path); });
    EXPECT_EQ(error.kind(), core::ErrorKind::Io) << error.what();
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
  }
}

TEST(CatalogueFolder, Shipped_one_names_every_drug_once) {
  const auto drugs = load_catalogue(OSTEOSOME_ROOT);
  std::set<std::string> seen;
  for (const Drug& d : drugs.drugs) EXPECT_TRUE(seen.insert(d.name).second) << d.name;
  for (const char* name : {"alendronate", "denosumab", "zoledronate", "blosozumab", "exosomes:bmsc"}) EXPECT_TRUE(seen.contains(name)) << name;
}

TEST(CatalogueFolder, Drug_named_in_two_files_is_refused_at_the_second) {
  const auto error = Cabinet({{"a.toml", kTherapy}, {"b.toml", "[drugs]\ndronate = { route = \"iv\", unit = \"mg\" }\n"}}).error();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "regimen-019");
  EXPECT_EQ(error.diagnostics()[0].message, "drug 'dronate' is already in another document of the folder");
  EXPECT_TRUE(error.diagnostics()[0].where.file.ends_with("b.toml"));
}

// ---- more that is refused or converted

TEST(Vocabulary, Another_route_is_an_entry_and_its_mistakes_are_refused) {
  const Cabinet cabinet({{"others.toml", kCatalogue}});
  std::filesystem::create_directories(cabinet.folder.path("vocabulary"));
  const auto with = [&](const std::string& routes) { cabinet.folder.write("vocabulary/routes.toml", routes); };
  with(
      "[[routes]]\nword = \"sc\"\ntitle = \"subcutaneous\"\n[[routes]]\nword = \"iv\"\ntitle = \"intravenous\"\n"
      "[[routes]]\nword = \"nasal\"\ntitle = \"into the nose\"\n");
  EXPECT_EQ(parse_regimen("somab 5 mg nasal daily x 3", cabinet.load(), support::units()).phases[0].courses[0].route, "nasal");
  const auto po = error_of([&] { (void)parse_regimen("somab 5 mg po daily x 3", cabinet.load(), support::units()); });
  EXPECT_EQ(po.diagnostics()[0].code, "regimen-002") << po.what();
  with("[[routes]]\nword = \"In the nose\"\ntitle = \"\"\n");
  const auto problems = cabinet.error().diagnostics();
  EXPECT_EQ(std::count_if(problems.begin(), problems.end(), [](const auto& d) { return d.code == "regimen-023"; }), 1);
  EXPECT_EQ(std::count_if(problems.begin(), problems.end(), [](const auto& d) { return d.code == "regimen-020"; }), 2) << "of both drugs";
  with("routes = []\n");
  EXPECT_EQ(error_of([&] { (void)load_routes(cabinet.folder.path()); }).diagnostics()[0].code, "regimen-023");
}

TEST(CatalogueFolder, Route_that_regimen_text_does_not_know_is_refused) {
  const auto error = Cabinet({{"a.toml", "[drugs]\nx = { route = \"oral\", unit = \"mg\" }\n"}}).error();
  EXPECT_NE(std::string(error.what()).find("'oral'"), std::string::npos) << error.what();
}

}  // namespace
}  // namespace osteosome::protocol
