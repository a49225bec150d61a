// SPDX-License-Identifier: Apache-2.0
#include "calibration_texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::tasks {
namespace {

using calibrate::Unknown;

/// The parameters that have the value of unknown k.
std::vector<std::string> names_of(const evidence::CalibrationPlan& plan, std::size_t k) {
  std::vector<std::string> names = {plan.unknowns[k].name};
  names.insert(names.end(), plan.also[k].begin(), plan.also[k].end());
  return names;
}

/// Text that may stand between double quotes of TOML.
std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out;
}

}  // namespace

std::map<std::string, double> by_name(const evidence::CalibrationPlan& plan, const std::vector<double>& point) {
  std::map<std::string, double> values;
  for (std::size_t k = 0; k < plan.unknowns.size(); ++k) {
    for (const std::string& name : names_of(plan, k)) values[name] = point[k];
  }
  return values;
}

std::string overlay_text(const evidence::CalibrationPlan& plan, const model::Model& names, const std::string& of, const std::string& from,
                         const std::vector<double>& values, const std::vector<double>& standard_errors,
                         const std::function<bool(std::size_t)>& kept) {
  std::string out = fmt::format(
      "# Written by osteosome calibrate {}; do not edit.\n\n[overlay]\ntitle = \"{}\"\nof = \"{}\"\nensemble = \"ensemble.csv\"\nsource = "
      "\"osteosome calibrate {}: {}\"\n\n[parameters]\n",
      quoted(plan.file), quoted(plan.title), of, quoted(plan.file), from);
  for (std::size_t k = 0; k < plan.unknowns.size(); ++k) {
    if (!kept(k)) continue;  // stays what its document says
    for (const std::string& name : names_of(plan, k)) {
      out += fmt::format("\"{}\" = {{ value = {}, unit = \"{}\", kind = \"fitted\", standard_error = {:.3g} }}\n", name,
                         core::format_double(values[k]), names.find_parameter(name)->unit.text, std::min(standard_errors[k], 1e9));
    }
  }
  return out;
}

std::string ensemble_text(const evidence::CalibrationPlan& plan, const std::vector<std::vector<double>>& draws) {
  std::vector<std::string> header;
  std::vector<std::size_t> unknown;  // of each column
  for (std::size_t k = 0; k < plan.unknowns.size(); ++k) {
    for (const std::string& name : names_of(plan, k)) {
      header.push_back(name);
      unknown.push_back(k);
    }
  }
  std::string out = core::csv_line(header);
  for (const auto& draw : draws) {
    std::vector<std::string> cells;
    for (const std::size_t k : unknown) cells.push_back(core::format_double(draw[k]));
    out += core::csv_line(cells);
  }
  return out;
}

std::string profiles_text(const evidence::CalibrationPlan& plan, const calibrate::Residuals& objective, const calibrate::Fit& fit,
                          const std::stop_token& stop) {
  std::vector<std::string> header = {"parameter", "held_at", "cost"};
  for (const Unknown& u : plan.unknowns) header.push_back(u.name);
  std::string out = core::csv_line(header);
  for (const std::string& name : plan.profiles) {
    const auto at = std::find_if(plan.unknowns.begin(), plan.unknowns.end(), [&](const Unknown& u) { return u.name == name; });
    const auto index = static_cast<std::size_t>(at - plan.unknowns.begin());
    for (const auto& point : calibrate::profile(plan.unknowns, objective, fit, index, plan.profile_points, plan.settings, stop)) {
      std::vector<std::string> cells = {name, core::format_double(point.value), fmt::format("{:.6g}", point.cost)};
      for (const double x : point.values) cells.push_back(core::format_double(x));
      out += core::csv_line(cells);
    }
  }
  return out;
}

std::string bound_of(const Unknown& u, double value) {
  constexpr double kNear = 1e-3;
  const auto on_scale = [&](double x) { return u.logarithmic ? std::log(x) : x; };
  const double share = (on_scale(value) - on_scale(u.low)) / (on_scale(u.high) - on_scale(u.low));
  return share < kNear ? "lower" : share > 1 - kNear ? "upper" : "";
}

std::vector<std::string> fit_warnings(const evidence::CalibrationPlan& plan, const calibrate::Fit& fit) {
  std::vector<std::string> warnings;
  for (std::size_t k = 0; k < plan.unknowns.size(); ++k) {
    const Unknown& u = plan.unknowns[k];
    const std::string bound = bound_of(u, fit.values[k]);
    if (!bound.empty())
      warnings.push_back(fmt::format("{} ended at its {} bound, {}: the bound, a prior or the model is wrong, or the data do not tell it", u.name,
                                     bound, core::format_double(bound == "lower" ? u.low : u.high)));
  }
  if (!fit.converged) {
    const auto best = std::min_element(fit.start_costs.begin(), fit.start_costs.end());
    warnings.push_back("not converged: " +
                       (best == fit.start_costs.end() ? std::string("no start")
                                                      : fit.start_outcomes[static_cast<std::size_t>(best - fit.start_costs.begin())]));
  }
  return warnings;
}

}  // namespace osteosome::tasks
