// SPDX-License-Identifier: Apache-2.0
// osteosome run and rerun: a scenario becomes a folder of tables, charts, a report and a manifest.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "common.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/animal_compare.hpp"
#include "osteosome/evidence/power.hpp"
#include "osteosome/evidence/study.hpp"
#include "osteosome/report/report.hpp"
#include "osteosome/simulate/netcdf.hpp"
#include "osteosome/simulate/scenario.hpp"

namespace osteosome::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr std::size_t kMostSubjectsAsCsv = 100;
constexpr std::size_t kManySubjects = 2048;

struct RunOptions {
  std::string scenario, output;
  std::optional<std::uint64_t> seed;
  SolverFlags solver;
  bool overwrite = false, quiet = false;
  bool culture = false;  ///< every model must be a culture
  double max_failed = 0;
};

std::string program_hash() { return core::sha256(core::read_file("/proc/self/exe", std::size_t{1} << 30)); }

std::string utc_now() {
  const std::time_t t = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&t, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

/// One run, from the scenario text to the finished folder.
class Run {
 public:
  Run(const RunOptions& options, simulate::Scenario scenario, const model::Library& library, const core::UnitSystem& units)
      : o_(options), scenario_(std::move(scenario)), library_(library), units_(units), progress_(options.quiet) {}

  int execute() {
    began_ = std::chrono::steady_clock::now();
    if (o_.seed) scenario_.seed = *o_.seed;
    const auto studies = evidence::load_evidence(library_.root);
    const auto settings = o_.solver.settings(scenario_);
    const auto models = checked_models(scenario_, settings, library_, units_, studies, animal_studies());
    if (o_.culture) check_cultures(models);
    open_folder();
    manifest_ = describe(models, settings);
    save_state("running");
    try {
      return run_models(models, studies);
    } catch (...) {
      try {
        save_state("failed");
      } catch (const core::Error&) {  // the disk may be full: the first error is the one to report
      }
      throw;
    }
  }

 private:
  /// Ids of the animal studies, read when the scenario lays something over.
  std::vector<std::string> animal_studies() {
    const bool wanted = std::any_of(scenario_.arms.begin(), scenario_.arms.end(), [](const auto& arm) { return !arm.evidence.empty(); });
    if (wanted) animals_ = evidence::load_animal_studies(library_.root + "/evidence/preclinical");
    std::vector<std::string> ids;
    for (const auto& row : animals_) ids.push_back(row.study);
    return ids;
  }

  /// @throws Error(Input) if a model is no culture.
  void check_cultures(const std::vector<simulate::CompiledModel>& models) const {
    for (std::size_t m = 0; m < models.size(); ++m) {
      if (models[m].model().species_name == "dish") continue;
      throw core::Error(core::ErrorKind::Input, {"culture-001", "model '" + models[m].name() + "' is no culture", scenario_.models[m].where,
                                                 "Use [models.culture], or osteosome run."});
    }
  }

  [[nodiscard]] std::string path(const std::string& name) const { return (fs::path(o_.output) / name).string(); }

  int run_models(const std::vector<simulate::CompiledModel>& models, const std::vector<evidence::Study>& studies) {
    const simulate::PartStore parts(path("parts"), part_key(models));
    simulate::RunHooks hooks;
    hooks.progress = [this](std::size_t done, std::size_t total) { progress_(done, total); };
    if (scenario_.population.n > kMostSubjectsAsCsv) {
      hooks.block = scenario_.population.n > kManySubjects ? 256 : 32;
      hooks.block_done = [&](const simulate::ArmResult& arm, std::size_t first, std::size_t last) { parts.write(arm, first, last); };
      hooks.block_known = [&](simulate::ArmResult& arm, std::size_t first, std::size_t last) { return parts.read(arm, first, last); };
    }
    const auto result = simulate::run_scenario(scenario_, models, units_, hooks, interrupted());
    progress_.clear();
    if (result.cancelled) return cancelled(models, result);

    const auto comparisons = evidence::compare(scenario_, models, result, studies);
    const bool many = scenario_.population.n > kMostSubjectsAsCsv;
    if (!many) write_trajectories(models, result, true);
    write_status(result);
    write_observed(comparisons);
    finish_manifest(result);
    write_report(models, result, comparisons);
    if (many) simulate::write_netcdf(path("trajectories.nc"), scenario_, models, result);
    hash_files(many);
    publish();
    parts.remove_all();
    return conclude(result);
  }

  void hash_files(bool many) {
    const auto hash = [&](const std::string& file, const std::string& name) {
      manifest_["files"][name] = core::sha256(core::read_file(file, std::size_t{1} << 34));
    };
    for (const auto& file : staged_) hash(file->partial_path(), fs::path(file->path()).lexically_relative(o_.output).string());
    if (many) hash(path("trajectories.nc"), "trajectories.nc");
  }

  /// A new file of the run folder, under its partial name until `publish`.
  core::OutputFile& stage(const std::string& name) { return *staged_.emplace_back(std::make_unique<core::OutputFile>(path(name))); }
  void stage_text(const std::string& name, const std::string& text) {
    core::OutputFile& file = stage(name);
    file.write(text);
    file.finish();
  }

  /// Everything gets its final name; the manifest, which says that the run is complete, comes last.
  void publish() {
    manifest_["status"] = "completed";
    std::error_code ec;
    for (const auto& file : staged_) file->publish();
    core::write_file(path("run.json"), manifest_.dump(2) + "\n");
    for (const char* name : {"trajectories.csv.partial", "status.csv.partial", "run.lock.partial"}) fs::remove(path(name), ec);
  }

  [[nodiscard]] bool empty_folder() const {
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(o_.output, ec)) {
      if (entry.path().filename() != "run.lock.partial") return false;
    }
    return true;
  }

  /// Held while this process runs: a second run in the same folder is refused.
  void lock_folder() {
    lock_ = ::open(path("run.lock.partial").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      throw core::Error(core::ErrorKind::Io, {"io-008", "another run is writing to '" + o_.output + "'", {}, "Wait for it, or give another -o."});
    }
  }

  void open_folder() {
    std::error_code ec;
    if (fs::exists(o_.output, ec) && !fs::is_directory(o_.output, ec))
      throw core::Error(core::ErrorKind::Io, {"io-004", "'" + o_.output + "' is no folder", {}, ""});
    const bool resumes = fs::exists(path("run.json.partial"), ec) && !fs::exists(path("run.json"), ec);
    if (fs::exists(o_.output, ec) && !empty_folder() && !o_.overwrite && !resumes) {
      throw core::Error(core::ErrorKind::Io,
                        {"io-004", "folder '" + o_.output + "' is not empty", {}, "Give --overwrite to replace its run, or another -o."});
    }
    fs::create_directories(path("charts"), ec);
    if (!ec) lock_folder();
    if (ec) throw core::Error(core::ErrorKind::Io, {"io-002", "cannot create folder '" + o_.output + "': " + ec.message(), {}, ""});
    for (const char* name : {"report.html", "run.json", "trajectories.csv", "trajectories.csv.meta.json", "trajectories.nc", "observed.csv",
                             "observed.csv.meta.json", "status.csv", "status.csv.meta.json"}) {
      fs::remove(path(name), ec);
      if (!resumes) fs::remove(path(std::string(name) + ".partial"), ec);
    }
    for (const auto& entry : fs::directory_iterator(path("charts"), ec)) {
      if (entry.path().string().ends_with(".vl.json") || entry.path().string().ends_with(".vl.json.partial")) fs::remove(entry.path(), ec);
    }
  }

  Json describe(const std::vector<simulate::CompiledModel>& models, const simulate::SolverSettings& settings) {
    Json m;
    m["tool"] = {{"name", "osteosome"}, {"version", OSTEOSOME_VERSION}, {"program_sha256", program_hash()}};
    m["status"] = "running";
    m["started"] = utc_now();
    m["scenario"] = {{"file", scenario_.file}, {"sha256", core::sha256(scenario_.text)}, {"text", scenario_.text}};
    m["seed"] = scenario_.seed;
    for (std::size_t i = 0; i < models.size(); ++i) {
      const auto& s = scenario_.models[i];
      m["models"].push_back({{"name", s.name},
                             {"document", s.path},
                             {"sha256", core::sha256(core::read_file(s.path))},
                             {"composed_sha256", core::sha256(model::to_markdown(models[i].model()))},
                             {"lane_program_sha256", models[i].lane_hash()},
                             {"overridden", overridden(i)}});
    }
    for (const auto& arm : scenario_.arms) {
      for (const std::string& remark : arm.regimen.remarks) m["warnings"].push_back("arm '" + arm.name + "': " + remark);
    }
    utsname platform{};
    uname(&platform);
    m["platform"] = {{"system", platform.sysname}, {"release", platform.release}, {"machine", platform.machine}, {"compiler", __VERSION__}};
    m["libraries"] = {{"sundials", solve::sundials_version()}, {"libsbml", expr::libsbml_version()}, {"netcdf", simulate::netcdf_version()}};
    m["max_failed"] = o_.max_failed;
    if (!scenario_.population.table.empty()) {
      m["subjects"] = {{"file", scenario_.population.table}, {"sha256", core::sha256(core::read_file(scenario_.population.table))}};
    }
    for (const auto& draws : scenario_.population.calibrations)
      m["calibrations"].push_back({{"file", draws.file}, {"sha256", core::sha256(core::read_file(draws.file))}});
    std::set<std::string> methods;
    for (const auto& model : models) methods.insert(model.method());
    static constexpr const char* kEngines[] = {"auto", "reference", "lanes"};
    m["solver"] = {
        {"engine", kEngines[static_cast<int>(settings.engine)]},
        {"method", fmt::format("{}", fmt::join(methods, ", "))},
        {"rtol", scenario_.relative_tolerance},
        {"atol_scale", scenario_.absolute_scale},
        {"atol_rule", "rtol * atol_scale * 1e-3 * typical size of the state"},
        {"threads", settings.threads},
        {"instruction_set", compile::name_of(settings.lanes.isa)}};
    return m;
  }

  /// What the scenario puts in the place of a model's own values, and by which means.
  [[nodiscard]] Json overridden(std::size_t model) const {
    Json list = Json::array();
    for (const auto& [name, value] : scenario_.models[model].set) list.push_back({{"name", name}, {"value", value}, {"by", "set of the scenario"}});
    for (const auto& q : scenario_.population.quantities) {
      if (q.model == scenario_.models[model].name) list.push_back({{"name", q.name}, {"by", "drawn for each subject"}});
    }
    for (const std::string& column : scenario_.population.table_columns) list.push_back({{"name", column}, {"by", "subject table"}});
    return list;
  }

  [[nodiscard]] std::string part_key(const std::vector<simulate::CompiledModel>& models) const {
    std::string key = core::sha256(scenario_.text) + std::to_string(scenario_.seed) + manifest_["tool"]["program_sha256"].get<std::string>();
    for (const auto& m : models) key += m.lane_hash();
    for (const auto& m : models) key += core::sha256(model::to_markdown(m.model()));
    for (const char* drawn : {"subjects", "calibrations"}) key += manifest_.value(drawn, Json()).dump();
    return core::sha256(key + o_.solver.engine);
  }

  /// The manifest of a run that is not complete: itself written whole, so that it can always be read.
  void save_state(const std::string& status) {
    manifest_["status"] = status;
    const std::string name = path("run.json.partial");
    core::write_file(name, manifest_.dump(2) + "\n");
  }

  int cancelled(const std::vector<simulate::CompiledModel>& models, const simulate::ScenarioResult& result) {
    write_trajectories(models, result, false);
    write_status(result);
    finish_manifest(result);
    save_state("cancelled");
    std::cerr << "cancelled; finished rows are in " << path("trajectories.csv.partial")
              << (scenario_.population.n > kMostSubjectsAsCsv ? ", finished blocks in " + path("parts") + ": run again to resume" : "") << '\n';
    return kCancelled;
  }

  void write_trajectories(const std::vector<simulate::CompiledModel>& models, const simulate::ScenarioResult& result, bool complete) {
    core::OutputFile& file = stage("trajectories.csv");
    file.write(core::csv_line({"model", "arm", "subject", "month", "output", "value", "unit"}));
    Json meta = {{"month", {{"unit", "month of 30.4375 d"}, {"label", "time since the start of treatment"}}}};
    for (const auto& arm : result.arms) {
      const auto& model = models[arm.model].model();
      const std::string name = scenario_.models[arm.model].name;
      for (const auto& o : model.outputs)
        meta["value"][name + "." + o.id] = {{"unit", o.unit.text}, {"label", o.label}, {"observable", o.observable}, {"source", model.source}};
      for (std::size_t s = 0; s < arm.values.size(); ++s) {
        if (arm.values[s].empty() || (!complete && arm.status[s] == solve::Status::Cancelled)) continue;
        for (std::size_t k = 0; k < result.days.size(); ++k) {
          for (std::size_t o = 0; o < arm.outputs.size(); ++o) {
            const auto& output = *std::find_if(model.outputs.begin(), model.outputs.end(), [&](const auto& x) { return x.id == arm.outputs[o]; });
            file.write(core::csv_line({name, scenario_.arms[arm.arm].name, std::to_string(s),
                                       core::format_double(core::Time(result.days[k], core::kSecondsPerDay).in(core::kSecondsPerMonth)), output.id,
                                       core::format_double(arm.values[s][k * arm.outputs.size() + o]), output.unit.text}));
          }
        }
      }
    }
    file.finish();
    if (complete) stage_text("trajectories.csv.meta.json", meta.dump(2) + "\n");
  }

  void write_status(const simulate::ScenarioResult& result) {
    core::OutputFile& file = stage("status.csv");
    file.write(core::csv_line({"model", "arm", "subject", "status", "time_reached_days", "message"}));
    for (const auto& arm : result.arms) {
      for (std::size_t s = 0; s < arm.status.size(); ++s) {
        if (arm.status[s] == solve::Status::Completed) continue;
        file.write(core::csv_line({scenario_.models[arm.model].name, scenario_.arms[arm.arm].name, std::to_string(s), solve::name_of(arm.status[s]),
                                   core::format_double(arm.time_reached_days[s]), arm.message[s]}));
      }
    }
    file.finish();
    stage_text("status.csv.meta.json",
               Json({{"time_reached_days", {{"unit", "d"}, {"label", "time after the start of treatment up to which values exist"}}}}).dump(2) +
                   "\n");
  }

  void write_observed(const std::vector<evidence::Comparison>& comparisons) {
    core::OutputFile& file = stage("observed.csv");
    file.write(core::csv_line({"model", "study", "doi", "arm", "study_arm", "outcome", "unit", "month", "observed", "error", "observed_low",
                               "observed_high", "interval", "simulated", "difference", "role", "provenance"}));
    const auto optional = [](const std::optional<double>& x) { return x ? core::format_double(*x) : std::string(); };
    for (const auto& c : comparisons) {
      file.write(core::csv_line({c.model, c.study, c.doi, c.arm, c.study_arm, c.outcome, c.unit, core::format_double(c.month),
                                 core::format_double(c.observed), optional(c.error()), optional(c.low), optional(c.high), c.interval,
                                 core::format_double(c.simulated), core::format_double(c.simulated - c.observed), c.role, c.provenance}));
    }
    file.finish();
    const Json meta = {{"month", {{"unit", "month of 30.4375 d"}}},
                       {"observed", {{"unit", "as in column unit"}, {"source", "evidence/, see doi and provenance"}}},
                       {"error", {{"label", "half width of observed_low to observed_high, whose kind is in interval"}}},
                       {"simulated", {{"label", "median over subjects"}}},
                       {"difference", {{"label", "simulated minus observed"}}}};
    stage_text("observed.csv.meta.json", meta.dump(2) + "\n");
  }

  void finish_manifest(const simulate::ScenarioResult& result) {
    manifest_["engines"] = result.engines;
    solve::Statistics sum;
    for (const auto& arm : result.arms) {
      const solve::Statistics mine = arm.total();
      sum.steps += mine.steps;
      sum.rejected += mine.rejected;
      sum.switches += mine.switches;
    }
    manifest_["statistics"] = {
        {"simulations", result.total()}, {"failed", result.failed()}, {"steps", sum.steps}, {"rejected", sum.rejected}, {"crossings", sum.switches}};
    manifest_["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    manifest_["values_sha256"] = values_hash(result);
  }

  /// Hash of every value in order: "same bits" means the same hash.
  static std::string values_hash(const simulate::ScenarioResult& result) {
    std::string bytes;
    for (const auto& arm : result.arms) {
      for (const auto& values : arm.values) bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
    }
    return core::sha256(bytes);
  }

  void write_report(const std::vector<simulate::CompiledModel>& models, const simulate::ScenarioResult& result,
                    const std::vector<evidence::Comparison>& comparisons) {
    std::string library;
    std::error_code ec;
    const std::string bundle = library_.root + "/vega-bundle.js";
    if (fs::exists(bundle, ec)) library = core::read_file(bundle);
    Json shown = manifest_;
    shown["status"] = "completed";
    const model::Outcomes outcomes = model::load_outcomes(library_.root);
    report::ReportInput input{scenario_, models, result, comparisons, outcomes, shown.dump(2), library};
    if (!scenario_.control.empty()) input.animals = evidence::compare_animals(scenario_, models, result, animals_, library_.root, units_);
    if (scenario_.power) input.power = evidence::power_of(scenario_, models, result, library_.root);
    const auto charts = report::make_charts(input);
    for (const auto& c : charts) stage_text("charts/" + c.id + ".vl.json", c.spec + "\n");
    stage_text("report.html", report::make_report(input, charts));
  }

  int conclude(const simulate::ScenarioResult& result) {
    const std::size_t failed = result.failed();
    if (failed > 0) std::cerr << fmt::format("{} of {} simulations failed; see {}\n", failed, result.total(), path("status.csv"));
    std::cout << fmt::format("{} simulations in {:.2f} s\nreport: {}\n", result.total(), manifest_["seconds"].get<double>(),
                             fs::absolute(path("report.html")).lexically_normal().string());
    return static_cast<double>(failed) > o_.max_failed * static_cast<double>(result.total()) ? kNumericalFailure : kOk;
  }

  const RunOptions& o_;
  simulate::Scenario scenario_;
  std::vector<evidence::AnimalRow> animals_;
  const model::Library& library_;
  const core::UnitSystem& units_;
  ProgressLine progress_;
  Json manifest_;
  std::chrono::steady_clock::time_point began_;
  std::vector<std::unique_ptr<core::OutputFile>> staged_;
  int lock_ = -1;
};

int run_command(RunOptions o) {
  const core::UnitSystem units;
  const model::Library library = app::library();
  if (o.output.empty()) o.output = (fs::path("runs") / fs::path(o.scenario).stem()).string();
  return Run(o, simulate::load_scenario(o.scenario, library, units), library, units).execute();
}

int repeat(RunOptions o, const Json& old, const core::UnitSystem& units, const model::Library& library) {
  o.seed = old.at("seed").get<std::uint64_t>();
  o.max_failed = old.value("max_failed", 0.0);
  o.solver.engine = old.at("solver").at("engine").get<std::string>();
  if (old.at("tool").at("program_sha256") != program_hash())
    std::cerr << "warning: this program is not the build that made the run; bits may differ\n";
  for (const auto& m : old.at("models")) {
    std::error_code ec;
    const std::string document = m.at("document");
    if (!fs::exists(document, ec) || core::sha256(core::read_file(document)) != m.at("sha256").get<std::string>())
      std::cerr << "warning: model document " << document << " has changed since the run\n";
  }
  if (old.contains("subjects")) {
    std::error_code ec;
    const std::string table = old.at("subjects").at("file");
    if (!fs::exists(table, ec) || core::sha256(core::read_file(table)) != old.at("subjects").at("sha256").get<std::string>()) {
      std::cerr << "warning: the subject table " << table << " has changed since the run\n";
    }
  }
  for (const Json& draws : old.value("calibrations", Json::array())) {
    std::error_code ec;
    const std::string ensemble = draws.at("file");
    if (!fs::exists(ensemble, ec) || core::sha256(core::read_file(ensemble)) != draws.at("sha256").get<std::string>())
      std::cerr << "warning: the ensemble " << ensemble << " has changed since the run\n";
  }
  const std::string file = old.at("scenario").at("file");
  const int code = Run(o, simulate::read_scenario(old.at("scenario").at("text"), file, library, units), library, units).execute();
  if (code != kOk) return code;
  const Json now = Json::parse(core::read_file(o.output + "/run.json"));
  const bool same = now["values_sha256"] == old.at("values_sha256");
  std::cout << (same ? "same bits as the first run\n" : "the values differ from the first run\n");
  return same ? kOk : kNumericalFailure;
}

int rerun_command(RunOptions o) {
  const std::string manifest = o.scenario;
  const core::UnitSystem units;
  const model::Library library = app::library();
  Json old;
  try {
    old = Json::parse(core::read_file(o.scenario));
  } catch (const Json::exception& error) {
    throw core::Error(core::ErrorKind::Input, {"rerun-001", std::string("not a run manifest: ") + error.what(), {o.scenario, 0, 0}, ""});
  }
  if (!old.contains("scenario") || !old.contains("values_sha256") || !old.contains("models")) {
    throw core::Error(core::ErrorKind::Input, {"rerun-001", "not the manifest of a completed run", {o.scenario, 0, 0}, ""});
  }
  if (o.output.empty()) o.output = fs::absolute(o.scenario).parent_path().string() + "-rerun";
  try {
    return repeat(o, old, units, library);
  } catch (const Json::exception& error) {
    throw core::Error(core::ErrorKind::Input,
                      {"rerun-001", std::string("not the manifest of a completed run: ") + error.what(), {manifest, 0, 0}, ""});
  }
}

void add_common(CLI::App* verb, RunOptions& o) {
  verb->add_option("-o,--output", o.output, "run folder (new or empty)");
  verb->add_flag("--overwrite", o.overwrite, "replace the run in an existing folder");
  verb->add_flag("-q,--quiet,--no-progress", o.quiet, "no progress line");
}

}  // namespace

