// SPDX-License-Identifier: Apache-2.0
#include "run_tables.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/study.hpp"

namespace osteosome::tasks {
namespace {

using core::format_double;

const model::Output& output_of(const simulate::CompiledModel& model, const std::string& id) {
  const auto& outputs = model.model().outputs;
  return *std::find_if(outputs.begin(), outputs.end(), [&](const auto& o) { return o.id == id; });
}

std::string text(double x) { return std::isfinite(x) ? format_double(x) : ""; }

std::string time_text(const cohort::Scenario& scenario, double days) {
  return format_double(core::Time(days, core::kSecondsPerDay).in(scenario.time_unit.seconds));
}

/// Finite values of the subjects at one look, ascending.
std::vector<double> sample(const std::vector<std::vector<double>>& rows, std::size_t look) {
  std::vector<double> values;
  for (const auto& row : rows) {
    if (std::isfinite(row[look])) values.push_back(row[look]);
  }
  std::sort(values.begin(), values.end());
  return values;
}

/// Number, mean, SD and percentiles.
void add_statistics(const std::vector<double>& values, std::vector<std::string>& row) {
  const double n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double x : values) mean += x / n;
  for (const double x : values) squares += (x - mean) * (x - mean);
  row.push_back(std::to_string(values.size()));
  row.push_back(values.empty() ? "" : text(mean));
  row.push_back(values.size() < 2 ? "" : text(std::sqrt(squares / (n - 1))));
  for (const double q : {0.05, 0.25, 0.5, 0.75, 0.95}) row.push_back(values.empty() ? "" : text(cohort::quantile_of_sorted(values, q)));
}

std::vector<std::vector<double>> values_of(const cohort::ArmResult& arm, std::size_t output, std::size_t times) {
  std::vector<std::vector<double>> rows;
  for (const auto& values : arm.values) {
    rows.emplace_back(times, std::nan(""));
    for (std::size_t k = 0; k < times && !values.empty(); ++k) rows.back()[k] = values[k * arm.outputs.size() + output];
  }
  return rows;
}

}  // namespace

core::Table percentiles_table(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                              const cohort::ScenarioResult& result) {
  core::Table table{
      "percentiles", {"model", "arm", "output", scenario.time_unit.name, "unit", "n", "mean", "sd", "p5", "p25", "p50", "p75", "p95"}, {}};
  const std::size_t times = result.days.size();
  for (const auto& arm : result.arms) {
    for (std::size_t o = 0; o < arm.outputs.size(); ++o) {
      const model::Output& output = output_of(models[arm.model], arm.outputs[o]);
      const auto values = values_of(arm, o, times), changes = evidence::percent_change(arm, o, times);
      for (const auto& [rows, unit] : {std::pair(&values, output.unit.text), {&changes, std::string(evidence::kPercentChange)}}) {
        if (rows == &changes && output.observable.empty()) continue;  // a T-score, say, may be 0
        for (std::size_t k = 0; k < times; ++k) {
          table.rows.push_back({scenario.models[arm.model].name, scenario.arms[arm.arm].name, output.id, time_text(scenario, result.days[k]), unit});
          add_statistics(sample(*rows, k), table.rows.back());
        }
      }
    }
  }
  return table;
}

void write_subjects(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models, const cohort::ScenarioResult& result,
                    const std::function<void(const std::string&)>& write) {
  write(core::csv_line({"model", "arm", "subject", "status", "doses", "quantity", "value", "unit"}));
  for (const auto& arm : result.arms) {
    const model::Model& model = models[arm.model].model();
    for (std::size_t s = 0; s < arm.drawn.size(); ++s) {
      bool written = false;
      const auto add = [&](const std::string& quantity, double value, const std::string& unit) {
        written = true;
        write(core::csv_line({scenario.models[arm.model].name, scenario.arms[arm.arm].name, std::to_string(s), solve::name_of(arm.status[s]),
                              std::to_string(arm.doses[s]), quantity, text(value), unit}));
      };
      const simulate::Patient& patient = arm.patients[s];
      std::vector<std::string> quantities = simulate::patient_quantities();
      for (const auto& [site, score] : patient.t_scores) quantities.push_back("t_" + core::to_lower(site));
      for (const std::string& name : quantities) {
        const double value = simulate::quantity_of(patient, name);
        if (std::isfinite(value)) add("patient." + name, value, simulate::unit_of_quantity(name));
      }
      for (std::size_t c = 0; c < arm.columns.size(); ++c) {
        const auto* parameter = model.find_parameter(arm.columns[c]);
        const auto* species = model.find_species(arm.columns[c]);
        add(arm.columns[c], arm.drawn[s][c], parameter != nullptr ? parameter->unit.text : species != nullptr ? species->unit.text : "");
      }
      for (std::size_t o = 0; o < arm.outputs.size() && !arm.values[s].empty(); ++o)
        add("baseline " + arm.outputs[o], arm.values[s][o], output_of(models[arm.model], arm.outputs[o]).unit.text);
      if (!written) add("", std::nan(""), "");  // whose status is all there is
    }
  }
}

core::Table responders_table(const cohort::Scenario& scenario, const std::vector<simulate::CompiledModel>& models,
                             const cohort::ScenarioResult& result) {
  constexpr double z = 1.959963984540054;  // of a two-sided 95 % interval
  core::Table table{"responders", {"model", "arm", "outcome", "threshold", scenario.time_unit.name, "n", "responders", "share", "low", "high"}, {}};
  const std::size_t times = result.days.size();
  for (const auto& [code, threshold] : scenario.responders) {
    for (const auto& arm : result.arms) {
      for (std::size_t o = 0; o < arm.outputs.size(); ++o) {
        if (output_of(models[arm.model], arm.outputs[o]).observable != code) continue;
        const auto changes = evidence::percent_change(arm, o, times);
        for (std::size_t k = 1; k < times; ++k) {
          const auto values = sample(changes, k);
          const auto count = std::count_if(values.begin(), values.end(), [&](double x) { return threshold < 0 ? x <= threshold : x >= threshold; });
          const double n = static_cast<double>(values.size()), share = static_cast<double>(count) / n;
          const double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
          const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
          table.rows.push_back({scenario.models[arm.model].name, scenario.arms[arm.arm].name, code, text(threshold),
                                time_text(scenario, result.days[k]), std::to_string(values.size()), std::to_string(count), text(share),
                                text(count == 0 ? 0 : middle - half), text(share == 1 ? 1 : middle + half)});
        }
      }
    }
  }
  return table;
}

}  // namespace osteosome::tasks
