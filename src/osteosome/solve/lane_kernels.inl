// SPDX-License-Identifier: Apache-2.0
// Compiled once an instruction set with OSTEOSOME_WIDTH lanes a vector; see tape_kernel.inl for what may not stand here.
#include "lane_kernels.hpp"
#include "osteosome/core/lane_math.hpp"

namespace osteosome::solve {
namespace {

constexpr int W = OSTEOSOME_WIDTH;
using V = lane::Real<W>;

inline const V* vec(const double* p) { return reinterpret_cast<const V*>(p); }
inline V* vec(double* p) { return reinterpret_cast<V*>(p); }
inline V magnitude(V x) { return lane::select<W>(x < 0.0, -x, x); }

template <int Terms>
void combine_n(double* out, const double* base, const double* const* k, const double* coefficient, std::size_t count) {
  for (std::size_t i = 0; i < count / W; ++i) {
    V sum = vec(base)[i];
    for (int j = 0; j < Terms; ++j) sum = lane::fma<W>(lane::splat<W>(coefficient[j]), vec(k[j])[i], sum);
    vec(out)[i] = sum;
  }
}

void combine(double* out, const double* base, const double* const* k, const double* c, int terms, std::size_t count) {
  switch (terms) {
    case 0: return combine_n<0>(out, base, k, c, count);
    case 1: return combine_n<1>(out, base, k, c, count);
    case 2: return combine_n<2>(out, base, k, c, count);
    case 3: return combine_n<3>(out, base, k, c, count);
    case 4: return combine_n<4>(out, base, k, c, count);
    case 5: return combine_n<5>(out, base, k, c, count);
    case 6: return combine_n<6>(out, base, k, c, count);
    case 7: return combine_n<7>(out, base, k, c, count);
    default: return combine_n<8>(out, base, k, c, count);
  }
}

template <int Terms>
void combine_pair_n(double* argument, const double* base, double* sum, const double* const* k, const double* a, const double* c, std::size_t count) {
  for (std::size_t i = 0; i < count / W; ++i) {
    const V first = vec(k[0])[i];
    V x = lane::fma<W>(lane::splat<W>(a[0]), first, vec(base)[i]);
    V s = lane::splat<W>(c[0]) * first;
    for (int j = 1; j < Terms; ++j) {
      const V next = vec(k[j])[i];
      x = lane::fma<W>(lane::splat<W>(a[j]), next, x);
      s = lane::fma<W>(lane::splat<W>(c[j]), next, s);
    }
    vec(argument)[i] = x;
    vec(sum)[i] = s;
  }
}

void combine_pair(double* argument, const double* base, double* sum, const double* const* k, const double* a, const double* c, int terms,
                  std::size_t count) {
  switch (terms) {
    case 1: return combine_pair_n<1>(argument, base, sum, k, a, c, count);
    case 2: return combine_pair_n<2>(argument, base, sum, k, a, c, count);
    case 3: return combine_pair_n<3>(argument, base, sum, k, a, c, count);
    case 4: return combine_pair_n<4>(argument, base, sum, k, a, c, count);
    case 5: return combine_pair_n<5>(argument, base, sum, k, a, c, count);
    case 6: return combine_pair_n<6>(argument, base, sum, k, a, c, count);
    default: return combine_pair_n<7>(argument, base, sum, k, a, c, count);
  }
}

void add_scaled(double* sum, const double* f, const double* scale, std::size_t rows, std::size_t lanes) {
  const std::size_t chunks = lanes / W;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t l = 0; l < chunks; ++l) {
      const std::size_t i = r * chunks + l;
      vec(sum)[i] = lane::fma<W>(vec(sum)[i], vec(scale)[l], vec(f)[i]);
    }
  }
}

void add_product(double* x, const double* h, double factor, const double* f, std::size_t lanes) {
  for (std::size_t l = 0; l < lanes / W; ++l) vec(x)[l] = lane::fma<W>(vec(h)[l] * lane::splat<W>(factor), vec(f)[l], vec(x)[l]);
}

