// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "solve_support.hpp"

/// Regimens on joerg-2022, times in days, model time 0 = birth. Conventions in tests/data/joerg2022/README.md.
namespace osteosome::support {

inline constexpr double kYearDays = 365;
inline constexpr double kMonthDays = 365.0 / 12;
inline constexpr double kTreatmentStart = 70 * kYearDays;

class JoergRegimen {
 public:
  explicit JoergRegimen(const compile::Program& program) : program_(program) {}

  JoergRegimen& boluses(const std::string& drug, double dose, double start, double every, int doses) {
    for (int i = 0; i < doses; ++i) stops.push_back({start + every * i, solve::StopKind::Add, pool(drug), potency(drug) * dose});
    return *this;
  }
  JoergRegimen& continuous(const std::string& drug, double per_day, double start, double end) {
    stops.push_back({start, solve::StopKind::ChangeRate, pool(drug), potency(drug) * per_day});
    stops.push_back({end, solve::StopKind::ChangeRate, pool(drug), -potency(drug) * per_day});
    return *this;
  }

  std::vector<solve::Stop> stops;

 private:
  [[nodiscard]] std::uint32_t pool(const std::string& drug) const { return program_.state_index("a_" + drug).value(); }
  [[nodiscard]] double potency(const std::string& drug) const { return program_.parameter_values[program_.parameter_index("E_" + drug).value()]; }
  const compile::Program& program_;
};

/// Stops for a name in the first column of joerg_reference_trajectories.csv.
inline std::vector<solve::Stop> joerg_stops(const compile::Program& program, const std::string& name) {
  const double t0 = kTreatmentStart;
  const double half_year = kYearDays / 2;
  JoergRegimen r(program);
  const auto starts = [&](const char* text) { return name.starts_with(text); };
  if (name == "none") return {};
  if (starts("alendronate 10 mg/d 0-36")) return r.continuous("alendronate", 10, t0, t0 + 1095).stops;
  if (starts("alendronate 70 mg weekly, 156")) return r.boluses("alendronate", 70, t0, 7, 156).stops;
  if (starts("denosumab 60 mg, 6 doses")) return r.boluses("denosumab", 60, t0, half_year, 6).stops;
  if (starts("romosozumab 210 mg, 12 doses")) return r.boluses("romosozumab", 210, t0, kMonthDays, 12).stops;
  if (starts("romosozumab 210 mg x 12 monthly, then alendronate")) {
    return r.boluses("romosozumab", 210, t0, kMonthDays, 12).boluses("alendronate", 70, t0 + kYearDays, 7, 104).stops;
  }
  if (starts("romosozumab 210 mg x 12 monthly, then denosumab")) {
    return r.boluses("romosozumab", 210, t0, kMonthDays, 12).boluses("denosumab", 60, t0 + kYearDays, half_year, 8).stops;
  }
  if (starts("teriparatide 20 ug/d 0-24 mo")) {
    r.continuous("teriparatide", 20, t0, t0 + 730);
    if (starts("teriparatide 20 ug/d 0-24 mo, then denosumab")) r.boluses("denosumab", 60, t0 + 730, half_year, 4);
    if (starts("teriparatide 20 ug/d 0-24 mo with denosumab")) r.boluses("denosumab", 60, t0, half_year, 4);
    return r.stops;
  }
  throw std::runtime_error("unknown regimen " + name);
}

}  // namespace osteosome::support
