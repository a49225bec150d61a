// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <numbers>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "osteosome/compile/interpreter.hpp"
#include "osteosome/compile/program.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/solve/engine.hpp"

namespace osteosome::solve {
inline void PrintTo(Status status, std::ostream* out) { *out << name_of(status); }
}  // namespace osteosome::solve

namespace osteosome::support {

enum class Engine { Reference, Lanes };
inline const char* name_of(Engine engine) { return engine == Engine::Lanes ? "lanes" : "reference"; }
inline void PrintTo(Engine engine, std::ostream* out) { *out << name_of(engine); }
inline constexpr Engine kEngines[] = {Engine::Reference, Engine::Lanes};

/// A model of the repository, by id.
inline compile::Program published(const std::string& id) {
  const core::UnitSystem units;
  const model::Library library{OSTEOSOME_ROOT};
  return compile::build_program(model::load_model(library.find_model(id), library, units));
}

/// A small model in hours whose units are left unchecked.
struct SmallModel {
  struct Species {
    std::string id, initial, rate, typical;
  };
  struct Event {
    std::string id, trigger;
    std::map<std::string, std::string> assign;
    bool initial_value = true;
    std::string delay = {};
  };
  std::vector<std::pair<std::string, double>> parameters;
  std::vector<Species> species;
  std::vector<Event> events;

  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    out.precision(17);
    out << "[model]\nid = \"small\"\ntitle = \"small\"\ntime = \"h\"\nsource = \"doi:10.0/none\"\n\n[parameters]\n";
    out << "zero = { value = 0, unit = \"1\", kind = \"reported\", source = \"model\" }\n";
    for (const auto& [id, value] : parameters) {
      out << id << " = { value = " << std::showpoint << value << std::noshowpoint << ", unit = \"1\", kind = \"reported\", source = \"model\" }\n";
    }
    out << "\n[species]\n";
    for (const auto& s : species) {
      out << s.id << " = { initial = \"" << s.initial << "\", unit = \"1\", rate = \"" << s.rate << "\", ";
      if (!s.typical.empty()) out << "typical = \"" << s.typical << "\", ";
      out << "kind = \"reported\", source = \"model\", unchecked = \"test model\" }\n";
    }
    if (!events.empty()) out << "\n[events]\n";
    for (const auto& e : events) {
      out << e.id << " = { trigger = \"" << e.trigger
          << "\", unchecked = \"tests give numbers\", initial_value = " << (e.initial_value ? "true" : "false");
      if (!e.delay.empty()) out << ", delay = \"" << e.delay << "\"";
      out << ", assign = { ";
      const char* comma = "";
      for (const auto& [target, formula] : e.assign) {
        out << comma << target << " = \"" << formula << "\"";
        comma = ", ";
      }
      out << " } }\n";
    }
    return out.str();
  }

  [[nodiscard]] compile::Program program() const {
    std::string path = std::filesystem::temp_directory_path() / "osteosome-test-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
    const std::string file = path + "/small.toml";
    std::ofstream(file) << text();
    const core::UnitSystem units;
    const model::Library library{OSTEOSOME_ROOT};
    auto program = compile::build_program(model::load_model(file, library, units));
    std::filesystem::remove_all(path);
    return program;
  }
};

/// Outputs at `times`, each before the stops of the same time.
inline void set_outputs_before_stops(solve::SubjectPlan& plan, const std::vector<double>& times) {
  std::stable_sort(plan.stops.begin(), plan.stops.end(), [](const solve::Stop& a, const solve::Stop& b) { return a.time < b.time; });
  plan.outputs.clear();
  std::uint32_t stops = 0;
  for (const double t : times) {
    while (stops < plan.stops.size() && plan.stops[stops].time < t) ++stops;
    plan.outputs.push_back({t, stops});
  }
}

inline std::vector<double> even_times(double begin, double end, int intervals) {
  std::vector<double> times;
  for (int i = 0; i <= intervals; ++i) times.push_back(begin + (end - begin) * i / intervals);
  return times;
}

inline solve::SubjectPlan plan_for(const compile::Program& program, std::vector<solve::Stop> stops, const std::vector<double>& times) {
  solve::SubjectPlan plan;
  plan.parameters = program.parameter_values;
  plan.stops = std::move(stops);
  set_outputs_before_stops(plan, times);
  return plan;
}