void grow(double* atol, const double* growth, const double* x, std::size_t count) {
  for (std::size_t i = 0; i < count / W; ++i) {
    const V reached = vec(growth)[i] * magnitude(vec(x)[i]);
    vec(atol)[i] = lane::select<W>(reached > vec(atol)[i], reached, vec(atol)[i]);
  }
}

void weights(double* w, const double* x, const double* y, const double* atol, double rtol, std::size_t count) {
  for (std::size_t i = 0; i < count / W; ++i) {
    const V ax = magnitude(vec(x)[i]);
    const V ay = magnitude(vec(y)[i]);
    vec(w)[i] = lane::fma<W>(lane::splat<W>(rtol), lane::select<W>(ax > ay, ax, ay), vec(atol)[i]);
  }
}

void worth(double* weight, const double* atol, double most, const double* diagonal, const double* const* fed, const double* const* fed_weight,
           std::size_t count, std::size_t lanes) {
  for (std::size_t l = 0; l < lanes / W; ++l) {
    const V decay = -vec(diagonal)[l];
    V limit = vec(atol)[l] * most;
    for (std::size_t m = 0; m < count; ++m) {
      const V told = decay * vec(fed_weight[m])[l] / magnitude(vec(fed[m])[l]);
      limit = lane::select<W>(told < limit, told, limit);
    }
    vec(weight)[l] = lane::select<W>((decay > 0.0) & (limit > vec(weight)[l]), limit, vec(weight)[l]);
  }
}

void error(double* out, const double* e, const double* weight, std::size_t rows, std::size_t lanes) {
  const std::size_t chunks = lanes / W;
  for (std::size_t l = 0; l < chunks; ++l) {
    V total{};
    for (std::size_t r = 0; r < rows; ++r) {
      const V size = magnitude(vec(e)[r * chunks + l] / vec(weight)[r * chunks + l]);
      total = lane::select<W>(size > total, size, lane::select<W>(size != size, size, total));
    }
    vec(out)[l] = total;
  }
}

void accept(double* x, const double* y, const double* mask, std::size_t rows, std::size_t lanes) {
  const std::size_t chunks = lanes / W;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t l = 0; l < chunks; ++l) {
      const std::size_t i = r * chunks + l;
      vec(x)[i] = lane::select<W>(vec(mask)[l] != 0.0, vec(y)[i], vec(x)[i]);
    }
  }
}

void add_where(double* x, const double* add, std::size_t lanes) {
  for (std::size_t l = 0; l < lanes / W; ++l) vec(x)[l] = lane::select<W>(vec(add)[l] != 0.0, vec(x)[l] + vec(add)[l], vec(x)[l]);
}

void interpolate(double* values, double* slopes, std::size_t stride, const double* x, const double* y, const double* dense, int terms, double theta,
                 std::size_t rows, std::size_t lanes) {
  const double rest = 1 - theta;
  for (std::size_t r = 0; r < rows; ++r) {
    double inner = 0, slope = 0;  // of the polynomial in theta and its derivative, by Horner
    for (int m = terms; m-- > 0;) {
      slope = __builtin_fma(theta, slope, inner);
      inner = __builtin_fma(theta, inner, dense[(static_cast<std::size_t>(m) * rows + r) * lanes]);
    }
    const double a = x[r * lanes], b = y[r * lanes];
    values[r * stride] = rest * a + theta * (b + rest * inner);
    if (slopes != nullptr) slopes[r * stride] = b - a + (1 - 2 * theta) * inner + theta * (1 - theta) * slope;
  }
}

void power(double* out, const double* x, double least, double exponent, std::size_t lanes) {
  const V floor = lane::splat<W>(least);
  for (std::size_t l = 0; l < lanes / W; ++l) {
    const V base = lane::select<W>(vec(x)[l] > floor, vec(x)[l], floor);
    vec(out)[l] = lane::exp<W>(lane::log<W>(base) * exponent);
  }
}

}  // namespace

extern const LaneKernels OSTEOSOME_KERNEL = {
    combine, combine_pair, add_scaled, add_product, grow, weights, worth, error, accept, add_where, interpolate, power};

}  // namespace osteosome::solve
