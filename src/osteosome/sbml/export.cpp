// SPDX-License-Identifier: Apache-2.0
// A Model as SBML Level 3 Version 2 core. The text is written here, not by libSBML, whose writer prints 15 digits (decision 0022).
#include "osteosome/sbml/export.hpp"

#include <sbml/SBMLTypes.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>

#include "osteosome/core/markup.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/expr/mathml.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/model/unit_check.hpp"
#include "unit_registry.hpp"

namespace osteosome::sbml {
namespace {

using expr::Ast;
using model::UnitText;

constexpr double kFactorWidth = 1e-12;  // twenty roundings of a product of conversion factors

/// The compartment of species that have none but take part in reactions.
constexpr const char* kLitre = "one_litre";

/// " key="value"", or nothing for an empty value.
std::string attribute(const char* key, const std::string& value) {
  if (value.empty()) return "";
  std::string text;
  for (const char c : core::escape_markup(value)) text += c == '\n' ? std::string("&#10;") : c == '\t' ? std::string("&#9;") : std::string(1, c);
  return std::string(" ") + key + "=\"" + text + "\"";
}

std::string value_attribute(const char* key, double value) {
  if (std::isnan(value)) return "";
  return attribute(key, std::isinf(value) ? (value > 0 ? "INF" : "-INF") : core::format_double(value));
}

/// The DOIs and PubMed ids that a source text names, as identifiers.org addresses.
std::vector<std::string> identifiers(const std::string& source) {
  std::vector<std::string> found;
  for (const auto& [prefix, address] :
       {std::pair<std::string, std::string>{"doi:", "https://identifiers.org/doi:"}, {"pubmed:", "https://identifiers.org/pubmed:"}}) {
    for (std::size_t at = source.find(prefix); at != std::string::npos; at = source.find(prefix, at + 1)) {
      std::string id = source.substr(at + prefix.size());
      id = id.substr(0, id.find_first_of(" ,;\"'\n\t"));
      while (!id.empty() && (id.back() == '.' || id.back() == ')' || id.back() == ':')) id.pop_back();
      if (!id.empty()) found.push_back(address + id);
    }
  }
  return found;
}

/// Names that import changes, being built in for formula text -> what it makes of them.
std::map<std::string, std::string> names_when_read(const model::Model& m) {
  std::set<std::string> taken;
  for (const std::string& id : m.symbols()) taken.insert(id);
  for (const auto& f : m.functions) taken.insert(f.id);
  for (const auto& e : m.events) taken.insert(e.id);
  std::map<std::string, std::string> names;
  for (const std::string& id : m.symbols()) {
    if (!expr::is_reserved(id)) continue;
    std::string name = id + "_";
    while (taken.contains(name)) name += "_";
    names[id] = name;
  }
  return names;
}

class Exporter {
 public:
  explicit Exporter(model::Model& m) : m_(m), units_of_(m), as_read_(names_when_read(m)) {
    unit_ = [this](const Ast& ast) -> std::string {
      try {
        const auto found = units_of_.infer(ast);
        return found.anything || !found.unit ? "" : units_.id(*found.unit);
      } catch (const core::Error&) {
        return "";
      }
    };
    for (const auto& r : m.reactions) {
      for (const auto* side : {&r.reactants, &r.products}) {
        for (const auto& ref : *side) reacting_.insert(ref.species);
      }
    }
    for (const auto& e : m.events) {
      for (const auto& a : e.assignments) set_by_events_.insert(a.target);
    }
    for (const auto& a : m.initial_assignments) started_.insert(a.symbol);
  }

  std::string run() {
    for (const auto& f : m_.functions) functions_ += function(f);
    for (const auto& c : m_.compartments) compartment(c);
    for (const auto& s : m_.species) is_parameter(s) ? state_parameter(s) : species(s);
    for (const auto& p : m_.parameters) parameter(p);
    for (const auto& r : m_.rules) rule(r);
    for (const auto& o : m_.outputs) output(o);
    for (const auto& a : m_.initial_assignments) initial_assignment(a.symbol, a.formula);
    for (const auto& c : m_.constraints) constraint(c);
    for (const auto& r : m_.reactions) reaction(r);
    for (const auto& e : m_.events) event(e);
    return document();
  }

 private:
  // Pieces of an element.

