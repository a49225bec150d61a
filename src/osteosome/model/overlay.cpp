// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "document.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::model {
namespace {

void replace(Model& model, const std::string& id, const core::TomlValue& value, const std::string& source, core::Diagnostics& problems) {
  core::TomlReader in(value, "overlay of '" + id + "'", problems);
  const std::size_t before = problems.all().size();
  const double number = in.required_number("value");
  const std::string unit = in.required_text("unit");
  const std::string kind = in.required_text("kind");
  const std::string own_source = in.text("source").value_or(source);
  const std::string rationale = in.text("rationale").value_or("");
  (void)in.number("standard_error");
  static const std::vector<std::string> kinds = {"reported", "digitised", "fitted", "assumed", "converted"};
  if (!kind.empty() && std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    in.problem("model-011", "unknown kind '" + kind + "'",
               "One of reported, digitised, fitted, assumed, converted. " + core::did_you_mean(kind, kinds), "kind");
  }
  if (kind == "assumed" && rationale.empty()) in.problem("model-012", "an assumed value needs a 'rationale'");
  const auto p = std::find_if(model.parameters.begin(), model.parameters.end(), [&](const Parameter& x) { return x.id == id; });
  if (p == model.parameters.end()) {
    in.problem("overlay-001", "model '" + model.id + "' has no parameter '" + id + "'", core::did_you_mean(id, model.symbols()));
  } else if (problems.all().size() > before) {
    // said already
  } else if (unit != p->unit.text) {
    in.problem("overlay-002", "'" + id + "' is in '" + p->unit.text + "', not in '" + unit + "'", "", "unit");
  } else if (!std::isfinite(number)) {
    in.problem("overlay-003", "'value' of '" + id + "' is not finite", "", "value");
  } else if ((p->bounds && (number < p->bounds->first || number > p->bounds->second))) {
    in.problem("overlay-003", "'" + id + "' = " + core::format_double(number) + " is outside its bounds", "", "value");
  } else {
    p->value = number;
    p->provenance = {own_source, kind, rationale};
  }
  in.finish();
}

}  // namespace

void apply_overlay(Model& model, const std::string& path, core::Diagnostics& problems) {
  const core::TomlValue root = core::load_toml(path);
  core::TomlReader top(root, "overlay document", problems);
  std::string source;
  if (const core::TomlValue* header = top.table("overlay")) {
    core::TomlReader in(*header, "[overlay]", problems);
    (void)in.required_text("title");
    const std::string of = in.required_text("of");
    if (!of.empty() && of != model.id) in.problem("overlay-004", "this overlay is for model '" + of + "', not '" + model.id + "'", "", "of");
    source = in.required_text("source");
    in.finish();
  } else {
    top.problem("overlay-005", "the table [overlay] is missing");
  }
  if (const core::TomlValue* parameters = top.table("parameters")) {
    for (const auto& [id, value] : parameters->entries) replace(model, id, value, source, problems);
  }
  top.finish();
}

}  // namespace osteosome::model
