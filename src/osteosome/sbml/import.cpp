// SPDX-License-Identifier: Apache-2.0
// libSBML's document becomes a Model (SBML Level 3 Version 2 core, release 2; Level 2 where it differs).
#include "osteosome/sbml/import.hpp"

#include <cmath>
#include <filesystem>
#include <optional>
#include <set>

#include "document.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/expr/builtin.hpp"
#include "osteosome/expr/mathml.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/sbml/export.hpp"
#include "unit_text.hpp"

namespace osteosome::sbml {
namespace {

using expr::Ast;

class Importer {
 public:
  Importer(SBMLDocument& document, std::string file, const core::UnitSystem& units)
      : file_(std::move(file)), in_(*document.getModel()), system_(units), units_(in_, units) {
    for (unsigned i = 0; i < document.getNumErrors(); ++i) {
      const SBMLError& e = *document.getError(i);
      if (e.getErrorId() == DanglingUnitReference)
        undefined_units_.insert("Line " + std::to_string(e.getLine()) + ": a unit is used that is not defined; it is not known.");
    }
  }

  Imported run() {
    header();
    find_names();
    find_rules();
    find_used_names();
    for (unsigned i = 0; i < in_.getNumFunctionDefinitions(); ++i) function(*in_.getFunctionDefinition(i));
    for (unsigned i = 0; i < in_.getNumCompartments(); ++i) compartment(*in_.getCompartment(i));
    for (unsigned i = 0; i < in_.getNumParameters(); ++i) {
      Parameter& p = *in_.getParameter(i);
      quantity(p, p.isSetValue() ? p.getValue() : std::nan(""), p.getConstant(), units_.read(p.getUnits()));
    }
    for (unsigned i = 0; i < in_.getNumSpecies(); ++i) species(*in_.getSpecies(i));
    for (unsigned i = 0; i < in_.getNumReactions(); ++i) reaction(*in_.getReaction(i));
    for (unsigned i = 0; i < in_.getNumRules(); ++i) algebraic_rule(*in_.getRule(i));
    for (unsigned i = 0; i < in_.getNumInitialAssignments(); ++i) initial_assignment(*in_.getInitialAssignment(i));
    for (unsigned i = 0; i < in_.getNumEvents(); ++i) event(*in_.getEvent(i), i);
    for (unsigned i = 0; i < in_.getNumConstraints(); ++i) constraint(*in_.getConstraint(i), i);
    own_extras();
    if (!is_own(in_)) show_quantities();
    remarks();
    core::Diagnostics problems = problems_;
    if (problems.empty()) model::validate(out_.model, problems);
    problems.throw_if_any(core::ErrorKind::Model);
    return std::move(out_);
  }

 private:
  [[nodiscard]] core::Location at(const SBase& element) const { return where(element, file_); }

  void header() {
    model::Model& m = out_.model;
    m.id = in_.isSetIdAttribute() ? in_.getId() : core::stem_identifier(file_);
    m.title = in_.isSetName() ? in_.getName() : m.id;
    m.file = file_;
    m.source = described_by();
    m.time = units_.time();
  }

  static std::string meaning(SBase& element) {
    const std::string own_meaning = own(element, "meaning");
    return own_meaning.empty() ? element.getName() : own_meaning;
  }

  static void own_formulas(model::Species& s, SBase& element) {
    s.typical = own_formula(element, "typical");
    s.bioavailability = own_formula(element, "bioavailability");
    s.lag = own_formula(element, "lag");
    s.infusion_rate = own_formula(element, "infusion_rate");
    s.infusion_duration = own_formula(element, "infusion_duration");
    s.steady_state = own(element, "steady_state") != "false";
    if (auto initial = own_formula(element, "initial")) s.initial = std::move(*initial);
    s.unchecked = own(element, "unchecked");
    s.units_done = units_done(element);
  }

