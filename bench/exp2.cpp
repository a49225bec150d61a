// SPDX-License-Identifier: Apache-2.0
// The integrated model: CPU time of a virtual patient on each kind of regimen, ten thousand patients against the limit of ten minutes, and the
// reference engine (CVODES on the interpreter) beside the lanes. Every patient runs untreated from 30 to 65 first, then ten years.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "osteosome/simulate/dosing.hpp"
#include "osteosome/simulate/patient.hpp"
#include "problems.hpp"

namespace {

using namespace osteosome;

constexpr std::size_t kBlock = 64, kMany = 10'000, kReference = 20;
constexpr double kLimitSeconds = 600, kRtol = 1e-6, kTight = 1e-9, kAge = 65, kMonths = 120, kSpread = 0.2, kEmpty = 1e-12;
constexpr const char* kVaried[] = {"osteoclast.estrogen_rankl", "LS_turnover", "TH_turnover", "scale_TH"};
[[maybe_unused]] constexpr const char* kAlendronate = "alendronate 70 mg po weekly for 10 years";
constexpr std::pair<const char*, const char*> kRegimens[] = {
    {"nothing", "none"},
    {"alendronate, weekly", kAlendronate},
    {"risedronate, daily", "risedronate 5 mg po daily for 10 years"},
    {"ibandronate iv, every 3 months", "ibandronate 3 mg iv every 3 months for 10 years"},
    {"denosumab, every 6 months", "denosumab 60 mg sc every 6 months for 10 years"},
    {"zoledronate, yearly", "zoledronate 5 mg iv over 15 min yearly for 10 years"},
    {"romosozumab 12 months, then nothing", "romosozumab 210 mg sc monthly x 12 then none"},
    {"teriparatide 24 months, then nothing", "teriparatide 20 ug sc daily for 24 months then none"},
    {"abaloparatide 18 months, then nothing", "abaloparatide 80 ug sc daily for 18 months then none"},
    {"estradiol, daily", "estradiol 1 mg po daily for 10 years"},
    {"raloxifene, daily", "raloxifene 60 mg po daily for 10 years"},
};

/// Makes the patients of one regimen.
class Patients {
 public:
  Patients(const simulate::CompiledModel& model, const core::UnitSystem& units, const protocol::DrugCatalogue& catalogue, const char* regimen)
      : program_(model.program()) {
    simulate::Patient patient;
    patient.age_days = kAge * core::kDaysPerYear;
    const auto start = simulate::begin_patient(model, patient, program_.parameter_values);
    const double day = 86400 / program_.seconds_per_time_unit;
    const auto horizon = static_cast<protocol::Microseconds>(kMonths * core::kDaysPerMonth * protocol::kMicrosecondsPerDay);
    typical_.parameters = start.parameters;
    typical_.stops = start.switches;
    simulate::DoseTranslator(model, units)
        .add_doses(protocol::expand(protocol::parse_regimen(regimen, catalogue, units), horizon), start.time, 0, typical_);
    std::vector<double> times;
    for (double month = 0; month <= kMonths; ++month) times.push_back(start.time + month * core::kDaysPerMonth * day);
    simulate::DoseTranslator::add_outputs(times, simulate::AtDose::Pre, typical_);
  }

  [[nodiscard]] solve::SubjectPlan operator()(std::size_t subject) const {
    solve::SubjectPlan plan = typical_;
    for (const char* name : kVaried) {
      core::RandomStream stream(1, subject, name);
      plan.parameters[*program_.parameter_index(name)] *= std::exp(kSpread * stream.normal());
    }
    return plan;
  }

  /// The run up to the start of treatment alone.
  [[nodiscard]] solve::SubjectPlan untreated(std::size_t subject) const {
    solve::SubjectPlan plan = (*this)(subject);
    plan.stops.clear();
    plan.outputs = {{plan.outputs.front().time, 0}};
    return plan;
  }

 private:
  const compile::Program& program_;
  solve::SubjectPlan typical_;
};

struct Measured {
  double cpu_ms = 0, wall = 0;
  std::uint64_t steps = 0;
  std::size_t failed = 0;
  std::vector<std::vector<double>> states, outputs;  // of the first kReference patients
};

double wall_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Runs `count` patients; `run` is handed where they come from and where results go, and reading the outputs is part of the time.
template <class Run>
Measured measure(const simulate::CompiledModel& model, std::size_t count, const Run& run) {
  std::vector<std::string> names;
  for (const auto& output : model.model().outputs) names.push_back(output.id);
  simulate::ObservableReader reader(model.program(), names);
  Measured m;
  m.states.resize(kReference);
  m.outputs.resize(kReference);
  const double cpu = bench::cpu_seconds(), wall = wall_seconds();
  run([&](std::size_t s, const solve::SubjectPlan& plan, solve::SubjectResult&& r) {
    auto outputs = reader.read(plan, r);
    m.steps += r.statistics.steps;
    m.failed += r.status != solve::Status::Completed;
    if (s >= kReference) return;
    m.outputs[s] = std::move(outputs);
    m.states[s] = std::move(r.states);
  });
  m.wall = wall_seconds() - wall;
  m.cpu_ms = (bench::cpu_seconds() - cpu) * 1e3 / static_cast<double>(count);
  m.steps /= count;
  return m;
}

/// Largest difference of the monthly values, relative to the maximum of the column in that patient. Columns that stay below kEmpty, such as the
/// states of a drug that is not given, hold rounding only and are left out.
double error_of(const std::vector<std::vector<double>>& x, const std::vector<std::vector<double>>& tight) {
  double worst = 0;
  for (std::size_t s = 0; s < kReference; ++s) {
    const std::size_t columns = tight[s].size() / static_cast<std::size_t>(kMonths + 1);
    for (std::size_t c = 0; c < columns; ++c) {
      double size = 0, difference = 0;
      for (std::size_t k = c; k < tight[s].size(); k += columns) {
        size = std::max(size, std::abs(tight[s][k]));
        difference = std::max(difference, std::isnan(x[s][k]) ? HUGE_VAL : std::abs(x[s][k] - tight[s][k]));
      }
      if (size > kEmpty) worst = std::max(worst, difference / size);
    }
  }
  return worst;
}

}  // namespace


