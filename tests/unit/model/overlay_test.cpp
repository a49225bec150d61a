// SPDX-License-Identifier: Apache-2.0
// Overlays: values, kinds and sources that replace those of a model's parameters, and what is refused of them.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "documents.hpp"

namespace osteosome::model {
namespace {

using support::error_of;
using support::line_of;
using support::TemporaryFolder;

const std::string kModel = R"toml([model]
id = "small"
title = "A small model"
time = "h"
source = "doi:10.1000/small"

[parameters]
kout = { value = 0.5, unit = "1/h", source = "model", kind = "reported", bounds = [0.1, 2], meaning = "loss" }
V = { value = 14, unit = "L", source = "model", kind = "assumed", rationale = "a guess" }
W = { value = 60, unit = "kg", source = "model", kind = "reported" }

[species]
PTH = { initial = 0, unit = "pmol", rate = "-kout*PTH" }
)toml";

const std::string kHeader = "[overlay]\ntitle = \"Fitted\"\nof = \"small\"\nsource = \"calibration of 2025\"\n";

/// A folder with the model and overlays; overlays are named by path.
class Shelf {
 public:
  explicit Shelf(const std::string& model = kModel) { model_ = folder.write("small.toml", model); }

  std::string overlay(const std::string& name, const std::string& text) const { return folder.write(name + ".toml", text); }
  [[nodiscard]] Model load(const std::vector<std::string>& overlays) const { return load_model(model_, {folder.path()}, support::units(), overlays); }

  TemporaryFolder folder;

