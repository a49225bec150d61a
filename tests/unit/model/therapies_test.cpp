// SPDX-License-Identifier: Apache-2.0
// A model with [targets] takes in the therapies of its library: their acts become rules, their ports meet the model's names, their time
// becomes the model's.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <string>

#include "documents.hpp"

namespace osteosome::model {
namespace {

using support::error_of;
using support::line_of;
using support::TemporaryFolder;

// Counts in days; `block` adds up, `boost` multiplies, `added` has a unit.
const std::string kHost = R"toml([model]
id = "host"
title = "A model that therapies act on"
time = "d"
source = "doi:10.1000/host"

[targets]
block = { unit = "1", combine = "sum", meaning = "what is blocked" }
boost = { unit = "1", combine = "product" }
added = { unit = "pg/mL", combine = "sum" }

[parameters]
k = { value = 0.1, unit = "1/d", source = "model", kind = "reported" }
flow = { value = 48, unit = "mg/d", source = "model", kind = "reported" }

[species]
bone = { initial = 0, unit = "1", rate = "k*(boost/(1 + block) - bone)" }

[rules]
turnover = { formula = "2*bone", unit = "1" }
)toml";

// Counts in hours.
const std::string kAlpha = R"toml([model]
id = "alpha"
title = "Alpha"
time = "h"
source = "doi:10.1000/alpha"
faults = ["Alpha is not a drug."]

[therapy]
drug = "alphamab"
route = "sc"
unit = "mg"
species = ["human"]

[ports]
turnover = { unit = "1", meaning = "connected to the model's" }
flow = { unit = "mg/h", default = "nothing" }
elsewhere = { unit = "1", default = "0.75", meaning = "the model has no such name" }

[parameters]
nothing = { value = 0, unit = "mg/h", source = "model", kind = "reported" }
ke = { value = 0.5, unit = "1/h", source = "model", kind = "reported" }
late = { value = 6, unit = "h", source = "model", kind = "reported" }
one = { value = 1, unit = "mg", source = "model", kind = "reported" }
strength = { value = 4, unit = "pg/mL", source = "model", kind = "reported" }

[species]
body = { initial = 0, unit = "mg", rate = "flow - ke*turnover*body", lag = "late" }

[rules]
clock = { formula = "time", unit = "h" }

[doses]
alphamab = { into = "body", route = "sc" }

[acts]
block = "elsewhere*body/one"
boost = "1 + body/one"
)toml";

const std::string kBeta = R"toml([model]
id = "beta"
title = "Beta"
time = "d"
source = "doi:10.1000/beta"

[therapy]
drug = "betanate"
route = "po"
unit = "mg"

[parameters]
one = { value = 1, unit = "mg", source = "model", kind = "reported" }
ke = { value = 0.01, unit = "1/d", source = "model", kind = "reported" }

[species]
body = { initial = 0, unit = "mg", rate = "-ke*body" }

[doses]
betanate = { into = "body", route = "po" }

[acts]
block = "5*body/one"
boost = "1/(1 + body/one)"
)toml";

/// `text` with the only occurrence of `from` replaced by `to`.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  EXPECT_EQ(text.find(from, at + 1), std::string::npos) << "'" << from << "' is not unique";
  return text.replace(at, from.size(), to);
}

/// A library of its own: the host model and the therapies written into it.
class Clinic {
 public:
  explicit Clinic(const std::map<std::string, std::string>& therapies = {}, const std::string& host = kHost) {
    std::filesystem::create_directories(folder.path("models"));
    std::filesystem::create_directories(folder.path("therapies/more"));
    host_ = folder.write("models/host.toml", host);
    for (const auto& [name, text] : therapies) folder.write("therapies/" + name + ".toml", text);
  }
  [[nodiscard]] Library library() const { return {folder.path()}; }
  [[nodiscard]] Model load() const { return load_model(host_, library(), support::units()); }
  [[nodiscard]] core::Error error() const {
    return error_of([&] { (void)load(); });
  }