  /// The formula, which should yield `expected`.
  std::string math(const Ast& ast, const UnitText& expected = {"", {}, false}) {
    const Ast named = with_conversions(ast, expected.known ? std::optional(expected.unit) : std::nullopt);
    return "<math xmlns=\"http://www.w3.org/1998/Math/MathML\" xmlns:sbml=\"http://www.sbml.org/sbml/level3/version2/core\">" +
           expr::to_mathml(named, unit_, units_.id(expected)) + "</math>";
  }

  UnitText per_time(const UnitText& unit) const {
    return {"", unit.known && m_.time.known ? unit.unit / m_.time.unit : core::Unit(), unit.known && m_.time.known};
  }

  std::optional<core::Unit> unit_of(const Ast& ast) const {
    try {
      const auto found = units_of_.infer(ast);
      return found.anything ? std::nullopt : found.unit;
    } catch (const core::Error&) {
      return std::nullopt;
    }
  }

  /// Composition puts plain factors where units of the same dimension meet; here they become parameters that have a unit.
  Ast with_conversions(const Ast& ast, const std::optional<core::Unit>& expected) {
    if (ast.kind != Ast::Kind::Call || ast.args.empty()) return ast;
    Ast copy = ast;
    if (ast.name == "*" && ast.args.size() == 2 && ast.args[0].kind == Ast::Kind::Number && expected) {
      const auto own = unit_of(ast.args[1]);
      if (own && own->same_dimension(*expected) && !own->equivalent(*expected) &&
          std::abs(ast.args[0].value - own->factor_to(*expected)) <= kFactorWidth * std::abs(ast.args[0].value)) {
        return Ast::call("*", {Ast::symbol(conversion(ast.args[0].value, *expected / *own)), with_conversions(ast.args[1], own)});
      }
    }
    std::optional<core::Unit> inner;
    if (ast.name == "+" || ast.name == "-" || ast.name == "min" || ast.name == "max") inner = expected ? expected : unit_of(ast.args[0]);
    for (Ast& arg : copy.args) arg = with_conversions(arg, inner);
    return copy;
  }

  std::string conversion(double factor, const core::Unit& unit) {
    const auto [it, fresh] = conversions_.try_emplace({factor, unit.to_text()}, "conversion_" + std::to_string(conversions_.size() + 1));
    if (fresh)
      parameter_element(it->second, factor, {"", unit, true}, true,
                        described(it->second, "conversion between units of one dimension", {"composition", "converted", ""}, {}));
    return it->second;
  }

  static std::string notes(const std::string& text) {
    return text.empty() ? "" : "<notes><p xmlns=\"http://www.w3.org/1999/xhtml\">" + core::escape_markup(text) + "</p></notes>";
  }

  static std::string miriam(const std::string& id, const std::string& source, const char* qualifier, const char* ns) {
    const auto found = identifiers(source);
    if (found.empty()) return "";
    std::string items;
    for (const std::string& address : found) items += "<rdf:li rdf:resource=\"" + core::escape_markup(address) + "\"/>";
    return "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns:" +
           std::string(qualifier).substr(0, std::string(qualifier).find(':')) + "=\"" + ns + "\"><rdf:Description rdf:about=\"#meta_" + id + "\"><" +
           qualifier + "><rdf:Bag>" + items + "</rdf:Bag></" + qualifier + "></rdf:Description></rdf:RDF>";
  }

  /// Notes and annotation: meaning, value's provenance, and our own unit text, which SBML's units may say less exactly.
  static std::string described(const std::string& id, const std::string& meaning, const model::Provenance& p, const UnitText& unit,
                               const std::string& more = "") {
    std::string text = meaning;
    if (!p.kind.empty()) text += (text.empty() ? "" : "; ") + p.kind + ", " + p.source + (p.rationale.empty() ? "" : "; " + p.rationale);
    const std::string own =
        "<osteosome:value xmlns:osteosome=\"" + std::string(kNamespace) + "\"" + attribute("unit", unit.known ? unit.text : "") +
        attribute("kind", p.kind) + attribute("source", p.source) + attribute("rationale", p.rationale) + attribute("meaning", meaning) + more + "/>";
    return notes(text) + "<annotation>" + own + miriam(id, p.source, "bqbiol:isDescribedBy", "http://biomodels.net/biology-qualifiers/") +
           "</annotation>";
  }

