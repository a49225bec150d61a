// SPDX-License-Identifier: Apache-2.0
#include "osteosome/cohort/trajectories.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/core/time.hpp"

namespace osteosome::cohort {

Trajectories::Trajectories(std::size_t subjects, std::vector<double> days, std::vector<std::string> outputs)
    : days_(std::move(days)), outputs_(std::move(outputs)), values_(subjects * days_.size() * outputs_.size(), std::nan("")), endings_(subjects) {
  for (Ending& ending : endings_) ending.days_reached = std::nan("");
}

std::size_t Trajectories::output(const std::string& name) const {
  const auto at = std::find(outputs_.begin(), outputs_.end(), name);
  if (at == outputs_.end())
    throw core::Error(core::ErrorKind::Input, {"simulate-005", "nobody looked at '" + name + "'", {}, core::did_you_mean(name, outputs_)});
  return static_cast<std::size_t>(at - outputs_.begin());
}

std::size_t Trajectories::time(double day) const {
  const auto at = std::find_if(days_.begin(), days_.end(), [&](double d) { return core::same_instant(d, day); });
  if (at == days_.end()) {
    throw core::Error(core::ErrorKind::Input, {"simulate-006", "nobody looked at day " + core::format_double(day), {}, "Add it to the observation."});
  }
  return static_cast<std::size_t>(at - days_.begin());
}

Band Trajectories::change_band(const std::string& output, double day, double share) const {
  const std::size_t o = this->output(output), k = time(day);
  std::vector<double> changes;
  for (std::size_t s = 0; s < size(); ++s) {
    if (const double x = change(s, k, o); std::isfinite(x)) changes.push_back(x);
  }
  std::sort(changes.begin(), changes.end());
  const auto quantile = [&](double q) { return quantile_of_sorted(changes, q); };
  return {quantile((1 - share) / 2), quantile(0.5), quantile((1 + share) / 2)};
}

std::size_t Trajectories::failed() const {
  return static_cast<std::size_t>(std::count_if(endings_.begin(), endings_.end(), [](const Ending& e) {
    return e.status != solve::Status::Completed;
  }));
}

double quantile_of_sorted(std::span<const double> sorted, double q) {
  if (sorted.empty()) return std::nan("");
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const double share = position - static_cast<double>(below);
  return below + 1 < sorted.size() ? sorted[below] + share * (sorted[below + 1] - sorted[below]) : sorted[below];
}

}  // namespace osteosome::cohort
