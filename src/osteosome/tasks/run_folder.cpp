// SPDX-License-Identifier: Apache-2.0
// A scenario becomes a folder of tables, charts, a report and a manifest.
#include "osteosome/tasks/run_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "osteosome/cohort/netcdf.hpp"
#include "osteosome/cohort/scenario.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/core/sha256.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/animal_compare.hpp"
#include "osteosome/evidence/power.hpp"
#include "osteosome/evidence/study.hpp"
#include "osteosome/report/animals.hpp"
#include "run_tables.hpp"

namespace osteosome::tasks {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr std::size_t kMostSubjectsAsCsv = 100;
constexpr std::size_t kManySubjects = 2048;

std::string utc_now() {
  const std::time_t t = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&t, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string meaning_of(const core::TimeUnit& unit) {
  const bool of_days = unit.seconds > 7 * core::kSecondsPerDay;  // a month, a year
  return of_days ? fmt::format("{} of {} d", unit.name, core::format_double(unit.seconds / core::kSecondsPerDay)) : unit.name;
}

/// One run, from the prepared scenario to the finished folder.
class Run {
 public:
  Run(const cohort::Workspace& workspace, const evidence::PreparedScenario& prepared, const RunRequest& request, const cohort::Job& job)
      : workspace_(workspace), prepared_(prepared), scenario_(prepared.scenario), models_(prepared.models), request_(request), job_(job) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    if (lock_ >= 0) ::close(lock_);
  }

  RunOutcome execute() {
    began_ = std::chrono::steady_clock::now();
    open_folder();
    manifest_ = describe();
    save_state("running");
    try {
      return run_models();
    } catch (...) {
      save_failure();
      throw;
    }
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const { return (fs::path(request_.folder) / name).string(); }

  RunOutcome run_models() {
    const bool many = scenario_.population.n > kMostSubjectsAsCsv;
    const cohort::PartStore parts(path("parts"), part_key(), cohort::times_of_looking(scenario_).size());
    cohort::RunHooks hooks;
    hooks.progress = job_.progress;
    if (many) {
      hooks.block = scenario_.population.n > kManySubjects ? 256 : 32;
      hooks.block_done = [&](const cohort::ArmResult& arm, std::size_t first, std::size_t last) { parts.write(arm, first, last); };
      hooks.block_known = [&](cohort::ArmResult& arm, std::size_t first, std::size_t last) { return parts.read(arm, first, last); };
    }
    auto result = cohort::run_scenario(scenario_, models_, workspace_.units(), hooks, job_.stop);
    finish_manifest(result);
    write_status(result);
    if (result.cancelled) {
      write_trajectories(result, false);
      save_state("cancelled");
      return outcome(std::move(result), many);
    }
    auto comparisons = evidence::compare(scenario_, models_, result, prepared_.studies);
    for (auto& own : evidence::compare_own_data(scenario_, models_, result, prepared_.own)) comparisons.push_back(std::move(own));
    if (!many) write_trajectories(result, true);
    if (scenario_.population.n > 1) write_population(result);
    write_observed(comparisons);
    write_report(result, comparisons);
    if (many) cohort::write_netcdf(path("trajectories.nc"), scenario_, models_, result);
    hash_files(many);
    publish();
    parts.remove_all();
    return outcome(std::move(result), many);
  }

  [[nodiscard]] RunOutcome outcome(cohort::ScenarioResult&& result, bool many) const {
    RunOutcome out{
        result.cancelled,
        many,
        result.total(),
        result.failed(),
        manifest_["seconds"].get<double>(),
        manifest_["values_sha256"].get<std::string>(),
        {}};
    out.values = std::move(result);
    return out;
  }

  void hash_files(bool many) {
    const auto hash = [&](const std::string& file, const std::string& name) { manifest_["files"][name] = core::sha256_of_file(file); };
    for (const auto& file : staged_) hash(file->partial_path(), fs::path(file->path()).lexically_relative(request_.folder).string());
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
    for (const auto& entry : fs::directory_iterator(request_.folder, ec)) {
      if (entry.path().filename() != "run.lock.partial") return false;
    }
    return true;
  }

  /// Held while this process runs: a second run in the same folder is refused.
  void lock_folder() {
    lock_ = ::open(path("run.lock.partial").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      throw core::Error(core::ErrorKind::Io,
                        {"io-008", "another run is writing to '" + request_.folder + "'", {}, "Wait for it, or give another -o."});
    }
  }

  void save_failure() {
    try {
      save_state("failed");
    } catch (const core::Error&) {
      return;  // the disk may be full, and the error that led here is the one to report
    }
  }

  void open_folder() {
    std::error_code ec;
    const bool resumes = fs::exists(path("run.json.partial"), ec) && !fs::exists(path("run.json"), ec);
    if (!empty_folder()) core::check_folder(request_.folder, request_.overwrite || resumes);
    fs::create_directories(path("charts"), ec);
    if (!ec) lock_folder();
    if (ec) throw core::Error(core::ErrorKind::Io, {"io-002", "cannot create folder '" + request_.folder + "': " + ec.message(), {}, ""});
    for (const char* name : {"report.html", "run.json", "trajectories.csv", "trajectories.csv.meta.json", "trajectories.nc", "observed.csv",
                             "observed.csv.meta.json", "status.csv", "status.csv.meta.json", "percentiles.csv", "subjects.csv", "responders.csv"}) {
      fs::remove(path(name), ec);
      if (!resumes) fs::remove(path(std::string(name) + ".partial"), ec);
    }
    for (const auto& entry : fs::directory_iterator(path("charts"), ec)) {
      const std::string name = entry.path().string(), chart = ".vl.json";
      if (!name.ends_with(chart) && !name.ends_with(chart + ".partial")) continue;
      fs::remove(entry.path(), ec);
      for (const char* figure : {".svg", ".png", ".pdf"}) {
        if (name.ends_with(chart)) fs::remove(name.substr(0, name.size() - chart.size()) + figure, ec);
      }
    }
  }

  Json describe() {
    Json m;
    m["tool"] = {{"name", "osteosome"}, {"version", request_.build.version}, {"program_sha256", request_.build.program_sha256}};
    m["status"] = "running";
    m["started"] = utc_now();
    m["scenario"] = {{"file", scenario_.file}, {"sha256", core::sha256(scenario_.text)}, {"text", scenario_.text}};
    m["seed"] = scenario_.seed;
    for (std::size_t i = 0; i < models_.size(); ++i) {
      const auto& s = scenario_.models[i];
      m["models"].push_back({{"name", s.name},
                             {"document", s.path},
                             {"sha256", core::sha256(core::read_file(s.path))},
                             {"composed_sha256", core::sha256(model::to_markdown(models_[i].model()))},
                             {"lane_program_sha256", models_[i].lane_hash()},
                             {"overridden", overridden(i)}});
    }
    for (const std::string& remark : prepared_.remarks) m["warnings"].push_back(remark);
    for (const auto& [model, arm] : scenario_.left_out)
      m["left_out"].push_back({{"model", scenario_.models[model].name}, {"arm", scenario_.arms[arm].name}});
    utsname platform{};
    uname(&platform);
    m["platform"] = {{"system", platform.sysname}, {"release", platform.release}, {"machine", platform.machine}, {"compiler", __VERSION__}};
    m["libraries"] = {{"sundials", solve::sundials_version()}, {"libsbml", expr::libsbml_version()}, {"netcdf", cohort::netcdf_version()}};
    m["max_failed"] = request_.max_failed;
    if (!scenario_.population.table.empty()) {
      m["subjects"] = {{"file", scenario_.population.table}, {"sha256", core::sha256(core::read_file(scenario_.population.table))}};
    }
    for (const auto& draws : scenario_.population.calibrations)
      m["calibrations"].push_back({{"file", draws.file}, {"sha256", core::sha256(core::read_file(draws.file))}});
    for (const cohort::OwnTable& own : scenario_.own_tables)
      m["own_data"].push_back({{"file", own.path}, {"arm", own.arm}, {"sha256", core::sha256(core::read_file(own.path))}});
    std::set<std::string> methods;
    for (const auto& model : models_) methods.insert(model.method());
    static constexpr const char* kEngines[] = {"auto", "reference", "lanes"};
    m["solver"] = {
        {"engine", kEngines[static_cast<int>(request_.solver.engine)]},
        {"method", fmt::format("{}", fmt::join(methods, ", "))},
        {"rtol", scenario_.relative_tolerance},
        {"atol_scale", scenario_.absolute_scale},
        {"atol_rule", "rtol * atol_scale * 1e-3 * typical size of the state"},
        {"threads", request_.solver.threads},
        {"instruction_set", compile::name_of(request_.solver.lanes.isa)}};
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

  /// Of everything that a value depends on.
  [[nodiscard]] std::string part_key() const {
    std::string key = core::sha256(scenario_.text) + std::to_string(scenario_.seed) + manifest_["tool"]["program_sha256"].get<std::string>();
    for (const auto& m : models_) key += m.lane_hash();
    for (const auto& m : models_) key += core::sha256(model::to_markdown(m.model()));
    for (const char* drawn : {"subjects", "calibrations"}) key += manifest_.value(drawn, Json()).dump();
    for (const core::Time& time : cohort::times_of_looking(scenario_)) key += core::format_double(time.in(1)) + ' ';
    const auto& solver = manifest_["solver"];
    return core::sha256(key + solver["engine"].dump() + solver["rtol"].dump() + solver["atol_scale"].dump());
  }

  /// The manifest of a run that is not complete: itself written whole, so that it can always be read.
  void save_state(const std::string& status) {
    manifest_["status"] = status;
    const std::string name = path("run.json.partial");
    core::write_file(name, manifest_.dump(2) + "\n");
  }

  void write_trajectories(const cohort::ScenarioResult& result, bool complete) {
    core::OutputFile& file = stage("trajectories.csv");
    file.write(core::csv_line({"model", "arm", "subject", scenario_.time_unit.name, "output", "value", "unit"}));
    Json meta = {{scenario_.time_unit.name, {{"unit", meaning_of(scenario_.time_unit)}, {"label", "time since the start of treatment"}}}};
    for (const auto& arm : result.arms) {
      const auto& model = models_[arm.model].model();
      const std::string name = scenario_.models[arm.model].name;
      for (const auto& o : model.outputs)
        meta["value"][name + "." + o.id] = {{"unit", o.unit.text}, {"label", o.label}, {"observable", o.observable}, {"source", model.source}};
      for (std::size_t s = 0; s < arm.values.size(); ++s) {
        if (arm.values[s].empty() || (!complete && arm.status[s] == solve::Status::Cancelled)) continue;
        for (std::size_t k = 0; k < result.days.size(); ++k) {
          for (std::size_t o = 0; o < arm.outputs.size(); ++o) {
            const auto& output = *std::find_if(model.outputs.begin(), model.outputs.end(), [&](const auto& x) { return x.id == arm.outputs[o]; });
            file.write(core::csv_line({name, scenario_.arms[arm.arm].name, std::to_string(s),
                                       core::format_double(core::Time(result.days[k], core::kSecondsPerDay).in(scenario_.time_unit.seconds)),
                                       output.id, core::format_double(arm.values[s][k * arm.outputs.size() + o]), output.unit.text}));
          }
        }
      }
    }
    file.finish();
    if (complete) stage_text("trajectories.csv.meta.json", meta.dump(2) + "\n");
  }

  void write_status(const cohort::ScenarioResult& result) {
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

  void write_population(const cohort::ScenarioResult& result) {
    stage_text("percentiles.csv", core::to_csv(percentiles_table(scenario_, models_, result)));
    core::OutputFile& subjects = stage("subjects.csv");
    write_subjects(scenario_, models_, result, [&](const std::string& line) { subjects.write(line); });
    subjects.finish();
    if (!scenario_.responders.empty()) stage_text("responders.csv", core::to_csv(responders_table(scenario_, models_, result)));
  }

  void write_observed(const std::vector<evidence::Comparison>& comparisons) {
    core::OutputFile& file = stage("observed.csv");
    file.write(core::csv_line({"model", "study", "doi", "arm", "study_arm", "outcome", "unit", scenario_.time_unit.name, "observed", "error",
                               "observed_low", "observed_high", "interval", "simulated", "difference", "role", "provenance"}));
    const auto optional = [](const std::optional<double>& x) { return x ? core::format_double(*x) : std::string(); };
    for (const auto& c : comparisons) {
      file.write(core::csv_line({c.model, c.study, c.doi, c.arm, c.study_arm, c.outcome, c.unit,
                                 core::format_double(core::Time(c.month, core::kSecondsPerMonth).in(scenario_.time_unit.seconds)),
                                 core::format_double(c.observed), optional(c.error()), optional(c.low), optional(c.high), c.interval,
                                 core::format_double(c.simulated), core::format_double(c.simulated - c.observed), c.role, c.provenance}));
    }
    file.finish();
    const Json meta = {{scenario_.time_unit.name, {{"unit", meaning_of(scenario_.time_unit)}, {"label", "time since the start of treatment"}}},
                       {"observed", {{"unit", "as in column unit"}, {"source", "evidence/, see doi and provenance"}}},
                       {"error", {{"label", "half width of observed_low to observed_high, whose kind is in interval"}}},
                       {"simulated", {{"label", "median over subjects"}}},
                       {"difference", {{"label", "simulated minus observed"}}}};
    stage_text("observed.csv.meta.json", meta.dump(2) + "\n");
  }

  void finish_manifest(const cohort::ScenarioResult& result) {
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
  static std::string values_hash(const cohort::ScenarioResult& result) {
    core::Sha256 hash;
    for (const auto& arm : result.arms) {
      for (const auto& values : arm.values) hash.add({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)});
    }
    return hash.hex();
  }

  void write_report(const cohort::ScenarioResult& result, const std::vector<evidence::Comparison>& comparisons) {
    const std::string library = report::chart_library(workspace_.root());
    Json shown = manifest_;
    shown["status"] = "completed";
    const model::Outcomes outcomes = model::load_outcomes(workspace_.root());
    report::ReportInput input{scenario_, models_, result, comparisons, outcomes, shown.dump(2), library};
    input.remarks = prepared_.remarks;
    input.grades = evidence::load_known_grades(workspace_.root());
    if (!scenario_.control.empty())
      input.animals = evidence::compare_animals(scenario_, models_, result, prepared_.animals, workspace_.root(), workspace_.units());
    if (scenario_.power) input.power = evidence::power_of(scenario_, models_, result, workspace_.root());
    const auto charts = report::make_charts(input);
    auto files = charts;
    for (auto& c : report::group_charts(input)) files.push_back(std::move(c));
    for (auto& c : report::animal_charts(input)) files.push_back(std::move(c));
    for (const auto& c : files) stage_text("charts/" + c.id + ".vl.json", c.spec + "\n");
    stage_text("report.html", report::make_report(input, charts));
  }

  const cohort::Workspace& workspace_;
  const evidence::PreparedScenario& prepared_;
  const cohort::Scenario& scenario_;
  const std::vector<simulate::CompiledModel>& models_;
  const RunRequest& request_;
  const cohort::Job& job_;
  Json manifest_;
  std::chrono::steady_clock::time_point began_;
  std::vector<std::unique_ptr<core::OutputFile>> staged_;
  int lock_ = -1;
};

/// Whether a file that the run has read is still what it was.
void check_same(const Json& entry, const char* name, const std::string& what, std::vector<std::string>& remarks) {
  std::error_code ec;
  const std::string file = entry.at(name);
  if (!fs::exists(file, ec) || core::sha256(core::read_file(file)) != entry.at("sha256").get<std::string>())
    remarks.push_back(what + " " + file + " has changed since the run");
}

Rerun rerun_of(const cohort::Workspace& workspace, const Json& old, const Build& build) {
  Rerun again;
  const Json& scenario = old.at("scenario");
  again.scenario = cohort::read_scenario(scenario.at("text"), scenario.at("file"), workspace.library(), workspace.units());
  again.scenario.seed = old.at("seed").get<std::uint64_t>();
  again.engine = old.at("solver").at("engine").get<std::string>();
  again.max_failed = old.value("max_failed", 0.0);
  again.values_sha256 = old.at("values_sha256").get<std::string>();
  if (old.at("tool").at("program_sha256") != build.program_sha256)
    again.remarks.push_back("this program is not the build that made the run; bits may differ");
  for (const auto& m : old.at("models")) check_same(m, "document", "model document", again.remarks);
  if (old.contains("subjects")) check_same(old.at("subjects"), "file", "the subject table", again.remarks);
  for (const Json& draws : old.value("calibrations", Json::array())) check_same(draws, "file", "the ensemble", again.remarks);
  again.scenario.own_tables.clear();  // with those of the command line
  for (const Json& own : old.value("own_data", Json::array())) {
    check_same(own, "file", "own data", again.remarks);
    again.scenario.own_tables.push_back({own.at("file"), own.at("arm")});
  }
  return again;
}

}  // namespace

RunOutcome run(const cohort::Workspace& workspace, const evidence::PreparedScenario& prepared, const RunRequest& request, const cohort::Job& job) {
  return Run(workspace, prepared, request, job).execute();
}

Rerun read_manifest(const cohort::Workspace& workspace, const std::string& path, const Build& build) {
  const auto refuse = [&](const std::string& why) { return core::Error(core::ErrorKind::Input, {"rerun-001", why, {path, 0, 0}, ""}); };
  try {
    const Json old = Json::parse(core::read_file(path));
    if (!old.contains("scenario") || !old.contains("values_sha256") || !old.contains("models")) throw refuse("not the manifest of a completed run");
    return rerun_of(workspace, old, build);
  } catch (const Json::parse_error& error) {
    throw refuse(std::string("not a run manifest: ") + error.what());
  } catch (const Json::exception& error) {
    throw refuse(std::string("not the manifest of a completed run: ") + error.what());
  }
}

}  // namespace osteosome::tasks
