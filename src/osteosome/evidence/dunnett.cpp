// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/dunnett.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "osteosome/core/random.hpp"

namespace osteosome::evidence {
namespace {

constexpr std::size_t kNodes = 80;
constexpr double kReach = 9;  // standard deviations, beyond which densities are below 1e-17

struct Node {
  double x, weight;
};

/// Nodes over [low, high] with weights proportional to exp(log_density), of sum 1.
template <class LogDensity>
std::vector<Node> nodes(double low, double high, LogDensity log_density) {
  std::vector<Node> out;
  double sum = 0;
  for (std::size_t i = 1; i < kNodes; ++i) {  // the density vanishes at both ends
    const double x = low + (high - low) * static_cast<double>(i) / kNodes;
    out.push_back({x, std::exp(log_density(x))});
    sum += out.back().weight;
  }
  for (Node& n : out) n.weight /= sum;
  return out;
}

/// The estimated over the true standard deviation: chi / sqrt(degrees).
std::vector<Node> estimated_sd(double degrees) {
  const double reach = kReach / std::sqrt(2 * degrees);
  return nodes(std::max(0.0, 1 - reach), 1 + reach, [&](double s) { return (degrees - 1) * std::log(s) - degrees * (s * s - 1) / 2; });
}

/// P(all |T| < c).
double all_within(double c, std::size_t comparisons, const std::vector<Node>& sds, const std::vector<Node>& controls) {
  double sum = 0;
  for (const Node& s : sds) {
    const double half = std::numbers::sqrt2 * c * s.x;
    double inner = 0;
    for (const Node& z : controls)
      inner += z.weight * std::pow(core::normal_probability(z.x + half) - core::normal_probability(z.x - half), static_cast<double>(comparisons));
    sum += s.weight * inner;
  }
  return sum;
}

}  // namespace

double dunnett_critical(double probability, std::size_t comparisons, double degrees) {
  const auto sds = estimated_sd(degrees), controls = nodes(-kReach, kReach, [](double z) { return -z * z / 2; });
  const auto excess = [&](double c) { return all_within(c, comparisons, sds, controls) - probability; };
  double low = 0, high = 2, at_low = -probability, at_high = excess(high);
  while (at_high < 0) {
    low = std::exchange(high, 2 * high);
    at_low = std::exchange(at_high, excess(high));
  }
  constexpr double kClose = 1e-10;
  for (int side = 0; high - low > kClose;) {  // false position, Illinois
    const double c = (low * at_high - high * at_low) / (at_high - at_low), at = excess(c);
    if (std::abs(at) < 1e-13) return c;
    if (at < 0) {
      low = c;
      at_low = at;
      if (side == -1) at_high /= 2;
      side = -1;
    } else {
      high = c;
      at_high = at;
      if (side == 1) at_low /= 2;
      side = 1;
    }
  }
  return (low + high) / 2;
}

double dunnett_p(double t, const std::vector<double>& groups, double control, double degrees) {
  constexpr double kFewestDegrees = 4;
  if (degrees < kFewestDegrees) return std::nan("");
  const auto sds = estimated_sd(degrees), controls = nodes(-kReach, kReach, [](double z) { return -z * z / 2; });
  double within = 0;
  for (const Node& s : sds) {
    for (const Node& z : controls) {
      double all = s.weight * z.weight;
      for (const double n : groups) {
        const double share = n / (n + control), own = std::sqrt(1 - share), shared = std::sqrt(share) * z.x;  // T's own part, and the control's
        all *= core::normal_probability((std::abs(t) * s.x + shared) / own) - core::normal_probability((-std::abs(t) * s.x + shared) / own);
      }
      within += all;
    }
  }
  return std::clamp(1 - within, 0.0, 1.0);
}

double noncentral_t_above(double c, double degrees, double shift) {
  double sum = 0;
  for (const Node& s : estimated_sd(degrees)) sum += s.weight * core::normal_probability(shift - c * s.x);
  return sum;
}

}  // namespace osteosome::evidence
