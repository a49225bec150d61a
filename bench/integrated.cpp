// SPDX-License-Identifier: Apache-2.0
// The integrated model: CPU time of a virtual patient on each kind of regimen and its error, against every dose computed at a tight tolerance; the
// same with every dose computed; ten thousand patients and a thousand on daily doses against limits of time; and the reference engine (CVODES on the
// interpreter) beside the lanes. Every patient runs untreated from 30 to 65 first, then ten years.
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

constexpr std::size_t kBlock = 64, kMany = 10'000, kWomen = 1000, kReference = 20;
constexpr double kLimitSeconds = 600, kWomenLimitSeconds = 15, kRtol = 1e-6, kTight = 1e-9, kAge = 65, kMonths = 120, kSpread = 0.2, kEmpty = 1e-12;
constexpr const char* kVaried[] = {"osteoclast.estrogen_rankl", "LS_turnover", "TH_turnover", "scale_TH"};
constexpr const char* kAlendronate = "alendronate 70 mg po weekly for 10 years";
constexpr const char* kTeriparatide = "teriparatide 20 ug sc daily for 24 months then none";
constexpr std::pair<const char*, const char*> kRegimens[] = {
    {"nothing", "none"},
    {"alendronate, weekly", kAlendronate},
    {"risedronate, daily", "risedronate 5 mg po daily for 10 years"},
    {"ibandronate iv, every 3 months", "ibandronate 3 mg iv every 3 months for 10 years"},
    {"denosumab, every 6 months", "denosumab 60 mg sc every 6 months for 10 years"},
    {"zoledronate, yearly", "zoledronate 5 mg iv over 15 min yearly for 10 years"},
    {"romosozumab 12 months, then nothing", "romosozumab 210 mg sc monthly x 12 then none"},
    {"teriparatide 24 months, then nothing", kTeriparatide},
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
  simulate::ObservableReader reader(model.program(), bench::output_names(model.model()));
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

/// How lanes integrate: at the tolerance of scenarios, looking at the outputs, or otherwise.
struct Way {
  double rtol = kRtol;
  bool every_dose = false;
};

Measured lanes(const simulate::CompiledModel& model, solve::LaneCode& code, std::size_t count, const solve::PlanSource& plans, unsigned threads,
               const Way& way = {}) {
  solve::Options options;
  options.relative_tolerance = way.rtol;
  options.pass_over_periods = !way.every_dose;
  if (!way.every_dose) options.observed = simulate::ObservableReader(model.program(), bench::output_names(model.model())).states();
  return measure(model, count, [&](const solve::ResultSink& sink) { solve::run_lanes(model.program(), code, count, plans, sink, options, threads); });
}

Measured reference(const simulate::CompiledModel& model, const solve::PlanSource& plans, double rtol) {
  solve::Options options;
  options.relative_tolerance = rtol;
  return measure(model, kReference,
                 [&](const solve::ResultSink& sink) { solve::run_reference_ensemble(model.program(), kReference, plans, sink, options, 1); });
}

/// What a difference is measured by.
enum class Beside { Maximum, Range };

/// Largest difference of the monthly values, relative to the maximum of the column in that patient or to the range that it covers. Columns that stay
/// below kEmpty, such as the states of a drug that is not given, hold rounding only and are left out.
double error_of(const std::vector<std::vector<double>>& x, const std::vector<std::vector<double>>& tight, Beside beside = Beside::Maximum) {
  double worst = 0;
  for (std::size_t s = 0; s < kReference; ++s) {
    const std::size_t columns = tight[s].size() / static_cast<std::size_t>(kMonths + 1);
    for (std::size_t c = 0; c < columns; ++c) {
      double low = HUGE_VAL, high = -HUGE_VAL, largest = 0, difference = 0;
      for (std::size_t k = c; k < tight[s].size(); k += columns) {
        low = std::min(low, tight[s][k]);
        high = std::max(high, tight[s][k]);
        largest = std::max(largest, std::abs(tight[s][k]));
        difference = std::max(difference, std::isnan(x[s][k]) ? HUGE_VAL : std::abs(x[s][k] - tight[s][k]));
      }
      const double size = beside == Beside::Range ? high - low : largest;
      if (size > kEmpty) worst = std::max(worst, difference / size);
    }
  }
  return worst;
}

bool in_time(const char* what, const Measured& m, std::size_t count, unsigned threads, double limit) {
  const bool ok = m.failed == 0 && m.wall <= limit;
  fmt::print("{} patients on {}, {} threads: {:.1f} s of wall time, limit {:.0f} s, {} failed: {}\n", count, what, threads, m.wall, limit, m.failed,
             ok ? "ok" : "MISSED");
  return ok;
}

}  // namespace