  /// The publication the model says it comes from (MIRIAM isDescribedBy), else the file.
  std::string described_by() {
    for (unsigned i = 0; i < in_.getNumCVTerms(); ++i) {
      CVTerm* term = in_.getCVTerm(i);
      if (term->getQualifierType() != MODEL_QUALIFIER || term->getModelQualifierType() != BQM_IS_DESCRIBED_BY) continue;
      for (unsigned k = 0; k < term->getNumResources(); ++k) {
        std::string resource = term->getResourceURI(k);
        for (const char* prefix : {"http://identifiers.org/", "https://identifiers.org/", "urn:miriam:"}) {
          if (resource.rfind(prefix, 0) == 0) resource = resource.substr(std::string(prefix).size());
        }
        for (const char* kind : {"doi/", "pubmed/"}) {
          if (resource.rfind(kind, 0) == 0) resource[std::string(kind).size() - 1] = ':';
        }
        return resource;
      }
    }
    return std::filesystem::path(file_).filename().string();
  }

  // Names.

  void rename(const std::string& sid, bool function = false) {
    if (sid.empty() || !(expr::is_reserved(sid) || (function && expr::is_builtin_function(sid)))) return;
    std::string name = sid + "_";
    while (in_.getElementBySId(name) != nullptr) name += "_";
    out_.renamed[sid] = name;
  }

  /// Every identifier that formulas may use; those that are built-in names of ours get another.
  void find_names() {
    for (unsigned i = 0; i < in_.getNumFunctionDefinitions(); ++i) rename(in_.getFunctionDefinition(i)->getId(), true);
    for (unsigned i = 0; i < in_.getNumCompartments(); ++i) rename(in_.getCompartment(i)->getId());
    for (unsigned i = 0; i < in_.getNumParameters(); ++i) rename(in_.getParameter(i)->getId());
    for (unsigned i = 0; i < in_.getNumSpecies(); ++i) rename(in_.getSpecies(i)->getId());
    for (unsigned i = 0; i < in_.getNumReactions(); ++i) {
      const Reaction& r = *in_.getReaction(i);
      rename(r.getId());
      for (unsigned k = 0; k < r.getNumReactants(); ++k) rename(r.getReactant(k)->getId());
      for (unsigned k = 0; k < r.getNumProducts(); ++k) rename(r.getProduct(k)->getId());
    }
    for (unsigned i = 0; i < in_.getNumEvents(); ++i) rename(in_.getEvent(i)->getIdAttribute());
  }

  [[nodiscard]] std::string name(const std::string& sid) const { return out_.name_of(sid); }

  /// The formula, with local parameters of a reaction under their full names; nothing if there is none.
  std::optional<Ast> math(const ASTNode* node, const SBase& element, const KineticLaw* local = nullptr, const std::string& reaction = "") {
    const bool empty = node == nullptr || (node->getType() == AST_UNKNOWN && node->getNumChildren() == 0);  // <math/>
    if (empty) return std::nullopt;
    const auto rename_symbol = [&](const std::string& n, bool function) {
      if (!function && local != nullptr && has_local(*local, n)) return reaction + "." + n;
      return name(n);
    };
    try {
      return expr::from_libsbml(*node, rename_symbol);
    } catch (const core::Error& error) {
      throw core::Error(error.kind(), core::retold(error, "<" + element.getElementName() + ">: ", at(element)));
    }
  }

  static bool has_local(const KineticLaw& law, const std::string& id) {
    return law.getLocalParameter(id) != nullptr || law.getParameter(id) != nullptr;
  }

  void find_rules() {
    for (unsigned i = 0; i < in_.getNumRules(); ++i) {
      const Rule& r = *in_.getRule(i);
      has_algebraic_ = has_algebraic_ || r.isAlgebraic();
      if (r.isAlgebraic()) continue;
      auto& rules = r.isRate() ? rates_ : assigned_;
      if (auto formula = math(r.getMath(), r)) rules[r.getVariable()] = std::move(*formula);
    }
    for (unsigned i = 0; i < in_.getNumInitialAssignments(); ++i) started_.insert(in_.getInitialAssignment(i)->getSymbol());
    for (unsigned i = 0; i < in_.getNumEvents(); ++i) {
      const Event& e = *in_.getEvent(i);
      for (unsigned k = 0; k < e.getNumEventAssignments(); ++k) set_by_events_.insert(e.getEventAssignment(k)->getVariable());
    }
  }

