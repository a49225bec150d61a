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

std::string side(const std::vector<SpeciesReference>& refs) {
  std::string text;
  for (const SpeciesReference& ref : refs) {
    text += (text.empty() ? "" : " + ") + (ref.stoichiometry.is_number(1) ? "" : expr::to_text(ref.stoichiometry) + " ") + ref.species;
  }
  return text;
}

std::string event_line(const Event& e) {
  std::string text = "- event " + e.id + ": when " + expr::to_text(e.trigger);
  if (e.delay) text += ", after " + expr::to_text(*e.delay);
  if (e.priority) text += ", priority " + expr::to_text(*e.priority);
  for (const EventAssignment& a : e.assignments) text += ", " + a.target + " := " + expr::to_text(a.formula);
  return text + "\n";
}

void equations(const Model& model, std::string& out) {
  out += "\n## Equations\n\n";
  for (const Compartment& c : model.compartments) {
    if (c.rate) out += "- d" + c.id + "/dt = " + expr::to_text(*c.rate) + "\n";
    if (c.assigned) out += "- " + c.id + " = " + expr::to_text(*c.assigned) + "\n";
  }
  for (const Species& s : model.species) {
    if (s.rate) out += "- d" + s.id + "/dt = " + expr::to_text(*s.rate) + "  [" + s.unit.text + " per " + model.time.text + "]\n";
    if (s.assigned) out += "- " + s.id + " = " + expr::to_text(*s.assigned) + "  [" + s.unit.text + "]\n";
  }
  for (const InitialAssignment& a : model.initial_assignments) out += "- " + a.symbol + "(0) = " + expr::to_text(a.formula) + "\n";
  for (const Reaction& r : model.reactions) {
    const char* arrow = r.fast ? " => " : r.reversible ? " <-> " : " -> ";
    out += "- " + r.id + ": " + side(r.reactants) + arrow + side(r.products) + (r.fast ? "  at rest where  " : "  at  ") + expr::to_text(r.rate) +
           (r.fast ? " = 0\n" : "\n");
  }
  for (const Rule& r : model.rules) {
    const bool algebraic = r.kind == Rule::Kind::Algebraic;
    out += algebraic ? "- 0 = " + expr::to_text(r.formula) + "\n" : "- " + r.id + " = " + expr::to_text(r.formula) + "  [" + r.unit.text + "]\n";
  }
  for (const FunctionDefinition& f : model.functions) {
    std::string arguments;
    for (const std::string& a : f.arguments) arguments += (arguments.empty() ? "" : ", ") + a;
    out += "- " + f.id + "(" + arguments + ") = " + expr::to_text(f.body) + "\n";
  }
  for (const Event& e : model.events) out += event_line(e);
  for (const Constraint& c : model.constraints) out += "- should hold: " + expr::to_text(c.condition) + "\n";
}

/// What reactions do to a species, by their names.
expr::Ast flow_of(const Model& model, const Species& s) {
  using expr::Ast;
  std::vector<Ast> terms;
  for (const Reaction& r : model.reactions) {
    const auto add = [&](const std::vector<SpeciesReference>& refs, double sign) {
      for (const SpeciesReference& ref : refs) {
        if (ref.species != s.id || s.boundary || s.constant) continue;
        Ast term = ref.stoichiometry.is_number(1) ? Ast::symbol(r.id) : Ast::call("*", {ref.stoichiometry, Ast::symbol(r.id)});
        terms.push_back(sign > 0 ? std::move(term) : Ast::call("-", {std::move(term)}));
      }
    };
    add(r.reactants, -1);
    add(r.products, 1);
  }
  if (terms.empty()) return Ast::number(0);
  Ast sum = terms.front();
  for (std::size_t k = 1; k < terms.size(); ++k) {
    const bool minus = terms[k].kind == Ast::Kind::Call && terms[k].name == "-" && terms[k].args.size() == 1;
    sum = minus ? Ast::call("-", {std::move(sum), terms[k].args[0]}) : Ast::call("+", {std::move(sum), terms[k]});
  }
  return s.compartment.empty() || s.substance_only ? sum : Ast::call("/", {std::move(sum), Ast::symbol(s.compartment)});
}

std::string latex_symbol(const std::string& id) { return expr::to_latex(expr::Ast::symbol(id)); }

}  // namespace

std::string to_latex(const Model& model) {
  std::string out = "% " + model.title + "\n\\begin{align*}\n";
  const auto line = [&](const std::string& left, const std::string& right) { out += "  " + left + " &= " + right + " \\\\\n"; };
  const auto slope = [](const std::string& id) { return "\\frac{\\mathrm{d}" + latex_symbol(id) + "}{\\mathrm{d}t}"; };
  for (const Compartment& c : model.compartments) {
    if (c.rate) line(slope(c.id), expr::to_latex(*c.rate));
    if (c.assigned) line(latex_symbol(c.id), expr::to_latex(*c.assigned));
  }
  for (const Species& s : model.species) {
    if (s.rate) line(slope(s.id), expr::to_latex(*s.rate));
    if (s.assigned) line(latex_symbol(s.id), expr::to_latex(*s.assigned));
    if (!s.rate && !s.assigned) line(slope(s.id), expr::to_latex(flow_of(model, s)));
  }
  for (const Reaction& r : model.reactions) line(latex_symbol(r.id), expr::to_latex(r.rate));
  for (const Rule& r : model.rules) line(r.kind == Rule::Kind::Algebraic ? "0" : latex_symbol(r.id), expr::to_latex(r.formula));
  for (const FunctionDefinition& f : model.functions) {
    std::vector<expr::Ast> arguments;
    for (const std::string& a : f.arguments) arguments.push_back(expr::Ast::symbol(a));
    line(expr::to_latex(expr::Ast::call(f.id, arguments)), expr::to_latex(f.body));
  }
  for (const InitialAssignment& a : model.initial_assignments) line(latex_symbol(a.symbol) + "(0)", expr::to_latex(a.formula));
  for (const Species& s : model.species) line(latex_symbol(s.id) + "(0)", expr::to_latex(s.initial));
  return out + "\\end{align*}\n";
}

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
