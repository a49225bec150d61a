// SPDX-License-Identifier: Apache-2.0
// Composition: a document and the documents it uses become one flat model. Everything of a used document gets the prefix
// "NAME."; its ports become rules; units are converted at ports and across time units. A model with [targets] also takes in
// every therapy of the library, whose acts become the rules of the targets.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "document.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/document.hpp"
#include "walk.hpp"

namespace osteosome::model {

/// Values, kinds and sources of an overlay document replace those of the model's parameters (overlay.cpp).
void apply_overlay(Model& model, const std::string& path, const Library& library, const core::UnitSystem& units, core::Diagnostics& problems);

namespace {

namespace fs = std::filesystem;
constexpr int kDeepestNesting = 16;

expr::Ast scaled(expr::Ast ast, double factor) { return factor == 1 ? ast : expr::Ast::call("*", {expr::Ast::number(factor), std::move(ast)}); }

/// Renames every symbol and function of `model` to "prefix.NAME" and its time to the parent's.
class Renamer {
 public:
  Renamer(Model& model, std::string prefix, double time_factor) : model_(model), prefix_(std::move(prefix) + "."), time_factor_(time_factor) {
    for (const std::string& name : model.symbols()) names_.insert(name);
    for (const FunctionDefinition& f : model.functions) functions_.insert(f.id);
  }

  /// A formula of the document, outside of its model, in the new names, to be converted to a unit of the parent.
  [[nodiscard]] expr::Ast converted(const expr::Ast& ast) const { return expr::Ast::call("convert_units", {apply(ast, true)}); }

  /// `time_factor`: the parent's time times this is the document's own time.
  void run() {
    for_each_formula(model_, [&](expr::Ast& formula, const Place&, Yields yields, Reach reach) {
      if (reach == Reach::Arguments) {
        formula = call_names(formula);
      } else if (yields == Yields::Value) {
        formula = apply(formula);
      } else {
        formula = scaled(apply(formula), yields == Yields::Rate ? time_factor_ : 1 / time_factor_);
      }
    });
    for_each_name(model_, [&](std::string& name, Naming) { name = prefix_ + name; });
  }

 private:
  expr::Ast call_names(const expr::Ast& ast) const {
    expr::Ast copy = ast;
    if (copy.kind == expr::Ast::Kind::Call && functions_.contains(copy.name)) copy.name = prefix_ + copy.name;
    for (expr::Ast& arg : copy.args) arg = call_names(arg);
    return copy;
  }
  /// Inside `convert_units` time keeps the parent's unit: the conversion takes care of it.
  expr::Ast apply(const expr::Ast& ast, bool converted = false) const {
    expr::Ast copy = ast;
    if (copy.kind == expr::Ast::Kind::Call && functions_.contains(copy.name)) copy.name = prefix_ + copy.name;
    if (copy.kind == expr::Ast::Kind::Call && copy.name == "convert_units") converted = true;
    if (copy.kind == expr::Ast::Kind::Name) {
      if (copy.name == expr::kTime) return converted ? copy : scaled(copy, time_factor_);
      if (names_.contains(copy.name)) copy.name = prefix_ + copy.name;
    }
    for (expr::Ast& arg : copy.args) arg = apply(arg, converted);
    if (copy.kind == expr::Ast::Kind::Call && copy.name == "delay" && copy.args.size() == 2) copy.args[1] = scaled(copy.args[1], 1 / time_factor_);
    if (copy.kind == expr::Ast::Kind::Call && copy.name == "rateOf") return scaled(copy, 1 / time_factor_);
    return copy;
  }

  Model& model_;
  std::string prefix_;
  double time_factor_;
  std::set<std::string> names_, functions_;
};

class Composer {
 public:
  Composer(const Library& library, const core::UnitSystem& units, core::Diagnostics& problems, LoadOptions options = {})
      : library_(library), units_(units), problems_(problems), options_(std::move(options)) {}

  /// The flat model of `path`, its ports turned into rules: connected ones by `connect`, the others by their default.
  Document load(const std::string& path, int depth) {
    if (is_sbml(path)) return imported(path);
    Document document = read_document(core::load_toml(path), path, units_, problems_);
    if (depth > kDeepestNesting) {
      problems_.add({"compose-001", "documents use each other in a circle", {path, 0, 0}, ""});
      return document;
    }
    for (const Use& use : document.uses) include(document, use, path, depth);
    if (!document.targets.empty()) include_therapies(document, depth);
    for (const std::string& name : document.overlays) overlay(document.model, name, path);
    return document;
  }

  /// An SBML file as a document: no ports, no uses.
  Document imported(const std::string& path) {
    if (!library_.read_sbml) {
      throw core::Error(core::ErrorKind::Unsupported, {"compose-010", "SBML files cannot be read here", {path, 0, 0}, ""});
    }
    Document document;
    document.model = library_.read_sbml(path, units_);
    return document;
  }