 private:
  std::string model_;
};

Model loaded_with(const std::string& overlay) {
  const Shelf shelf;
  return shelf.load({shelf.overlay("fit", overlay)});
}

core::Error refusal(const std::string& overlay) {
  return error_of([&] { (void)loaded_with(overlay); });
}

/// The overlay has one problem: code, message, hint, at the line of `marker`.
void expect_refused(const std::string& overlay, const std::string& code, const std::string& message, const std::string& hint,
                    const std::string& marker) {
  const core::Error error = refusal(overlay);
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(error.kind(), core::ErrorKind::Model);
  EXPECT_EQ(d.code, code);
  EXPECT_EQ(d.message, message);
  EXPECT_EQ(d.hint, hint);
  EXPECT_TRUE(d.where.file.ends_with("fit.toml")) << d.where.file;
  EXPECT_EQ(d.where.line, line_of(overlay, marker)) << error.what();
}

// ---- what is replaced

double value_of(const Model& m, const std::string& parameter) { return m.find_parameter(parameter)->value; }

TEST(Overlay, Value_kind_source_and_rationale_are_replaced) {
  const Model m = loaded_with(kHeader +
                              "[parameters]\nkout = { value = 0.75, unit = \"1/h\", kind = \"fitted\", source = \"doi:10.1000/fit\", rationale = "
                              "\"best of three\" }\n");
  const Parameter& p = *m.find_parameter("kout");
  EXPECT_EQ(p.value, 0.75);
  EXPECT_EQ(p.provenance.kind, "fitted");
  EXPECT_EQ(p.provenance.source, "doi:10.1000/fit");
  EXPECT_EQ(p.provenance.rationale, "best of three");
}

TEST(Overlay, Unit_meaning_and_bounds_stay) {
  const Model m = loaded_with(kHeader + "[parameters]\nkout = { value = 0.75, unit = \"1/h\", kind = \"fitted\" }\n");
  const Parameter& p = *m.find_parameter("kout");
  EXPECT_EQ(p.unit.text, "1/h");
  EXPECT_EQ(p.meaning, "loss");
  ASSERT_TRUE(p.bounds.has_value());
  EXPECT_EQ(p.bounds->second, 2);
}

TEST(Overlay, Source_left_out_is_that_of_the_overlay) {
  const Model m = loaded_with(kHeader + "[parameters]\nkout = { value = 0.75, unit = \"1/h\", kind = \"fitted\" }\n");
  EXPECT_EQ(m.find_parameter("kout")->provenance.source, "calibration of 2025");
}

TEST(Overlay, Rationale_of_the_old_value_does_not_outlive_it) {
  const Model m = loaded_with(kHeader + "[parameters]\nV = { value = 15, unit = \"L\", kind = \"fitted\" }\n");
  EXPECT_EQ(m.find_parameter("V")->provenance.rationale, "");
}

TEST(Overlay, Other_parameters_stay) {
  const Model m = loaded_with(kHeader + "[parameters]\nkout = { value = 0.75, unit = \"1/h\", kind = \"fitted\" }\n");
  EXPECT_EQ(m.find_parameter("V")->value, 14);
  EXPECT_EQ(m.find_parameter("V")->provenance.rationale, "a guess");
  EXPECT_EQ(m.find_parameter("W")->provenance.source, "doi:10.1000/small");
}

TEST(Overlay, Standard_error_is_taken) {
  const Model m = loaded_with(kHeader + "[parameters]\nW = { value = 70, unit = \"kg\", kind = \"fitted\", standard_error = 0.5 }\n");
  EXPECT_EQ(m.find_parameter("W")->value, 70);
}

TEST(Overlay, Bounds_themselves_are_within_bounds) {
  for (const char* value : {"0.1", "2"}) {
    EXPECT_NO_THROW((void)loaded_with(kHeader + "[parameters]\nkout = { value = " + value + ", unit = \"1/h\", kind = \"fitted\" }\n")) << value;
  }
}

TEST(Overlay, Parameter_of_a_used_document_is_named_with_its_prefix) {
  const Shelf shelf(kModel + "[uses.sub]\ndocument = \"child\"\nset = { rate = 3 }\n");
  shelf.folder
      .write("child.toml",
             "[model]\nid = \"child\"\ntitle = \"Child\"\ntime = \"d\"\nsource = \"doi:10.1000/child\"\n[parameters]\nrate = { value = 2, unit = "
             "\"1/d\", source = \"model\", kind = \"reported\" }\n");
  EXPECT_EQ(value_of(shelf.load({}), "sub.rate"), 3);
  const auto fit = shelf.overlay("fit", kHeader + "[parameters]\n\"sub.rate\" = { value = 4, unit = \"1/d\", kind = \"fitted\" }\n");
  EXPECT_EQ(value_of(shelf.load({fit}), "sub.rate"), 4);
}

// ---- which overlays, in which order

const std::string kOne =
    kHeader + "[parameters]\nV = { value = 1, unit = \"L\", kind = \"fitted\" }\nW = { value = 1, unit = \"kg\", kind = \"fitted\" }\n";
const std::string kTwo = kHeader + "[parameters]\nV = { value = 2, unit = \"L\", kind = \"fitted\" }\n";

TEST(Overlay, Later_one_of_the_argument_wins) {
  const Shelf shelf;
  const auto one = shelf.overlay("one", kOne), two = shelf.overlay("two", kTwo);
  EXPECT_EQ(value_of(shelf.load({one, two}), "V"), 2);
  EXPECT_EQ(value_of(shelf.load({two, one}), "V"), 1);
  EXPECT_EQ(value_of(shelf.load({one, two}), "W"), 1) << "what only the first says stays";
}

TEST(Overlay, Named_by_the_model_is_found_beside_it) {
  const Shelf shelf(std::string(kModel).insert(kModel.find("time ="), "overlay = \"one\"\n"));
  (void)shelf.overlay("one", kOne);
  EXPECT_EQ(value_of(shelf.load({}), "V"), 1);
}

TEST(Overlay, Of_the_argument_comes_after_the_models_own) {
  const Shelf shelf(std::string(kModel).insert(kModel.find("time ="), "overlay = \"one\"\n"));
  (void)shelf.overlay("one", kOne);
  const Model m = shelf.load({shelf.overlay("two", kTwo)});
  EXPECT_EQ(m.find_parameter("V")->value, 2);
  EXPECT_EQ(m.find_parameter("W")->value, 1);
}

TEST(Overlay, Is_found_by_id_in_the_librarys_models) {
  const Shelf shelf;
  std::filesystem::create_directories(shelf.folder.path("models/fits"));
  shelf.folder.write("models/fits/of-2025.toml", kTwo);
  EXPECT_EQ(value_of(shelf.load({"of-2025"}), "V"), 2);
  EXPECT_EQ(value_of(shelf.load({"fits/of-2025"}), "V"), 2);
}

TEST(Overlay, That_is_not_there_is_refused_with_a_near_match) {
  const Shelf shelf;
  std::filesystem::create_directories(shelf.folder.path("models"));
  shelf.folder.write("models/fitted.toml", kTwo);
  const core::Error error = error_of([&] { (void)shelf.load({"fited"}); });
  EXPECT_EQ(error.diagnostics().front().code, "input-010");
  EXPECT_EQ(error.diagnostics().front().message, "no model 'fited'");
  EXPECT_EQ(error.diagnostics().front().hint, "Did you mean 'fitted'?");
}

// ---- what is refused

TEST(Overlay, Unknown_parameter_is_refused_with_a_near_match) {
  expect_refused(kHeader +
                     "[parameters]\nV = { value = 15, unit = \"L\", kind = \"fitted\" }\nkot = { value = 1, unit = \"1/h\", kind = \"fitted\" }\n",
                 "overlay-001", "model 'small' has no parameter 'kot'", "Did you mean 'kout'?", "kot = {");
}

TEST(Overlay, Species_is_no_parameter) {
  const core::Error error = refusal(kHeader + "[parameters]\nPTH = { value = 1, unit = \"pmol\", kind = \"fitted\" }\n");
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "overlay-001");
}