  /// The names that formulas use, to know which stoichiometries are quantities of their own.
  void collect_names(const ASTNode* node) {
    if (node == nullptr) return;
    if (node->isName() && node->getName() != nullptr) in_formulas_.insert(node->getName());
    for (unsigned i = 0; i < node->getNumChildren(); ++i) collect_names(node->getChild(i));
  }

  void find_used_names() {
    for (unsigned i = 0; i < in_.getNumRules(); ++i) collect_names(in_.getRule(i)->getMath());
    for (unsigned i = 0; i < in_.getNumInitialAssignments(); ++i) collect_names(in_.getInitialAssignment(i)->getMath());
    for (unsigned i = 0; i < in_.getNumReactions(); ++i) {
      if (const KineticLaw* law = in_.getReaction(i)->getKineticLaw()) collect_names(law->getMath());
    }
    for (unsigned i = 0; i < in_.getNumConstraints(); ++i) collect_names(in_.getConstraint(i)->getMath());
    for (unsigned i = 0; i < in_.getNumEvents(); ++i) {
      const Event& e = *in_.getEvent(i);
      if (e.getTrigger() != nullptr) collect_names(e.getTrigger()->getMath());
      if (e.getDelay() != nullptr) collect_names(e.getDelay()->getMath());
      if (e.getPriority() != nullptr) collect_names(e.getPriority()->getMath());
      for (unsigned k = 0; k < e.getNumEventAssignments(); ++k) collect_names(e.getEventAssignment(k)->getMath());
    }
  }

  static std::optional<Ast> find(const std::map<std::string, Ast>& rules, const std::string& sid) {
    const auto it = rules.find(sid);
    return it == rules.end() ? std::nullopt : std::optional(it->second);
  }

  // Our own annotations.

  /// <osteosome:...> of an element that Osteosome has written, or null.
  static const XMLNode* own_node(SBase& element) {
    if (!element.isSetAnnotation()) return nullptr;
    const XMLNode* annotation = element.getAnnotation();
    for (unsigned i = 0; i < annotation->getNumChildren(); ++i) {
      if (annotation->getChild(i).getURI() == kNamespace) return &annotation->getChild(i);
    }
    return nullptr;
  }
  static bool is_own(SBase& element) { return own_node(element) != nullptr; }
  static std::string own(SBase& element, const char* key) {
    const XMLNode* node = own_node(element);
    return node == nullptr ? "" : node->getAttrValue(key);
  }
  /// Units that our own files checked when they were documents need no opt-out when they become one again.
  static bool units_done(SBase& element) { return !is_own(element) || !own(element, "unchecked").empty(); }

  /// The unit that Osteosome wrote beside SBML's, which has no IU and counts cells and particles alike.
  [[nodiscard]] model::UnitText own_unit(SBase& element, model::UnitText unit) const {
    const std::string text = own(element, "unit");
    if (text.empty()) return unit;
    try {
      return {text, system_.parse(text), true};
    } catch (const core::Error&) {
      return unit;
    }
  }

  static std::optional<Ast> own_formula(SBase& element, const char* key) {
    const std::string text = own(element, key);
    return text.empty() ? std::nullopt : std::optional(expr::parse_formula(text));
  }

  /// Doses, outputs, the patient and the time unit of a model that Osteosome has written.
  void own_extras() {
    const XMLNode* node = own_node(in_);
    if (node == nullptr) return;
    auto& m = out_.model;
    if (const std::string source = node->getAttrValue("source"); !source.empty()) m.source = source;
    if (const std::string kind = node->getAttrValue("species"); !kind.empty()) m.species_name = kind;
    if (const std::string time = node->getAttrValue("time"); !time.empty()) m.time = {time, system_.parse(time), true};
    m.about = node->getAttrValue("about");
    for (const std::string& fault : core::split(node->getAttrValue("faults"), '\n')) {
      if (!fault.empty()) m.faults.push_back(fault);
    }
    if (node->getNumChildren() > 0) model::add_extras(m, node->getChild(0).getCharacters(), system_);
    std::erase_if(out_.model.rules, [&](const model::Rule& r) { return outputs_.contains(r.id); });
  }