  /// A document that others use, on its own: open ports and what a therapy does count as given.
  void close_module(Document& document) {
    for (const Port& port : document.ports) {
      document.model.rules.push_back({port.id, Rule::Kind::Assignment, expr::Ast::number(1), port.unit, port.meaning, "", true, port.where});
    }
    for (const Act& act : document.acts) {
      document.model.rules.push_back({"act_on_" + act.target, Rule::Kind::Assignment, act.formula, {}, "", "", true, act.where});
    }
  }

  /// Ports nobody connected take their default, in the model's own scope.
  void close_ports(Document& document, const std::vector<std::string>& connected) {
    for (const Port& port : document.ports) {
      if (std::find(connected.begin(), connected.end(), port.id) != connected.end()) continue;
      if (!port.fallback) {
        problems_.add({"compose-002", "port '" + port.id + "' is not connected and has no default", port.where, ""});
      }
      document.model.rules.push_back({port.id, Rule::Kind::Assignment, port.fallback.value_or(expr::Ast::number(0)), port.unit, port.meaning, "",
                                      false, port.where});
    }
  }

 private:
  /// The document, or nothing if it cannot be read; problems without a place are reported at `where`.
  std::optional<Document> load_child(const std::string& path, int depth, const core::Location& where) {
    try {
      return load(path, depth + 1);
    } catch (const core::Error& error) {
      for (core::Diagnostic d : error.diagnostics()) {
        d.where = d.where.line > 0 ? d.where : where;
        problems_.add(d);
      }
      return std::nullopt;
    }
  }

  /// Paths of the therapies, further ones first.
  std::vector<std::string> therapies() const {
    std::vector<std::string> paths = options_.therapies;
    for (const std::string& path : library_.therapies()) {
      const bool replaced = std::any_of(options_.therapies.begin(), options_.therapies.end(), [&](const std::string& own) {
        return fs::path(own).filename() == fs::path(path).filename();
      });
      if (!replaced) paths.push_back(path);
    }
    return paths;
  }

  /// The therapy document, if it belongs in this model: products only when a regimen names them, those of the dish only in a dish.
  std::optional<Document> load_therapy(const Document& model, const std::string& path, int depth) {
    const core::TomlValue root = core::load_toml(path);
    const core::TomlValue* product = root.find("product");
    std::optional<Document> child;
    if (product == nullptr) {
      child = load_child(path, depth, {path, 0, 0});
    } else {
      const auto text = [&](const char* key) {
        const core::TomlValue* value = product->find(key);
        return value == nullptr ? std::string() : value->text;
      };
      const auto kinetics = std::find_if(model.products.begin(), model.products.end(), [&](const auto& p) { return p.first == text("kind"); });
      if (kinetics == model.products.end() || std::find(options_.drugs.begin(), options_.drugs.end(), text("drug")) == options_.drugs.end())
        return std::nullopt;
      child = load_child(library_.find_model(kinetics->second), depth, {path, 0, 0});
      if (child) make_product(root, path, library_, *child, units_, problems_);
    }
    if (!child) return std::nullopt;
    const bool dish = std::find(child->species.begin(), child->species.end(), "dish") != child->species.end();
    const bool animal = child->species.empty() || child->species != std::vector<std::string>{"dish"};
    if (model.model.species_name == "dish" ? !dish : !animal) return std::nullopt;
    return child;
  }