  TemporaryFolder folder;

 private:
  std::string host_;
};

const Rule& rule(const Model& m, const std::string& id) {
  for (const Rule& r : m.rules) {
    if (r.id == id) return r;
  }
  ADD_FAILURE() << "no rule " << id;
  static const Rule none{};
  return none;
}

/// Value of a formula over numbers, the names given, parameters and rules of `m`.
double value_of(const Model& m, const expr::Ast& x, const std::map<std::string, double>& given) {
  if (x.kind == expr::Ast::Kind::Number) return x.value;
  if (x.kind == expr::Ast::Kind::Name) {
    if (const auto hit = given.find(x.name); hit != given.end()) return hit->second;
    if (const Parameter* p = m.find_parameter(x.name)) return p->value;
    return value_of(m, rule(m, x.name).formula, given);
  }
  double r = value_of(m, x.args.at(0), given);
  if (x.name == "-" && x.args.size() == 1) return -r;
  for (std::size_t i = 1; i < x.args.size(); ++i) {
    const double v = value_of(m, x.args[i], given);
    r = x.name == "+" ? r + v : x.name == "-" ? r - v : x.name == "*" ? r * v : x.name == "/" ? r / v : std::nan("");
  }
  return r;
}
double value_of(const Model& m, const std::string& id, const std::map<std::string, double>& given = {}) {
  return value_of(m, rule(m, id).formula, given);
}

/// The clinic's only problem: code, message, hint, file and the line of `marker` in `text`, the file's text.
void expect_one_problem(const Clinic& clinic, const std::string& code, const std::string& message, const std::string& hint, const std::string& file,
                        const std::string& text, const std::string& marker) {
  const core::Error error = clinic.error();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, code);
  EXPECT_EQ(d.message, message);
  EXPECT_EQ(d.hint, hint);
  EXPECT_TRUE(d.where.file.ends_with(file)) << d.where.file;
  EXPECT_EQ(d.where.line, line_of(text, marker)) << error.what();
}

// A conversion factor and a few products, each rounded once.
constexpr double kRounding = 1e-15;
void expect_same(double x, double expected) { EXPECT_NEAR(x / expected, 1, 4 * kRounding) << x << " instead of " << expected; }

// ---- the library's therapies

TEST(Therapies, List_holds_the_documents_with_a_therapy_of_all_folders_sorted) {
  Clinic clinic({{"beta", kBeta}, {"more/alpha", kAlpha}, {"catalogue", "[drugs]\ngamma = { route = \"sc\", unit = \"mg\" }\n"}});
  clinic.folder.write("therapies/notes.md", "[therapy]\n");
  EXPECT_EQ(clinic.library().therapies(),
            (std::vector<std::string>{clinic.folder.path("therapies/beta.toml"), clinic.folder.path("therapies/more/alpha.toml")}));
}

TEST(Therapies, Library_without_the_folder_has_none) {
  const TemporaryFolder folder;
  EXPECT_TRUE(Library{folder.path()}.therapies().empty());
}

TEST(Therapies, Model_without_targets_takes_in_none) {
  std::string host = kHost;
  const auto begin = host.find("[targets]"), end = host.find("[parameters]\n");
  host.erase(begin, end - begin);
  const Model m = Clinic({{"alpha", kAlpha}}, with(host, "boost/(1 + block)", "1")).load();
  EXPECT_EQ(m.species.size(), 1u);
  EXPECT_TRUE(m.doses.empty());
  EXPECT_EQ(m.rules.size(), 1u);
}

TEST(Therapies, Everything_of_each_gets_the_prefix_of_its_id_not_of_its_file) {
  const Model m = Clinic({{"first", kAlpha}, {"more/second", kBeta}}).load();
  for (const char* id : {"bone", "alpha.body", "beta.body"}) EXPECT_NE(m.find_species(id), nullptr) << id;
  EXPECT_EQ(m.species.size(), 3u);
  EXPECT_EQ(m.find_parameter("alpha.ke")->value, 0.5);
  EXPECT_EQ(m.find_parameter("beta.ke")->value, 0.01);
  ASSERT_NE(m.find_dose("alphamab"), nullptr);
  EXPECT_EQ(m.find_dose("alphamab")->into, "alpha.body");
  EXPECT_EQ(m.find_dose("betanate")->into, "beta.body");
  EXPECT_EQ(m.faults, std::vector<std::string>{"Alpha is not a drug."});
}

