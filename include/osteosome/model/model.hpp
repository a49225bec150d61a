// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/units.hpp"
#include "osteosome/expr/ast.hpp"

namespace osteosome::model {

/// Where a value comes from. Kinds: reported, digitised, fitted, assumed, converted.
struct Provenance {
  std::string source;
  std::string kind;
  std::string rationale;  ///< required for assumed values
};

/// A unit as written and as understood. `known` is false for SBML models without units.
struct UnitText {
  std::string text;
  core::Unit unit;
  bool known = true;
};

/// How a random value is drawn: see docs/reference/scenario.md.
struct Distribution {
  std::string kind;  ///< lognormal, normal, uniform
  double mean = 0;   ///< normal: mean; lognormal: median
  double sd = 0;     ///< normal: standard deviation; lognormal: standard deviation of the logarithm
  std::optional<double> low, high;  ///< truncation, or the bounds of uniform
};

/// How uncertain a constant is before any fit: a normal spread of its value, or of its logarithm.
struct Prior {
  double mean = 0;  ///< the value of the document that states the prior
  double sd = 0;
  bool logarithmic = true;
};

/// What a fit that the model's overlays bring left open.
struct Calibration {
  std::string title, overlay;          ///< the overlay's title and path
  std::string ensemble;                ///< CSV of draws of the constants, a column each; "" if the overlay names none
  std::vector<std::string> constants;  ///< parameters whose values nothing later has replaced
  bool every_species = false;          ///< an overlay of "shared": a species keeps it
};

/// A named number of the model with its source; `value` and `bounds` are in `unit`.
struct Parameter {
  std::string id;
  double value = 0;
  UnitText unit;
  Provenance provenance;
  std::string meaning;
  std::optional<std::pair<double, double>> bounds;
  std::optional<Prior> prior;
  bool free = false;  ///< an algebraic rule may determine it
  core::Location where;
  std::string origin = {};  ///< the used document or therapy that it came with, by the name it has in the model; "" for the model's own
};

/// A volume; `size` is in `unit`. One that is not constant changes by `rate`, is `assigned` at every instant, or is set by events and
/// algebraic rules; the amounts of species in it stay.
struct Compartment {
  std::string id;
  double size = 1;
  UnitText unit;
  Provenance provenance;
  bool constant = true;
  std::optional<expr::Ast> rate, assigned;
  std::string meaning;
  double dimensions = 3;  ///< of space
  core::Location where;
};

/// A state of the model, in `unit`. A species in a compartment is a concentration unless `substance_only`.
struct Species {
  std::string id;
  UnitText unit;
  expr::Ast initial;
  std::optional<expr::Ast> rate;      ///< d(species)/dt from a rate rule
  std::optional<expr::Ast> assigned;  ///< its value at every instant, from an assignment rule
  std::optional<expr::Ast> typical;  ///< size that scales the absolute tolerance
  std::string compartment;           ///< "" if the species is a plain quantity
  bool substance_only = false;       ///< amount although it has a compartment
  bool boundary = false;
  bool constant = false;
  bool steady_state = true;  ///< false: steady-state doses leave it, and what depends on it, as they are
  std::string conversion_factor;  ///< parameter that reactions' contributions are multiplied by, or ""
  std::optional<expr::Ast> bioavailability, lag, infusion_rate, infusion_duration;
  Provenance provenance;
  std::string meaning;
  std::string unchecked;
  bool units_done = false;  ///< checked in the document it came from, whose time unit may differ
  core::Location where;
};

/// A term of a reaction.
struct SpeciesReference {
  std::string species;
  expr::Ast stoichiometry = expr::Ast::number(1);
};

/// Turns reactants into products; `rate` is in amount per model time.
struct Reaction {
  std::string id;
  std::vector<SpeciesReference> reactants, products;
  expr::Ast rate;
  bool reversible = false;
  bool fast = false;
  std::string meaning;
  std::string unchecked;
  bool units_done = false;  ///< checked in the document it came from, whose time unit may differ
  core::Location where;
};

/// Assignment rules hold at every instant. Algebraic rules (0 = formula) determine a quantity that nothing else does; their `id` only names them.
struct Rule {
  enum class Kind { Assignment, Algebraic };
  std::string id;
  Kind kind = Kind::Assignment;
  expr::Ast formula;
  UnitText unit;
  std::string meaning;
  std::string unchecked;
  bool units_done = false;  ///< checked in the document it came from, whose time unit may differ
  core::Location where;
};

/// Value of a symbol at the start that replaces its declared value (SBML initial assignment). The formula may use every symbol.
struct InitialAssignment {
  std::string symbol;
  expr::Ast formula;
  core::Location where;
};

/// A function that formulas of the model may call.
struct FunctionDefinition {
  std::string id;
  std::vector<std::string> arguments;
  expr::Ast body;
  core::Location where;
};

/// What an event sets.
struct EventAssignment {
  std::string target;
  expr::Ast formula;
};

/// When `trigger` turns true, the assignments are made (SBML L3V2 events).
struct Event {
  std::string id;
  expr::Ast trigger;
  std::vector<EventAssignment> assignments;
  std::optional<expr::Ast> delay, priority;
  bool persistent = true;
  bool initial_value = true;
  bool values_from_trigger_time = true;
  std::string unchecked;  ///< why the assignments are left out of the dimensional analysis
  bool units_done = false;
  core::Location where;
};

/// SBML constraint: reported when it stops holding, never enforced.
struct Constraint {
  expr::Ast condition;
  std::string message;
  core::Location where;
};

/// How a drug of the regimen text enters the model by one route.
struct DoseEntry {
  std::string id;    ///< key in [doses]
  std::string drug;  ///< the id, unless the entry names another
  std::string into;
  std::optional<UnitText> unit;      ///< unit the dose is counted in before `factor`
  std::optional<expr::Ast> factor;   ///< amount of `into` per `unit`
  std::string molar_mass;            ///< parameter [mass/amount], or ""
  bool continuous = false;
  std::optional<double> continuous_up_to_days;
  std::string route;
  core::Location where;
  std::string origin = {};  ///< as of a parameter
};

/// What an output says of a cargo of a product.
struct CargoReadout {
  std::string name, kind;  ///< as in the product document; its class there
  bool share = false;      ///< share of its greatest effect; else copies a cell
};

/// A quantity the model is run for, in `unit`; `observable` ties it to the evidence.
struct Output {
  std::string id;
  expr::Ast formula;
  UnitText unit;
  std::string observable;  ///< code of the evidence tables, or ""
  std::string label;
  std::string when;  ///< drug that an arm must contain, or ""
  std::string unchecked;
  bool units_done = false;  ///< checked in the document it came from, whose time unit may differ
  core::Location where;
  std::string origin = {};  ///< as of a parameter
  std::optional<CargoReadout> cargo = {};
};

/// A site whose density at the start of treatment is known: `scale` is set so that the output `t_score` shows the reported T-score.
struct PatientDensity {
  std::string site;  ///< LS, TH, FN
  std::string scale, t_score;
  core::Location where;
};

/// How what is known of a patient enters the model: names of parameters, or "" where the model takes no such thing.
struct PatientInputs {
  std::string age_at_menopause;  ///< [time]
  std::string surgical;          ///< 1: the ovaries were removed
  std::string turnover;          ///< relative to the typical woman
  std::string supplement;        ///< set to 1 at the start of treatment: calcium and vitamin D
  std::string body_mass;
  std::string unloaded;  ///< set to 1 while the limbs carry no load
  std::vector<PatientDensity> densities;
  std::vector<std::pair<std::string, core::Location>> parameters;  ///< every parameter named above, and where
};

/// A product (exosomes or cells of one making) that the model has taken in.
struct ProductPart {
  std::string drug, origin;
  std::vector<std::string> draws_on;  ///< used documents of the model whose quantities its ports are connected to
};

/// A drug of the model that its species does not answer to.
struct RefusedDrug {
  std::string drug;
  std::vector<std::string> species;  ///< where it works
  std::string instead;               ///< what to do here, or ""
};

/// A flat model: what a TOML document (after composition) and an SBML file both become. Superset of SBML L3V2 core.
struct Model {
  std::string id, title, source, about;
  std::string file;
  UnitText time;
  std::vector<std::string> faults;  ///< what a reader of results should know, e.g. that an imported model has no units
  std::vector<Parameter> parameters;
  std::vector<Compartment> compartments;
  std::vector<Species> species;
  std::vector<Reaction> reactions;
  std::vector<Rule> rules;
  std::vector<InitialAssignment> initial_assignments;
  std::vector<FunctionDefinition> functions;
  std::vector<Event> events;
  std::vector<Constraint> constraints;
  std::vector<DoseEntry> doses;
  std::vector<Output> outputs;
  std::string species_name = "human";  ///< human, mouse, rat or dish: decides which therapies work
  std::vector<RefusedDrug> refused;
  std::vector<ProductPart> products;
  std::vector<Calibration> calibrations;
  std::string age_at_zero;  ///< parameter that holds the age at model time 0, or ""
  core::Location start_where;
  PatientInputs patient;