  /// A therapy's ports are connected to the model's quantities of the same name.
  void include_therapies(Document& model, int depth) {
    std::vector<std::string> known;
    for (const Target& t : model.targets) known.push_back(t.id);
    std::vector<std::string> offered = model.model.symbols();  // what a port of a therapy may be connected to
    offered.insert(offered.end(), known.begin(), known.end());
    for (const Port& port : model.ports) offered.push_back(port.id);
    std::map<std::string, std::vector<expr::Ast>> contributions;
    for (const std::string& path : therapies()) {
      auto child = load_therapy(model, path, depth);
      if (!child) continue;
      if (!child->species.empty()) model.model.refused.push_back({child->therapy_of, child->species, child->elsewhere});  // narrowed down later
      Use use{child->model.id, path, {}, {}, {path, 1, 1}};
      for (const Port& port : child->ports) {
        const std::string& from = port.from.empty() ? port.id : port.from;
        const bool known_name = std::find(offered.begin(), offered.end(), from) != offered.end();
        if (!known_name && !port.from.empty() && !port.fallback) {
          problems_.add({"compose-008", "model '" + model.model.id + "' has no quantity '" + from + "'", port.where,
                         core::did_you_mean(from, offered)});
        }
        if (known_name || (!port.from.empty() && !port.fallback)) use.connect.push_back({port.id, expr::Ast::symbol(from)});
      }
      for (const Act& act : child->acts) {
        if (std::find(known.begin(), known.end(), act.target) == known.end()) {
          problems_.add({"compose-006", "model '" + model.model.id + "' has no target '" + act.target + "'", act.where,
                         core::did_you_mean(act.target, known)});
        }
        const bool adds = std::any_of(model.targets.begin(), model.targets.end(), [&](const Target& t) { return t.id == act.target && !t.product; });
        if (act.factor && adds) {
          problems_.add({"compose-009", "cargo cannot act on '" + act.target + "', which takes contributions and no factors", act.where,
                         "Targets with combine = \"product\" take cargo."});
        }
      }
      if (child->is_product) model.model.products.push_back({child->therapy_of, use.id, drawn_on(model.model, use)});
      for (const Act& act : merge(model, std::move(*child), use)) add_act(model, act, use.id, contributions);
    }
    for (const Target& t : model.targets) {
      const auto& acts = contributions[t.id];
      expr::Ast formula = acts.empty() ? expr::Ast::number(t.product ? 1 : 0) : acts.front();
      for (std::size_t k = 1; k < acts.size(); ++k) formula = expr::Ast::call(t.product ? "*" : "+", {std::move(formula), acts[k]});
      model.model.rules.push_back({t.id, Rule::Kind::Assignment, std::move(formula), t.unit, t.meaning, "", false, t.where});
    }
  }

  /// Used documents of the model whose parameters the ports of a therapy are connected to.
  static std::vector<std::string> drawn_on(const Model& model, const Use& use) {
    std::set<std::string> origins;
    for (const auto& [port, formula] : use.connect) {
      const Parameter* p = model.find_parameter(formula.name);
      if (p != nullptr && !p->origin.empty()) origins.insert(p->origin);
    }
    return {origins.begin(), origins.end()};
  }

  /// The contribution as a rule "THERAPY.on_TARGET" in the target's unit.
  void add_act(Document& model, const Act& act, const std::string& therapy, std::map<std::string, std::vector<expr::Ast>>& contributions) {
    const auto target = std::find_if(model.targets.begin(), model.targets.end(), [&](const Target& t) { return t.id == act.target; });
    if (target == model.targets.end()) return;  // reported by the caller
    const std::string id = therapy + ".on_" + act.target;
    model.model.rules.push_back({id, Rule::Kind::Assignment, act.formula, target->unit, "contribution to " + act.target, "", true, act.where});
    contributions[act.target].push_back(expr::Ast::symbol(id));
  }

  void include(Document& parent, const Use& use, const std::string& path, int depth) {
    std::string found;
    try {
      found = library_.find_model(use.document, path);
    } catch (const core::Error& error) {
      for (core::Diagnostic d : error.diagnostics()) {
        d.where = use.where;
        problems_.add(d);
      }
      return;
    }
    if (auto child = load_child(found, depth, use.where)) (void)merge(parent, std::move(*child), use);
  }

  /// Adds `child` to `parent` under the name of `use`. Returns what a therapy does to the parent's targets, in the new names.
  std::vector<Act> merge(Document& parent, Document child, const Use& use) {
    for (const auto& [name, value] : use.set) {
      const auto it = std::find_if(child.model.parameters.begin(), child.model.parameters.end(), [&](const Parameter& p) { return p.id == name; });
      if (it == child.model.parameters.end()) {
        problems_.add({"compose-003", "'" + use.document + "' has no parameter '" + name + "'", use.where,
                       core::did_you_mean(name, child.model.symbols())});
      } else {
        set_value(*it, value, "the composing document " + parent.model.id, use.where, problems_);
      }
    }
    std::vector<std::string> connected, ports;
    for (const Port& port : child.ports) ports.push_back(port.id);
    for (const auto& [name, formula] : use.connect) {
      if (std::find(ports.begin(), ports.end(), name) == ports.end()) {
        problems_.add({"compose-004", "'" + use.document + "' has no port '" + name + "'", use.where, core::did_you_mean(name, ports)});
      }
      connected.push_back(name);
    }
    close_ports(child, connected);
    for (const Port& port : child.ports) {  // placeholders, so that the renamer knows the names
      if (std::find(connected.begin(), connected.end(), port.id) != connected.end()) {
        child.model.rules.push_back({port.id, Rule::Kind::Assignment, expr::Ast::number(0), port.unit, port.meaning, "", true, port.where});
      }
    }
    check_document(child.model);
    check_acts(child);
    const double time_factor = parent.model.time.unit.factor_to(child.model.time.unit);
    Renamer renamer(child.model, use.id, time_factor);
    for (Act& act : child.acts) act.formula = renamer.converted(act.formula);
    renamer.run();
    for (Parameter& p : child.model.parameters) p.origin = use.id;
    for (DoseEntry& d : child.model.doses) d.origin = use.id;
    for (Output& o : child.model.outputs) o.origin = use.id;
    for (const auto& [name, formula] : use.connect) connect(child.model, use, name, formula);
    append(parent.model, std::move(child.model));
    return std::move(child.acts);
  }