TEST(Therapies, Source_of_a_therapy_stays_its_own) {
  const Model m = Clinic({{"alpha", kAlpha}}).load();
  EXPECT_EQ(m.find_parameter("alpha.ke")->provenance.source, "doi:10.1000/alpha");
}

// ---- targets

TEST(Targets, Without_therapies_are_0_for_a_sum_and_1_for_a_product) {
  const Model m = Clinic().load();
  EXPECT_EQ(value_of(m, "block"), 0);
  EXPECT_EQ(value_of(m, "boost"), 1);
  EXPECT_EQ(rule(m, "block").unit.text, "1");
  EXPECT_EQ(rule(m, "added").unit.text, "pg/mL");
  EXPECT_EQ(rule(m, "block").meaning, "what is blocked");
}

TEST(Targets, Nobody_acts_on_stay_neutral_beside_others) {
  const Model m = Clinic({{"alpha", kAlpha}}).load();
  EXPECT_EQ(value_of(m, "added"), 0);
  EXPECT_EQ(value_of(m, "block", {{"alpha.body", 2}}), 1.5);
}

TEST(Targets, With_one_act_are_that_act) {
  const Model m = Clinic({{"beta", kBeta}}).load();
  EXPECT_EQ(value_of(m, "block", {{"beta.body", 3}}), 15);
  EXPECT_EQ(value_of(m, "boost", {{"beta.body", 3}}), 0.25);
}

TEST(Targets, Sum_adds_and_product_multiplies_the_acts_of_all) {
  const Model m = Clinic({{"alpha", kAlpha}, {"beta", kBeta}}).load();
  const std::map<std::string, double> bodies = {{"alpha.body", 2}, {"beta.body", 3}};
  EXPECT_EQ(value_of(m, "block", bodies), 0.75 * 2 + 5 * 3);
  EXPECT_EQ(value_of(m, "boost", bodies), (1 + 2) * 0.25);
}

TEST(Targets, Three_acts_are_all_there) {
  const auto gamma =
      with(with(with(kBeta, "id = \"beta\"", "id = \"gamma\""), "betanate = {", "gammanate = {"), "drug = \"betanate\"", "drug = \"gammanate\"");
  const Model m = Clinic({{"alpha", kAlpha}, {"beta", kBeta}, {"gamma", gamma}}).load();
  const std::map<std::string, double> bodies = {{"alpha.body", 4}, {"beta.body", 1}, {"gamma.body", 3}};
  EXPECT_EQ(value_of(m, "block", bodies), 0.75 * 4 + 5 * 1 + 5 * 3);
  EXPECT_EQ(value_of(m, "boost", bodies), 5 * 0.5 * 0.25);
}

TEST(Targets, Act_of_a_plain_number_counts) {
  const Model m = Clinic({{"alpha", with(kAlpha, "boost = \"1 + body/one\"", "boost = 3")}}).load();
  EXPECT_EQ(value_of(m, "boost"), 3);
}

TEST(Targets, Act_keeps_the_units_of_the_therapy) {
  const Model m = Clinic({{"alpha", kAlpha + "added = \"strength\"\n"}}).load();
  EXPECT_EQ(value_of(m, "added"), 4);
}

TEST(Targets, Act_on_an_unknown_target_is_refused_with_a_near_match_at_its_line) {
  const auto alpha = with(kAlpha, "block = \"", "blok = \"");
  expect_one_problem(Clinic({{"alpha", alpha}}), "compose-006", "model 'host' has no target 'blok'", "Did you mean 'block'?", "therapies/alpha.toml",
                     alpha, "blok = ");
}

