// SPDX-License-Identifier: Apache-2.0
// A flat model as a TOML document that reads back as the same model (docs/reference/model-document.md).
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "osteosome/core/text.hpp"
#include "osteosome/model/document.hpp"
#include "walk.hpp"

namespace osteosome::model {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const std::string text = core::format_double(value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;  // TOML's integers end at 2^63
}

/// One entry: `id = { key = value, ... }`, keys without a value left out.
class Entry {
 public:
  explicit Entry(std::string id) : id_(std::move(id)) {}
  Entry& raw(const char* key, const std::string& value) {
    text_ += (text_.empty() ? "" : ", ") + std::string(key) + " = " + value;
    return *this;
  }
  Entry& text(const char* key, const std::string& value) { return value.empty() ? *this : raw(key, quoted(value)); }
  Entry& formula(const char* key, const expr::Ast& value) { return raw(key, quoted(expr::to_text(value))); }
  Entry& formula(const char* key, const std::optional<expr::Ast>& value) { return value ? formula(key, *value) : *this; }
  Entry& flag(const char* key, bool value, bool usual) { return value == usual ? *this : raw(key, value ? "true" : "false"); }
  Entry& unit(const UnitText& unit) { return raw("unit", quoted(unit.known ? unit.text : kUnknownUnit)); }
  Entry& provenance(const Provenance& p) { return text("kind", p.kind).text("source", p.source).text("rationale", p.rationale); }
  [[nodiscard]] std::string line() const { return id_ + " = { " + text_ + " }\n"; }

 private:
  std::string id_, text_;
};

class Writer {
 public:
  explicit Writer(const Model& model) : m_(model) {}

  std::string run() {
    header();
    table("parameters", m_.parameters, [](const Parameter& p) { return parameter(p); });
    table("compartments", m_.compartments, [](const Compartment& c) {
      Entry e(c.id);
      e.raw("size", number(c.size)).unit(c.unit).flag("constant", c.constant, !(c.rate || c.assigned));
      e.formula("rate", c.rate).formula("formula", c.assigned);
      if (c.dimensions != 3) e.raw("dimensions", number(c.dimensions));
      return e.provenance(c.provenance).text("meaning", c.meaning);
    });
    table("functions", m_.functions, [](const FunctionDefinition& f) {
      std::string arguments;
      for (const std::string& a : f.arguments) arguments += (arguments.empty() ? "" : ", ") + quoted(a);
      return Entry(f.id).raw("arguments", "[" + arguments + "]").formula("formula", f.body);
    });
    table("species", m_.species, [](const Species& s) { return species(s); });
    table("initial", m_.initial_assignments, [](const InitialAssignment& a) { return Entry(a.symbol).formula("formula", a.formula); });
    table("reactions", m_.reactions, [](const Reaction& r) { return reaction(r); });
    table("rules", rules(Rule::Kind::Assignment), [](const Rule& r) {
      return Entry(r.id).formula("formula", r.formula).unit(r.unit).text("meaning", r.meaning).text("unchecked", unchecked(r));
    });
    table("algebraic", rules(Rule::Kind::Algebraic), [](const Rule& r) { return Entry(r.id).formula("formula", r.formula); });
    table("events", m_.events, [](const Event& e) { return event(e); });
    int constraints = 0;
    table("constraints", m_.constraints, [&](const Constraint& c) {
      return Entry("constraint_" + std::to_string(++constraints)).formula("condition", c.condition).text("message", c.message);
    });
    out_ += extras_to_toml(m_);
    return std::move(out_);
  }

 private:
  void header() {
    out_ += "[model]\nid = " + quoted(m_.id) + "\ntitle = " + quoted(m_.title) + "\nsource = " + quoted(m_.source) +
            "\ntime = " + quoted(m_.time.known ? m_.time.text : kUnknownUnit) + "\n";
    if (m_.species_name != "human") out_ += "species = " + quoted(m_.species_name) + "\n";
    if (!m_.about.empty()) out_ += "about = " + quoted(m_.about) + "\n";
    if (m_.faults.empty()) return;
    out_ += "faults = [\n";
    for (const std::string& fault : m_.faults) out_ += "  " + quoted(fault) + ",\n";
    out_ += "]\n";
  }

