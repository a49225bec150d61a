// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace osteosome::solve {

/// Vector loops of the lane integrator, one set an instruction set. Arrays are [rows][lanes], lanes a multiple of the vector width.
struct LaneKernels {
  /// out = base + sum_j coefficient[j] * k[j], over rows*lanes doubles.
  void (*combine)(double* out, const double* base, const double* const* k, const double* coefficient, int terms, std::size_t count);
  /// argument = base + sum_j a[j] * k[j] and sum = sum_j c[j] * k[j], reading each k once; terms >= 1.
  void (*combine_pair)(double* argument, const double* base, double* sum, const double* const* k, const double* a, const double* c, int terms,
                       std::size_t count);
  /// sum = f + sum * scale[lane].
  void (*add_scaled)(double* sum, const double* f, const double* scale, std::size_t rows, std::size_t lanes);
  /// x = x + h * factor * f over one row of lanes, the last product and the sum fused.
  void (*add_product)(double* x, const double* h, double factor, const double* f, std::size_t lanes);
  /// atol = max(atol, growth * |x|).
  void (*grow)(double* atol, const double* growth, const double* x, std::size_t count);
  /// weights = atol + rtol * max(|x|, |y|).
  void (*weights)(double* weights, const double* x, const double* y, const double* atol, double rtol, std::size_t count);
  /// Over one row of lanes: weight = max(weight, min(most * atol, decay * fed_weight[m] / |fed[m]| for every m)), decay = -diagonal, and unchanged
  /// where that is not positive.
  void (*worth)(double* weight, const double* atol, double most, const double* diagonal, const double* const* fed, const double* const* fed_weight,
                std::size_t count, std::size_t lanes);
  /// out[lane] = largest over rows of |error| / weight; NaN if one is NaN.
  void (*error)(double* out, const double* error, const double* weights, std::size_t rows, std::size_t lanes);
  /// x = accept[lane] != 0 ? y : x.
  void (*accept)(double* x, const double* y, const double* accept, std::size_t rows, std::size_t lanes);
  /// x = add[i] != 0 ? x + add : x over one row of lanes.
  void (*add_where)(double* x, const double* add, std::size_t lanes);
  /// The interpolant between x and y at `theta` in one lane, for every row: (1 - theta) x + theta (y + (1 - theta) p(theta)), where p has the
  /// coefficients dense[m][row][lane]; to values[row * stride]. Also its derivative by theta, if `slopes` is not null.
  void (*interpolate)(double* values, double* slopes, std::size_t stride, const double* x, const double* y, const double* dense, int terms,
                      double theta, std::size_t rows, std::size_t lanes);
  /// out = max(x, least)^exponent over one row of lanes.
  void (*power)(double* out, const double* x, double least, double exponent, std::size_t lanes);
};

extern const LaneKernels kLaneKernels_scalar;
extern const LaneKernels kLaneKernels_avx2;
extern const LaneKernels kLaneKernels_avx512;

}  // namespace osteosome::solve