  /// Why the units of an element are not to be checked when the file is read again.
  template <class T>
  static std::string unchecked(const T& item) {
    return attribute("unchecked", !item.unchecked.empty() ? item.unchecked : item.units_done ? "carries conversion factors" : "");
  }

  static std::string flag(const char* key, bool value) { return std::string(" ") + key + "=\"" + (value ? "true" : "false") + "\""; }

  static std::string element(const std::string& name, const std::string& attributes, const std::string& body) {
    return "      <" + name + attributes + (body.empty() ? "/>\n" : ">" + body + "</" + name + ">\n");
  }

  // Elements.

  std::string function(const model::FunctionDefinition& f) const {
    std::string lambda = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\" xmlns:sbml=\"http://www.sbml.org/sbml/level3/version2/core\"><lambda>";
    for (const std::string& a : f.arguments) lambda += "<bvar><ci> " + a + " </ci></bvar>";
    const expr::UnitId unknown = [](const Ast&) { return std::string(); };
    return element("functionDefinition", attribute("id", f.id), lambda + expr::to_mathml(f.body, unknown) + "</lambda></math>");
  }

  void compartment(const model::Compartment& c) {
    const std::string unit = units_.id(c.unit);
    compartments_ +=
        element("compartment",
                attribute("id", c.id) + attribute("metaid", "meta_" + c.id) + attribute("spatialDimensions", core::format_double(c.dimensions)) +
                    value_attribute("size", c.size) + attribute("units", unit) + flag("constant", c.constant),
                described(c.id, c.meaning, c.provenance, c.unit));
    if (c.rate) rules_ += element("rateRule", attribute("variable", c.id), math(*c.rate, per_time(c.unit)));
    if (c.assigned) rules_ += element("assignmentRule", attribute("variable", c.id), math(*c.assigned, c.unit));
  }

  /// A quantity with a rate of its own in no compartment is a parameter in SBML.
  [[nodiscard]] bool is_parameter(const model::Species& s) const { return s.compartment.empty() && !reacting_.contains(s.id); }

  void parameter_element(const std::string& id, double value, const UnitText& unit, bool constant, const std::string& body) {
    parameters_ += element("parameter",
                           attribute("id", id) + attribute("metaid", "meta_" + id) + value_attribute("value", value) +
                               attribute("units", units_.id(unit)) + flag("constant", constant),
                           body);
  }

  void state_parameter(const model::Species& s) {
    const bool number = s.initial.kind == Ast::Kind::Number;
    parameter_element(s.id, number ? s.initial.value : std::nan(""), s.unit, false,
                      described(s.id, s.meaning, s.provenance, s.unit, species_extras(s)));
    if (!number && !started_.contains(s.id)) initial_assignment(s.id, s.initial);
    if (s.rate) rules_ += element("rateRule", attribute("variable", s.id), math(*s.rate, per_time(s.unit)));
    if (s.assigned) rules_ += element("assignmentRule", attribute("variable", s.id), math(*s.assigned, s.unit));
  }

  /// Formula text of an annotation, in the names that import will give.
  [[nodiscard]] std::string own_text(const Ast& ast) const {
    std::map<std::string, Ast> symbols;
    for (const auto& [id, name] : as_read_) symbols[id] = Ast::symbol(name);
    return expr::to_text(expr::substitute(ast, [&](const std::string& id) {
      const auto found = symbols.find(id);
      return found == symbols.end() ? nullptr : &found->second;
    }));
  }

  /// What dosing and tolerances need and SBML has no words for.
  [[nodiscard]] std::string species_extras(const model::Species& s) const {
    std::string text = unchecked(s);
    if (s.initial.kind != Ast::Kind::Number) text += attribute("initial", own_text(s.initial));
    const auto add = [&](const char* key, const std::optional<Ast>& ast) {
      if (ast) text += attribute(key, own_text(*ast));
    };
    add("typical", s.typical);
    add("bioavailability", s.bioavailability);
    add("lag", s.lag);
    add("infusion_rate", s.infusion_rate);
    add("infusion_duration", s.infusion_duration);
    if (!s.steady_state) text += attribute("steady_state", "false");
    return text;
  }

