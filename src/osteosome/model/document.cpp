// SPDX-License-Identifier: Apache-2.0
// Reads one model document (docs/reference/model-document.md). Composition is in compose.cpp, checks in validate.cpp.
#include "document.hpp"

#include <cmath>
#include <set>

#include "osteosome/core/text.hpp"
#include "osteosome/expr/builtin.hpp"

namespace osteosome::model {
namespace {

using core::ErrorKind;
using core::TomlReader;
using core::TomlValue;

const std::vector<std::string> kKinds = {"reported", "digitised", "fitted", "assumed", "converted"};

template <class F>
void each_identifier(const TomlValue& table, core::Diagnostics& problems, F read) {
  for (const auto& [id, value] : table.entries) {
    if (!core::is_identifier(id)) {
      problems.add({"model-002", "'" + id + "' is no identifier", value.where, "Use letters, digits and '_'."});
    } else if (expr::is_reserved(id)) {
      problems.add({"model-003", "'" + id + "' is a built-in name of formulas", value.where, "Choose another name."});
    } else {
      read(id, value);
    }
  }
}

UnitText read_unit(TomlReader& in, std::string_view key, const core::UnitSystem& units) {
  UnitText out;
  out.text = in.required_text(key);
  out.known = !out.text.empty() && out.text != kUnknownUnit;
  if (out.text == kUnknownUnit) out.text.clear();
  if (!out.known) return out;
  try {
    out.unit = units.parse(out.text);
  } catch (const core::Error& error) {
    in.problem(error, key);
    out.known = false;
  }
  return out;
}

Provenance read_provenance(TomlReader& in, bool required, const std::string& model_source) {
  Provenance p;
  p.source = in.text("source").value_or("");
  p.kind = in.text("kind").value_or("");
  p.rationale = in.text("rationale").value_or("");
  if (p.source == "model") p.source = model_source;
  if (!required) return p;
  if (p.source.empty()) in.problem("model-010", "'source' is missing", "Every value names its source: DOI and place.");
  if (p.kind.empty()) {
    in.problem("model-011", "'kind' is missing", "One of reported, digitised, fitted, assumed, converted.");
  } else if (std::find(kKinds.begin(), kKinds.end(), p.kind) == kKinds.end()) {
    in.problem("model-011", "unknown kind '" + p.kind + "'",
               "One of reported, digitised, fitted, assumed, converted. " + core::did_you_mean(p.kind, kKinds), "kind");
  } else if (p.kind == "assumed" && p.rationale.empty()) {
    in.problem("model-012", "an assumed value needs a 'rationale'");
  }
  return p;
}

std::optional<expr::Ast> parse(TomlReader& in, std::string_view key) {
  const auto text = in.formula(key);
  if (!text) return std::nullopt;
  try {
    return expr::parse_formula(*text);
  } catch (const core::Error& error) {
    in.problem(error, key);
    return expr::Ast::number(std::nan(""));
  }
}

expr::Ast required_formula(TomlReader& in, std::string_view key) {
  auto ast = parse(in, key);
  if (!ast) in.problem("toml-005", "'" + std::string(key) + "' is missing");
  return ast.value_or(expr::Ast::number(std::nan("")));
}

std::optional<std::pair<double, double>> bounds(TomlReader& in) {
  const TomlValue* array = in.array("bounds");
  if (array == nullptr) return std::nullopt;
  if (array->items.size() != 2 || array->items[0].kind != TomlValue::Kind::Number || array->items[1].kind != TomlValue::Kind::Number ||
      !(array->items[0].number < array->items[1].number)) {
    in.problem("model-013", "'bounds' should be two numbers, [low, high], low below high", "", "bounds");
    return std::nullopt;
  }
  return std::pair{array->items[0].number, array->items[1].number};
}

std::optional<Prior> read_prior(TomlReader& in, double value, core::Diagnostics& problems) {
  const TomlValue* table = in.table("prior");
  if (table == nullptr) return std::nullopt;
  TomlReader body(*table, "prior", problems);
  const std::string scale = body.text("scale").value_or("log");
  const Prior prior{value, body.required_number("sd"), scale == "log"};
  if (scale != "log" && scale != "linear") body.problem("model-034", "unknown 'scale' = '" + scale + "'", "'log' or 'linear'.", "scale");
  if (!(prior.sd > 0)) body.problem("model-034", "'sd' should be positive", "", "sd");
  if (prior.logarithmic && !(value > 0)) body.problem("model-034", "a prior on a log scale needs a positive value", "", "scale");
  body.finish();
  return prior;
}

/// State of one read: the model under construction and the problems found.
class Reader {
 public:
  Reader(std::string file, const core::UnitSystem& units, core::Diagnostics& problems) : file_(std::move(file)), units_(units), problems_(problems) {}

