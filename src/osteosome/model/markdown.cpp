// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/text.hpp"
#include "osteosome/model/document.hpp"

namespace osteosome::model {
namespace {

std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

void equations(const Model& model, std::string& out) {
  out += "\n## Equations\n\n";
  for (const Species& s : model.species) {
    if (s.rate) out += "- d" + s.id + "/dt = " + expr::to_text(*s.rate) + "  [" + s.unit.text + " per " + model.time.text + "]\n";
  }
  for (const Reaction& r : model.reactions) {
    const auto side = [](const std::vector<SpeciesReference>& refs) {
      std::string text;
      for (const SpeciesReference& ref : refs) {
        text += (text.empty() ? "" : " + ") + (ref.stoichiometry.is_number(1) ? "" : expr::to_text(ref.stoichiometry) + " ") + ref.species;
      }
      return text;
    };
    out += "- " + r.id + ": " + side(r.reactants) + " -> " + side(r.products) + "  at  " + expr::to_text(r.rate) + "\n";
  }
  for (const Rule& r : model.rules) out += "- " + r.id + " = " + expr::to_text(r.formula) + "  [" + r.unit.text + "]\n";
  for (const FunctionDefinition& f : model.functions) {
    std::string arguments;
    for (const std::string& a : f.arguments) arguments += (arguments.empty() ? "" : ", ") + a;
    out += "- " + f.id + "(" + arguments + ") = " + expr::to_text(f.body) + "\n";
  }
  for (const Event& e : model.events) {
    out += "- event " + e.id + ": when " + expr::to_text(e.trigger);
    for (const EventAssignment& a : e.assignments) out += ", " + a.target + " := " + expr::to_text(a.formula);
    out += "\n";
  }
}

}  // namespace

std::string to_markdown(const Model& model) {
  std::string out = "# " + model.title + "\n\n`" + model.id + "`, time in " + model.time.text + ", source " + model.source + "\n";
  if (!model.about.empty()) out += "\n" + model.about + "\n";
  if (!model.faults.empty()) {
    out += "\n## Known faults\n\n";
    for (const std::string& fault : model.faults) out += "- " + fault + "\n";
  }
  out += "\n## Species\n\n| id | initial | unit | meaning |\n|---|---|---|---|\n";
  for (const Species& s : model.species) {
    out += "| " + s.id + " | " + cell(expr::to_text(s.initial)) + " | " + cell(s.unit.text) + " | " + cell(s.meaning) + " |\n";
  }
  equations(model, out);
  out += "\n## Parameters\n\n| id | value | unit | kind | source | meaning |\n|---|---|---|---|---|---|\n";
  for (const Parameter& p : model.parameters) {
    out += "| " + p.id + " | " + core::format_double(p.value) + " | " + cell(p.unit.text) + " | " +
           (p.provenance.kind == "assumed" ? "**assumed**: " + cell(p.provenance.rationale) : p.provenance.kind) + " | " + cell(p.provenance.source) +
           " | " + cell(p.meaning) + " |\n";
  }
  return out;
}

}  // namespace osteosome::model
