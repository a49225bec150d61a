// SPDX-License-Identifier: Apache-2.0
#include "simulation_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"

namespace osteosome::tasks {
namespace {

using core::usage;

double set_value(const std::string& name, const std::string& text, const model::UnitText& unit, const core::UnitSystem& units) {
  const auto quantity = core::parse_quantity(text);
  if (quantity.unit.empty()) return quantity.value;
  if (unit.known) return core::quantity_in(units, text, unit.unit);
  throw core::Error(core::ErrorKind::Unit, {"unit-005", "the model does not say the unit of '" + name + "'", {}, "Write a plain number."});
}

/// The unit of a parameter, compartment or species, or null.
const model::UnitText* unit_of(const model::Model& model, const std::string& name) {
  if (const auto* p = model.find_parameter(name)) return &p->unit;
  if (const auto* c = model.find_compartment(name)) return &c->unit;
  if (const auto* s = model.find_species(name)) return &s->unit;
  return nullptr;
}

/// A plain number, in the model's time, where the model does not say its unit of time, or with --time-unit model.
core::Time duration(const std::string& text, const char* option, const simulate::CompiledModel& model, const std::string& time_unit,
                    const core::UnitSystem& units) {
  const bool plain = !model.model().time.known || time_unit == kModelUnit;
  try {
    if (!plain) return core::time_of(units, text);
    const auto quantity = core::parse_quantity(text);
    if (quantity.unit.empty()) return core::Time(quantity.value, model.program().seconds_per_time_unit);
  } catch (const core::Error& error) {
    std::vector<core::Diagnostic> told = core::retold(error, std::string(option) + ": ", {});
    for (core::Diagnostic& d : told) {
      d.code = "usage";
      d.hint += std::string(" E.g. ") + option + (plain ? " 60." : " \"60 months\".");
    }
    throw core::Error(core::ErrorKind::Input, told);
  }
  throw usage(std::string(option) + ": '" + text + "' should be a plain number",
              time_unit == kModelUnit ? "--time-unit model asks for it." : "The model does not say the unit of its time.");
}

core::TimeUnit own_unit(const simulate::CompiledModel& model) {
  const model::UnitText& time = model.model().time;
  return {time.known ? time.text : "", model.program().seconds_per_time_unit};
}

Looks times_from_file(const std::string& path, const std::string& unit_text, const simulate::CompiledModel& model, const core::UnitSystem& units,
                      std::vector<std::string>& warnings) {
  const auto csv = core::parse_csv(core::read_file(path), path);
  std::string header = csv.header.front(), unit = unit_text;
  if (const auto bracket = header.find('['); bracket != std::string::npos && unit.empty()) {
    unit = header.substr(bracket + 1, header.find(']', bracket) - bracket - 1);
  }
  if (core::to_lower(core::trim(header.substr(0, header.find('[')))) != "time")
    throw usage("the first column of '" + path + "' should be 'time'", "Head it 'time [h]'.");
  const bool plain = unit == kModelUnit || (unit.empty() && !model.model().time.known);
  if (!plain && unit.empty())
    throw usage("the unit of the times in '" + path + "' is not known", "Head the column 'time [h]', or give --time-unit h.");
  if (!plain && !units.parse(unit).same_dimension(units.parse("s")))
    throw core::Error(core::ErrorKind::Unit, {"unit-004", "'" + unit + "' is no unit of time", {path, 1, 0}, ""});
  const core::TimeUnit asked = plain ? own_unit(model) : core::time_unit(units, unit);
  for (std::size_t c = 1; c < csv.header.size(); ++c) warnings.push_back(path + ": column '" + csv.header[c] + "' is not used");
  std::vector<core::Time> times;
  for (std::size_t i = 0; i < csv.rows.size(); ++i) {
    const auto value = core::csv_number(csv, csv.rows[i][0]);
    if (!value || !std::isfinite(*value) || *value < 0 || (!times.empty() && core::Time(*value, asked.seconds) < times.back())) {
      throw core::Error(
          core::ErrorKind::Input,
          {"simulate-003", "'" + csv.rows[i][0] + "' is no time, or goes back", {path, csv.lines[i], 0}, "Times are numbers from 0, ascending."});
    }
    times.emplace_back(*value, asked.seconds);
  }
  if (times.empty()) throw usage("'" + path + "' has no times", "");
  return {std::move(times), asked};
}

}  // namespace

void apply_set(model::Model& model, const std::vector<std::string>& settings, const core::UnitSystem& units) {
  std::vector<std::string> names;
  core::Diagnostics problems;
  for (const std::string& text : settings) {
    const auto equals = text.find('=');
    const std::string name(core::trim(std::string_view(text).substr(0, equals)));
    if (equals == std::string::npos) throw usage("--set " + text + " has no '='", "Write --set NAME=VALUE.");
    if (std::find(names.begin(), names.end(), name) != names.end()) throw usage("--set " + name + " is given twice", "");
    names.push_back(name);
    const auto* unit = unit_of(model, name);
    try {
      const double value = unit != nullptr ? set_value(name, text.substr(equals + 1), *unit, units) : 0;
      model::set_symbol(model, name, value, "--set " + text, {}, problems);
    } catch (const core::Error& error) {
      const std::string hint = unit != nullptr && unit->known ? "'" + name + "' is in '" + unit->text + "'." : "Write a plain number.";
      for (const core::Diagnostic& d : core::retold(error, "--set " + text + ": ", {})) problems.add({d.code, d.message, d.where, hint});
    }
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

std::vector<std::string> drugs_of(const SimulationRequest& o, const protocol::DrugCatalogue& catalogue, const core::UnitSystem& units) {
  std::vector<std::string> drugs;
  for (const std::string& text : o.doses) {
    for (const std::string& drug : protocol::parse_regimen(text, catalogue, units).drugs()) drugs.push_back(drug);
  }
  if (o.data.empty()) return drugs;
  for (const std::string& name : protocol::drugs_in_table(o.data)) {
    for (const auto& d : catalogue.drugs) {
      if (core::to_lower(d.name) == core::to_lower(name)) drugs.push_back(d.name);
    }
  }
  return drugs;
}

void remark_length(const simulate::CompiledModel& model, double until, std::vector<std::string>& warnings) {
  constexpr double kLongestLife = 130 * core::kDaysPerYear;
  const double days = until * model.program().seconds_per_time_unit / 86400;
  if (model.model().time.known && days > kLongestLife && !model.model().doses.empty())
    warnings.push_back(fmt::format("the simulation lasts {:.0f} years, longer than a life", days / core::kDaysPerYear));
}

Looks times_of_looking(const SimulationRequest& o, const simulate::CompiledModel& model, const core::UnitSystem& units,
                       std::vector<std::string>& warnings) {
  if (!o.times.empty()) return times_from_file(o.times, o.time_unit, model, units, warnings);
  const core::Time until = duration(o.until, "--until", model, o.time_unit, units);
  const core::Time every = o.every.empty() ? until.hundredth() : duration(o.every, "--every", model, o.time_unit, units);
  if (until <= core::Time() || every <= core::Time()) throw usage("--until and --every should be positive", "");
  if (until.in(1) / every.in(1) > 1e7) throw usage("--every gives more than ten million output times", "");
  const bool plain = !model.model().time.known || o.time_unit == kModelUnit;
  return {cohort::Observation::regular(until, every).times, plain ? own_unit(model) : core::time_unit(units, core::parse_quantity(o.until).unit)};
}

std::vector<std::string> chosen(const SimulationRequest& o, const model::Model& model) {
  std::vector<std::string> names;
  if (!o.observe.empty()) {
    for (const std::string& name : core::split(o.observe, ',')) {
      const std::string trimmed(core::trim(name));
      if (std::find(names.begin(), names.end(), trimmed) == names.end()) names.push_back(trimmed);
    }
    return names;
  }
  for (const auto& s : model.species) names.push_back(s.id);
  for (const auto& x : model.outputs) {
    if (std::find(names.begin(), names.end(), x.id) == names.end()) names.push_back(x.id);
  }
  return names;
}

std::vector<Quantity> quantities_of(const compile::Program& program, const std::vector<std::string>& names) {
  const simulate::ObservableReader reader(program, names);  // which refuses unknown names
  std::vector<Quantity> quantities;
  for (const auto* o : reader.observables()) quantities.push_back({o->name, o->unit, o->label});
  return quantities;
}

void check_words(const SimulationRequest& o, const core::UnitSystem& units) {
  if (!o.time_unit.empty() && o.time_unit != kModelUnit) {
    if (o.times.empty())
      throw usage("--time-unit " + o.time_unit + " goes with --data or --times", "--until and --every carry their units; or give --time-unit model.");
    (void)units.parse(o.time_unit);
  }
  if (!o.times.empty() && (!o.until.empty() || !o.every.empty())) throw usage("--times excludes --until and --every", "");
  if (o.until.empty() && o.times.empty()) throw usage("--until or --times is missing", "E.g. --until \"60 months\" --every \"1 month\".");
}

}  // namespace osteosome::tasks