  Document read(const TomlValue& root) {
    TomlReader top(root, "document", problems_);
    if (const TomlValue* header = top.table("model")) {
      read_header(*header);
    } else {
      top.problem("model-001", "the table [model] is missing");
    }
    each(top, "parameters", [&](const std::string& id, const TomlValue& v) {
      document_.model.parameters.push_back(read_parameter(id, v, document_.model.source, units_, problems_, true));
    });
    each(top, "compartments", [&](const std::string& id, const TomlValue& v) { read_compartment(id, v); });
    each(top, "functions", [&](const std::string& id, const TomlValue& v) { read_function(id, v); });
    each(top, "species", [&](const std::string& id, const TomlValue& v) { read_species(id, v); });
    each(top, "reactions", [&](const std::string& id, const TomlValue& v) { read_reaction(id, v); });
    each(top, "rules", [&](const std::string& id, const TomlValue& v) { read_rule(id, v); });
    each(top, "algebraic", [&](const std::string& id, const TomlValue& v) { read_algebraic(id, v); });
    if (const TomlValue* initial = top.table("initial")) read_initial(*initial);
    each(top, "constraints", [&](const std::string& id, const TomlValue& v) { read_constraint(id, v); });
    values_at_start();
    each(top, "events", [&](const std::string& id, const TomlValue& v) { read_event(id, v); });
    each(top, "ports", [&](const std::string& id, const TomlValue& v) { read_port(id, v); });
    each(top, "uses", [&](const std::string& id, const TomlValue& v) { read_use(id, v); });
    each(top, "targets", [&](const std::string& id, const TomlValue& v) { read_target(id, v); });
    if (const TomlValue* therapy = top.table("therapy")) read_therapy(*therapy);
    if (const TomlValue* acts = top.table("acts")) read_acts(*acts, top);
    if (const TomlValue* products = top.table("products")) {
      TomlReader in(*products, "[products]", problems_);
      for (const auto& entry : products->entries) document_.products.push_back({entry.first, in.required_text(entry.first)});
    }
    each(top, "doses", [&](const std::string& id, const TomlValue& v) { read_dose(id, v); });
    if (const TomlValue* outputs = top.table("outputs")) document_.model.outputs = read_outputs(*outputs, units_, problems_);
    if (document_.is_therapy && !document_.model.doses.empty() && !document_.therapy_of.empty() &&
        document_.model.find_dose(document_.therapy_of) == nullptr) {
      top.problem("model-033", "no entry of [doses] is for the drug '" + document_.therapy_of + "' of [therapy]", "", "doses");
    }
    if (const TomlValue* start = top.table("start")) {
      TomlReader in(*start, "[start]", problems_);
      document_.model.age_at_zero = in.required_text("age_at_zero");
      document_.model.start_where = in.where("age_at_zero");
      in.finish();
    }
    if (const TomlValue* patient = top.table("patient")) read_patient(*patient);
    top.finish();
    return std::move(document_);
  }

 private:
  template <class F>
  void each(TomlReader& top, const char* name, F read) {
    if (const TomlValue* table = top.table(name)) each_identifier(*table, problems_, read);
  }