  template <class T, class F>
  void table(const char* name, const std::vector<T>& items, F entry) {
    if (items.empty()) return;
    out_ += std::string("\n[") + name + "]\n";
    for (const T& item : items) out_ += entry(item).line();
  }

  [[nodiscard]] std::vector<Rule> rules(Rule::Kind kind) const {
    std::vector<Rule> chosen;
    for (const Rule& r : m_.rules) {
      if (r.kind == kind) chosen.push_back(r);
    }
    return chosen;
  }

  /// Formulas that were checked in another scope, or not at all, stay unchecked.
  template <class T>
  static std::string unchecked(const T& item) {
    if (!item.unchecked.empty()) return item.unchecked;
    return item.units_done ? "carries conversion factors, or comes from SBML" : "";
  }

  static Entry parameter(const Parameter& p) {
    Entry e(p.id);
    e.raw("value", number(p.value)).unit(p.unit).provenance(p.provenance).flag("free", p.free, false);
    if (p.bounds) e.raw("bounds", "[" + number(p.bounds->first) + ", " + number(p.bounds->second) + "]");
    if (p.prior)
      e.raw("prior", std::string("{ scale = ") + (p.prior->logarithmic ? "\"log\"" : "\"linear\"") + ", sd = " + number(p.prior->sd) + " }");
    return e.text("meaning", p.meaning);
  }

  static Entry species(const Species& s) {
    Entry e(s.id);
    e.formula("initial", s.initial).unit(s.unit).formula("rate", s.rate).formula("formula", s.assigned).text("compartment", s.compartment);
    e.flag("substance_only", s.substance_only, false).flag("boundary", s.boundary, false).flag("constant", s.constant, false);
    e.text("conversion_factor", s.conversion_factor).formula("typical", s.typical).formula("bioavailability", s.bioavailability);
    e.formula("lag", s.lag).formula("infusion_rate", s.infusion_rate).formula("infusion_duration", s.infusion_duration);
    e.flag("steady_state", s.steady_state, true);
    return e.provenance(s.provenance).text("meaning", s.meaning).text("unchecked", unchecked(s));
  }

  static std::string side(const std::vector<SpeciesReference>& refs) {
    std::string text;
    for (const SpeciesReference& ref : refs) {
      const std::string factor = ref.stoichiometry.is_number(1) ? "" : "(" + expr::to_text(ref.stoichiometry) + ") ";
      text += (text.empty() ? "" : " + ") + factor + ref.species;
    }
    return text;
  }

  static Entry reaction(const Reaction& r) {
    Entry e(r.id);
    e.raw("equation", quoted(side(r.reactants) + " -> " + side(r.products))).formula("rate", r.rate);
    e.flag("reversible", r.reversible, false).flag("fast", r.fast, false);
    return e.text("meaning", r.meaning).text("unchecked", unchecked(r));
  }

  static Entry event(const Event& event) {
    Entry e(event.id);
    std::string assign;
    for (const EventAssignment& a : event.assignments) assign += (assign.empty() ? "" : ", ") + a.target + " = " + quoted(expr::to_text(a.formula));
    e.formula("trigger", event.trigger).raw("assign", "{ " + assign + " }").formula("delay", event.delay).formula("priority", event.priority);
    e.flag("persistent", event.persistent, true).flag("initial_value", event.initial_value, true);
    return e.flag("values_from_trigger_time", event.values_from_trigger_time, true).text("unchecked", unchecked(event));
  }