  // Elements.

  model::Provenance provenance(SBase& element) const {
    if (is_own(element)) return {own(element, "source"), own(element, "kind"), own(element, "rationale")};
    const std::string id = element.isSetIdAttribute() ? " '" + element.getIdAttribute() + "'" : "";
    return {std::filesystem::path(file_).filename().string() + ", " + element.getElementName() + id + "; " + out_.model.source, "reported", ""};
  }

  void function(const FunctionDefinition& f) {
    model::FunctionDefinition d;
    d.id = name(f.getId());
    d.where = at(f);
    const auto argument = [](const std::string& n) { return expr::is_reserved(n) ? n + "_argument" : n; };
    for (unsigned k = 0; k < f.getNumArguments(); ++k) d.arguments.push_back(argument(f.getArgument(k)->getName()));
    const auto plain = [&](const std::string& n, bool called) { return called ? name(n) : argument(n); };
    d.body = f.getBody() != nullptr ? expr::from_libsbml(*f.getBody(), plain) : Ast::number(std::nan(""));
    for (const std::string& n : expr::names_in(d.body)) {
      if (std::find(d.arguments.begin(), d.arguments.end(), n) != d.arguments.end()) continue;
      problems_.add({"model-016", "function '" + d.id + "': '" + n + "' is not an argument", d.where, core::did_you_mean(n, d.arguments)});
    }
    out_.model.functions.push_back(std::move(d));
  }

  void compartment(Compartment& c) {
    model::Compartment k;
    k.id = name(c.getId());
    k.where = at(c);
    k.size = c.isSetSize() ? c.getSize() : std::nan("");
    k.unit = own_unit(c, units_.size(c));
    k.provenance = provenance(c);
    k.dimensions = c.getSpatialDimensionsAsDouble();
    if (!std::isfinite(k.size) && !started_.contains(c.getId()) && !assigned_.contains(c.getId()) && !has_algebraic_) {
      out_.model.faults.push_back("The size of compartment '" + k.id + "' is not given; concentrations in it are undefined.");
    }
    k.rate = find(rates_, c.getId());
    k.assigned = find(assigned_, c.getId());
    k.constant = c.getConstant() || !(k.rate || k.assigned || has_algebraic_ || set_by_events_.contains(c.getId()));
    k.meaning = meaning(c);
    out_.model.compartments.push_back(std::move(k));
  }

  /// A parameter, or the stoichiometry of a species reference that has an id: with a rate a state, assigned a rule.
  void quantity(SBase& element, double value, bool constant, const model::UnitText& declared) {
    const model::UnitText unit = own_unit(element, declared);
    const std::string& sid = element.getIdAttribute();
    if (const auto formula = find(assigned_, sid)) {
      if (!own(element, "output").empty()) outputs_.insert(name(sid));
      out_.model.rules.push_back({name(sid), model::Rule::Kind::Assignment, *formula, unit, meaning(element), own(element, "unchecked"),
                                  units_done(element), at(element)});
      return;
    }
    if (const auto rate = find(rates_, sid)) {
      model::Species s;
      s.id = name(sid);
      s.unit = unit;
      s.initial = Ast::number(value);
      s.rate = rate;
      s.provenance = provenance(element);
      s.meaning = meaning(element);
      own_formulas(s, element);
      s.where = at(element);
      out_.model.species.push_back(std::move(s));
      return;
    }
    model::Parameter p;
    p.id = name(sid);
    p.value = value;
    p.unit = unit;
    p.provenance = provenance(element);
    p.meaning = meaning(element);
    const auto low = core::parse_double(own(element, "low")), high = core::parse_double(own(element, "high"));
    if (low && high) p.bounds = {*low, *high};
    if (const auto sd = core::parse_double(own(element, "prior_sd"))) p.prior = model::Prior{value, *sd, own(element, "prior_scale") != "linear"};
    p.free = !constant;
    p.where = at(element);
    out_.model.parameters.push_back(std::move(p));
  }