  void read_header(const TomlValue& table) {
    TomlReader in(table, "[model]", problems_);
    Model& m = document_.model;
    m.file = file_;
    m.id = in.required_text("id");
    m.title = in.required_text("title");
    m.source = in.required_text("source");
    m.about = in.text("about").value_or("");
    m.faults = in.texts("faults");
    document_.overlays = in.texts("overlays");
    if (const auto overlay = in.text("overlay")) document_.overlays.insert(document_.overlays.begin(), *overlay);
    m.species_name = in.text("species").value_or("human");
    m.time = unit(in, "time");
    if (m.time.known && !m.time.unit.same_dimension(units_.parse("s"))) {
      in.problem("model-004", "'time' should be a unit of time, not '" + m.time.text + "'", "", "time");
      m.time.known = false;
    }
    in.finish();
  }

  UnitText unit(TomlReader& in, std::string_view key) { return read_unit(in, key, units_); }
  Provenance provenance(TomlReader& in, bool required) { return read_provenance(in, required, document_.model.source); }

  void read_compartment(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "compartment '" + id + "'", problems_);
    Compartment c;
    c.id = id;
    c.where = value.where;
    c.size = in.required_number("size");
    c.unit = unit(in, "unit");
    c.provenance = provenance(in, true);
    c.rate = parse(in, "rate");
    c.assigned = parse(in, "formula");
    c.constant = in.boolean("constant").value_or(!(c.rate || c.assigned));
    c.meaning = in.text("meaning").value_or("");
    c.dimensions = in.number("dimensions").value_or(3);
    if (std::isinf(c.size) || (c.constant && c.size < 0)) in.problem("model-015", "'size' should be positive", "", "size");
    in.finish();
    document_.model.compartments.push_back(std::move(c));
  }

  void read_function(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "function '" + id + "'", problems_);
    FunctionDefinition f;
    f.id = id;
    f.where = value.where;
    f.arguments = in.texts("arguments");
    f.body = required_formula(in, "formula");
    in.finish();
    if (expr::is_builtin_function(id))
      problems_.add({"model-003", "'" + id + "' is a built-in function of formulas", value.where, "Choose another name."});
    for (const std::string& name : f.arguments) {
      if (core::is_identifier(name) && !expr::is_reserved(name)) continue;
      const bool reserved = expr::is_reserved(name);
      in.problem(reserved ? "model-003" : "model-002",
                 "the argument '" + name + "' is " + (reserved ? "a built-in name of formulas" : "no identifier"), "Choose another name.",
                 "arguments");
    }
    for (const std::string& name : expr::names_in(f.body)) {
      if (std::find(f.arguments.begin(), f.arguments.end(), name) == f.arguments.end()) {
        in.problem("model-016", "'" + name + "' is not an argument", core::did_you_mean(name, f.arguments), "formula");
      }
    }
    document_.model.functions.push_back(std::move(f));
  }

