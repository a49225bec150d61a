// SPDX-License-Identifier: Apache-2.0
// One model over the values of one or two quantities.
#include "osteosome/tasks/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "dosable_drugs.hpp"
#include "given_names.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"
#include "osteosome/report/report.hpp"
#include "osteosome/report/scan.hpp"
#include "osteosome/simulate/patient.hpp"
#include "simulated_patient.hpp"
#include "simulation_request.hpp"

namespace osteosome::tasks {
namespace {

using core::usage;

constexpr double kMostPoints = 1e5;

/// NAME=LOW:HIGH:N[:log], already split.
std::vector<double> range(const std::string& text, const std::vector<std::string>& parts, bool& logarithmic) {
  const char* example = "E.g. --over CL=1:10:10, or --over dose=1e8:1e11:4:log.";
  std::vector<std::optional<double>> numbers;
  for (std::size_t k = 0; k < 3; ++k) numbers.push_back(k < parts.size() ? core::parse_double(core::trim(parts[k])) : std::nullopt);
  if (parts.size() < 3 || parts.size() > 4 || !numbers[0] || !numbers[1] || !numbers[2] || (parts.size() == 4 && core::trim(parts[3]) != "log"))
    throw usage("--over " + text + " is not NAME=LOW:HIGH:N or NAME=LOW:HIGH:N:log", example);
  const double low = *numbers[0], high = *numbers[1], n = *numbers[2];
  logarithmic = parts.size() == 4;
  if (!(n >= 2 && n <= kMostPoints && n == std::floor(n)) || !(low < high) || (logarithmic && !(low > 0)))
    throw usage("--over " + text + ": low should be below high (and positive with log), and N a whole number from 2", example);
  std::vector<double> values;
  for (double k = 0; k < n; ++k) {
    const double share = k / (n - 1);
    const double value = logarithmic ? low * std::pow(high / low, share) : low + (high - low) * share;
    values.push_back(k + 1 == n ? high : value);
  }
  return values;
}

ScanAxis axis_of(const std::string& text) {
  const auto equals = text.find('=');
  ScanAxis axis;
  axis.name = core::trim(std::string_view(text).substr(0, equals));
  if (equals == std::string::npos || axis.name.empty()) throw usage("--over " + text + " has no '='", "E.g. --over CL=1,2,5.");
  const std::string values = text.substr(equals + 1);
  if (const auto parts = core::split(values, ':'); parts.size() > 1) {
    axis.values = range(text, {parts.begin(), parts.end()}, axis.logarithmic);
    return axis;
  }
  for (const auto& part : core::split(values, ',')) {
    const auto value = core::parse_double(core::trim(part));
    if (!value || !std::isfinite(*value)) throw usage("--over " + text + ": '" + std::string(part) + "' is no number", "E.g. --over CL=1,2,5.");
    axis.values.push_back(*value);
  }
  const auto [low, high] = std::minmax_element(axis.values.begin(), axis.values.end());
  axis.logarithmic = *low > 0 && *high / *low >= 100;
  return axis;
}

/// The texts of a request in which a word in braces may stand, with their options.
std::vector<std::pair<const char*, std::string*>> texts_of(SimulationRequest& r) {
  std::vector<std::pair<const char*, std::string*>> all = {
      {"--age", &r.age}, {"--menopause", &r.menopause}, {"--ovariectomy", &r.ovariectomy}, {"--weight", &r.weight}};
  for (std::string& text : r.doses) all.emplace_back("--dose", &text);
  for (std::string& text : r.t_scores) all.emplace_back("--t-score", &text);
  return all;
}

bool in_text(const std::string& name, SimulationRequest request) {
  const auto texts = texts_of(request);
  return std::any_of(texts.begin(), texts.end(), [&](const auto& t) { return t.second->find("{" + name + "}") != std::string::npos; });
}

/// The request with the words in braces replaced.
SimulationRequest request_at(SimulationRequest request, const std::vector<ScanAxis>& axes, const std::vector<std::size_t>& place) {
  for (const auto& [option, text] : texts_of(request)) {
    for (std::size_t a = 0; a < axes.size(); ++a) {
      const std::string word = "{" + axes[a].name + "}", value = core::format_double(axes[a].values[place[a]]);
      for (std::size_t at = text->find(word); at != std::string::npos; at = text->find(word, at + value.size()))
        text->replace(at, word.size(), value);
    }
    if (const auto open = text->find('{'); open != std::string::npos)
      throw usage(std::string(option) + " \"" + *text + "\": nothing gives a value to " + text->substr(open, text->find('}', open) - open + 1),
                  "Give --over NAME=...");
  }
  return request;
}

/// Values that a parameter may not have, and names that the model has not.
void check_values(const std::vector<ScanAxis>& axes, const SimulationRequest& request, const model::Model& model) {
  core::Diagnostics problems;
  for (const ScanAxis& axis : axes) {
    if (in_text(axis.name, request)) continue;
    for (const std::string& setting : request.set) {
      if (core::trim(setting.substr(0, setting.find('='))) == axis.name)
        problems.add({"usage", "'" + axis.name + "' stands in --set and in --over", {}, "Leave one out."});
    }
    model::Model copy = model;
    for (const double value : axis.values) {
      const std::size_t before = problems.all().size();
      model::set_symbol(copy, axis.name, value, "--over " + axis.name, {}, problems);
      if (problems.all().size() > before) break;
    }
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

double measure(const cohort::Trajectories& values, std::size_t subject, std::size_t output, ScanValue what) {
  const std::size_t last = values.days().size() - 1;
  if (what == ScanValue::End) return values.at(subject, last, output);
  if (what == ScanValue::Change) return values.change(subject, last, output);
  double extreme = values.at(subject, 0, output);
  for (std::size_t k = 1; k <= last; ++k) {
    const double value = values.at(subject, k, output);
    extreme = what == ScanValue::Max ? std::max(extreme, value) : std::min(extreme, value);
  }
  return extreme;
}

const char* words_of(ScanValue what) {
  switch (what) {
    case ScanValue::Max: return "largest value";
    case ScanValue::Min: return "smallest value";
    case ScanValue::Change: return "change from the start to the end [%]";
    default: return "value at the end";
  }
}

std::vector<ScanAxis> axes_of(const ScanRequest& request) {
  if (request.over.empty() || request.over.size() > 2) throw usage("--over should be given once or twice", "E.g. --over CL=1:10:10.");
  std::vector<ScanAxis> axes;
  double points = 1;
  for (const std::string& text : request.over) {
    axes.push_back(axis_of(text));
    points *= static_cast<double>(axes.back().values.size());
  }
  if (axes.size() == 2 && axes[0].name == axes[1].name) throw usage("--over " + axes[0].name + " is given twice", "");
  if (points > kMostPoints) throw usage("more than 100000 points", "Give fewer values.");
  return axes;
}

std::string unit_of(const model::Model& model, const std::string& name) {
  if (const auto* p = model.find_parameter(name)) return p->unit.text;
  if (const auto* s = model.find_species(name)) return s->unit.text;
  if (const auto* c = model.find_compartment(name)) return c->unit.text;
  return "";
}

/// A subject for every point, on the axes of `out`; remarks on its regimens go into the warnings.
cohort::SubjectList subjects_of(const ScanRequest& request, const simulate::CompiledModel& model, const protocol::DrugCatalogue& catalogue,
                                const core::UnitSystem& units, Scan& out) {
  std::size_t points = 1;
  for (const ScanAxis& axis : out.axes) points *= axis.values.size();
  std::vector<std::string> columns;
  for (const ScanAxis& axis : out.axes) {
    if (!in_text(axis.name, request.simulation)) columns.push_back(axis.name);
  }
  std::vector<cohort::Subject> subjects(points);
  for (std::size_t p = 0; p < points; ++p) {
    const auto place = out.place(p);
    cohort::Treatment treatment;
    const SimulationRequest here = request_at(request.simulation, out.axes, place);
    for (const std::string& text : here.doses) {
      treatment.regimens.push_back(protocol::parse_regimen(text, catalogue, units));
      for (const std::string& remark : treatment.regimens.back().remarks) {
        if (std::find(out.warnings.begin(), out.warnings.end(), remark) == out.warnings.end()) out.warnings.push_back(remark);
      }
    }
    subjects[p].patient = patient_of(here, model, units);
    subjects[p].treatment = std::make_shared<const cohort::Treatment>(std::move(treatment));
    for (std::size_t a = 0; a < out.axes.size(); ++a) {
      if (!in_text(out.axes[a].name, request.simulation)) subjects[p].values.push_back(out.axes[a].values[place[a]]);
    }
  }
  return cohort::SubjectList(std::move(subjects), columns);
}

/// The measure of every point and quantity, and how each ended.
void collect(const cohort::Trajectories& values, ScanValue what, Scan& out) {
  std::set<std::string> below;
  for (std::size_t p = 0; p < values.size(); ++p) {
    const cohort::Ending& ending = values.ending(p);
    const bool completed = ending.status == solve::Status::Completed;
    out.failed += completed ? 0 : 1;
    out.statuses.push_back(completed ? solve::name_of(ending.status) : std::string(solve::name_of(ending.status)) + ": " + ending.message);
    for (const std::string& remark : ending.remarks) {
      if (std::find(out.warnings.begin(), out.warnings.end(), remark) == out.warnings.end()) out.warnings.push_back(remark);
    }
    for (std::size_t o = 0; o < out.quantities.size(); ++o) {
      out.values.push_back(completed ? measure(values, p, o, what) : std::nan(""));
      if (completed && what == ScanValue::Change && !(values.at(p, 0, o) > 0)) below.insert(out.quantities[o].name);
    }
  }
  for (const std::string& name : below) out.warnings.push_back("the change of " + name + " is from a value that is not above 0: it says nothing");
}

}  // namespace

std::vector<std::size_t> Scan::place(std::size_t point) const {
  std::vector<std::size_t> at(axes.size());
  for (std::size_t a = axes.size(); a-- > 0;) {
    at[a] = point % axes[a].values.size();
    point /= axes[a].values.size();
  }
  return at;
}

Scan scan(const cohort::Workspace& workspace, const ScanRequest& request, const cohort::Job& job) {
  const core::UnitSystem& units = workspace.units();
  Scan out;
  out.axes = axes_of(request);
  const SimulationRequest first = request_at(request.simulation, out.axes, out.place(0));
  check_words(first, units);
  const protocol::DrugCatalogue catalogue = dosable_drugs(workspace, {first.model, first.species}, first.doses);
  model::Model loaded = workspace.load({first.model, first.species, drugs_of(first, catalogue, units)});
  apply_set(loaded, first.set, units);
  check_values(out.axes, request.simulation, loaded);
  const simulate::CompiledModel model(std::move(loaded), first.solver);
  Looks looks = times_of_looking(first, model, units, out.warnings);
  remark_length(model, looks.times.back().in(model.program().seconds_per_time_unit), out.warnings);
  const cohort::Observation observation{std::move(looks.times), chosen(first, model.model()), first.at_dose};
  out.quantities = quantities_of(model.program(), *observation.outputs);
  if (const std::string note = who_note(first, patient_of(first, model, units), model); !note.empty()) out.notes.push_back(note);
  core::Diagnostics problems;
  GivenNames(model, problems).add(first);
  problems.throw_if_any(core::ErrorKind::Input);

  if (request.value == ScanValue::Max || request.value == ScanValue::Min)
    out.notes.push_back(fmt::format("the {} is of {} looks; --every makes them more", words_of(request.value), observation.times.size()));

  for (const ScanAxis& axis : out.axes) {
    out.axis_units.push_back(in_text(axis.name, request.simulation) ? "" : unit_of(model.model(), axis.name));
  }
  for (const ScanAxis& axis : out.axes) {
    if (in_text(axis.name, request.simulation) && !unit_of(model.model(), axis.name).empty())
      out.notes.push_back("'" + axis.name + "' is the word in braces here, not the parameter of the model");
  }
  const cohort::SubjectList subjects = subjects_of(request, model, catalogue, units, out);
  const auto values = cohort::simulate(model, units, subjects, observation, job);
  out.cancelled = job.stop.stop_requested();
  collect(values, request.value, out);
  return out;
}

core::Table scan_table(const Scan& scan) {
  core::Table table{"scan", {}, {}};
  for (const ScanAxis& axis : scan.axes) table.columns.push_back(axis.name);
  for (const Quantity& q : scan.quantities) table.columns.push_back(q.name);
  table.columns.emplace_back("status");
  const std::size_t n = scan.quantities.size();
  for (std::size_t p = 0; p < scan.statuses.size(); ++p) {
    const auto place = scan.place(p);
    std::vector<std::string> row;
    for (std::size_t a = 0; a < place.size(); ++a) row.push_back(core::format_double(scan.axes[a].values[place[a]]));
    for (std::size_t o = 0; o < n; ++o) row.push_back(std::isfinite(scan.values[p * n + o]) ? core::format_double(scan.values[p * n + o]) : "");
    row.push_back(scan.statuses[p]);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string scan_page(const Scan& scan, const ScanRequest& request, const cohort::Workspace& workspace) {
  report::ScanInput input{
      "Scan of " + request.simulation.model, words_of(request.value), {}, {}, {}, scan.warnings, report::chart_library(workspace.root())};
  input.notes.insert(input.notes.end(), scan.notes.begin(), scan.notes.end());
  for (const std::string& dose : request.simulation.doses) input.notes.push_back("Given: " + dose);
  for (std::size_t a = 0; a < scan.axes.size(); ++a) {
    const ScanAxis& axis = scan.axes[a];
    input.axes.push_back({axis.name, scan.axis_units[a], axis.values, axis.logarithmic});
  }
  for (const Quantity& q : scan.quantities) {
    const bool change = request.value == ScanValue::Change;
    input.quantities.push_back({q.name, change ? "%" : q.unit, q.label});
  }
  input.values = scan.values;
  return report::make_scan_report(input);
}

}  // namespace osteosome::tasks