TEST(Overlay, Another_unit_is_refused_even_of_the_same_dimension) {
  expect_refused(kHeader + "[parameters]\nV = { value = 15000, unit = \"mL\", kind = \"fitted\" }\n", "overlay-002", "'V' is in 'L', not in 'mL'", "",
                 "V = {");
}

TEST(Overlay, Value_out_of_bounds_is_refused) {
  for (const std::string value : {"0.09", "2.5"}) {
    expect_refused(kHeader + "[parameters]\nkout = { value = " + value + ", unit = \"1/h\", kind = \"fitted\" }\n", "overlay-003",
                   "'kout' = " + value + " is outside its bounds", "They are 0.1 and 2 1/h.", "kout = {");
  }
}

TEST(Overlay, Value_that_is_not_finite_is_refused_without_bounds_too) {
  for (const std::string value : {"inf", "-inf", "nan"}) {
    const core::Error error = refusal(kHeader + "[parameters]\nV = { value = " + value + ", unit = \"L\", kind = \"fitted\" }\n");
    ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
    EXPECT_EQ(error.diagnostics().front().code, "model-014") << value;
  }
}

TEST(Overlay, Of_another_model_is_refused) {
  const std::string text = "[overlay]\ntitle = \"Fitted\"\nof = \"large\"\nsource = \"x\"\n[parameters]\n";
  expect_refused(text, "overlay-004", "[overlay]: this overlay is for model 'large', not 'small'", "", "of = ");
}

TEST(Overlay, Without_its_header_is_refused) {
  expect_refused("[parameters]\nV = { value = 15, unit = \"L\", kind = \"fitted\", source = \"x\" }\n", "overlay-005",
                 "overlay document: the table [overlay] is missing", "", "[parameters]");
}

TEST(Overlay, Keys_of_the_header_are_required) {
  for (const std::string key : {"title", "of", "source"}) {
    std::string text = kHeader;
    const auto at = text.find(key + " = ");
    text.erase(at, text.find('\n', at) + 1 - at);
    expect_refused(text, "toml-005", "[overlay]: '" + key + "' is missing", "", "[overlay]");
  }
}

TEST(Overlay, Kind_is_required) {
  expect_refused(kHeader + "[parameters]\nV = { value = 15, unit = \"L\" }\n", "model-011", "parameter 'V': 'kind' is missing",
                 "One of reported, digitised, fitted, assumed, converted.", "V = {");
}

TEST(Overlay, Unknown_keys_are_refused_with_near_matches) {
  expect_refused(kHeader + "[parameters]\nV = { value = 15, unit = \"L\", kind = \"fitted\", meanning = \"x\" }\n", "toml-006",
                 "parameter 'V': unknown key 'meanning'", "Did you mean 'meaning'?", "V = {");
  expect_refused(kHeader + "[parameter]\n", "toml-006", "overlay document: unknown key 'parameter'", "Did you mean 'parameters'?", "[parameter]");
}