  const Model& m_;
  std::string out_;
};

Entry dose(const DoseEntry& d) {
  Entry e(d.id);
  if (d.drug != d.id) e.text("drug", d.drug);
  e.text("into", d.into).formula("factor", d.factor);
  if (d.unit) e.unit(*d.unit);
  e.text("molar_mass", d.molar_mass).text("as", d.continuous ? "continuous" : "");
  if (d.continuous_up_to_days) e.text("continuous_up_to", core::format_double(*d.continuous_up_to_days) + " d");
  return e.text("route", d.route);
}

std::string cargo(const CargoReadout& c) {
  return "{ name = " + quoted(c.name) + ", class = " + quoted(c.kind) + (c.share ? ", share = true }" : " }");
}

std::string patient(const PatientInputs& p) {
  std::string out;
  const auto line = [&](const char* key, const std::string& value) {
    if (!value.empty()) out += std::string(key) + " = " + quoted(value) + "\n";
  };
  line("age_at_menopause", p.age_at_menopause);
  line("surgical", p.surgical);
  line("turnover", p.turnover);
  line("supplement", p.supplement);
  line("body_mass", p.body_mass);
  line("unloaded", p.unloaded);
  if (!p.densities.empty()) out += "\n[patient.densities]\n";
  for (const PatientDensity& d : p.densities) out += Entry(d.site).text("scale", d.scale).text("t_score", d.t_score).line();
  return out.empty() ? "" : "\n[patient]\n" + out;
}

/// Gives the symbols and functions of formulas and the names of a model other names.
class Namer {
 public:
  Namer(Model& model, const std::map<std::string, std::string>& names) : m_(model), names_(names) {}

  void run() {
    for_each_formula(m_, [&](expr::Ast& ast, const Place&, Yields, Reach reach) { formula(ast, reach != Reach::Arguments); });
    for_each_name(m_, [&](std::string& id, Naming) { name(id); });
  }

 private:
  void name(std::string& id) const {
    const auto it = names_.find(id);
    if (it != names_.end()) id = it->second;
  }
  /// Without `symbols` calls only: the arguments of a function hide what has their names.
  void formula(expr::Ast& ast, bool symbols) const {
    if (ast.kind == expr::Ast::Kind::Call || (symbols && ast.kind == expr::Ast::Kind::Name)) name(ast.name);
    for (expr::Ast& arg : ast.args) formula(arg, symbols);
  }

  Model& m_;
  const std::map<std::string, std::string>& names_;
};

}  // namespace

std::string extras_to_toml(const Model& model) {
  std::string out;
  if (!model.doses.empty()) out += "\n[doses]\n";
  for (const DoseEntry& d : model.doses) out += dose(d).line();
  if (!model.outputs.empty()) out += "\n[outputs]\n";
  for (const Output& o : model.outputs) {
    Entry e(o.id);
    e.formula("formula", o.formula).unit(o.unit).text("observable", o.observable).text("label", o.label).text("when", o.when);
    e.text("origin", o.origin);
    if (o.cargo) e.raw("cargo", cargo(*o.cargo));
    out += e.text("unchecked", !o.unchecked.empty() || !o.units_done ? o.unchecked : "checked in the document it comes from").line();
  }
  if (!model.age_at_zero.empty()) out += "\n[start]\nage_at_zero = " + quoted(model.age_at_zero) + "\n";
  return out + patient(model.patient);
}

std::map<std::string, std::string> plain_names(const Model& model) {
  std::vector<std::string> all;
  for_each_name(model, [&](const std::string& name, Naming naming) {
    if (naming == Naming::Declared) all.push_back(name);
  });
  std::set<std::string> taken(all.begin(), all.end());
  std::map<std::string, std::string> names;
  for (const std::string& id : all) {
    if (id.find('.') == std::string::npos || names.contains(id)) continue;
    std::string plain;
    for (const char c : id) plain += c == '.' ? std::string("__") : std::string(1, c);
    while (!taken.insert(plain).second) plain += "_";
    names[id] = plain;
  }
  return names;
}

void rename_symbols(Model& model, const std::map<std::string, std::string>& names) { Namer(model, names).run(); }

std::string to_toml(Model model) {
  core::Diagnostics problems;
  for (const Parameter& p : model.parameters) {
    const bool given =
        p.free || std::any_of(model.initial_assignments.begin(), model.initial_assignments.end(), [&](const auto& a) { return a.symbol == p.id; });
    if (!std::isfinite(p.value) && !(std::isnan(p.value) && given)) {
      problems.add({"model-014", "parameter '" + p.id + "' has no finite value", p.where, "A document needs one."});
    }
  }
  problems.throw_if_any(core::ErrorKind::Model);
  rename_symbols(model, plain_names(model));
  return Writer(model).run();
}

}  // namespace osteosome::model