  void read_species(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "species '" + id + "'", problems_);
    Species s;
    s.id = id;
    s.where = value.where;
    s.unit = unit(in, "unit");
    s.initial = required_formula(in, "initial");
    s.rate = parse(in, "rate");
    s.assigned = parse(in, "formula");
    s.conversion_factor = in.text("conversion_factor").value_or("");
    s.typical = parse(in, "typical");
    s.compartment = in.text("compartment").value_or("");
    s.substance_only = in.boolean("substance_only").value_or(false);
    s.boundary = in.boolean("boundary").value_or(false);
    s.constant = in.boolean("constant").value_or(false);
    s.bioavailability = parse(in, "bioavailability");
    s.lag = parse(in, "lag");
    s.infusion_rate = parse(in, "infusion_rate");
    s.infusion_duration = parse(in, "infusion_duration");
    s.steady_state = in.boolean("steady_state").value_or(true);
    if (s.initial.kind == expr::Ast::Kind::Number && std::isinf(s.initial.value)) in.problem("model-014", "'initial' is not finite", "", "initial");
    const bool literal = s.initial.kind == expr::Ast::Kind::Number && !s.initial.is_number(0) && !std::isnan(s.initial.value);
    s.provenance = provenance(in, literal);
    s.meaning = in.text("meaning").value_or("");
    s.unchecked = in.text("unchecked").value_or("");
    in.finish();
    document_.model.species.push_back(std::move(s));
  }

  /// Terms "A", "2 A", "n A" or "(formula) A", joined by '+' outside of parentheses.
  std::vector<SpeciesReference> read_side(TomlReader& in, std::string_view text) {
    std::vector<SpeciesReference> side;
    if (core::trim(text).empty()) return side;
    for (const std::string& term : terms(text)) {
      const std::string_view body = core::trim(term);
      const std::size_t space = body.find_last_of(" \t)");
      SpeciesReference ref;
      ref.species = std::string(core::trim(space == std::string_view::npos ? body : body.substr(space + 1)));
      if (space != std::string_view::npos) {
        const std::string factor(core::trim(body.substr(0, space + 1)));
        const auto number = core::parse_double(factor);
        const bool symbolic = factor.front() == '(' || core::is_identifier(factor);
        if (number ? !(*number > 0) : !symbolic)
          in.problem("model-017", "'" + std::string(body) + "' is no term of a reaction", "Write '2 A'.", "equation");
        ref.stoichiometry = number ? expr::Ast::number(*number) : symbolic ? stoichiometry(in, factor) : expr::Ast::number(1);
      }
      side.push_back(std::move(ref));
    }
    return side;
  }

  static expr::Ast stoichiometry(TomlReader& in, const std::string& text) {
    try {
      return expr::parse_formula(text);
    } catch (const core::Error& error) {
      in.problem(error, "equation");
      return expr::Ast::number(1);
    }
  }

  static std::vector<std::string> terms(std::string_view text) {
    std::vector<std::string> found(1);
    int depth = 0;
    for (const char c : text) {
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (c == '+' && depth <= 0) {
        found.emplace_back();
      } else {
        found.back() += c;
      }
    }
    return found;
  }

  void read_reaction(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "reaction '" + id + "'", problems_);
    Reaction r;
    r.id = id;
    r.where = value.where;
    const std::string equation = in.required_text("equation");
    const std::size_t arrow = equation.find("->");
    if (arrow == std::string::npos) {
      in.problem("model-017", "'equation' has no '->'", "Write 'A + 2 B -> C'.", "equation");
    } else {
      r.reactants = read_side(in, std::string_view(equation).substr(0, arrow));
      r.products = read_side(in, std::string_view(equation).substr(arrow + 2));
    }
    r.rate = required_formula(in, "rate");
    r.reversible = in.boolean("reversible").value_or(false);
    r.fast = in.boolean("fast").value_or(false);
    r.meaning = in.text("meaning").value_or("");
    r.unchecked = in.text("unchecked").value_or("");
    in.finish();
    document_.model.reactions.push_back(std::move(r));
  }

  void read_rule(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "rule '" + id + "'", problems_);
    Rule r;
    r.id = id;
    r.where = value.where;
    r.formula = required_formula(in, "formula");
    r.unit = unit(in, "unit");
    r.meaning = in.text("meaning").value_or("");
    r.unchecked = in.text("unchecked").value_or("");
    in.finish();
    document_.model.rules.push_back(std::move(r));
  }

  void read_algebraic(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "algebraic rule '" + id + "'", problems_);
    Rule r;
    r.id = id;
    r.kind = Rule::Kind::Algebraic;
    r.where = value.where;
    r.formula = required_formula(in, "formula");
    r.unit.known = false;
    in.finish();
    document_.model.rules.push_back(std::move(r));
  }

  void read_initial(const TomlValue& table) {
    for (const auto& [id, value] : table.entries) {
      TomlReader in(value, "initial value of '" + id + "'", problems_);
      document_.model.initial_assignments.push_back({id, required_formula(in, "formula"), value.where});
      in.finish();
    }
  }

  void read_constraint(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "constraint '" + id + "'", problems_);
    Constraint c{required_formula(in, "condition"), in.text("message").value_or(""), value.where};
    if (c.message.empty()) c.message = "constraint '" + id + "' does not hold";
    in.finish();
    document_.model.constraints.push_back(std::move(c));
  }

  /// A parameter may lack a value if [initial] or an algebraic rule gives it one.
  void values_at_start() {
    const Model& m = document_.model;
    for (const Parameter& p : m.parameters) {
      const bool given =
          p.free || std::any_of(m.initial_assignments.begin(), m.initial_assignments.end(), [&](const auto& a) { return a.symbol == p.id; });
      if (std::isnan(p.value) && !given) problems_.add({"model-014", "parameter '" + p.id + "': 'value' is not finite", p.where, ""});
    }
  }

  void read_event(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "event '" + id + "'", problems_);
    Event e;
    e.id = id;
    e.where = value.where;
    e.trigger = required_formula(in, "trigger");
    e.delay = parse(in, "delay");
    e.priority = parse(in, "priority");
    e.persistent = in.boolean("persistent").value_or(true);
    e.initial_value = in.boolean("initial_value").value_or(true);
    e.values_from_trigger_time = in.boolean("values_from_trigger_time").value_or(true);
    e.unchecked = in.text("unchecked").value_or("");
    if (const TomlValue* assign = in.table("assign")) {
      TomlReader body(*assign, "event '" + id + "' assign", problems_);
      for (const auto& entry : assign->entries) e.assignments.push_back({entry.first, required_formula(body, entry.first)});
    } else {
      in.problem("toml-005", "'assign' is missing");
    }
    in.finish();
    document_.model.events.push_back(std::move(e));
  }

  void read_port(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "port '" + id + "'", problems_);
    Port p;
    p.id = id;
    p.where = value.where;
    p.unit = unit(in, "unit");
    p.fallback = parse(in, "default");
    p.meaning = in.text("meaning").value_or("");
    p.from = in.text("from").value_or("");
    in.finish();
    document_.ports.push_back(std::move(p));
  }

  void read_use(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "use '" + id + "'", problems_);
    Use u;
    u.id = id;
    u.where = value.where;
    u.document = in.required_text("document");
    if (const TomlValue* connect = in.table("connect")) {
      TomlReader body(*connect, "use '" + id + "' connect", problems_);
      for (const auto& entry : connect->entries) u.connect.push_back({entry.first, required_formula(body, entry.first)});
    }
    if (const TomlValue* set = in.table("set")) {
      TomlReader body(*set, "use '" + id + "' set", problems_);
      for (const auto& entry : set->entries) u.set.push_back({entry.first, body.required_number(entry.first)});
    }
    in.finish();
    document_.uses.push_back(std::move(u));
  }

  void read_target(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "target '" + id + "'", problems_);
    Target t;
    t.id = id;
    t.where = value.where;
    t.unit = unit(in, "unit");
    const std::string combine = in.required_text("combine");
    if (combine != "sum" && combine != "product") in.problem("model-031", "unknown 'combine' = '" + combine + "'", "'sum' or 'product'.", "combine");
    t.product = combine == "product";
    t.meaning = in.text("meaning").value_or("");
    in.finish();
    document_.targets.push_back(std::move(t));
  }

  /// Names, route and unit of the drug are read by protocol::load_catalogue; here they only mark the document.
  void read_therapy(const TomlValue& value) {
    TomlReader in(value, "[therapy]", problems_);
    document_.therapy_of = in.required_text("drug");
    for (const char* key : {"route", "unit"}) (void)in.required_text(key);
    for (const char* key : {"largest_dose", "largest_dose_per_kg"}) (void)in.text(key);  // the protocol layer's
    document_.species = in.texts("species");
    document_.elsewhere = in.text("elsewhere").value_or("");
    in.finish();
    document_.is_therapy = true;
  }

  void read_acts(const TomlValue& value, TomlReader& top) {
    if (!document_.is_therapy) top.problem("model-032", "[acts] belongs into a document with [therapy]", "", "acts");
    TomlReader in(value, "[acts]", problems_);
    for (const auto& entry : value.entries) document_.acts.push_back({entry.first, required_formula(in, entry.first), entry.second.where});
  }

  void read_dose(const std::string& id, const TomlValue& value) {
    TomlReader in(value, "dose '" + id + "'", problems_);
    DoseEntry d;
    d.id = id;
    d.drug = in.text("drug").value_or(id);
    d.where = value.where;
    d.into = in.required_text("into");
    d.factor = parse(in, "factor");
    if (d.factor || value.find("unit") != nullptr) d.unit = unit(in, "unit");
    d.molar_mass = in.text("molar_mass").value_or("");
    const std::string as = in.text("as").value_or("bolus");
    if (as != "bolus" && as != "continuous") in.problem("model-018", "unknown 'as' = '" + as + "'", "'bolus' or 'continuous'.", "as");
    d.continuous = as == "continuous";
    if (const auto up_to = in.text("continuous_up_to")) {
      try {
        d.continuous_up_to_days = core::quantity_in(units_, *up_to, units_.parse("d"));
      } catch (const core::Error& error) {
        in.problem(error, "continuous_up_to");
      }
    }
    d.route = in.text("route").value_or("");
    in.finish();
    document_.model.doses.push_back(std::move(d));
  }

  void read_patient(const TomlValue& value) {
    TomlReader in(value, "[patient]", problems_);
    PatientInputs& p = document_.model.patient;
    const auto named = [&](std::string_view key) {
      const std::string name = in.text(key).value_or("");
      if (!name.empty()) p.parameters.emplace_back(name, in.where(key));
      return name;
    };
    p.age_at_menopause = named("age_at_menopause");
    p.surgical = named("surgical");
    p.turnover = named("turnover");
    p.supplement = named("supplement");
    p.body_mass = named("body_mass");
    p.unloaded = named("unloaded");
    if (const TomlValue* densities = in.table("densities")) {
      for (const auto& [site, entry] : densities->entries) {
        TomlReader row(entry, "density of '" + site + "'", problems_);
        p.densities.push_back({site, row.required_text("scale"), row.required_text("t_score"), row.where("t_score")});
        if (!p.densities.back().scale.empty()) p.parameters.emplace_back(p.densities.back().scale, row.where("scale"));
        row.finish();
      }
    }
    in.finish();
  }

  std::string file_;
  const core::UnitSystem& units_;
  core::Diagnostics& problems_;
  Document document_;
};