  void species(Species& s) {
    const Compartment* c = in_.getCompartment(s.getCompartment());
    model::Species x;
    x.id = name(s.getId());
    x.where = at(s);
    x.compartment = name(s.getCompartment());
    x.substance_only = s.getHasOnlySubstanceUnits() || (c != nullptr && c->getSpatialDimensionsAsDouble() == 0);
    const auto substance = units_.substance(s);
    x.unit = x.substance_only || c == nullptr ? substance : units_.quotient(substance, units_.size(*c));
    x.unit = own_unit(s, x.unit);
    if (c != nullptr) check_own_units(s, "spatialSizeUnits", s.getSpatialSizeUnits(), units_.size(*c));
    x.initial = initial_value(s, c, x);
    own_formulas(x, s);
    x.rate = find(rates_, s.getId());
    x.assigned = find(assigned_, s.getId());
    x.boundary = s.getBoundaryCondition();
    x.constant = s.getConstant();
    if (s.isSetConversionFactor()) {
      x.conversion_factor = name(s.getConversionFactor());
    } else if (in_.isSetConversionFactor()) {
      x.conversion_factor = name(in_.getConversionFactor());
    }
    x.provenance = provenance(s);
    x.meaning = meaning(s);
    out_.model.species.push_back(std::move(x));
  }

  /// In terms of the species' symbol: an amount, or a concentration. One that goes through the size of the compartment stays a formula, so that
  /// another size changes it.
  static Ast initial_value(const Species& s, const Compartment* c, const model::Species& x) {
    const auto by_size = [&](const char* op, double value) {
      const bool nothing = value == 0 && c != nullptr && c->isSetSize() && c->getSize() != 0;
      return nothing ? Ast::number(0) : Ast::call(op, {Ast::number(value), Ast::symbol(x.compartment)});
    };
    if (s.isSetInitialAmount()) return x.substance_only ? Ast::number(s.getInitialAmount()) : by_size("/", s.getInitialAmount());
    if (s.isSetInitialConcentration()) return x.substance_only ? by_size("*", s.getInitialConcentration()) : Ast::number(s.getInitialConcentration());
    return Ast::number(std::nan(""));
  }

  Ast stoichiometry(SpeciesReference& ref) {
    const std::string& sid = ref.getId();
    const bool named = !sid.empty() && (assigned_.contains(sid) || rates_.contains(sid) || set_by_events_.contains(sid) || started_.contains(sid) ||
                                        in_formulas_.contains(sid) || !ref.getConstant());
    const double value = ref.isSetStoichiometry() || in_.getLevel() < 3 ? ref.getStoichiometry() / ref.getDenominator() : std::nan("");
    if (named && in_.getLevel() > 2) {
      quantity(ref, value, ref.getConstant(), {"1", core::Unit(), true});
      return Ast::symbol(name(sid));
    }
    if (ref.isSetStoichiometryMath()) return math(ref.getStoichiometryMath()->getMath(), ref).value_or(Ast::number(1));
    return Ast::number(value);
  }

  /// Early versions of Level 2 let one element have units of its own, which would ask for a conversion of its numbers.
  void check_own_units(const SBase& element, const char* attribute, const std::string& own, const model::UnitText& usual) {
    const model::UnitText unit = units_.read(own);
    if (own.empty() || (unit.known && usual.known && unit.unit.equivalent(usual.unit))) return;
    problems_.add({"sbml-014", "<" + element.getElementName() + "> has units of its own, " + attribute + "=\"" + own + "\", which is not supported",
                   at(element), "Write the conversion into the formula, or the value in the units of the model."});
  }