TEST(Targets, Act_on_an_unknown_target_unlike_any_is_refused_without_a_hint) {
  const auto alpha = kAlpha + "photosynthesis = 1\n";
  expect_one_problem(Clinic({{"alpha", alpha}}), "compose-006", "model 'host' has no target 'photosynthesis'", "", "therapies/alpha.toml", alpha,
                     "photosynthesis");
}

TEST(Targets, Unknown_targets_of_two_therapies_are_reported_together) {
  const core::Error error = Clinic({{"alpha", kAlpha + "bost = 1\n"}, {"beta", kBeta + "blocks = 1\n"}}).error();
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'boost'?");
  EXPECT_EQ(error.diagnostics()[1].hint, "Did you mean 'block'?");
}

TEST(Targets, Act_of_another_dimension_is_refused_at_its_line) {
  const auto alpha = with(kAlpha, "boost = \"1 + body/one\"", "boost = \"body\"");
  expect_one_problem(Clinic({{"alpha", alpha}}), "compose-005", "port 'alpha.on_boost' is in '1', but 'alpha.body' yields [1e-06 kilogram]", "",
                     "therapies/alpha.toml", alpha, "boost = ");
}

TEST(Targets, Acts_of_another_scale_are_converted_each_on_its_own) {
  const auto nanograms = with(kAlpha, "value = 4, unit = \"pg/mL\"", "value = 0.004, unit = \"ng/mL\"") + "added = \"strength\"\n";
  const auto picograms =
      with(kBeta, "[parameters]\n", "[parameters]\nstrength = { value = 3, unit = \"pg/mL\", source = \"model\", kind = \"reported\" }\n") +
      "added = \"strength\"\n";
  expect_same(value_of(Clinic({{"alpha", nanograms}}).load(), "added"), 4);
  expect_same(value_of(Clinic({{"alpha", nanograms}, {"beta", picograms}}).load(), "added"), 7);
}

TEST(Targets, Acts_of_two_therapies_that_do_not_fit_are_both_refused) {
  const auto alpha = with(kAlpha, "block = \"elsewhere*body/one\"", "block = \"body\""),
             beta = with(kBeta, "block = \"5*body/one\"", "block = \"ke\"");
  const core::Error error = Clinic({{"alpha", alpha}, {"beta", beta}}).error();
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  for (const auto& d : error.diagnostics()) EXPECT_EQ(d.code, "compose-005");
}

TEST(Targets, Unknown_name_in_an_act_is_reported_at_the_act) {
  const auto alpha = with(kAlpha, "boost = \"1 + body/one\"", "boost = \"1 + boddy/one\"");
  const core::Error error = Clinic({{"alpha", alpha}}).error();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_NE(std::string(error.what()).find("unknown name 'boddy'"), std::string::npos) << error.what();
  EXPECT_TRUE(error.diagnostics().front().where.file.ends_with("therapies/alpha.toml")) << error.what();
  EXPECT_EQ(error.diagnostics().front().where.line, line_of(alpha, "boost = "));
}

TEST(Targets, Unknown_combination_is_refused) {
  const auto host = with(kHost, "combine = \"product\"", "combine = \"maximum\"");
  expect_one_problem(Clinic({}, host), "model-031", "target 'boost': unknown 'combine' = 'maximum'", "'sum' or 'product'.", "host.toml", host,
                     "boost = {");
}

TEST(Targets, Missing_unit_and_combination_are_reported_together) {
  const core::Error error = Clinic({}, with(kHost, "boost = { unit = \"1\", combine = \"product\" }", "boost = {}")).error();
  std::string text = error.what();
  EXPECT_NE(text.find("target 'boost': 'unit' is missing"), std::string::npos) << text;
  EXPECT_NE(text.find("target 'boost': 'combine' is missing"), std::string::npos) << text;
}

TEST(Targets, Named_like_a_parameter_are_refused) {
  const core::Error error = Clinic({}, with(kHost, "added = { unit = \"pg/mL\"", "k = { unit = \"1/d\"")).error();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "model-020");
  EXPECT_EQ(error.diagnostics().front().message, "rule 'k' has the name of a parameter");
}