Output read_output(const std::string& id, const TomlValue& value, const core::UnitSystem& units, core::Diagnostics& problems) {
  TomlReader in(value, "output '" + id + "'", problems);
  Output o;
  o.id = id;
  o.where = value.where;
  o.formula = required_formula(in, "formula");
  o.unit = read_unit(in, "unit", units);
  o.observable = in.text("observable").value_or("");
  o.label = in.text("label").value_or(in.text("meaning").value_or(id));
  o.when = in.text("when").value_or("");
  o.origin = in.text("origin").value_or("");
  if (const TomlValue* cargo = in.table("cargo")) {
    TomlReader body(*cargo, "cargo of output '" + id + "'", problems);
    o.cargo = {body.required_text("name"), body.required_text("class"), body.boolean("share").value_or(false)};
    body.finish();
  }
  o.unchecked = in.text("unchecked").value_or("");
  in.finish();
  return o;
}

}  // namespace

Parameter read_parameter(const std::string& id, const TomlValue& value, const std::string& model_source, const core::UnitSystem& units,
                         core::Diagnostics& problems, bool may_lack_value) {
  TomlReader in(value, "parameter '" + id + "'", problems);
  Parameter p;
  p.id = id;
  p.where = value.where;
  p.value = in.required_number("value");
  if (std::isinf(p.value) || (std::isnan(p.value) && !may_lack_value)) in.problem("model-014", "'value' is not finite", "", "value");
  p.free = in.boolean("free").value_or(false);
  p.unit = read_unit(in, "unit", units);
  p.provenance = read_provenance(in, true, model_source);
  p.meaning = in.text("meaning").value_or("");
  p.bounds = bounds(in);
  if (p.bounds && (p.value < p.bounds->first || p.value > p.bounds->second)) {
    in.problem("model-013", "value " + core::format_double(p.value) + " is outside its bounds", "", "bounds");
  }
  p.prior = read_prior(in, p.value, problems);
  in.finish();
  return p;
}

