// SPDX-License-Identifier: Apache-2.0
// Product documents: when a model takes them in, what their parameters and cargo become, and what is refused of them.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "documents.hpp"
#include "osteosome/core/toml.hpp"

namespace osteosome::model {
namespace {

using support::error_of;
using support::line_of;
using support::TemporaryFolder;

const std::string kHost = R"toml([model]
id = "host"
title = "A model that products act on"
time = "d"
source = "doi:10.1000/host"

[targets]
drive = { unit = "1", combine = "product" }
brake = { unit = "1", combine = "product" }

[products]
vesicles = "kinetics"

[parameters]
k = { value = 0.1, unit = "1/d", source = "model", kind = "reported" }
common_half = { value = 50, unit = "1", source = "model", kind = "reported" }

[species]
bone = { initial = 0, unit = "1", rate = "k*(drive*brake - bone)" }
)toml";

const std::string kKinetics = R"toml([model]
id = "kinetics"
title = "Kinetics of vesicles"
time = "d"
source = "doi:10.1000/kinetics"

[ports]
k = { unit = "1/d" }

[parameters]
per_ug = { value = 1e3, unit = "particle/ug", source = "model", kind = "reported", bounds = [1, 1e6], prior = { sd = 0.8 } }
passage = { value = 3, unit = "1", source = "model", kind = "reported" }
one = { value = 1, unit = "particle", source = "model", kind = "reported" }

[rules]
delivered_osteoblast = { formula = "k*pool/one", unit = "1/d" }
delivered_osteoclast = { formula = "0.5*delivered_osteoblast", unit = "1/d" }

[species]
pool = { initial = 0, unit = "particle", rate = "-k*pool", typical = "1" }

[doses]
ug_iv = { into = "pool", factor = "per_ug", unit = "ug", route = "iv" }
)toml";

const std::string kHeader = R"toml([product]
drug = "vesicles:loaded"
title = "Loaded vesicles"
kind = "vesicles"
source = "doi:10.1000/product"
cells = "any"
route = "iv"
unit = "ug"
units = ["particles"]
)toml";

/// An entry of the cargo; a later key of `more` must be one that is not here.
std::string cargo(const std::string& name, const std::string& target, const std::string& sign, const std::string& more = "") {
  return "[[cargo]]\nname = \"" + name + "\"\nclass = \"miRNA\"\ntarget = \"" + target + "\"\nsign = \"" + sign +
         "\"\ncopies = 4\neffect = 0.5\nhalf_copies = \"common_half\"\nhalf_life = 2\nkind = \"reported\"\nsource = \"doi:10.1000/cargo\"\n" + more;
}

class Shelf {
 public:
  explicit Shelf(const std::string& product) {
    for (const char* name : {"models", "therapies"}) std::filesystem::create_directory(folder.path(name));
    (void)folder.write("models/host.toml", kHost);
    (void)folder.write("models/kinetics.toml", kKinetics);
    (void)folder.write("models/native.toml", cargo("native_a", "drive", "+") + cargo("native_b", "brake", "-"));
    (void)folder.write("therapies/loaded.toml", product);
  }
  [[nodiscard]] Model load(const std::vector<std::string>& drugs = {"vesicles:loaded"}) const {
    return load_model(folder.path("models/host.toml"), {folder.path()}, support::units(), LoadOptions{"", drugs, {}});
  }
  [[nodiscard]] core::Error refusal() const {
    return error_of([&] { (void)load(); });
  }
  TemporaryFolder folder;
};

std::string rule(const Model& m, const std::string& id) {
  for (const Rule& r : m.rules) {
    if (r.id == id) return expr::to_text(r.formula);
  }
  return "no rule " + id;
}

/// The product has one problem: code, message, hint, at the line of `marker`.
void expect_refused(const std::string& product, const std::string& code, const std::string& message, const std::string& hint,
                    const std::string& marker) {
  const core::Error error = Shelf(product).refusal();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, code);
  EXPECT_EQ(d.message, message);
  EXPECT_EQ(d.hint, hint);
  EXPECT_TRUE(d.where.file.ends_with("loaded.toml")) << d.where.file;
  EXPECT_EQ(d.where.line, line_of(product, marker)) << error.what();
}

// ---- when it is taken in

TEST(Product, Is_taken_in_only_when_its_drug_is_named) {
  const Shelf shelf(kHeader + cargo("miR", "drive", "+"));
  const Model m = shelf.load();
  EXPECT_NE(m.find_species("loaded.miR"), nullptr);
  for (const std::vector<std::string>& drugs : {std::vector<std::string>{}, {"vesicles:other"}, {"loaded"}}) {
    const Model without = shelf.load(drugs);
    EXPECT_EQ(without.find_species("loaded.miR"), nullptr);
    EXPECT_EQ(without.find_dose("vesicles:loaded"), nullptr);
    EXPECT_EQ(rule(without, "drive"), "1") << "the target of a product is 1 without one";
  }
}