  /// What a therapy contributes may use its own names only.
  void check_acts(const Document& child) {
    const auto symbols = child.model.symbols();
    for (const Act& act : child.acts) {
      for (const std::string& name : expr::names_in(act.formula)) {
        if (name == expr::kTime || std::find(symbols.begin(), symbols.end(), name) != symbols.end()) continue;
        problems_.add({"compose-007", "act on '" + act.target + "': unknown name '" + name + "'", act.where, core::did_you_mean(name, symbols)});
      }
    }
  }

  void overlay(Model& model, const std::string& name, const std::string& path) {
    try {
      apply_overlay(model, library_.find_model(name, path), library_, units_, problems_);
    } catch (const core::Error& error) {
      for (core::Diagnostic d : error.diagnostics()) {
        if (d.where.file.empty()) d.where = {path, 0, 0};
        problems_.add(d);
      }
    }
  }

  /// A used document is checked in its own scope and time unit; after renaming its formulas carry conversion factors.
  void check_document(Model& child) {
    validate(child, problems_);
    for (Species& s : child.species) s.units_done = true;
    for (Reaction& r : child.reactions) r.units_done = true;
    for (Rule& r : child.rules) r.units_done = true;
    for (Output& o : child.outputs) o.units_done = true;
    for (Event& e : child.events) e.units_done = true;
  }

  /// The connecting formula is written in the parent's units; `convert_units` marks it for conversion to the port's unit.
  void connect(Model& child, const Use& use, const std::string& name, const expr::Ast& formula) {
    for (Rule& rule : child.rules) {
      if (rule.id != use.id + "." + name) continue;
      rule.formula = expr::Ast::call("convert_units", {formula});
      rule.where = use.where;
    }
  }

  template <class T>
  static void move_all(std::vector<T>& to, std::vector<T>& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  }
  static void append(Model& to, Model&& from) {
    move_all(to.parameters, from.parameters);
    move_all(to.compartments, from.compartments);
    move_all(to.species, from.species);
    move_all(to.reactions, from.reactions);
    move_all(to.rules, from.rules);
    move_all(to.initial_assignments, from.initial_assignments);
    move_all(to.constraints, from.constraints);
    move_all(to.functions, from.functions);
    move_all(to.events, from.events);
    move_all(to.doses, from.doses);
    move_all(to.outputs, from.outputs);
    move_all(to.faults, from.faults);
  }

  const Library& library_;
  const core::UnitSystem& units_;
  core::Diagnostics& problems_;
  LoadOptions options_;
};

}  // namespace

/// Replaces `convert_units(formula)` by the formula times the factor from its own unit to the rule's (units.cpp).
void resolve_port_units(Model& model, core::Diagnostics& problems);

void check_module(const std::string& path, const Library& library, const core::UnitSystem& units) {
  core::Diagnostics problems;
  Composer composer(library, units, problems);
  Document document = composer.load(path, 0);
  composer.close_module(document);
  if (!document.uses.empty()) problems.throw_if_any(core::ErrorKind::Model);
  resolve_port_units(document.model, problems);
  validate(document.model, problems);
  problems.throw_if_any(core::ErrorKind::Model);
}

Model load_model(const std::string& path, const Library& library, const core::UnitSystem& units, const std::vector<std::string>& overlays) {
  return load_model(path, library, units, LoadOptions{"", {}, overlays});
}

Model load_model(const std::string& path, const Library& library, const core::UnitSystem& units, const LoadOptions& options) {
  core::Diagnostics problems;
  Composer composer(library, units, problems, options);
  Document document = composer.load(path, 0);
  composer.close_ports(document, {});
  if (!document.uses.empty() || !document.targets.empty())
    problems.throw_if_any(core::ErrorKind::Model);  // unknown names would only follow from documents that failed
  Model& model = document.model;
  if (!options.species.empty()) apply_overlay(model, library.find_species(options.species), library, units, problems);
  for (const std::string& overlay : options.overlays) apply_overlay(model, library.find_model(overlay), library, units, problems);
  std::erase_if(model.refused,
                [&](const RefusedDrug& r) { return std::find(r.species.begin(), r.species.end(), model.species_name) != r.species.end(); });
  resolve_port_units(document.model, problems);
  validate(document.model, problems);
  problems.throw_if_any(core::ErrorKind::Model);
  return std::move(document.model);
}

}  // namespace osteosome::model
