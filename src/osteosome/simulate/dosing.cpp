// SPDX-License-Identifier: Apache-2.0
#include "osteosome/simulate/dosing.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "osteosome/core/text.hpp"

namespace osteosome::simulate {
namespace {

using solve::Stop;
using solve::StopKind;

core::Error dosing_error(const std::string& code, const std::string& message, const std::string& hint) {
  return {core::ErrorKind::Dosing, {code, message, {}, hint}};
}

}  // namespace

void add_own_drugs(const model::Model& model, protocol::DrugCatalogue& catalogue) {
  for (const model::DoseEntry& entry : model.doses) {
    const model::Species* into = model.find_species(entry.into);
    const auto known = std::find_if(catalogue.drugs.begin(), catalogue.drugs.end(), [&](const protocol::Drug& d) { return d.name == entry.drug; });
    const std::string unit = entry.unit ? entry.unit->text : into != nullptr ? into->unit.text : "";
    if (known == catalogue.drugs.end()) catalogue.drugs.push_back({entry.drug, entry.route, unit});
  }
}

DoseTranslator::DoseTranslator(const CompiledModel& model, const core::UnitSystem& units) : model_(model), units_(units) {}

std::optional<double> DoseTranslator::formula(const std::optional<expr::NodeId>& node, std::span<const double> parameters) {
  if (!node) return std::nullopt;
  auto& interpreter = formulas_.try_emplace(*node, model_.program().graph, std::vector{*node}).first->second;
  interpreter.prepare(parameters);
  double value = 0;
  interpreter.evaluate(0, {}, {}, {&value, 1});
  return value;
}

double DoseTranslator::bioavailability(std::uint32_t state, std::span<const double> parameters) {
  const double f = formula(model_.program().dosing[state].bioavailability, parameters).value_or(1);
  if (!(f >= 0) || !std::isfinite(f)) {
    throw dosing_error("dosing-007",
                       "the bioavailability of '" + model_.program().states[state] + "' is " +
                           (std::isnan(f) ? "not a number" : core::format_double(f)),
                       "It should be a number from 0.");
  }
  return f;
}
double DoseTranslator::lag(std::uint32_t state, std::span<const double> parameters) {
  const double lag = formula(model_.program().dosing[state].lag, parameters).value_or(0);
  if (!(lag >= 0) || !std::isfinite(lag)) throw dosing_error("dosing-006", "the lag is " + core::format_double(lag), "");
  return lag;
}
std::optional<double> DoseTranslator::infusion_rate(std::uint32_t state, std::span<const double> parameters) {
  return formula(model_.program().dosing[state].infusion_rate, parameters);
}
std::optional<double> DoseTranslator::infusion_duration(std::uint32_t state, std::span<const double> parameters) {
  return formula(model_.program().dosing[state].infusion_duration, parameters);
}

double DoseTranslator::volume(std::uint32_t state, std::span<const double> parameters) {
  const compile::Program& program = model_.program();
  const std::string& name = program.states[state];
  const model::Species* species = model_.model().find_species(name);
  if (species == nullptr || species->compartment.empty() || species->substance_only) return 1;
  if (std::any_of(program.algebraic.begin(), program.algebraic.end(), [&](const auto& a) { return a.state == state; })) {
    throw dosing_error("dosing-011", "species '" + name + "' takes no doses", "An algebraic equation determines it.");
  }
  const model::Compartment& compartment = *model_.model().find_compartment(species->compartment);
  if (!compartment.constant) return 1;
  const auto* size = program.find_observable(compartment.id);
  const bool known = size != nullptr && (program.graph.depends(size->node) & ~expr::kOnParameter) == 0;
  const double value = known ? *formula(size->node, parameters) : compartment.size;
  if (!(value > 0) || !std::isfinite(value)) {
    throw dosing_error("dosing-010",
                       "the size of '" + compartment.id + "', which amounts into '" + name + "' are divided by, is " +
                           (std::isnan(value) ? "not a number" : core::format_double(value)),
                       "It should be a positive number.");
  }
  return value;
}

void DoseTranslator::check(const protocol::Regimen& regimen, double weight_kg) const {
  std::vector<std::string> drugs;
  for (const auto& d : model_.model().doses) {
    if (std::find(drugs.begin(), drugs.end(), d.drug) == drugs.end()) drugs.push_back(d.drug);
  }
  for (const auto& phase : regimen.phases) {
    for (const auto& course : phase.courses) {
      for (const auto& refused : model_.model().refused) {
        if (refused.drug != course.drug) continue;
        std::string list;
        for (const std::string& name : refused.species) list += (list.empty() ? "" : ", ") + name;
        throw dosing_error("dosing-009", course.drug + " does not work in " + model_.model().species_name + " (only " + list + ")", refused.instead);
      }
      if (model_.model().find_dose(course.drug) == nullptr) {
        std::string list;
        for (const std::string& d : drugs) list += (list.empty() ? "" : ", ") + d;
        throw dosing_error("dosing-001", "model '" + model_.name() + "' has no drug '" + course.drug + "'",
                           "It has: " + (list.empty() ? "none" : list) + ".");
      }
      const auto* entry = model_.model().find_dose(course.drug, course.route, units_.parse(course.unit));
      if (entry == nullptr) {
        std::string routes;
        for (const auto& d : model_.model().doses) {
          const bool said = (" " + routes + " ").find(" " + d.route + " ") != std::string::npos;
          if (d.drug == course.drug && !said) routes += (routes.empty() ? "" : " or ") + d.route;
        }
        throw dosing_error("dosing-008", "model '" + model_.name() + "' takes " + course.drug + " " + routes + ", not " + course.route,
                           "Its kinetics are those of that route.");
      }
      DoseTranslator self(model_, units_);
      (void)self.amount_factor(*entry, course.unit + (course.per_kg ? "/kg" : ""), weight_kg, model_.program().parameter_values);
    }
  }
}

double DoseTranslator::amount_factor(const model::DoseEntry& entry, const std::string& unit, double weight_kg, std::span<const double> parameters) {
  std::string base = unit;
  double factor = 1;
  if (base.size() > 3 && base.substr(base.size() - 3) == "/kg") {
    if (!(weight_kg > 0)) throw dosing_error("dosing-002", "a dose per kg needs the body weight", "Give [patient] weight, e.g. \"60 kg\".");
    base.resize(base.size() - 3);
    factor = weight_kg;
  }
  const core::Unit given = units_.parse(base);
  const auto& species = *model_.model().find_species(entry.into);
  const model::Compartment* compartment = species.substance_only ? nullptr : model_.model().find_compartment(species.compartment);
  const core::Unit amount = compartment == nullptr ? species.unit.unit : species.unit.unit * compartment->unit.unit;
  const double volume = this->volume(*model_.program().state_index(entry.into), parameters);
  if (entry.factor && given.same_dimension(entry.unit->unit)) {
    const double per_unit = *formula(model_.program().find_observable("dose_factor." + entry.id)->node, parameters);
    return factor * given.factor_to(entry.unit->unit) * per_unit;
  }
  const auto enters = [&](const core::Unit& dose) -> std::optional<double> {
    if (dose.same_dimension(amount)) return dose.factor_to(amount);
    if (!dose.same_dimension(species.unit.unit)) return std::nullopt;
    if (!compartment->constant) {
      throw dosing_error("dosing-012",
                         "a dose of '" + entry.drug + "' in " + base + " is a concentration, and the size of '" + compartment->id + "' changes",
                         "Give the amount.");
    }
    return dose.factor_to(species.unit.unit) * volume;
  };
  if (const auto direct = enters(given)) return factor * *direct;
  if (!entry.molar_mass.empty()) {
    const auto& mass = *model_.model().find_parameter(entry.molar_mass);
    if (const auto molar = enters(given / mass.unit.unit)) return factor * *molar / parameters[*model_.program().parameter_index(mass.id)];
  }
  throw dosing_error("dosing-003", "a dose of '" + entry.drug + "' in " + base + " does not fit",
                     "Model '" + model_.name() + "' counts it in " + (entry.unit ? entry.unit->text : species.unit.text) +
                         (compartment == nullptr || entry.unit ? "" : " times " + compartment->unit.text) + ".");
}

void DoseTranslator::add_doses(const std::vector<protocol::DoseRecord>& doses, double start, double weight_kg, solve::SubjectPlan& plan) {
  const double unit = model_.program().seconds_per_time_unit;
  struct Entry {
    const model::DoseEntry* entry = nullptr;
    std::uint32_t state = 0;
    double factor = 0;
    core::Time lag;
  };
  std::map<std::tuple<std::string, std::string, std::string>, Entry> entries;
  plan.stops.reserve(plan.stops.size() + doses.size());
  for (const auto& dose : doses) {
    const auto [it, fresh] = entries.try_emplace({dose->drug, dose->route, dose->unit});
    Entry& known = it->second;
    if (fresh) {
      const std::string plain = dose->unit.ends_with("/kg") ? dose->unit.substr(0, dose->unit.size() - 3) : dose->unit;
      known.entry = model_.model().find_dose(dose->drug, dose->route, units_.parse(plain));
      known.state = *model_.program().state_index(known.entry->into);
      known.factor = amount_factor(*known.entry, dose->unit, weight_kg, plan.parameters) * bioavailability(known.state, plan.parameters) /
                     volume(known.state, plan.parameters);
      known.lag = core::Time(lag(known.state, plan.parameters), unit);
    }
    const auto& entry = *known.entry;
    const auto state = known.state;
    const double amount = dose->amount * known.factor;
    const core::Time given = core::Time::microseconds(dose.time) + known.lag;
    const double time = start + given.in(unit);
    const double days = static_cast<double>(dose->interval) / protocol::kMicrosecondsPerDay;
    const bool continuous =
        dose->interval > 0 && (entry.continuous || (entry.continuous_up_to_days && days <= *entry.continuous_up_to_days * (1 + 1e-12)));
    const core::Time span = core::Time::microseconds(continuous ? dose->interval : dose->over);
    const double length = span.in(unit);
    if (length > 0) {
      plan.stops.push_back({time, StopKind::ChangeRate, state, amount / length});
      plan.stops.push_back({start + (given + span).in(unit), StopKind::ChangeRate, state, -amount / length});
    } else {
      plan.stops.push_back({time, StopKind::Add, state, amount});
    }
  }
  core::sort_by_time(plan.stops);
  // A continuous course is one long infusion: drop the pairs of equal and opposite rate changes between its intervals.
  std::size_t kept = 0;
  for (const Stop s : plan.stops) {
    const Stop* last = kept > 0 ? &plan.stops[kept - 1] : nullptr;
    const bool cancels = s.kind == StopKind::ChangeRate && last != nullptr && last->kind == StopKind::ChangeRate && last->index == s.index &&
                         last->value == -s.value && s.value > 0 && s.time == last->time;
    if (cancels) {
      --kept;
    } else {
      plan.stops[kept++] = s;
    }
  }
  plan.stops.resize(kept);
}

void DoseTranslator::add_outputs(const std::vector<double>& times, AtDose at_dose, solve::SubjectPlan& plan) {
  std::uint32_t stop = 0;
  for (double t : times) {
    const auto at = std::lower_bound(plan.stops.begin() + stop, plan.stops.end(), t, [](const Stop& s, double time) {
      return s.time < time && !core::same_instant(s.time, time);
    });
    if (at != plan.stops.end() && core::same_instant(at->time, t)) t = at->time;
    const auto passed = [&](const Stop& s) { return at_dose == AtDose::Pre ? s.time < t : s.time <= t; };
    while (stop < plan.stops.size() && passed(plan.stops[stop])) ++stop;
    plan.outputs.push_back({t, stop});
  }
}

}  // namespace osteosome::simulate