TEST(Targets, Circle_through_a_therapy_is_refused) {
  const auto host = with(kHost, "turnover = { formula = \"2*bone\"", "turnover = { formula = \"1 + block\"");
  const core::Error error = Clinic({{"alpha", with(kAlpha, "block = \"elsewhere*body/one\"", "block = \"turnover\"")}}, host).error();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "model-027");
  EXPECT_NE(std::string(error.what()).find("alpha.turnover"), std::string::npos) << error.what();
}

// ---- ports

TEST(TherapyPorts, Meet_the_models_rule_of_the_same_name) {
  const Model m = Clinic({{"alpha", kAlpha}}).load();
  EXPECT_EQ(value_of(m, "alpha.turnover", {{"bone", 3}}), 6);
}

TEST(TherapyPorts, Meet_parameters_and_species_too) {
  const auto alpha = with(kAlpha, "elsewhere = { unit = \"1\"",
                          "bone = { unit = \"1\", default = 9 }\nk = { unit = \"1/h\", default = \"ke\" }\nelsewhere = { unit = \"1\"");
  const Model m = Clinic({{"alpha", alpha}}).load();
  EXPECT_EQ(value_of(m, "alpha.bone", {{"bone", 3}}), 3);
  expect_same(value_of(m, "alpha.k"), 0.1 / 24);
}

TEST(TherapyPorts, Units_are_converted) {
  const Model m = Clinic({{"alpha", kAlpha}}).load();
  expect_same(value_of(m, "alpha.flow"), 2);  // 48 mg/d in mg/h
}

TEST(TherapyPorts, Without_a_name_in_the_model_take_their_default) {
  const Model m = Clinic({{"alpha", kAlpha}}).load();
  EXPECT_EQ(value_of(m, "alpha.elsewhere"), 0.75);
}

TEST(TherapyPorts, Without_a_name_in_the_model_and_default_are_refused) {
  const auto alpha = with(kAlpha, "default = \"0.75\", ", "");
  expect_one_problem(Clinic({{"alpha", alpha}}), "compose-002", "port 'elsewhere' is not connected and has no default", "", "therapies/alpha.toml",
                     alpha, "elsewhere = {");
}

TEST(TherapyPorts, Of_another_dimension_are_refused) {
  const auto alpha = with(kAlpha, "[ports]\n", "[ports]\nk = { unit = \"mg\", default = \"one\" }\n");
  const core::Error error = Clinic({{"alpha", alpha}}).error();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "compose-005");
  EXPECT_NE(error.diagnostics().front().message.find("port 'alpha.k' is in 'mg', but 'k' yields ["), std::string::npos) << error.what();
  EXPECT_TRUE(error.diagnostics().front().where.file.ends_with("therapies/alpha.toml")) << error.what();
}

TEST(TherapyPorts, Meet_the_model_and_not_another_therapy) {
  // Beta's own rule is called as alpha's port.
  const Model m = Clinic({{"alpha", kAlpha}, {"a_beta", kBeta + "[rules]\nelsewhere = { formula = 7, unit = \"1\" }\n"}}).load();
  EXPECT_EQ(value_of(m, "alpha.elsewhere"), 0.75);
  EXPECT_EQ(value_of(m, "beta.elsewhere"), 7);
}

// ---- time

TEST(TherapyTime, Rates_in_hours_count_per_day_of_the_model) {
  const Model m = Clinic({{"alpha", kAlpha}}).load();
  // 24 h times (48/24 mg/h - 0.5/h * 2*bone * body), bone 3, body 7.
  expect_same(value_of(m, *m.find_species("alpha.body")->rate, {{"bone", 3}, {"alpha.body", 7}}), 24 * (2 - 0.5 * 6 * 7.0));
}

