// SPDX-License-Identifier: Apache-2.0
// osteosome-conformance: runs a folder of the SBML Test Suite (semantic cases) and says what passed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/sbml/import.hpp"
#include "osteosome/simulate/compiled_model.hpp"
#include "osteosome/simulate/dosing.hpp"

namespace {

using namespace osteosome;
namespace fs = std::filesystem;

/// Of every step; two to five digits below the strictest criterion of the suite.
constexpr double kRelativeTolerance = 1e-10;
constexpr std::chrono::seconds kLongestCase{60};

/// NNNNN-settings.txt: what is to be compared and how nearly.
struct Settings {
  double start = 0, duration = 0, absolute = 0, relative = 0;
  std::vector<std::string> variables, amounts, concentrations;
};

struct Verdict {
  std::string status;  ///< pass, fail, unsupported, error
  std::string reason;
};

std::vector<std::string> names(const std::string& text) {
  std::vector<std::string> list;
  for (const std::string& item : core::split(text, ',')) {
    if (const auto name = core::trim(item); !name.empty()) list.emplace_back(name);
  }
  return list;
}

Settings read_settings(const std::string& path) {
  Settings s;
  for (const std::string& line : core::split(core::read_file(path), '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key(core::trim(line.substr(0, colon))), value(core::trim(line.substr(colon + 1)));
    const auto number = [&] { return std::strtod(value.c_str(), nullptr); };
    if (key == "start") s.start = number();
    if (key == "duration") s.duration = number();
    if (key == "absolute") s.absolute = number();
    if (key == "relative") s.relative = number();
    if (key == "variables") s.variables = names(value);
    if (key == "amount") s.amounts = names(value);
    if (key == "concentration") s.concentrations = names(value);
  }
  return s;
}

/// The file of the highest level and version.
std::optional<std::string> find_model(const fs::path& folder, const std::string& id) {
  for (const char* level : {"l3v2", "l3v1", "l2v5", "l2v4", "l2v3", "l2v2", "l2v1", "l1v2"}) {
    const fs::path path = folder / (id + "-sbml-" + level + ".xml");
    if (fs::exists(path)) return path.string();
  }
  return std::nullopt;
}

bool is_time_course(const fs::path& folder, const std::string& id) {
  const fs::path path = folder / (id + "-model.m");
  if (!fs::exists(path)) return true;
  for (const std::string& line : core::split(core::read_file(path.string()), '\n')) {
    if (line.rfind("testType", 0) == 0) return line.find("TimeCourse") != std::string::npos;
  }
  return true;
}

/// A compared column: a symbol, or a species' amount or concentration, which is the symbol times or over a compartment.
struct Column {
  std::string symbol, compartment;
  bool multiply = false;
};

Column column_of(const std::string& variable, const Settings& s, const sbml::Imported& in) {
  Column c{in.name_of(variable), "", false};
  const model::Species* species = in.model.find_species(c.symbol);
  if (species == nullptr || species->compartment.empty()) return c;
  const auto wanted = [&](const std::vector<std::string>& list) { return std::find(list.begin(), list.end(), variable) != list.end(); };
  if (wanted(s.amounts) && !species->substance_only) return {c.symbol, species->compartment, true};
  if (wanted(s.concentrations) && species->substance_only) return {c.symbol, species->compartment, false};
  return c;
}

simulate::SolverSettings solver(simulate::EngineChoice engine) {
  simulate::SolverSettings settings;
  settings.engine = engine;
  settings.relative_tolerance = kRelativeTolerance;
  settings.lanes.tape_only = true;
  return settings;
}

/// Values [rows][variables] at the times of the expected results.
std::vector<std::vector<double>> simulate_case(const sbml::Imported& in, const Settings& s, const std::vector<double>& times,
                                               simulate::EngineChoice engine, Verdict& verdict) {
  std::vector<std::vector<double>> table;
  const simulate::CompiledModel model(in.model, solver(engine));
  std::vector<Column> columns;
  std::vector<std::string> wanted;
  for (const std::string& v : s.variables) {
    columns.push_back(column_of(v, s, in));
    wanted.push_back(columns.back().symbol);
    wanted.push_back(columns.back().compartment.empty() ? columns.back().symbol : columns.back().compartment);
  }
  simulate::ObservableReader reader(model.program(), wanted);
  solve::SubjectPlan plan;
  plan.parameters = model.program().parameter_values;
  plan.seed = 1;
  simulate::DoseTranslator::add_outputs(times, simulate::AtDose::Post, plan);
  std::stop_source late;
  std::mutex mutex;
  std::condition_variable_any ended;
  const std::jthread clock([&](const std::stop_token& done) {
    std::unique_lock lock(mutex);
    if (!ended.wait_for(lock, done, kLongestCase, [&] { return done.stop_requested(); })) late.request_stop();
  });
  model.run(
      1, [&](std::size_t) { return plan; },
      [&](std::size_t, const solve::SubjectPlan& p, solve::SubjectResult&& result) {
        if (result.status != solve::Status::Completed) verdict = {"error", std::string(solve::name_of(result.status)) + ": " + result.message};
        const auto values = reader.read(p, result);
        for (std::size_t row = 0; row < times.size(); ++row) {
          std::vector<double> line;
          for (std::size_t k = 0; k < columns.size(); ++k) {
            const double symbol = values[row * wanted.size() + 2 * k], size = values[row * wanted.size() + 2 * k + 1];
            line.push_back(columns[k].compartment.empty() ? symbol : columns[k].multiply ? symbol * size : symbol / size);
          }
          table.push_back(std::move(line));
        }
      },
      late.get_token());
  return table;
}

double number_of(const std::string& text) {
  const std::string word(core::trim(text));
  return std::strtod(word.c_str(), nullptr);
}

bool agrees(double actual, double expected, const Settings& s) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (std::isinf(expected)) return actual == expected;
  return std::abs(actual - expected) <= s.absolute + s.relative * std::abs(expected);
}

Verdict compare(const core::CsvTable& expected, const std::vector<std::vector<double>>& actual, const Settings& s) {
  for (std::size_t k = 0; k < s.variables.size(); ++k) {
    const auto at =
        std::find_if(expected.header.begin() + 1, expected.header.end(), [&](const std::string& h) { return core::trim(h) == s.variables[k]; });
    if (at == expected.header.end()) return {"error", "no column '" + s.variables[k] + "' in the expected results"};
    const auto column = static_cast<std::size_t>(at - expected.header.begin());
    for (std::size_t row = 0; row < actual.size(); ++row) {
      const double e = number_of(expected.rows[row][column]);
      if (agrees(actual[row][k], e, s)) continue;
      return {
          "fail", fmt::format("{} at time {}: {} instead of {}", s.variables[k], std::string(core::trim(expected.rows[row][0])), actual[row][k], e)};
    }
  }
  return {"pass", ""};
}

Verdict run_case(const fs::path& folder, simulate::EngineChoice engine, const core::UnitSystem& units) {
  const std::string id = folder.filename().string();
  Verdict verdict{"error", "not run"};
  try {
    const auto file = find_model(folder, id);
    if (!file) return {"error", "there is no " + id + "-sbml-lNvN.xml"};
    if (!is_time_course(folder, id)) {
      (void)sbml::read_sbml(*file, units);
      return {"unsupported", "no time course"};
    }
    const Settings settings = read_settings((folder / (id + "-settings.txt")).string());
    const auto expected = core::parse_csv(core::read_file((folder / (id + "-results.csv")).string()), id + "-results.csv");
    std::vector<double> times;
    for (const auto& row : expected.rows) times.push_back(number_of(row[0]));
    const auto in = sbml::read_sbml(*file, units);
    verdict = {"pass", ""};
    const auto actual = simulate_case(in, settings, times, engine, verdict);
    return verdict.status == "pass" ? compare(expected, actual, settings) : verdict;
  } catch (const core::Error& error) {
    const bool unsupported = error.kind() == core::ErrorKind::Unsupported;
    return {unsupported ? "unsupported" : "error", error.what()};
  } catch (const std::exception& error) {
    return {"error", error.what()};
  }
}

int run(const std::string& suite, const std::string& engine_name, const std::string& output) {
  const auto engine = simulate::engine_from_name(engine_name);
  const core::UnitSystem units;
  std::vector<fs::path> folders;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(suite, ec)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  if (ec || folders.empty()) {
    std::cerr << "error: '" << suite << "' is no folder of test cases\n";
    return 3;
  }
  std::sort(folders.begin(), folders.end());
  std::size_t passed = 0, failed = 0, skipped = 0;
  std::string table = core::csv_line({"case", "status", "reason"});
  for (const fs::path& folder : folders) {
    const Verdict v = run_case(folder, engine, units);
    table += core::csv_line({folder.filename().string(), v.status, v.reason});
    (v.status == "pass" ? passed : v.status == "unsupported" ? skipped : failed) += 1;
  }
  if (!output.empty()) {
    core::OutputFile file(output);
    file.write(table);
    file.commit();
  } else {
    std::cout << table;
  }
  std::cout << fmt::format("{} cases\n{} passed, {} failed, {} skipped\n", folders.size(), passed, failed, skipped);
  return failed == 0 ? 0 : 4;
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Runs the cases of an SBML Test Suite folder (NNNNN/NNNNN-settings.txt, -results.csv, -sbml-lNvN.xml)"};
  std::string suite, engine = "auto", output;
  app.add_option("--suite", suite, "folder with one folder a case")->required();
  app.add_option("--engine", engine, "auto, reference or lanes");
  app.add_option("-o,--output", output, "CSV with case, status and reason (default: standard output)");
  CLI11_PARSE(app, argc, argv);
  return run(suite, engine, output);
} catch (const std::exception& error) {
  std::cerr << "error: " << error.what() << '\n';
  return 3;
}
