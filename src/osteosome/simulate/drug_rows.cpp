// SPDX-License-Identifier: Apache-2.0
#include "osteosome/simulate/drug_rows.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"
#include "osteosome/simulate/dosing.hpp"

namespace osteosome::simulate {
namespace {

using protocol::EventRow;

core::Error bad_row(const std::string& code, const std::string& message, const std::string& hint) {
  return {core::ErrorKind::Dosing, {code, message, {}, hint}};
}

class DrugRows {
 public:
  DrugRows(protocol::EventTable& table, const CompiledModel& model, const core::UnitSystem& units, const protocol::DrugCatalogue& catalogue,
           double weight_kg, const std::vector<double>& parameters, std::vector<std::string>& remarks)
      : table_(table), model_(model), units_(units), catalogue_(catalogue), translator_(model, units), weight_kg_(weight_kg), parameters_(parameters),
        remarks_(remarks) {
    for (const std::string& name : table.parameter_columns) columns_.push_back(*model.program().parameter_index(name));
  }

  void run() {
    core::Diagnostics problems;
    for (auto& subject : table_.subjects) {
      std::vector<double> values = parameters_;
      for (EventRow& row : subject.rows) {
        for (std::size_t c = 0; c < columns_.size(); ++c) {
          if (!std::isnan(row.parameters[c])) values[columns_[c]] = row.parameters[c];
        }
        if (row.evid != 1 && row.evid != 4) continue;
        try {
          translate(row, values);
        } catch (const core::Error& error) {
          problems.add(core::retold(error, "", {table_.file, row.line, 0}));
        }
      }
    }
    problems.throw_if_any(core::ErrorKind::Dosing);
  }

 private:
  void translate(EventRow& row, const std::vector<double>& values) {
    if (!row.drug.empty()) return drug_row(row, values);
    if (!row.route.empty()) throw bad_row("event-016", "ROUTE is '" + row.route + "' in a row without a DRUG", "");
    const std::string state = row.compartment.empty() ? model_.program().states.front() : row.compartment;
    const auto* species = model_.model().find_species(state);
    if (!row.unit.empty()) {
      const core::Unit given = units_.parse(row.unit);
      const auto* compartment = species == nullptr || species->substance_only ? nullptr : model_.model().find_compartment(species->compartment);
      if (species == nullptr || !species->unit.known || !given.same_dimension(amount_unit(*species, compartment))) {
        const std::string times = compartment != nullptr ? " times " + compartment->unit.text : "";
        throw bad_row("event-017",
                      "AMT in " + row.unit + " does not fit '" + state + "'" + (species != nullptr ? " in " + species->unit.text + times : ""),
                      model_.model().doses.empty() ? "" : "A dose of a drug names it in a column DRUG.");
      }
      return scale(row, row.action == "multiply" ? 1 : given.factor_to(amount_unit(*species, compartment)));
    }
    const auto& doses = model_.model().doses;
    const bool converted = std::any_of(doses.begin(), doses.end(), [](const model::DoseEntry& d) { return d.factor || !d.molar_mass.empty(); });
    if (converted) {  // where doses enter as they are, AMT means the same with a drug and without
      const std::string unit = species == nullptr ? "" : " [" + species->unit.text + "]";
      remark("rows without a DRUG: AMT goes into the state '" + state + "'" + unit +
             " as it is; a column DRUG gives doses of a drug, as --dose does");
    }
  }

  void drug_row(EventRow& row, const std::vector<double>& values) {
    if (!row.action.empty())
      throw bad_row("event-016", "EVENT is '" + row.action + "' in a row with a DRUG", "EVENT changes states; name one in CMT.");
    const protocol::Course& course = course_of(row);
    const auto& entry = *model_.model().find_dose(course.drug, course.route, units_.parse(course.unit));
    if (!row.compartment.empty() && row.compartment != entry.into)
      remark("CMT has no effect in rows with a DRUG: " + course.drug + " enters '" + entry.into + "', not '" + row.compartment + "'");
    const auto drug = std::find_if(catalogue_.drugs.begin(), catalogue_.drugs.end(), [&](const protocol::Drug& d) { return d.name == course.drug; });
    if (const auto said = protocol::dose_remark(*drug, row.amount, course.unit, course.per_kg, units_); !said.empty()) remark(said);
    row.compartment = entry.into;
    scale(row, translator_.amount_factor(entry, course.unit + (course.per_kg ? "/kg" : ""), weight_kg_, values));
    const double days = row.interval * table_.time_unit.factor_to(units_.parse("d"));
    const bool continuous = entry.continuous || (entry.continuous_up_to_days && days <= *entry.continuous_up_to_days * (1 + 1e-12));
    if (continuous && row.interval > 0 && row.rate == 0 && row.duration == 0) row.duration = row.interval;
  }