  /// (is it an amount, value) of an initial value that is a number, or a number over or times the compartment's size.
  static std::optional<std::pair<bool, double>> given_initially(const model::Species& s, bool amount) {
    const Ast& initial = s.initial;
    if (initial.kind == Ast::Kind::Number) return std::pair{amount, initial.value};
    const bool by_size = initial.kind == Ast::Kind::Call && initial.args.size() == 2 && initial.args[0].kind == Ast::Kind::Number &&
                         initial.args[1].kind == Ast::Kind::Name && initial.args[1].name == s.compartment;
    if (by_size && initial.name == "/" && !amount) return std::pair{true, initial.args[0].value};
    if (by_size && initial.name == "*" && amount) return std::pair{false, initial.args[0].value};
    return std::nullopt;
  }

  void species(const model::Species& s) {
    const bool plain = s.compartment.empty();
    const std::string compartment = plain ? kLitre : s.compartment;
    const UnitText size = plain ? litre() : m_.find_compartment(s.compartment)->unit;
    uses_litre_ = uses_litre_ || plain;
    const bool per_litre = plain && s.unit.known && s.unit.unit.same_dimension(core::Unit(1, {{"mole", 1}, {"meter", -3}}));
    const bool amount = plain ? !per_litre : s.substance_only;
    std::string substance;
    if (s.unit.known && (amount || size.known)) substance = units_.id(amount ? s.unit.unit : s.unit.unit * size.unit, amount ? s.unit.text : "");
    if (substance_.empty()) substance_ = substance;
    const auto given = given_initially(s, amount);
    const bool number = given.has_value();
    const double value = given ? given->second : std::nan("");
    const bool as_amount = given ? given->first : amount;
    species_ += element("species",
                        attribute("id", s.id) + attribute("metaid", "meta_" + s.id) + attribute("compartment", compartment) +
                            value_attribute(as_amount ? "initialAmount" : "initialConcentration", value) + attribute("substanceUnits", substance) +
                            flag("hasOnlySubstanceUnits", amount) + flag("boundaryCondition", s.boundary) + flag("constant", s.constant) +
                            attribute("conversionFactor", s.conversion_factor),
                        described(s.id, s.meaning, s.provenance, s.unit, species_extras(s)));
    if (!number && !started_.contains(s.id)) initial_assignment(s.id, s.initial);
    if (s.rate) rules_ += element("rateRule", attribute("variable", s.id), math(*s.rate, per_time(s.unit)));
    if (s.assigned) rules_ += element("assignmentRule", attribute("variable", s.id), math(*s.assigned, s.unit));
  }

  static UnitText litre() { return {"L", core::Unit(1e-3, {{"meter", 3}}), true}; }

  void parameter(const model::Parameter& p) {
    const bool constant = !p.free && !set_by_events_.contains(p.id);
    std::string more;
    if (p.prior) more = attribute("prior_sd", core::format_double(p.prior->sd)) + attribute("prior_scale", p.prior->logarithmic ? "log" : "linear");
    if (p.bounds) more += attribute("low", core::format_double(p.bounds->first)) + attribute("high", core::format_double(p.bounds->second));
    parameter_element(p.id, p.value, p.unit, constant, described(p.id, p.meaning, p.provenance, p.unit, more));
  }

  void rule(const model::Rule& r) {
    if (r.kind == model::Rule::Kind::Algebraic) {
      rules_ += element("algebraicRule", "", math(r.formula));
      return;
    }
    parameter_element(r.id, std::nan(""), r.unit, false, described(r.id, r.meaning, {}, r.unit, unchecked(r)));
    rules_ += element("assignmentRule", attribute("variable", r.id), math(r.formula, r.unit));
  }

  /// As a quantity of the same name, unless the output shows one.
  void output(const model::Output& o) {
    const auto symbols = m_.symbols();
    if (std::find(symbols.begin(), symbols.end(), o.id) != symbols.end()) return;
    parameter_element(o.id, std::nan(""), o.unit, false, described(o.id, o.label, {}, o.unit, attribute("output", "true") + unchecked(o)));
    rules_ += element("assignmentRule", attribute("variable", o.id), math(o.formula, o.unit));
  }

  void initial_assignment(const std::string& symbol, const Ast& formula) {
    const model::Species* s = m_.find_species(symbol);
    const model::Parameter* p = m_.find_parameter(symbol);
    const UnitText unit = s != nullptr ? s->unit : p != nullptr ? p->unit : UnitText{"", {}, false};
    initial_assignments_ += element("initialAssignment", attribute("symbol", symbol), math(formula, unit));
  }