  // What find_... returns points into this model.
  [[nodiscard]] const Parameter* find_parameter(const std::string& id) const&;
  const Parameter* find_parameter(const std::string& id) && = delete;
  [[nodiscard]] const Compartment* find_compartment(const std::string& id) const&;
  const Compartment* find_compartment(const std::string& id) && = delete;
  [[nodiscard]] const Species* find_species(const std::string& id) const&;
  const Species* find_species(const std::string& id) && = delete;
  [[nodiscard]] const DoseEntry* find_dose(const std::string& drug) const&;
  const DoseEntry* find_dose(const std::string& drug) && = delete;
  /// The entry of that route, else the one that serves every route, else null.
  [[nodiscard]] const DoseEntry* find_dose(const std::string& drug, const std::string& route) const&;
  const DoseEntry* find_dose(const std::string& drug, const std::string& route) && = delete;
  /// The same, and of several entries the one that counts doses like `given`.
  [[nodiscard]] const DoseEntry* find_dose(const std::string& drug, const std::string& route, const core::Unit& given) const&;
  const DoseEntry* find_dose(const std::string& drug, const std::string& route, const core::Unit& given) && = delete;
  /// Every identifier a formula may use: parameters, compartments, species, rules, reactions.
  [[nodiscard]] std::vector<std::string> symbols() const;
};

/// Sets `p` from outside of its document; its provenance then says by whom. Adds value-001 to `problems` (and leaves `p` alone) if the value
/// is not finite or outside the bounds.
void set_value(Parameter& p, double value, const std::string& by, const core::Location& where, core::Diagnostics& problems);

}  // namespace osteosome::model