int main() {
  const core::UnitSystem units;
  const model::Library library{OSTEOSOME_ROOT};
  const auto catalogue = protocol::load_catalogue(OSTEOSOME_ROOT);
  const simulate::CompiledModel model(model::load_model(library.find_model("osteosome"), library, units), {});
  solve::LaneCode code(model.program(), {});
  fmt::print("osteosome: {} states, {} parameters; lanes ({} {}), rtol {:.0e}, one thread, {} patients; E: of each output's range\n",
             model.program().states.size(), model.program().parameters.size(), code.current()->tier(), compile::name_of(code.isa()), kRtol, kBlock);
  const auto line = [](const char* name, const Measured& m, const std::string& more = "") {
    fmt::print("  {:<38}{:8.2f} ms CPU a patient, {:7} steps{}{}\n", name, m.cpu_ms, m.steps,
               m.failed > 0 ? fmt::format(", {} FAILED", m.failed) : "", more);
    std::fflush(stdout);
  };

  Measured weekly;
  for (const auto& [name, regimen] : kRegimens) {
    const Patients patients(model, units, catalogue, regimen);
    if (regimen == kRegimens[0].second) {
      const auto untreated = [&](std::size_t s) { return patients.untreated(s); };
      (void)lanes(model, code, kBlock, untreated, 1);  // warm up
      line("30 to 65 alone (part of all below)", lanes(model, code, kBlock, untreated, 1));
    }
    const Measured m = lanes(model, code, kBlock, patients, 1), every = lanes(model, code, kBlock, patients, 1, {kRtol, true});
    const Measured tight = lanes(model, code, kReference, patients, 1, {kTight, true});
    line(name, m,
         fmt::format(", E {:.1e}; every dose: {:.2f} ms, {} steps, E {:.1e}", error_of(m.outputs, tight.outputs, Beside::Range), every.cpu_ms,
                     every.steps, error_of(every.outputs, tight.outputs, Beside::Range)));
    if (regimen == kAlendronate) weekly = m;
  }

  const Patients patients(model, units, catalogue, kAlendronate);
  const Measured same = reference(model, patients, kRtol);
  line("alendronate, weekly: CVODES", same);
  fmt::print("  ratio at the same rtol: {:.1f} ({} patients; CVODES BDF, dense, on the interpreter, one patient at a time)\n",
             same.cpu_ms / weekly.cpu_ms, kReference);
  const Measured tight = reference(model, patients, kTight);
  fmt::print("  against CVODES at rtol {:.0e}, of the column's maximum: lanes {:.1e} outputs, {:.1e} states; CVODES at {:.0e} {:.1e}, {:.1e}\n",
             kTight, error_of(weekly.outputs, tight.outputs), error_of(weekly.states, tight.states), kRtol, error_of(same.outputs, tight.outputs),
             error_of(same.states, tight.states));

  const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  const Patients daily(model, units, catalogue, kTeriparatide);
  const bool many = in_time("weekly alendronate", lanes(model, code, kMany, patients, threads), kMany, threads, kLimitSeconds);
  const bool women = in_time("daily teriparatide", lanes(model, code, kWomen, daily, 2), kWomen, 2, kWomenLimitSeconds);
  return many && women ? 0 : 1;
}
