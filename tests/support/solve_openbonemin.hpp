// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "solve_support.hpp"

/// The scenarios of tests/data/openbonemin as plans for peterson-riggs-2010 (conventions in the README beside the data).
namespace osteosome::support {

inline constexpr double kMonthHours = 730.5;
inline constexpr double kHalfYearHours = 4383;
inline constexpr double kModelYearHours = 8736;
inline constexpr double kDayHours = 24;
inline constexpr double kTeriparatidePmolPerUg = 1e6 / 4117.8;
inline constexpr double kDenosumabNgPerMg = 0.729e6;

inline void add_denosumab(const compile::Program& p, std::vector<solve::Stop>& stops, double mg, double start, double every, int doses) {
  for (int k = 0; k < doses; ++k) {
    stops.push_back({start + k * every, solve::StopKind::Add, p.state_index("DENSC").value(), mg * kDenosumabNgPerMg});
  }
}
inline void add_teriparatide(const compile::Program& p, std::vector<solve::Stop>& stops, double ug, double start, int doses) {
  for (int k = 0; k < doses; ++k) {
    stops.push_back({start + k * kDayHours, solve::StopKind::Add, p.state_index("TERISC").value(), ug * kTeriparatidePmolPerUg});
  }
}

struct OpenBoneMinScenario {
  std::string file;
  bool teriparatide = false;  ///< wider limit, see README
  /// Stops for the value of the dose column (0 where the file has none).
  std::function<std::vector<solve::Stop>(const compile::Program&, double dose)> stops = [](const compile::Program&, double) {
    return std::vector<solve::Stop>{};
  };
  std::map<std::string, double> parameters = {};
  std::string dose_column = {};
};

inline void PrintTo(const OpenBoneMinScenario& scenario, std::ostream* out) { *out << scenario.file; }

inline std::vector<OpenBoneMinScenario> openbonemin_scenarios() {
  using P = compile::Program;
  using Stops = std::vector<solve::Stop>;
  const auto teri = [](int doses) {
    return [doses](const P& p, double) {
      Stops s;
      add_teriparatide(p, s, 20, 0, doses);
      return s;
    };
  };
  return {
      {"i_steady_10y"},
      {"ii_teri20_intraday", true, teri(180)},
      {"ii_teri20_trough24m", true, teri(730)},
      {"iii_den60_q6m36_off24", false,
       [](const P& p, double) {
         Stops s;
         add_denosumab(p, s, 60, 0, kHalfYearHours, 6);
         return s;
       }},
      {"iv_den_single_doses",
       false,
       [](const P& p, double mg) {
         Stops s;
         add_denosumab(p, s, mg, 0, 0, 1);
         return s;
       },
       {},
       "dose_mg"},
      {"repo_sim_denos",
       false,
       [](const P& p, double mg) {
         Stops s;
         add_denosumab(p, s, mg, 0, 4032, 6);
         return s;
       },
       {},
       "dose_mg"},
      {"repo_sim_teri",
       true,
       [](const P& p, double ug) {
         Stops s;
         add_teriparatide(p, s, ug, 0, 10);
         return s;
       },
       {},
       "dose_ug"},
      {"v_menopause_25y", false, [](const P&, double) { return Stops{}; }, {{"ESTON", 1}}},
      {"v_menopause_den60_from_age55",
       false,
       [](const P& p, double) {
         Stops s;
         add_denosumab(p, s, 60, 14 * kModelYearHours, kHalfYearHours, 6);
         return s;
       },
       {{"ESTON", 1}}},
      {"vi_ckd_gfr100to16_10y", false, [](const P&, double) { return Stops{}; }, {{"GFRdelta", 84}, {"GFRtau", 10}}},
      {"vi_ckd_gfr100to50_10y", false, [](const P&, double) { return Stops{}; }, {{"GFRdelta", 50}, {"GFRtau", 10}}},
      {"vi_lowcalcium_half_5y", false, [](const P&, double) { return Stops{}; }, {{"OralCa", 24.055 / 48}}},
      {"vi_phpt_infusion_2y", false,
       [](const P& p, double) {
         const auto pth = p.state_index("PTH").value();
         return Stops{{0, solve::StopKind::ChangeRate, pth, 385}, {24 * kMonthHours, solve::StopKind::ChangeRate, pth, -385}};
       }},
      {"vi_vitd_half_5y", false, [](const P&, double) { return Stops{}; }, {{"T65", 3.15}}},
      {"vii_den24m_then_teri24m", true,
       [](const P& p, double) {
         Stops s;
         add_denosumab(p, s, 60, 0, kHalfYearHours, 4);
         add_teriparatide(p, s, 20, 731 * kDayHours, 730);
         return s;
       }},
      {"vii_teri20_plus_den60_24m", true,
       [](const P& p, double) {
         Stops s;
         add_denosumab(p, s, 60, 0, kHalfYearHours, 4);
         add_teriparatide(p, s, 20, 0, 730);
         return s;
       }},
      {"vii_teri24m_then_den24m", true,
       [](const P& p, double) {
         Stops s;
         add_denosumab(p, s, 60, 730 * kDayHours, kHalfYearHours, 4);
         add_teriparatide(p, s, 20, 0, 730);
         return s;
       }},
  };
}

/// What a scenario's file says against what an engine gives.
struct ColumnComparison {
  std::string column;
  bool bmd = false;            ///< the source rounds constants of this one to single precision
  bool zero_in_file = false;   ///< every value is 0
  bool zero_here = false;
  double error = 0;            ///< largest difference / largest value of the column (percent-change columns as 1 + x/100)
  double time = 0;             ///< where
};
struct Comparison {
  std::vector<ColumnComparison> columns;
  std::vector<solve::SubjectResult> results;  ///< one a dose group
};

inline Comparison compare_openbonemin(const compile::Program& program, const OpenBoneMinScenario& scenario, Engine engine,
                                      const solve::Options& options) {
  const Table table = read_table(data_file("openbonemin/" + scenario.file + ".csv"));
  std::vector<std::string> names;
  for (const auto& c : table.header) {
    if (c != "time" && c != scenario.dose_column) names.push_back(c);
  }
  Comparison out;
  for (const auto& name : names) {
    out.columns.push_back({.column = name, .bmd = name.starts_with("BMD"), .zero_in_file = true, .zero_here = true});
  }
  std::vector<double> size(names.size(), 0), worst(names.size(), 0);
  for (std::size_t begin = 0; begin < table.rows.size();) {
    const auto dose_of = [&](std::size_t r) {
      return scenario.dose_column.empty() ? 0.0 : number(table.rows[r][table.column(scenario.dose_column)]);
    };
    std::size_t end = begin;
    std::vector<double> times;
    for (; end < table.rows.size() && dose_of(end) == dose_of(begin); ++end) times.push_back(number(table.rows[end][table.column("time")]));
    solve::SubjectPlan plan = plan_for(program, scenario.stops(program, dose_of(begin)), times);
    for (const auto& [id, value] : scenario.parameters) plan.parameters[program.parameter_index(id).value()] = value;
    out.results.push_back(run_one(engine, program, plan, options));
    const auto values = observe(program, plan, out.results.back(), names);
    for (std::size_t c = 0; c < names.size(); ++c) {
      const bool change = names[c] == "BMDlsDENchange";
      const std::size_t column = table.column(names[c]);
      for (std::size_t k = 0; k < times.size(); ++k) {
        double file = number(table.rows[begin + k][column]), here = values[k][c];
        if (file != 0) out.columns[c].zero_in_file = false;
        if (!(here == 0)) out.columns[c].zero_here = false;
        if (change) {
          file = 1 + file / 100;
          here = 1 + here / 100;
        }
        size[c] = std::max(size[c], std::abs(file));
        const double d = std::abs(here - file);
        if (!(d <= worst[c])) {
          worst[c] = d;
          out.columns[c].time = times[k];
        }
      }
    }
    begin = end;
  }
  for (std::size_t c = 0; c < names.size(); ++c) {
    out.columns[c].error = size[c] > 0 ? worst[c] / size[c] : worst[c];
  }
  return out;
}

}  // namespace osteosome::support