  void constraint(const model::Constraint& c) {
    constraints_ +=
        element("constraint", "",
                math(c.condition) + "<message><p xmlns=\"http://www.w3.org/1999/xhtml\">" + core::escape_markup(c.message) + "</p></message>");
  }

  std::string references(const model::Reaction& r, const std::vector<model::SpeciesReference>& side, const char* list) {
    if (side.empty()) return "";
    std::string text = std::string("<") + list + ">";
    for (const auto& ref : side) {
      const bool number = ref.stoichiometry.kind == Ast::Kind::Number;
      std::string id;
      if (!number) {  // a stoichiometry that is a formula is a quantity of its own in Level 3
        id = "stoichiometry_" + std::to_string(++stoichiometries_) + "_of_" + r.id;
        rules_ += element("assignmentRule", attribute("variable", id), math(ref.stoichiometry));
      }
      text += "<speciesReference" + attribute("id", id) + attribute("species", ref.species) +
              value_attribute("stoichiometry", number ? ref.stoichiometry.value : std::nan("")) + flag("constant", number) + "/>";
    }
    return text + "</" + list + ">";
  }

  void reaction(const model::Reaction& r) {
    if (r.fast) {
      throw core::Error(core::ErrorKind::Unsupported,
                        {"sbml-007", "fast reaction '" + r.id + "' cannot be written: SBML Level 3 Version 2 has none", r.where, ""});
    }
    std::set<std::string> taking_part, modifiers;
    bool plain = true;
    for (const auto* side : {&r.reactants, &r.products}) {
      for (const auto& ref : *side) {
        taking_part.insert(ref.species);
        plain = plain && m_.find_species(ref.species)->compartment.empty();
      }
    }
    for (const std::string& name : expr::names_in(r.rate)) {
      const model::Species* s = m_.find_species(name);
      if (s != nullptr && !is_parameter(*s) && !taking_part.contains(name)) modifiers.insert(name);
    }
    std::string body = described(r.id, r.meaning, {}, {}, unchecked(r)) + references(r, r.reactants, "listOfReactants") +
                       references(r, r.products, "listOfProducts");
    if (!modifiers.empty()) {
      body += "<listOfModifiers>";
      for (const std::string& name : modifiers) body += "<modifierSpeciesReference" + attribute("species", name) + "/>";
      body += "</listOfModifiers>";
    }
    const Ast rate = plain && uses_litre_ ? Ast::call("*", {Ast::symbol(kLitre), r.rate}) : r.rate;
    reactions_ += element("reaction", attribute("id", r.id) + attribute("metaid", "meta_" + r.id) + flag("reversible", r.reversible),
                          body + "<kineticLaw>" + math(rate) + "</kineticLaw>");
  }

  void event(const model::Event& e) {
    std::string body = "<trigger" + flag("initialValue", e.initial_value) + flag("persistent", e.persistent) + ">" + math(e.trigger) + "</trigger>";
    if (e.priority) body += "<priority>" + math(*e.priority) + "</priority>";
    if (e.delay) body += "<delay>" + math(*e.delay) + "</delay>";
    if (!e.assignments.empty()) body += "<listOfEventAssignments>";
    for (const auto& a : e.assignments) body += "<eventAssignment" + attribute("variable", a.target) + ">" + math(a.formula) + "</eventAssignment>";
    if (!e.assignments.empty()) body += "</listOfEventAssignments>";
    events_ += element("event", attribute("id", e.id) + flag("useValuesFromTriggerTime", e.values_from_trigger_time), body);
  }

  // The whole.

  static std::string list(const char* name, const std::string& items) {
    return items.empty() ? "" : std::string("    <") + name + ">\n" + items + "    </" + name + ">\n";
  }

  static std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
    return text;
  }

  [[nodiscard]] std::string model_annotation() const {
    model::Model read = m_;
    model::rename_symbols(read, as_read_);
    const std::string extras = model::extras_to_toml(read);
    std::string own = "<osteosome:model xmlns:osteosome=\"" + std::string(kNamespace) + "\"" + attribute("source", m_.source) +
                      attribute("about", m_.about) + attribute("faults", joined(m_.faults)) + attribute("time", m_.time.known ? m_.time.text : "") +
                      attribute("species", m_.species_name) + ">" + core::escape_markup(extras) + "</osteosome:model>";
    return "    <annotation>" + own + miriam("model", m_.source, "bqmodel:isDescribedBy", "http://biomodels.net/model-qualifiers/") +
           "</annotation>\n";
  }

