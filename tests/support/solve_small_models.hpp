// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "solve_support.hpp"

/// Small models with known answers.
namespace osteosome::support {

/// dx/dt = -rate*x, x(0) = 1, and y that nothing moves, y(0) = 3.
inline SmallModel decay_model(double rate) { return {{{"k", rate}}, {{"x", "1", "-k*x", ""}, {"y", "3", "zero*y", ""}}, {}}; }

/// Depot, central and peripheral compartment with first-order rates; amounts.
struct TwoCompartments {
  double ka = 1.2, ke = 0.15, k12 = 0.3, k21 = 0.1;

  [[nodiscard]] SmallModel model() const {
    return {{{"ka", ka}, {"ke", ke}, {"k12", k12}, {"k21", k21}},
            {{"depot", "0", "-ka*depot", ""},
             {"central", "0", "ka*depot - (ke + k12)*central + k21*peripheral", ""},
             {"peripheral", "0", "k12*central - k21*peripheral", ""}},
            {}};
  }
  /// Central amount at time t after a unit dose into the depot (sum of three exponentials).
  [[nodiscard]] double central_after_oral(double t) const {
    if (t <= 0) return 0;
    const double sum = ke + k12 + k21;
    const double root = std::sqrt(sum * sum - 4 * ke * k21);
    const double a = (sum + root) / 2, b = (sum - root) / 2;
    return ka * ((k21 - ka) / ((a - ka) * (b - ka)) * std::exp(-ka * t) + (k21 - a) / ((ka - a) * (b - a)) * std::exp(-a * t) +
                 (k21 - b) / ((ka - b) * (a - b)) * std::exp(-b * t));
  }
};

/// Central amount of a one-compartment model at time t after a unit dose into the depot.
inline double central_after_oral(double ka, double ke, double t) { return t <= 0 ? 0 : ka / (ka - ke) * (std::exp(-ke * t) - std::exp(-ka * t)); }
inline SmallModel one_compartment(double ka, double ke) {
  return {{{"ka", ka}, {"ke", ke}}, {{"depot", "0", "-ka*depot", ""}, {"central", "0", "ka*depot - ke*central", ""}}, {}};
}

/// Robertson's kinetics; y2 stays near 1e-8 for most of the time.
inline SmallModel robertson() {
  return {{{"k1", 0.04}, {"k2", 3e7}, {"k3", 1e4}},
          {{"y1", "1", "-k1*y1 + k3*y2*y3", ""}, {"y2", "0", "k1*y1 - k3*y2*y3 - k2*y2*y2", "1e-5"}, {"y3", "0", "k2*y2*y2", "1"}},
          {}};
}

/// Harmonic oscillator of period 2 pi: x = cos(t), y = -sin(t).
inline SmallModel oscillator() { return {{}, {{"x", "1", "y", ""}, {"y", "0", "-x", "1"}}, {}}; }

}  // namespace osteosome::support