TEST(TherapyTime, Rates_in_the_models_own_time_stay) {
  const Model m = Clinic({{"beta", kBeta}}).load();
  EXPECT_EQ(value_of(m, *m.find_species("beta.body")->rate, {{"beta.body", 7}}), -0.01 * 7);
}

TEST(TherapyTime, Time_and_lag_in_hours_become_days) {
  const Model m = Clinic({{"alpha", kAlpha}}).load();
  expect_same(value_of(m, "alpha.clock", {{"time", 2.5}}), 60);
  expect_same(value_of(m, *m.find_species("alpha.body")->lag, {}), 0.25);
}

TEST(TherapyTime, Of_a_document_that_the_therapy_uses_is_converted_once) {
  Clinic clinic({{"alpha", kAlpha + "[uses.depot]\ndocument = \"depot\"\nconnect = { pace = \"ke\" }\n"}});
  clinic.folder
      .write("models/depot.toml",
             "[model]\nid = \"depot\"\ntitle = \"Depot\"\ntime = \"minute\"\nsource = \"doi:10.1000/depot\"\n[ports]\npace = { unit = \"1/minute\" "
             "}\n[species]\nleft = { initial = 0, unit = \"mg\", rate = \"-pace*left\" }\n[rules]\nclock = { formula = \"time\", unit = "
             "\"minute\" }\n");
  const Model m = clinic.load();
  expect_same(value_of(m, *m.find_species("alpha.depot.left")->rate, {{"alpha.depot.left", 7}}), -0.5 * 24 * 7);
  expect_same(value_of(m, "alpha.depot.clock", {{"time", 2}}), 2880);
}

// ---- documents that do not fit

TEST(TherapyDocument, Acts_without_a_therapy_are_refused) {
  const auto host = kHost + "[acts]\nblock = 1\n";
  expect_one_problem(Clinic({}, host), "model-032", "document: [acts] belongs into a document with [therapy]", "", "host.toml", host, "[acts]");
}

TEST(TherapyDocument, Drug_route_and_unit_are_required) {
  for (const std::string key : {"drug", "route", "unit"}) {
    const auto alpha = with(kAlpha, key + " = \"" + (key == "drug" ? "alphamab" : key == "route" ? "sc" : "mg") + "\"\n", "");
    expect_one_problem(Clinic({{"alpha", alpha}}), "toml-005", "[therapy]: '" + key + "' is missing", "", "therapies/alpha.toml", alpha, "[therapy]");
  }
}

TEST(TherapyDocument, Unknown_key_of_the_therapy_is_refused) {
  const auto alpha = with(kAlpha, "species = [\"human\"]", "spezies = [\"human\"]");
  expect_one_problem(Clinic({{"alpha", alpha}}), "toml-006", "[therapy]: unknown key 'spezies'", "Did you mean 'species'?", "therapies/alpha.toml",
                     alpha, "spezies");
}

TEST(TherapyDocument, Formula_that_does_not_parse_is_refused_at_its_line) {
  const auto alpha = with(kAlpha, "block = \"elsewhere*body/one\"", "block = \"elsewhere*(body/one\"");
  const core::Error error = Clinic({{"alpha", alpha}}).error();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "formula-001");
  EXPECT_EQ(error.diagnostics().front().where.line, line_of(alpha, "block = "));
}

TEST(TherapyDocument, Problem_of_a_therapy_and_of_the_model_are_reported_together) {
  const core::Error error = Clinic({{"alpha", with(kAlpha, "value = 0.5", "value = nan")}}, with(kHost, "value = 0.1", "value = inf")).error();
  ASSERT_EQ(error.diagnostics().size(), 2u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].message, "parameter 'k': 'value' is not finite");
  EXPECT_EQ(error.diagnostics()[1].message, "parameter 'ke': 'value' is not finite");
}

TEST(TherapyDocument, Document_it_uses_that_is_missing_is_reported_at_the_use) {
  const auto alpha = kAlpha + "[uses.depot]\ndocument = \"depot\"\n";
  const core::Error error = Clinic({{"alpha", alpha}}).error();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "input-010");
  EXPECT_EQ(error.diagnostics().front().where.line, line_of(alpha, "[uses.depot]"));
}