TEST(Product, Of_a_kind_the_model_does_not_know_is_left_out) {
  std::string other = kHeader;
  other.replace(other.find("kind = \"vesicles\""), 17, "kind = \"cells\"");
  const Model m = Shelf(other).load();
  EXPECT_EQ(m.find_dose("vesicles:loaded"), nullptr);
}

// ---- what it becomes

TEST(Product, Cargo_is_a_pool_and_a_factor_of_its_target) {
  const Model m = Shelf(kHeader + cargo("miR", "drive", "+") + cargo("siRNA", "brake", "-", "recipient = \"osteoclast\"\n")).load();
  EXPECT_EQ(rule(m, "drive"), "loaded.on_drive");
  EXPECT_EQ(rule(m, "loaded.on_drive"), "1 + loaded.miR_effect*(loaded.miR/(loaded.miR_half_copies + loaded.miR))");
  EXPECT_EQ(rule(m, "loaded.on_brake"), "1 - loaded.siRNA_effect*(loaded.siRNA/(loaded.siRNA_half_copies + loaded.siRNA))");
  EXPECT_EQ(expr::to_text(*m.find_species("loaded.miR")->rate),
            "loaded.miR_copies*loaded.delivered_osteoblast - 0.6931471805599453*loaded.miR/loaded.miR_half_life");
  EXPECT_EQ(expr::to_text(*m.find_species("loaded.siRNA")->rate),
            "loaded.siRNA_copies*loaded.delivered_osteoclast - 0.6931471805599453*loaded.siRNA/loaded.siRNA_half_life");
  EXPECT_EQ(rule(m, "loaded.miR_half_copies"), "common_half") << "named quantities are the model's";
  EXPECT_EQ(m.find_parameter("loaded.miR_copies")->value, 4);
  EXPECT_EQ(m.find_parameter("loaded.miR_copies")->provenance.source, "doi:10.1000/cargo");
}

TEST(Product, Entries_on_the_same_target_multiply) {
  const Model m = Shelf(kHeader + cargo("a", "drive", "+") + cargo("b", "drive", "-")).load();
  EXPECT_EQ(rule(m, "loaded.on_drive"),
            "(1 + loaded.a_effect*(loaded.a/(loaded.a_half_copies + loaded.a)))*(1 - loaded.b_effect*(loaded.b/(loaded.b_half_copies + loaded.b)))");
}

TEST(Product, Parameters_replace_those_of_its_kind_and_keep_bounds) {
  const Model m = Shelf(kHeader + "[parameters]\nper_ug = { value = 200, unit = \"particle/ug\", kind = \"reported\" }\n").load();
  const Parameter& p = *m.find_parameter("loaded.per_ug");
  EXPECT_EQ(p.value, 200);
  EXPECT_EQ(p.provenance.source, "doi:10.1000/product");
  ASSERT_TRUE(p.bounds.has_value());
  EXPECT_EQ(*p.bounds, (std::pair{1.0, 1e6}));
  ASSERT_TRUE(p.prior.has_value());
  EXPECT_EQ(p.prior->mean, 200) << "a prior that is not given is that of the kind about the new value";
  EXPECT_EQ(p.prior->sd, 0.8);
}

TEST(Product, Shared_cargo_is_taken_less_what_the_product_lacks) {
  const Model whole = Shelf(kHeader + "cargo = \"native\"\n" + cargo("own", "drive", "+")).load();
  for (const char* name : {"loaded.native_a", "loaded.native_b", "loaded.own"}) EXPECT_NE(whole.find_species(name), nullptr) << name;
  const Model less = Shelf(kHeader + "cargo = \"native\"\nwithout = [\"native_b\"]\n").load();
  EXPECT_NE(less.find_species("loaded.native_a"), nullptr);
  EXPECT_EQ(less.find_species("loaded.native_b"), nullptr);
  EXPECT_EQ(rule(less, "brake"), "1");
}

TEST(Product, Without_a_conversion_only_particles_are_counted) {
  const Model with = Shelf(kHeader).load(), without = Shelf(kHeader + "conversion = false\n").load();
  EXPECT_TRUE(with.find_dose("vesicles:loaded", "iv")->factor.has_value());
  const DoseEntry* dose = without.find_dose("vesicles:loaded", "iv");
  ASSERT_NE(dose, nullptr);
  EXPECT_FALSE(dose->factor || dose->unit);
  EXPECT_EQ(dose->into, "loaded.pool");
}