  void reaction(Reaction& r) {
    model::Reaction x;
    x.id = name(r.getId());
    x.where = at(r);
    x.reversible = r.getReversible();
    x.fast = r.isSetFast() && r.getFast();
    x.meaning = meaning(r);
    x.unchecked = own(r, "unchecked");
    x.units_done = units_done(r);
    for (unsigned k = 0; k < r.getNumReactants(); ++k)
      x.reactants.push_back({name(r.getReactant(k)->getSpecies()), stoichiometry(*r.getReactant(k))});
    for (unsigned k = 0; k < r.getNumProducts(); ++k) x.products.push_back({name(r.getProduct(k)->getSpecies()), stoichiometry(*r.getProduct(k))});
    KineticLaw* law = r.getKineticLaw();
    std::optional<Ast> rate;
    if (law != nullptr) {
      check_own_units(*law, "timeUnits", law->getTimeUnits(), units_.time());
      check_own_units(*law, "substanceUnits", law->getSubstanceUnits(), units_.read("substance"));
      local_parameters(*law, x.id);
      rate = math(law->getMath(), *law, law, x.id);
    }
    if (!rate) without_rate_.push_back(x.id);
    x.rate = rate.value_or(Ast::number(0));
    out_.model.reactions.push_back(std::move(x));
  }

  void local_parameters(KineticLaw& law, const std::string& reaction) {
    const unsigned count = in_.getLevel() > 2 ? law.getNumLocalParameters() : law.getNumParameters();
    for (unsigned k = 0; k < count; ++k) {
      Parameter& p = in_.getLevel() > 2 ? *law.getLocalParameter(k) : *law.getParameter(k);
      model::Parameter x;
      x.id = reaction + "." + p.getId();
      x.value = p.isSetValue() ? p.getValue() : std::nan("");
      x.unit = units_.read(p.getUnits());
      x.provenance = provenance(p);
      x.meaning = p.getName();
      x.where = at(p);
      out_.model.parameters.push_back(std::move(x));
    }
  }

  void algebraic_rule(const Rule& r) {
    if (!r.isAlgebraic()) return;
    auto formula = math(r.getMath(), r);
    if (!formula) return;
    const std::string id = "algebraic_rule_" + std::to_string(++algebraic_rules_);
    out_.model.rules.push_back({id, model::Rule::Kind::Algebraic, std::move(*formula), {}, r.getName(), "", true, at(r)});
  }

  void initial_assignment(const InitialAssignment& a) {
    const SBase* target = in_.getElementBySId(a.getSymbol());
    if (target != nullptr && !own(const_cast<SBase&>(*target), "initial").empty()) return;  // it is the species' own initial formula
    if (auto formula = math(a.getMath(), a)) out_.model.initial_assignments.push_back({name(a.getSymbol()), std::move(*formula), at(a)});
  }

  void event(const Event& e, unsigned index) {
    model::Event x;
    x.id = e.isSetIdAttribute() ? name(e.getIdAttribute()) : "event_" + std::to_string(index + 1);
    x.where = at(e);
    check_own_units(e, "timeUnits", e.getTimeUnits(), units_.time());
    const Trigger* trigger = e.getTrigger();
    x.trigger = trigger == nullptr ? Ast::number(0) : math(trigger->getMath(), *trigger).value_or(Ast::number(0));
    if (in_.getLevel() > 2 && trigger != nullptr) {
      x.persistent = trigger->getPersistent();
      x.initial_value = trigger->getInitialValue();
    }
    if (e.isSetDelay()) x.delay = math(e.getDelay()->getMath(), *e.getDelay());
    if (e.isSetPriority()) x.priority = math(e.getPriority()->getMath(), *e.getPriority());
    x.values_from_trigger_time = e.getUseValuesFromTriggerTime();
    for (unsigned k = 0; k < e.getNumEventAssignments(); ++k) {
      const EventAssignment& a = *e.getEventAssignment(k);
      if (auto formula = math(a.getMath(), a)) x.assignments.push_back({name(a.getVariable()), std::move(*formula)});
    }
    x.units_done = true;
    out_.model.events.push_back(std::move(x));
  }