TEST(Overlay, Model_document_is_no_overlay) {
  const core::Error error = refusal(kModel);
  std::string text = error.what();
  EXPECT_NE(text.find("overlay-005"), std::string::npos) << text;
  EXPECT_NE(text.find("unknown key 'species'"), std::string::npos) << text;
}

TEST(Overlay, Several_problems_are_reported_in_one_go_in_order_of_lines) {
  const core::Error error = refusal(
      "[overlay]\ntitle = \"Fitted\"\nof = \"large\"\nsource = \"x\"\n[parameters]\nkot = { value = 1, unit = \"1/h\", kind = \"fitted\" }\nV = { "
      "value = "
      "1, unit = \"mL\", kind = \"fitted\" }\nkout = { value = 5, unit = \"1/h\", kind = \"fitted\" }\n");
  std::vector<std::string> codes;
  for (const auto& d : error.diagnostics()) codes.push_back(d.code);
  EXPECT_EQ(codes, (std::vector<std::string>{"overlay-004", "overlay-001", "overlay-002", "overlay-003"})) << error.what();
}

TEST(Overlay, Problems_of_two_overlays_and_of_the_model_are_reported_together) {
  const Shelf shelf(std::string(kModel).replace(kModel.find("-kout*PTH"), 9, "-kut*PTH"));
  const auto one = shelf.overlay("one", kHeader + "[parameters]\nx = { value = 1, unit = \"L\", kind = \"fitted\" }\n");
  const auto two = shelf.overlay("two", kHeader + "[parameters]\ny = { value = 1, unit = \"L\", kind = \"fitted\" }\n");
  const core::Error error = error_of([&] { (void)shelf.load({one, two}); });
  const std::string text = error.what();
  EXPECT_EQ(error.diagnostics().size(), 3u) << text;
  EXPECT_NE(text.find("has no parameter 'x'"), std::string::npos) << text;
  EXPECT_NE(text.find("has no parameter 'y'"), std::string::npos) << text;
  EXPECT_NE(text.find("unknown name 'kut'"), std::string::npos) << text;
}

// ---- more that is refused or converted

TEST(Overlay, Unknown_kind_is_refused) {
  const core::Error error = refusal(kHeader + "[parameters]\nV = { value = 15, unit = \"L\", kind = \"fited\" }\n");
  EXPECT_NE(std::string(error.what()).find("unknown kind 'fited'"), std::string::npos) << error.what();
}

TEST(Overlay, Assumed_value_needs_a_rationale) {
  const core::Error error = refusal(kHeader + "[parameters]\nV = { value = 15, unit = \"L\", kind = \"assumed\" }\n");
  EXPECT_NE(std::string(error.what()).find("needs a 'rationale'"), std::string::npos) << error.what();
}

TEST(Overlay, Missing_value_or_unit_is_reported_once) {
  EXPECT_EQ(refusal(kHeader + "[parameters]\nkout = { unit = \"1/h\", kind = \"fitted\" }\n").diagnostics().size(), 1u);
  EXPECT_EQ(refusal(kHeader + "[parameters]\nkout = { value = 1, kind = \"fitted\" }\n").diagnostics().size(), 1u);
}

TEST(Overlay, Value_that_is_no_number_is_named_in_the_message) {
  const core::Error error = refusal(kHeader + "[parameters]\nV = { value = nan, unit = \"L\", kind = \"fitted\" }\n");
  EXPECT_EQ(std::string(error.what()).find("=  is"), std::string::npos) << error.what();
}

TEST(Overlay, Of_a_used_document_is_applied) {
  const Shelf shelf(kModel + "[uses.sub]\ndocument = \"child\"\n");
  shelf.folder
      .write("child.toml",
             "[model]\nid = \"child\"\ntitle = \"Child\"\ntime = \"d\"\nsource = \"doi:10.1000/child\"\noverlay = \"fit\"\n[parameters]\nrate = { "
             "value = 2, unit = \"1/d\", source = \"model\", kind = \"reported\" }\n");
  (void)shelf.overlay("fit",
                      "[overlay]\ntitle = \"Fitted\"\nof = \"child\"\nsource = \"x\"\n[parameters]\nrate = { value = 5, unit = \"1/d\", kind = "
                      "\"fitted\" }\n");
  EXPECT_EQ(value_of(shelf.load({}), "sub.rate"), 5);
}

}  // namespace
}  // namespace osteosome::model