int main(int argc, char** argv) {
  const double rtol = argc > 1 ? std::atof(argv[1]) : 1e-6;
  const core::UnitSystem units;
  const model::Library library{OSTEOSOME_ROOT};
  const auto catalogue = protocol::load_catalogue(OSTEOSOME_ROOT);
  const simulate::CompiledModel model(model::load_model(library.find_model("osteosome"), library, units), {});
  solve::LaneCode code(model.program(), {});
  std::vector<std::string> names;
  for (const auto& output : model.model().outputs) names.push_back(output.id);
  std::vector<std::uint32_t> observed;
  {
    std::vector<expr::NodeId> roots;
    for (const auto& o : model.program().observables) for (const auto& nm : names) if (o.name == nm) roots.push_back(o.node);
    const auto needed = model.program().graph.reachable(roots);
    for (expr::NodeId id = 0; id < needed.size(); ++id) if (needed[id] && model.program().graph[id].op == expr::Op::State) observed.push_back(model.program().graph[id].a);
    fmt::print("{} of {} states observed, {} outputs\n", observed.size(), model.program().states.size(), names.size());
    if (getenv("T_LIST")) for (auto i : observed) fmt::print("{} ", model.program().states[i]);
  }
  const auto runl = [&](const solve::PlanSource& plans, double r, bool pass, std::size_t count, double scale = 1) {
    solve::Options options;
    options.relative_tolerance = r;
    options.pass_over_periods = pass;
    if (pass && getenv("T_HIDE")) options.observed = observed;
    options.absolute_scale = getenv("T_SCALE") ? std::atof(getenv("T_SCALE")) : scale;
    return measure(model, count, [&](const solve::ResultSink& sink) { solve::run_lanes(model.program(), code, count, plans, sink, options, 1); });
  };
  std::vector<int> list = {1, 7, 3, 8, 2}; if (argc > 3) list = {std::atoi(argv[3])};
  for (int which : list) {
    const Patients patients(model, units, catalogue, kRegimens[which].second);
    Measured tight;
    const std::string cache = fmt::format("/tmp/tight-int-{}.bin", which);
    if (FILE* f = fopen(cache.c_str(), "rb")) {
      std::size_t a, b;
      (void)!fread(&a, 8, 1, f); (void)!fread(&b, 8, 1, f);
      tight.states.resize(kReference); tight.outputs.resize(kReference);
      for (auto& v : tight.states) { v.resize(a); (void)!fread(v.data(), 8, a, f); }
      for (auto& v : tight.outputs) { v.resize(b); (void)!fread(v.data(), 8, b, f); }
      fclose(f);
    } else {
      tight = runl(patients, 1e-9, false, kReference);
      f = fopen(cache.c_str(), "wb");
      std::size_t a = tight.states[0].size(), b = tight.outputs[0].size();
      fwrite(&a, 8, 1, f); fwrite(&b, 8, 1, f);
      for (auto& v : tight.states) fwrite(v.data(), 8, a, f);
      for (auto& v : tight.outputs) fwrite(v.data(), 8, b, f);
      fclose(f);
    }
    const auto range_error = [&](const Measured& x) {
      double worst = 0; std::string name;
      for (std::size_t s = 0; s < kReference; ++s) {
        const std::size_t columns = names.size();
        for (std::size_t c = 0; c < columns; ++c) {
          double lo = HUGE_VAL, hi = -HUGE_VAL, difference = 0;
          for (std::size_t k = c; k < tight.outputs[s].size(); k += columns) {
            lo = std::min(lo, tight.outputs[s][k]); hi = std::max(hi, tight.outputs[s][k]);
            difference = std::max(difference, std::isnan(x.outputs[s][k]) ? HUGE_VAL : std::abs(x.outputs[s][k] - tight.outputs[s][k]));
          }
          if (hi - lo > kEmpty && difference / (hi - lo) > worst) { worst = difference / (hi - lo); name = names[c]; }
        }
      }
      return fmt::format("{:.1e} ({})", worst, name);
    };
    for (bool pass : {false, true}) {
      if (!pass && argc > 2) continue;
      const Measured m = runl(patients, rtol, pass, kBlock);
      fmt::print("{:<38} pass {} {:8.2f} ms, {:7} steps, {} failed, E range {} max {:.1e} states {:.1e}\n", kRegimens[which].first, pass, m.cpu_ms, m.steps, m.failed, range_error(m), error_of(m.outputs, tight.outputs), error_of(m.states, tight.states));
    }
  }
}