  /// The drug, unit and route of a row as regimen text would name them, checked once for this model.
  const protocol::Course& course_of(const EventRow& row) {
    const auto [it, fresh] = courses_.try_emplace({row.drug, row.unit, row.route});
    if (!fresh) return it->second;
    const auto known = std::find_if(catalogue_.drugs.begin(), catalogue_.drugs.end(), [&](const protocol::Drug& d) {
      return core::to_lower(d.name) == core::to_lower(row.drug);
    });
    if (known == catalogue_.drugs.end()) {
      std::vector<std::string> names;
      for (const auto& d : catalogue_.drugs) names.push_back(d.name);
      throw bad_row("event-015", "DRUG is '" + row.drug + "', which no therapy is for", core::did_you_mean(row.drug, names));
    }
    const std::string unit = row.unit.empty() ? known->unit : row.unit;
    if (row.unit.empty()) remark("AMT of " + known->name + " is taken in " + unit + "; head the column 'AMT [" + unit + "]' or add a column UNIT");
    const auto regimen = protocol::parse_regimen(known->name + " 0 " + unit + (row.route.empty() ? "" : " " + row.route), catalogue_, units_);
    translator_.check(regimen, weight_kg_);
    return it->second = regimen.phases.front().courses.front();
  }

  /// Of what AMT counts: a concentration's amount is divided by the volume when it enters.
  static core::Unit amount_unit(const model::Species& species, const model::Compartment* compartment) {
    return compartment == nullptr ? species.unit.unit : species.unit.unit * compartment->unit.unit;
  }

  static void scale(EventRow& row, double factor) {
    row.amount *= factor;
    if (row.rate > 0) row.rate *= factor;
  }

  void remark(const std::string& text) {
    if (std::find(remarks_.begin(), remarks_.end(), text) == remarks_.end()) remarks_.push_back(text);
  }

  protocol::EventTable& table_;
  const CompiledModel& model_;
  const core::UnitSystem& units_;
  const protocol::DrugCatalogue& catalogue_;
  DoseTranslator translator_;
  double weight_kg_;
  const std::vector<double>& parameters_;
  std::vector<std::string>& remarks_;
  std::vector<std::uint32_t> columns_;
  std::map<std::tuple<std::string, std::string, std::string>, protocol::Course> courses_;
};

}  // namespace

void translate_drugs(protocol::EventTable& table, const CompiledModel& model, const core::UnitSystem& units, const protocol::DrugCatalogue& catalogue,
                     double weight_kg, const std::vector<double>& parameters, std::vector<std::string>& remarks) {
  DrugRows(table, model, units, catalogue, weight_kg, parameters, remarks).run();
}

namespace {

/// Of a column without a value in any row of some subjects.
std::string missing_text(const std::string& column, const std::vector<std::string>& ids) {
  constexpr std::size_t kNamed = 3;
  std::string names;
  for (std::size_t k = 0; k < std::min(kNamed, ids.size()); ++k) names += (k > 0 ? ", " : "") + ids[k];
  if (ids.size() > kNamed) names += " and " + std::to_string(ids.size() - kNamed) + " more";
  return "column '" + column + "' has no value for ID " + names + ": the model's own is taken";
}

}  // namespace

std::vector<std::string> check_covariates(const protocol::EventTable& table, const model::Model& model) {
  std::vector<std::string> remarks;
  core::Diagnostics problems;
  for (std::size_t c = 0; c < table.parameter_columns.size(); ++c) {
    const std::string& name = table.parameter_columns[c];
    if (const std::string fixed = model::why_fixed(model, name); !fixed.empty()) {
      problems.add({"value-002", "column '" + name + "' would have no effect: " + fixed, {table.file, 1, 0}, "Give what the formula uses."});
      continue;
    }
    const bool size = model.find_compartment(name) != nullptr;
    std::vector<std::string> missing;
    for (const auto& subject : table.subjects) {
      double first = std::nan("");
      for (const auto& row : subject.rows) {
        const double value = row.parameters[c];
        if (std::isnan(value)) continue;
        if (std::isnan(first)) first = value;
        if (size && value != first) {
          problems.add({"event-018",
                        "'" + name + "' changes from " + core::format_double(first) + " to " + core::format_double(value) +
                            ", but the size of a compartment cannot change with a covariate",
                        {table.file, row.line, 0},
                        "Give a subject one size, or let a rule of the model change it."});
        }
        if (const auto problem = model::problem_of_value(model, name, value, {table.file, row.line, 0})) problems.add(*problem);
      }
      if (std::isnan(first)) missing.push_back(subject.id);
    }
    if (!missing.empty()) remarks.push_back(missing_text(name, missing));
  }
  problems.throw_if_any(core::ErrorKind::Input);
  return remarks;
}

}  // namespace osteosome::simulate