  void constraint(const Constraint& c, unsigned index) {
    auto condition = math(c.getMath(), c);
    if (!condition) return;
    std::string message = c.isSetMessage() ? c.getMessageString() : "";
    std::string plain;
    for (bool tag = false; const char ch : message) {  // the message is XHTML
      if (ch == '<') tag = true;
      if (!tag) plain += ch;
      if (ch == '>') tag = false;
    }
    plain = std::string(core::trim(plain));
    if (plain.empty()) plain = "constraint " + std::to_string(index + 1) + " does not hold: " + expr::to_text(*condition);
    out_.model.constraints.push_back({std::move(*condition), plain, at(c)});
  }

  /// What reports and tables of an imported model show: its states and species, and the parameters that assignment rules give.
  void show_quantities() {
    const auto show = [&](const auto& x) {
      out_.model.outputs.push_back({x.id, Ast::symbol(x.id), x.unit, "", x.meaning.empty() ? x.id : x.meaning, "", "", true, x.where});
    };
    for (const model::Species& s : out_.model.species) show(s);
    std::set<std::string> assigned;
    for (unsigned i = 0; i < in_.getNumParameters(); ++i) assigned.insert(name(in_.getParameter(i)->getId()));
    for (const model::Rule& r : out_.model.rules) {
      if (assigned.contains(r.id)) show(r);
    }
  }

  void remarks() {
    auto& m = out_.model;
    std::string valueless;
    for (const model::Parameter& p : m.parameters) {
      const bool given = std::isfinite(p.value) || (p.free && has_algebraic_) ||
                         std::any_of(m.initial_assignments.begin(), m.initial_assignments.end(), [&](const auto& a) { return a.symbol == p.id; });
      if (!given) valueless += (valueless.empty() ? "'" : ", '") + p.id + "'";
    }
    if (!valueless.empty()) m.faults.push_back("Parameters without a finite value: " + valueless + ".");
    for (const std::string& undefined : undefined_units_) m.faults.push_back(undefined);
    if (!m.time.known) m.faults.push_back("The unit of time is not declared in the SBML file; times are plain numbers.");
    const auto unknown = [](const auto& items) { return std::count_if(items.begin(), items.end(), [](const auto& x) { return !x.unit.known; }); };
    const auto without = unknown(m.parameters) + unknown(m.species) + unknown(m.compartments);
    if (without > 0)
      m.faults.push_back(std::to_string(without) + " quantities have no unit in the SBML file; nothing about their dimensions is checked.");
    if (!without_rate_.empty()) {
      std::string list;
      for (const std::string& id : without_rate_) list += (list.empty() ? "" : ", ") + id;
      m.faults.push_back("Reactions without a rate do nothing: " + list + ".");
    }
  }

  std::string file_;
  Model& in_;  // not const: libSBML has no const access to annotations and to elements by name
  const core::UnitSystem& system_;
  UnitReader units_;
  Imported out_;
  core::Diagnostics problems_;
  std::map<std::string, Ast> rates_, assigned_;
  std::set<std::string> started_, set_by_events_, in_formulas_, outputs_;
  std::vector<std::string> without_rate_;
  std::set<std::string> undefined_units_;
  bool has_algebraic_ = false;
  int algebraic_rules_ = 0;
};

}  // namespace

std::string Imported::name_of(const std::string& sid) const {
  const auto it = renamed.find(sid);
  return it == renamed.end() ? sid : it->second;
}

Imported parse_sbml(std::string_view text, const std::string& file, const core::UnitSystem& units) {
  const auto document = load_document(text, file);
  return Importer(*document, file, units).run();
}

Imported read_sbml(const std::string& path, const core::UnitSystem& units) { return parse_sbml(core::read_file(path, kLargestFile), path, units); }

}  // namespace osteosome::sbml
