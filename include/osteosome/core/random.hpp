// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace osteosome::core {

/// Counter-based random stream keyed by (seed, subject, purpose): subject 17 draws the same numbers in every run, whatever
/// else is drawn. Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405).
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t subject, std::string_view purpose);

  /// Uniform in (0, 1), 53 bits.
  [[nodiscard]] double uniform();
  /// Standard normal, by inversion of one uniform (Wichura 1988, AS 241, doi:10.2307/2347330).
  [[nodiscard]] double normal();

  /// How many numbers have been drawn; a stream of the same key that is moved there goes on with the same numbers.
  [[nodiscard]] std::uint64_t position() const { return counter_; }
  void move_to(std::uint64_t position) { counter_ = position; }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t subject_;
  std::uint64_t counter_ = 0;
};

/// Quantile of the standard normal at p in (0, 1); relative accuracy about 1e-16.
[[nodiscard]] double normal_quantile(double p);
/// Distribution function of the standard normal.
[[nodiscard]] double normal_probability(double x);

}  // namespace osteosome::core