namespace {

void add_running(CLI::App* verb, const std::shared_ptr<RunOptions>& o, Action& action) {
  verb->add_option("SCENARIO", o->scenario, "scenario file (TOML)")->required();
  add_common(verb, *o);
  verb->add_option("--seed", o->seed, "replaces the scenario's seed")->check(number_between(0, 9e15));
  verb->add_option("--threads", o->solver.threads, "threads (default: all processors; results do not depend on it)")->check(number_between(1, 256));
  verb->add_option("--engine", o->solver.engine, "auto, reference or lanes")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "reference", "lanes"}));
  verb->add_option("--max-failed", o->max_failed, "share of failed simulations that is not an error")
      ->capture_default_str()
      ->check(number_between(0, 1));
  verb->callback([o, &action] { action = [o] { return run_command(*o); }; });
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("run", "run a scenario: tables, charts, report and manifest in a folder");
  add_running(verb, std::make_shared<RunOptions>(), action);
  verb->footer(
      "Without -o the folder is runs/<scenario name>. Tolerances stand in the scenario's [solver].\nExamples:\n  osteosome run "
      "scenarios/denosumab-and-stop.toml\n"
      "  osteosome run scenarios/teriparatide.toml -o runs/tptd --threads 1 --seed 7 --overwrite");
}

void add_culture(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("culture", "run a scenario in the dish: cells, vesicles and inhibitors in medium");
  const auto o = std::make_shared<RunOptions>();
  o->culture = true;
  add_running(verb, o, action);
  verb->footer(
      "Like run, for scenarios whose models are cultures.\nExamples:\n  osteosome culture scenarios/culture-dose-response.toml -o runs/dish");
}

void add_rerun(CLI::App& app, Action& action) {
  auto o = std::make_shared<RunOptions>();
  CLI::App* verb = app.add_subcommand("rerun", "repeat a run from its manifest and compare the bits");
  verb->add_option("MANIFEST", o->scenario, "run.json of a completed run")->required();
  add_common(verb, *o);
  verb->footer(
      "Without -o the folder is the run's folder with '-rerun'.\nExamples:\n  osteosome rerun runs/denosumab-and-stop/run.json\n  osteosome rerun "
      "runs/tptd/run.json -o /tmp/again");
  verb->callback([o, &action] { action = [o] { return rerun_command(*o); }; });
}

}  // namespace osteosome::app