TEST(TherapyDocument, File_that_is_no_TOML_is_reported) {
  const core::Error error = Clinic({{"alpha", std::string("[therapy\n")}}).error();
  EXPECT_EQ(error.diagnostics().front().code, "toml-001");
  EXPECT_TRUE(error.diagnostics().front().where.file.ends_with("therapies/alpha.toml")) << error.what();
}

TEST(TherapyDocument, Two_of_one_id_are_refused) {
  const core::Error error = Clinic({{"alpha", kAlpha}, {"copy", kAlpha}}).error();
  EXPECT_EQ(error.diagnostics().front().code, "model-020") << error.what();
  EXPECT_NE(std::string(error.what()).find("species 'alpha.body' has the name of a species"), std::string::npos) << error.what();
}

TEST(TherapyDocument, Alone_loads_with_the_defaults_of_its_ports) {
  const Clinic clinic({{"alpha", with(kAlpha, "turnover = { unit = \"1\",", "turnover = { unit = \"1\", default = 1,")}});
  const Model m = load_model(clinic.folder.path("therapies/alpha.toml"), clinic.library(), support::units());
  EXPECT_NE(m.find_species("body"), nullptr);
  EXPECT_EQ(value_of(m, "turnover"), 1);
}

// ---- more that is refused or converted

TEST(TherapyDocument, Unknown_name_is_reported_once) {
  const auto alpha = with(kAlpha, "rate = \"flow - ke*turnover*body\"", "rate = \"flow - kel*turnover*body\"");
  expect_one_problem(Clinic({{"alpha", alpha}}), "model-021", "species 'body' rate: unknown name 'kel'", "Did you mean 'ke'?", "therapies/alpha.toml",
                     alpha, "body = {");
}

TEST(Targets, Act_does_not_see_names_of_the_model) {
  const core::Error error = Clinic({{"alpha", with(kAlpha, "boost = \"1 + body/one\"", "boost = \"1 + bone\"")}}).error();
  EXPECT_NE(std::string(error.what()).find("unknown name 'bone'"), std::string::npos) << error.what();
}

TEST(Targets, Act_may_use_the_time_of_its_therapy) {
  const Model m = Clinic({{"alpha", with(kAlpha, "boost = \"1 + body/one\"", "boost = \"time/late\"")}}).load();
  expect_same(value_of(m, "boost", {{"time", 2}}), 8);  // 48 h over 6 h
}

TEST(TherapyPorts, Meet_the_models_targets) {
  const auto beta = with(kBeta, "[parameters]\n", "[ports]\nblock = { unit = \"1\", default = 9 }\n[parameters]\n");
  const Model m = Clinic({{"alpha", kAlpha}, {"beta", with(beta, "block = \"5*body/one\"\n", "")}}).load();
  EXPECT_EQ(value_of(m, "beta.block", {{"alpha.body", 2}}), 1.5);
}

TEST(TherapyPorts, Meet_the_models_ports) {
  const auto host = kHost + "[ports]\nelsewhere = { unit = \"1\", default = 0.5 }\n";
  EXPECT_EQ(value_of(Clinic({{"alpha", kAlpha}}, host).load(), "alpha.elsewhere"), 0.5);
}

TEST(TherapyTime, Connected_to_a_document_that_the_therapy_uses_is_converted_once) {
  Clinic clinic({{"alpha", kAlpha + "[uses.depot]\ndocument = \"depot\"\nconnect = { now = \"time\" }\n"}});
  clinic.folder.write("models/depot.toml",
                      "[model]\nid = \"depot\"\ntitle = \"Depot\"\ntime = \"h\"\nsource = \"doi:10.1000/depot\"\n[ports]\nnow = { unit = \"h\" }\n");
  expect_same(value_of(clinic.load(), "alpha.depot.now", {{"time", 2}}), 48);
}

}  // namespace
}  // namespace osteosome::model