std::vector<Output> read_outputs(const TomlValue& table, const core::UnitSystem& units, core::Diagnostics& problems) {
  std::vector<Output> outputs;
  each_identifier(table, problems,
                  [&](const std::string& id, const TomlValue& value) { outputs.push_back(read_output(id, value, units, problems)); });
  return outputs;
}

void add_extras(Model& model, const std::string& toml, const core::UnitSystem& units) {
  core::Diagnostics problems;
  const TomlValue header = core::parse_toml("[model]\nid = \"x\"\ntitle = \"x\"\nsource = \"x\"\ntime = \"d\"\n" + toml, model.file);
  Document extras = read_document(header, model.file, units, problems);
  problems.throw_if_any(ErrorKind::Model);
  model.doses = std::move(extras.model.doses);
  model.outputs = std::move(extras.model.outputs);
  model.age_at_zero = extras.model.age_at_zero;
  model.patient = std::move(extras.model.patient);
}

Distribution read_distribution(const TomlValue& table, const std::string& name, core::Diagnostics& problems) {
  TomlReader in(table, "distribution of '" + name + "'", problems);
  Distribution d;
  const std::vector<std::string> kinds = {"lognormal", "normal", "uniform"};
  d.kind = in.required_text("kind");
  if (!d.kind.empty() && std::find(kinds.begin(), kinds.end(), d.kind) == kinds.end()) {
    in.problem("model-019", "unknown kind '" + d.kind + "'", "One of lognormal, normal, uniform. " + core::did_you_mean(d.kind, kinds), "kind");
  }
  d.low = in.number("low");
  d.high = in.number("high");
  if (d.kind == "uniform") {
    if (!d.low || !d.high) in.problem("model-019", "uniform needs 'low' and 'high'");
  } else {
    const auto cv = in.number("cv");
    d.mean = in.number(d.kind == "lognormal" ? "median" : "mean").value_or(std::nan(""));  // NaN: the parameter's own value
    const auto sd = in.number("sd");
    d.sd = sd.value_or(0);
    if ((sd && !(*sd > 0)) || (cv && !(*cv > 0))) in.problem("model-019", "'sd' and 'cv' should be positive");
    if (sd && cv) in.problem("model-019", "'sd' and 'cv' are the same question", "Keep one of them.");
    if (d.kind == "lognormal" && ((d.low && !(*d.low > 0)) || (d.high && !(*d.high > 0))))
      in.problem("model-019", "bounds of a lognormal should be positive");
    if (cv && d.kind == "lognormal") d.sd = std::sqrt(std::log1p(*cv * *cv));
    if (cv && d.kind == "normal") d.sd = -*cv;  // negative: relative to the mean, resolved when drawn
    if (d.sd == 0) in.problem("model-019", "'" + d.kind + "' needs 'sd' or 'cv'");
  }
  if (d.low && d.high && !(*d.low < *d.high)) in.problem("model-019", "'low' should be below 'high'");
  in.finish();
  return d;
}

Document read_document(const TomlValue& root, const std::string& file, const core::UnitSystem& units, core::Diagnostics& problems) {
  return Reader(file, units, problems).read(root);
}

}  // namespace osteosome::model