  std::string document() {
    std::string about = m_.about;
    for (const std::string& fault : m_.faults) about += (about.empty() ? "" : "\n") + fault;
    if (uses_litre_) {
      compartments_ +=
          element("compartment",
                  attribute("id", kLitre) + " spatialDimensions=\"3\" size=\"1\"" + attribute("units", units_.id(litre())) + flag("constant", true),
                  "");
    }
    const std::string volume = m_.compartments.empty() ? (uses_litre_ ? units_.id(litre()) : "") : units_.id(m_.compartments.front().unit);
    std::string text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\">\n";
    text += "  <model metaid=\"meta_model\"" + attribute("id", m_.id) + attribute("name", m_.title) + attribute("timeUnits", units_.id(m_.time)) +
            attribute("substanceUnits", substance_) + attribute("volumeUnits", volume) + attribute("extentUnits", substance_) + ">\n";
    text += "    " + notes(about) + "\n" + model_annotation();
    text +=
        list("listOfFunctionDefinitions", functions_) + units_.definitions() + list("listOfCompartments", compartments_) +
        list("listOfSpecies", species_) + list("listOfParameters", parameters_) + list("listOfInitialAssignments", initial_assignments_) +
        list("listOfRules", rules_) + list("listOfConstraints", constraints_) + list("listOfReactions", reactions_) + list("listOfEvents", events_);
    return text + "  </model>\n</sbml>\n";
  }

  model::Model& m_;
  model::UnitChecker units_of_;
  UnitRegistry units_;
  expr::UnitId unit_;
  std::map<std::string, std::string> as_read_;
  std::set<std::string> reacting_, set_by_events_, started_;
  std::string functions_, compartments_, species_, parameters_, initial_assignments_, rules_, constraints_, reactions_, events_, substance_;
  std::map<std::pair<double, std::string>, std::string> conversions_;
  bool uses_litre_ = false;
  int stoichiometries_ = 0;
};

/// Names that are identifiers in SBML: without dots, and all different, since functions and events share the space of the symbols.
void name_for_sbml(model::Model& m) {
  model::rename_symbols(m, model::plain_names(m));
  std::set<std::string> taken;
  for (const std::string& id : m.symbols()) taken.insert(id);
  std::map<std::string, std::string> names;
  for (const std::string& id : m.symbols()) {  // what import had to rename may have its name back; 'time' would be read as the time
    const std::string original = id.substr(0, id.find_last_not_of('_') + 1);
    if (original != id && original != expr::kTime && expr::is_reserved(original) && taken.insert(original).second) names[id] = original;
  }
  model::rename_symbols(m, names);
  names.clear();
  const auto make_unlike = [&](const std::string& id, const char* suffix) {
    std::string other = id;
    while (!taken.insert(other).second) other += suffix;
    return other;
  };
  for (auto& f : m.functions) names[f.id] = make_unlike(f.id, "_function");
  std::erase_if(names, [](const auto& n) { return n.first == n.second; });
  model::rename_symbols(m, names);
  for (auto& e : m.events) e.id = make_unlike(e.id, "_event");
}

}  // namespace

std::string to_sbml(model::Model model) {
  name_for_sbml(model);
  return Exporter(model).run();
}

Findings check_consistency(std::string_view text, const std::string& file) {
  Findings found;
  std::unique_ptr<SBMLDocument> document;
  try {
    document.reset(readSBMLFromString(std::string(text).c_str()));
    if (document->getNumErrors(LIBSBML_SEV_ERROR) == 0) document->checkConsistency();
  } catch (const std::logic_error& thrown) {  // the base of all exceptions of libSBML
    found.errors.push_back({"sbml-013", std::string("libSBML cannot check the file: ") + thrown.what(), {file, 0, 0}, ""});
    return found;
  }
  for (unsigned i = 0; i < document->getNumErrors(); ++i) {
    const SBMLError& e = *document->getError(i);
    std::string message;
    for (const char c : e.getMessage()) message += c == '\n' ? ' ' : c;
    core::Diagnostic d{"sbml-" + std::to_string(e.getErrorId()), message, {file, static_cast<int>(e.getLine()), static_cast<int>(e.getColumn())}, ""};
    (e.isError() || e.isFatal() ? found.errors : found.warnings).push_back(std::move(d));
  }
  return found;
}

}  // namespace osteosome::sbml