inline solve::Options at_rtol(double rtol, const char* method = "rodas5p") {
  solve::Options options;
  options.relative_tolerance = rtol;
  options.method = method;
  return options;
}

/// All plans on the lane engine.
inline std::vector<solve::SubjectResult> run_all_lanes(const compile::Program& program, const std::vector<solve::SubjectPlan>& plans,
                                                       const solve::Options& options, solve::LaneCode::Settings settings = {}, unsigned threads = 1) {
  solve::LaneCode code(program, std::move(settings));
  std::vector<solve::SubjectResult> results(plans.size());
  solve::run_lanes(
      program, code, plans.size(), [&](std::size_t s) { return plans[s]; },
      [&](std::size_t s, const solve::SubjectPlan&, solve::SubjectResult&& r) { results[s] = std::move(r); }, options, threads);
  return results;
}

inline solve::SubjectResult run_one(Engine engine, const compile::Program& program, const solve::SubjectPlan& plan, const solve::Options& options) {
  if (engine == Engine::Reference) return solve::run_reference(program, plan, options);
  return run_all_lanes(program, {plan}, options).front();
}

/// States of one result by name and output.
class States {
 public:
  States(const compile::Program& program, const solve::SubjectResult& result) : program_(program), result_(result) {}
  [[nodiscard]] double operator()(std::size_t output, const std::string& name) const {
    return result_.states.at(output * program_.states.size() + program_.state_index(name).value());
  }

 private:
  const compile::Program& program_;
  const solve::SubjectResult& result_;
};

/// Named observables (states, rules, outputs of the model) of one result: [output][name].
inline std::vector<std::vector<double>> observe(const compile::Program& program, const solve::SubjectPlan& plan, const solve::SubjectResult& result,
                                                const std::vector<std::string>& names) {
  std::vector<expr::NodeId> roots;
  for (const auto& name : names) {
    const auto* o = program.find_observable(name);
    if (o == nullptr) throw std::runtime_error("no observable " + name);
    roots.push_back(o->node);
  }
  compile::Interpreter interpreter(program.graph, roots);
  interpreter.prepare(plan.parameters);
  std::vector<std::vector<double>> out;
  const std::size_t n = program.states.size();
  for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
    out.emplace_back(names.size());
    interpreter.evaluate(plan.outputs[k].time, {result.states.data() + k * n, n}, {}, out.back());
  }
  return out;
}

/// Achieved error: the largest over states and outputs of |x - exact| / max over outputs of |exact|. States that are zero throughout are
/// left out.
inline double achieved_error(const std::vector<double>& x, const std::vector<double>& exact, std::size_t n) {
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double size = 0, difference = 0;
    for (std::size_t k = i; k < exact.size(); k += n) {
      size = std::max(size, std::abs(exact[k]));
      const double d = std::abs(x[k] - exact[k]);
      if (!(d <= difference)) difference = d;  // NaN counts as the worst
    }
    if (size > 0 && !(difference / size <= worst)) worst = difference / size;
  }
  return worst;
}

/// A comma-separated table with a header; fields may stand in double quotes.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;

  [[nodiscard]] std::size_t column(const std::string& name) const {
    const auto at = std::find(header.begin(), header.end(), name);
    if (at == header.end()) throw std::runtime_error("no column " + name);
    return static_cast<std::size_t>(at - header.begin());
  }
};

/// Unlike std::stod, takes subnormal numbers.
inline double number(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

inline Table read_table(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  const auto split = [](const std::string& line) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"')
        quoted = !quoted;
      else if (c == ',' && !quoted)
        fields.emplace_back();
      else if (c != '\r')
        fields.back() += c;
    }
    return fields;
  };
  Table table;
  std::string line;
  std::getline(in, line);
  table.header = split(line);
  while (std::getline(in, line)) {
    if (!line.empty()) table.rows.push_back(split(line));
  }
  return table;
}

inline std::string data_file(const std::string& name) { return std::string(OSTEOSOME_ROOT) + "/tests/data/" + name; }

}  // namespace osteosome::support