// ---- what is refused

TEST(Product, Unknown_target_is_refused_with_a_near_match) {
  const std::string text = kHeader + cargo("miR", "driive", "+");
  expect_refused(text, "compose-006", "model 'host' has no target 'driive'", "Did you mean 'drive'?", "target =");
}

TEST(Product, Negative_passage_is_refused) {
  const std::string text = kHeader + "[parameters]\npassage = { value = -1, unit = \"1\", kind = \"reported\" }\n";
  expect_refused(text, "product-004", "'passage' = -1 should not be negative", "", "passage =");
}

TEST(Product, Negative_copies_are_refused) {
  std::string text = kHeader + cargo("miR", "drive", "+");
  text.replace(text.find("copies = 4"), 10, "copies = -4");
  expect_refused(text, "product-004", "cargo entry: 'copies' of cargo 'miR' should not be negative", "", "copies = -4");
}

TEST(Product, Unknown_words_are_refused_with_what_is_allowed) {
  const std::string good = kHeader + cargo("miR", "drive", "+", "recipient = \"osteoclast\"\n");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  expect_refused(with("\"miRNA\"", "\"mRNAs\""), "product-003", "cargo entry: unknown 'class' = 'mRNAs'",
                 "One of protein, mRNA, miRNA, siRNA, lncRNA, lipid, lumped. Did you mean 'mRNA'?", "class");
  expect_refused(with("\"+\"", "\"*\""), "product-003", "cargo entry: unknown 'sign' = '*'", "One of +, -. ", "sign");
  expect_refused(with("\"osteoclast\"", "\"osteocla\""), "product-003", "cargo entry: unknown 'recipient' = 'osteocla'",
                 "One of osteoblast, osteoclast. Did you mean 'osteoclast'?", "recipient");
}

TEST(Product, Parameter_its_kind_lacks_is_refused_with_a_near_match) {
  const std::string text = kHeader + "[parameters]\npasage = { value = 1, unit = \"1\", kind = \"reported\" }\n";
  const core::Error error = Shelf(text).refusal();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "overlay-001");
  EXPECT_EQ(error.diagnostics()[0].hint, "Did you mean 'passage'?");
}

TEST(Product, Value_in_another_unit_is_refused) {
  std::string text = kHeader + cargo("miR", "drive", "+");
  text.replace(text.find("half_life = 2"), 13, "half_life = { value = 2, unit = \"h\", kind = \"reported\", source = \"x\" }");
  expect_refused(text, "product-005", "cargo entry: 'half_life' of cargo 'miR' is in 'h', not in 'd'", "", "half_life");
}

TEST(Product, Lack_of_what_the_shared_list_does_not_have_is_refused) {
  const core::Error error = Shelf(kHeader + "cargo = \"native\"\nwithout = [\"native_c\"]\n").refusal();
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics()[0].code, "product-006");
  EXPECT_EQ(error.diagnostics()[0].message, "the cargo list 'native' has no 'native_c'");
  EXPECT_EQ(error.diagnostics()[0].hint.substr(0, 21), "Did you mean 'native_");
}

TEST(Product, Unknown_keys_are_refused_with_near_matches) {
  expect_refused(kHeader + "enginering = \"none\"\n", "toml-006", "[product]: unknown key 'enginering'", "Did you mean 'engineering'?", "enginering");
  expect_refused(kHeader + cargo("miR", "drive", "+", "recipent = \"osteoclast\"\n"), "toml-006", "cargo entry: unknown key 'recipent'",
                 "Did you mean 'recipient'?", "recipent");
}

// ---- the shipped ones

TEST(ShippedProducts, Every_one_loads_wherever_it_works) {
  for (const std::string& path : support::library().therapies()) {
    const core::TomlValue root = core::load_toml(path);
    const core::TomlValue* product = root.find("product");
    if (product == nullptr) continue;
    const std::string drug = product->find("drug")->text;
    for (const core::TomlValue& species : product->find("species")->items) {
      const bool dish = species.text == "dish";
      const LoadOptions options{dish || species.text == "human" ? "" : species.text, {drug}, {}};
      EXPECT_NO_THROW({
        const Model m = load_model(support::library().find_model(dish ? "culture" : "osteosome"), support::library(), support::units(), options);
        EXPECT_NE(m.find_dose(drug), nullptr) << drug << " in " << species.text;
      }) << drug
         << " in " << species.text;
    }
  }
}

}  // namespace
}  // namespace osteosome::model
