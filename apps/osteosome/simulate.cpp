// SPDX-License-Identifier: Apache-2.0
// osteosome simulate: one model, doses as regimen text or event table, values as a table.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "common.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/simulate/drug_rows.hpp"
#include "osteosome/simulate/patient.hpp"

namespace osteosome::app {
namespace {

struct SimulateOptions {
  std::string model, species, data, until, every, times, observe, output, at_dose = "pre", time_unit, weight;
  std::vector<std::string> doses, set;
  SolverFlags solver;
  bool overwrite = false;
};

/// As --time-unit: times are plain numbers in the model's own unit.
constexpr const char* kModelUnit = "model";
/// Of time: a look this near a discontinuity, and not at it, is noted; 0.333333 d misses a dose at 8 h by less.
constexpr double kNearMiss = 2e-6;

core::Error usage(const std::string& message, const std::string& hint) { return {core::ErrorKind::Input, {"usage", message, {}, hint}}; }

double set_value(const std::string& name, const std::string& text, const model::UnitText& unit, const core::UnitSystem& units) {
  try {
    const auto quantity = core::parse_quantity(text);
    if (!quantity.unit.empty() && !unit.known) {
      throw core::Error(core::ErrorKind::Unit, {"unit-005", "the model does not say the unit of '" + name + "'", {}, ""});
    }
    return quantity.unit.empty() ? quantity.value : core::quantity_in(units, text, unit.unit);
  } catch (const core::Error& error) {
    throw core::Error(core::ErrorKind::Input, {error.diagnostics().front().code,
                                               "--set " + name + "=" + text + ": " + error.diagnostics().front().message,
                                               {},
                                               unit.known ? "'" + name + "' is in '" + unit.text + "'." : "Write a plain number."});
  }
}

/// The unit of a parameter, compartment or species, or null.
const model::UnitText* unit_of(const model::Model& model, const std::string& name) {
  if (const auto* p = model.find_parameter(name)) return &p->unit;
  if (const auto* c = model.find_compartment(name)) return &c->unit;
  if (const auto* s = model.find_species(name)) return &s->unit;
  return nullptr;
}

/// --set NAME=VALUE: a parameter or the initial value of a species; VALUE may carry a unit.
void apply_set(model::Model& model, const std::vector<std::string>& settings, const core::UnitSystem& units) {
  std::vector<std::string> names;
  for (const std::string& text : settings) {
    const auto equals = text.find('=');
    const std::string name(core::trim(std::string_view(text).substr(0, equals)));
    if (equals == std::string::npos) throw usage("--set " + text + " has no '='", "Write --set NAME=VALUE.");
    if (std::find(names.begin(), names.end(), name) != names.end()) throw usage("--set " + name + " is given twice", "");
    names.push_back(name);
    const auto* unit = unit_of(model, name);
    const double value = unit != nullptr ? set_value(name, text.substr(equals + 1), *unit, units) : 0;
    core::Diagnostics problems;
    model::set_symbol(model, name, value, "--set " + text, {}, problems);
    problems.throw_if_any(core::ErrorKind::Input);
  }
}

/// Every drug the regimens or the table name; problems of a text are reported where it is simulated.
std::vector<std::string> drugs_of(const SimulateOptions& o, const model::Library& library, const core::UnitSystem& units) {
  const auto catalogue = protocol::load_catalogue(library.root + "/therapies");
  std::vector<std::string> drugs;
  for (const std::string& text : o.doses) {
    for (const std::string& drug : protocol::parse_regimen(text, catalogue, units).drugs()) drugs.push_back(drug);
  }
  if (o.data.empty()) return drugs;
  for (const std::string& name : protocol::drugs_in_table(o.data)) {
    for (const auto& d : catalogue) {
      if (core::to_lower(d.name) == core::to_lower(name)) drugs.push_back(d.name);
    }
  }
  return drugs;
}

/// The patient's weight [kg], or that of the model's typical one.
double weight_of(const SimulateOptions& o, const simulate::CompiledModel& model, const core::UnitSystem& units) {
  simulate::Patient patient;
  if (!o.weight.empty()) {
    patient.weight_kg = core::quantity_in(units, o.weight, units.parse("kg"));
    if (!(patient.weight_kg > 0)) throw usage("--weight " + o.weight + " is no body weight", "It should be positive.");
  }
  return simulate::body_mass_kg(model, patient);
}

/// Time [d] that no simulated person reaches is said.
void remark_length(const simulate::CompiledModel& model, double until) {
  constexpr double kLongestLife = 130 * core::kDaysPerYear;
  const double days = until * model.program().seconds_per_time_unit / 86400;
  if (model.model().time.known && days > kLongestLife && !model.model().doses.empty())
    std::cerr << fmt::format("warning: the simulation lasts {:.0f} years, longer than a life\n", days / core::kDaysPerYear);
}

/// A plain number, in the model's time, where the model does not say its unit of time, or with --time-unit model.
core::Time duration(const std::string& text, const char* option, const simulate::CompiledModel& model, const std::string& time_unit,
                    const core::UnitSystem& units) {
  const compile::Program& program = model.program();
  try {
    if (!model.model().time.known || time_unit == kModelUnit) {
      const auto quantity = core::parse_quantity(text);
      if (quantity.unit.empty()) return core::Time(quantity.value, program.seconds_per_time_unit);
      throw core::Error(core::ErrorKind::Unit,
                        {"unit-005",
                         "'" + text + "' should be a plain number",
                         {},
                         time_unit == kModelUnit ? "--time-unit model asks for it." : "The model does not say the unit of its time."});
    }
    return core::time_of(units, text);
  } catch (const core::Error& error) {
    throw usage(std::string(option) + ": " + error.diagnostics().front().message,
                error.diagnostics().front().hint + (model.model().time.known ? std::string(" E.g. ") + option + " \"60 months\"." : ""));
  }
}

std::vector<core::Time> times_from_file(const std::string& path, const std::string& unit_text, const compile::Program& program,
                                        const core::UnitSystem& units, bool unit_known) {
  const auto csv = core::parse_csv(core::read_file(path), path);
  std::string header = csv.header.front(), unit = unit_text;
  if (const auto bracket = header.find('['); bracket != std::string::npos && unit.empty()) {
    unit = header.substr(bracket + 1, header.find(']', bracket) - bracket - 1);
  }
  if (core::to_lower(core::trim(header.substr(0, header.find('[')))) != "time")
    throw usage("the first column of '" + path + "' should be 'time'", "Head it 'time [h]'.");
  const bool plain = unit == kModelUnit || (unit.empty() && !unit_known);
  if (!plain && unit.empty())
    throw usage("the unit of the times in '" + path + "' is not known", "Head the column 'time [h]', or give --time-unit h.");
  if (!plain && !units.parse(unit).same_dimension(units.parse("s")))
    throw core::Error(core::ErrorKind::Unit, {"unit-004", "'" + unit + "' is no unit of time", {path, 1, 0}, ""});
  const double seconds = plain ? program.seconds_per_time_unit : units.parse(unit).factor_to(units.parse("s"));
  for (std::size_t c = 1; c < csv.header.size(); ++c) std::cerr << fmt::format("warning: {}: column '{}' is not used\n", path, csv.header[c]);
  std::vector<core::Time> times;
  for (std::size_t i = 0; i < csv.rows.size(); ++i) {
    const auto value = core::csv_number(csv, csv.rows[i][0]);
    if (!value || !std::isfinite(*value) || *value < 0 || (!times.empty() && core::Time(*value, seconds) < times.back())) {
      throw core::Error(
          core::ErrorKind::Input,
          {"simulate-003", "'" + csv.rows[i][0] + "' is no time, or goes back", {path, csv.lines[i], 0}, "Times are numbers from 0, ascending."});
    }
    times.emplace_back(*value, seconds);
  }
  if (times.empty()) throw usage("'" + path + "' has no times", "");
  return times;
}

/// As --times, or --until and --every say.
std::vector<core::Time> times_of_looking(const SimulateOptions& o, const simulate::CompiledModel& model, const core::UnitSystem& units) {
  if (!o.times.empty()) return times_from_file(o.times, o.time_unit, model.program(), units, model.model().time.known);
  const core::Time until = duration(o.until, "--until", model, o.time_unit, units);
  const core::Time every = o.every.empty() ? until.hundredth() : duration(o.every, "--every", model, o.time_unit, units);
  if (until <= core::Time() || every <= core::Time()) throw usage("--until and --every should be positive", "");
  if (until.in(1) / every.in(1) > 1e7) throw usage("--every gives more than ten million output times", "");
  std::vector<core::Time> times;
  for (std::int64_t k = 0; every * k < until; ++k) times.push_back(every * k);
  times.push_back(until);
  return times;
}

/// Observables in the order asked for, or all states and outputs.
std::vector<std::string> chosen(const SimulateOptions& o, const model::Model& model) {
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

/// Writes to -o (complete or not at all) or to stdout.
class Destination {
 public:
  Destination(const std::string& path, bool overwrite, const std::vector<std::string>& inputs) {
    if (path.empty()) return;
    std::error_code ec;
    for (const std::string& input : inputs) {
      if (!input.empty() && std::filesystem::equivalent(path, input, ec)) {
        throw core::Error(core::ErrorKind::Io,
                          {"io-007", "'" + path + "' is an input of this run", {}, "Inputs are never modified; write somewhere else."});
      }
    }
    if (!overwrite && std::filesystem::exists(path, ec)) {
      throw core::Error(core::ErrorKind::Io, {"io-004", "'" + path + "' exists", {}, "Give --overwrite to replace it."});
    }
    file_.emplace(path);
  }
  void line(const std::vector<std::string>& cells) {
    const std::string text = core::csv_line(cells);
    if (file_) {
      file_->write(text);
    } else {
      std::cout << text;
    }
  }
  void finish() {
    if (file_) file_->commit();
  }

 private:
  std::optional<core::OutputFile> file_;
};

void write_meta(const std::string& path, const std::string& time_unit, const simulate::ObservableReader& reader) {
  nlohmann::ordered_json meta;
  meta["time"] = {{"unit", time_unit}};
  for (const auto* o : reader.observables()) meta[o->name] = {{"unit", o->unit}, {"label", o->label}};
  core::write_file(path + ".meta.json", meta.dump(2) + "\n");
}

/// Text of a value; a value that is not finite is missing, and counted.
std::string cell(double value, std::size_t& missing) {
  if (std::isfinite(value)) return core::format_double(value);
  ++missing;
  return "";
}

/// Exit code when `missing` values of completed simulations are not finite.
int report_missing(std::size_t missing, int code) {
  if (missing == 0 || code != kOk) return code;
  std::cerr << fmt::format("warning: {} values are not finite and left empty (a division by zero, say)\n", missing);
  return kNumericalFailure;
}

/// Times of looking that were probably meant to be at a dose.
class NearMisses {
 public:
  void look_at(const solve::SubjectPlan& plan) {
    for (const solve::OutputPoint& look : plan.outputs) {
      const auto after = plan.stops.begin() + look.after_stops;
      if (look.after_stops > 0 && missed(look, *(after - 1))) {
        note(look, *(after - 1));
      } else if (after != plan.stops.end() && missed(look, *after)) {
        note(look, *after);
      }
    }
  }
  void report(const std::string& unit) const {
    if (count_ == 0) return;
    std::cerr << fmt::format("note: {} times of looking lie beside a dose (or another change) by two millionths or less, not at it: {} {}\n", count_,
                             first_, unit);
  }

 private:
  static bool missed(const solve::OutputPoint& look, const solve::Stop& stop) {
    const double off = std::abs(look.time - stop.time);
    return stop.kind != solve::StopKind::ChangeRate && off > 0 && off <= kNearMiss * std::abs(look.time);
  }
  void note(const solve::OutputPoint& look, const solve::Stop& stop) {
    if (count_++ > 0) return;
    first_ = fmt::format("{} is {} {}", core::format_double(look.time), look.time < stop.time ? "before" : "after", core::format_double(stop.time));
  }

  std::size_t count_ = 0;
  std::string first_;
};

int report_failure(const std::string& subject, const solve::SubjectResult& result, const std::string& unit) {
  std::cerr << fmt::format("{}: {} at time {} {}: {}\n", subject, solve::name_of(result.status), core::format_double(result.time_reached), unit,
                           result.message);
  return result.status == solve::Status::Cancelled ? kCancelled : kNumericalFailure;
}

int simulate_regimens(const SimulateOptions& o, const simulate::CompiledModel& model, const core::UnitSystem& units, const model::Library& library) {
  if (!o.time_unit.empty() && o.time_unit != kModelUnit) {
    if (o.times.empty())
      throw usage("--time-unit " + o.time_unit + " goes with --data or --times", "--until and --every carry their units; or give --time-unit model.");
    (void)units.parse(o.time_unit);
  }
  if (!o.times.empty() && (!o.until.empty() || !o.every.empty())) throw usage("--times excludes --until and --every", "");
  if (o.until.empty() && o.times.empty()) throw usage("--until or --times is missing", "E.g. --until \"60 months\" --every \"1 month\".");
  const auto& program = model.program();
  const std::vector<core::Time> looks = times_of_looking(o, model, units);
  std::vector<double> times;
  for (const core::Time& look : looks) times.push_back(look.in(program.seconds_per_time_unit));
  const auto catalogue = protocol::load_catalogue(library.root + "/therapies");
  simulate::DoseTranslator translator(model, units);
  solve::SubjectPlan plan;
  plan.parameters = program.parameter_values;
  const double weight = weight_of(o, model, units);
  remark_length(model, times.back());
  const auto horizon = protocol::horizon_after(looks.back());
  for (const std::string& text : o.doses) {
    const auto regimen = protocol::parse_regimen(text, catalogue, units);
    translator.check(regimen, weight);
    for (const std::string& remark : regimen.remarks) std::cerr << "warning: " << remark << '\n';
    translator.add_doses(protocol::expand(regimen, horizon), 0, weight, plan);
  }
  simulate::DoseTranslator::add_outputs(times, o.at_dose == "post" ? simulate::AtDose::Post : simulate::AtDose::Pre, plan);

  NearMisses misses;
  misses.look_at(plan);
  misses.report(model.model().time.text);
  simulate::ObservableReader reader(program, chosen(o, model.model()));
  Destination out(o.output, o.overwrite, {o.model, o.data, o.times});
  std::vector<std::string> header = {"time"};
  for (const auto* x : reader.observables()) header.push_back(x->name);
  out.line(header);
  int code = kOk;
  std::size_t missing = 0;
  if (model::is_sbml(model.model().file)) {
    for (const std::string& note : model.model().faults) std::cerr << "note: " << note << '\n';
  }
  if (model.lane_hash().empty()) std::cerr << "note: engine " << model.engine_text() << '\n';
  model.run(
      1, [&](std::size_t) { return plan; },
      [&](std::size_t, const solve::SubjectPlan& p, solve::SubjectResult&& result) {
        if (result.status != solve::Status::Completed) code = report_failure("simulation", result, model.model().time.text);
        for (const std::string& remark : result.remarks) std::cerr << "warning: " << remark << '\n';
        const auto values = reader.read(p, result);
        for (std::size_t k = 0; k < times.size(); ++k) {
          std::vector<std::string> row = {core::format_double(times[k])};
          for (std::size_t c = 0; c + 1 < header.size(); ++c) row.push_back(cell(values[k * (header.size() - 1) + c], missing));
          out.line(row);
        }
      },
      interrupted());
  if (interrupted().stop_requested()) return kCancelled;  // what there is stays under the partial name
  out.finish();
  if (!o.output.empty()) write_meta(o.output, model.model().time.text, reader);
  return report_missing(missing, code);
}

int simulate_table(const SimulateOptions& o, const simulate::CompiledModel& model, const core::UnitSystem& units, const model::Library& library) {
  const auto& program = model.program();
  auto table = protocol::read_event_table(o.data, o.time_unit, program.parameters, program.states, units);
  std::vector<std::string> warnings;
  simulate::check_covariates(table, model.model());
  simulate::translate_drugs(table, model, units, protocol::load_catalogue(library.root + "/therapies"), weight_of(o, model, units), table.remarks);
  for (const std::string& setting : o.set) {
    const std::string name = setting.substr(0, setting.find('='));
    const auto& columns = table.parameter_columns;
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) continue;
    std::cerr << fmt::format("warning: --set {} gives way to the column '{}' of {}\n", setting, name, o.data);
  }
  for (const std::string& remark : table.remarks) std::cerr << "warning: " << o.data << ": " << remark << '\n';
  const auto episodes = simulate::plan_event_table(table, model, units, program.parameter_values, {}, warnings);
  for (const std::string& w : warnings) std::cerr << "warning: " << w << '\n';
  NearMisses misses;
  for (const auto& e : episodes) misses.look_at(e.plan);
  misses.report(model.model().time.text);
  simulate::ObservableReader reader(program, chosen(o, model.model()));
  const std::size_t columns = reader.observables().size();

  // Values of the output rows, by subject and row; a subject may come in several episodes.
  std::vector<std::vector<std::vector<double>>> values(table.subjects.size());
  for (std::size_t s = 0; s < values.size(); ++s) values[s].resize(table.subjects[s].rows.size());
  int code = kOk;
  std::size_t missing = 0;
  model.run(
      episodes.size(), [&](std::size_t i) { return episodes[i].plan; },
      [&](std::size_t i, const solve::SubjectPlan& plan, solve::SubjectResult&& result) {
        const auto& e = episodes[i];
        if (result.status != solve::Status::Completed) code = report_failure("ID " + table.subjects[e.subject].id, result, model.model().time.text);
        const auto read = reader.read(plan, result);
        for (std::size_t k = 0; k < e.rows.size(); ++k) {
          values[e.subject][e.rows[k]].assign(read.begin() + static_cast<std::ptrdiff_t>(k * columns),
                                              read.begin() + static_cast<std::ptrdiff_t>((k + 1) * columns));
        }
      },
      interrupted());

  Destination out(o.output, o.overwrite, {o.model, o.data, o.times});
  std::vector<std::string> header = {"ID", "TIME"};
  header.insert(header.end(), table.carried_columns.begin(), table.carried_columns.end());
  for (const auto* x : reader.observables()) {
    if (std::find(header.begin(), header.end(), x->name) != header.end()) {
      throw core::Error(core::ErrorKind::Input, {"simulate-004",
                                                 "column '" + x->name + "' of the table has the name of an output",
                                                 {o.data, 1, 0},
                                                 "Rename the column, or choose other outputs with --observe."});
    }
    header.push_back(x->name);
  }
  out.line(header);
  for (std::size_t s = 0; s < values.size(); ++s) {
    for (std::size_t r = 0; r < values[s].size(); ++r) {
      const auto& row = table.subjects[s].rows[r];
      if (row.evid != 0) continue;
      std::vector<std::string> cells = {table.subjects[s].id, core::format_double(row.time)};
      cells.insert(cells.end(), row.carried.begin(), row.carried.end());
      for (std::size_t c = 0; c < columns; ++c) cells.push_back(values[s][r].empty() ? "" : cell(values[s][r][c], missing));
      out.line(cells);
    }
  }
  if (interrupted().stop_requested()) return kCancelled;
  out.finish();
  if (!o.output.empty()) write_meta(o.output, table.time_unit_text, reader);
  return report_missing(missing, code);
}

int simulate_command(const SimulateOptions& o) {
  const core::UnitSystem units;
  const model::Library library = app::library();
  model::Model loaded = model::load_model(library.find_model(o.model), library, units, {o.species, drugs_of(o, library, units), {}});
  apply_set(loaded, o.set, units);
  const simulate::CompiledModel model(std::move(loaded), o.solver.settings());
  if (!o.data.empty() && !(o.doses.empty() && o.until.empty() && o.every.empty() && o.times.empty())) {
    throw usage("--data excludes --dose, --until, --every and --times", "The table says what is given and when values are wanted.");
  }
  return o.data.empty() ? simulate_regimens(o, model, units, library) : simulate_table(o, model, units, library);
}

}  // namespace

void add_simulate(CLI::App& app, Action& action) {
  auto o = std::make_shared<SimulateOptions>();
  CLI::App* verb = app.add_subcommand("simulate", "simulate one model and print a table");
  verb->add_option("MODEL", o->model, "path of a model document, or the id of a built-in model")->required();
  verb->add_option("--dose", o->doses, "regimen text, e.g. \"denosumab 60 mg sc every 6 months x 6\" (repeatable)")
      ->type_size(1)
      ->allow_extra_args(false);
  verb->add_option("--species", o->species, "species overlay, e.g. rat");
  verb->add_option("--data", o->data, "NONMEM-style event table (CSV or TSV)");
  verb->add_option("--set", o->set, "NAME=VALUE: a parameter or an initial value; VALUE may carry a unit (repeatable)")->allow_extra_args(false);
  verb->add_option("--until", o->until, "end of the simulation, e.g. \"60 months\"");
  verb->add_option("--every", o->every, "distance of output times, e.g. \"1 month\" (default: a hundredth of --until)");
  verb->add_option("--times", o->times, "CSV file with output times in a column 'time [unit]'");
  verb->add_option("--time-unit", o->time_unit,
                   "unit of TIME in --data, or of --times; 'model': --until, --every and --times are plain numbers in the model's unit");
  verb->add_option("--observe", o->observe, "comma-separated quantities (default: all species and outputs)");
  verb->add_option("--at-dose", o->at_dose, "values at a dosing time: pre or post the dose")
      ->capture_default_str()
      ->check(CLI::IsMember({"pre", "post"}));
  verb->add_option("--weight", o->weight, "body weight for doses per kg, e.g. \"60 kg\"");
  o->solver.add_to(*verb);
  verb->add_option("-o,--output", o->output, "CSV file (default: stdout)");
  verb->add_flag("--overwrite", o->overwrite, "replace an existing output file");
  verb->footer(
      "The time column is in the model's time unit (for --data: in the table's).\nExamples:\n"
      "  osteosome simulate joerg-2022 --dose \"romosozumab 210 mg monthly x 12\" --until \"24 months\" --observe hip,P1NP\n"
      "  osteosome simulate my-model.toml --data events.csv --time-unit h -o out.csv");
  verb->callback([o, &action] { action = [o] { return simulate_command(*o); }; });
}

}  // namespace osteosome::app
