// SPDX-License-Identifier: Apache-2.0
#include "train_map.hpp"

#include <algorithm>
#include <cmath>

namespace osteosome::simulate {
namespace {

constexpr int kRounds = 40;
constexpr int kMostDoublings = 24;      // a round is good for 2^24 repetitions at most
constexpr int kFirstDoublings = 2, kMoreDoublings = 4;  // and a round more than the last, as the states near their rest
constexpr int kPatience = 4;            // rounds of most doublings after which a state that still grows is given up
constexpr double kPerturbation = 1e-3;  // of each state's peak: exact for linear kinetics whatever its size
constexpr double kSettled = 1e-3;       // of the jump: what the last doubling adds when all repetitions are in it
constexpr double kConverged = 1e-8;     // of each state's peak
constexpr double kStalled = 1e-6;       // the same where rounding of slow states leaves no more
constexpr double kFarthest = 1e3;       // jumps go no further than this multiple of the peak
constexpr double kNegative = 1e-9;      // of the peak, below 0 by rounding
constexpr double kPulledBack = 1e-7;    // of each state's peak: two integrations of some length differ by 1e-8
constexpr int kFirstTrain = 8, kLongestTrain = 1 << 12, kLongTrain = 1 << 10;
constexpr double kGrows = 1.5;  // change by twice as many doses, over the change before

using Matrix = std::vector<std::vector<double>>;

Matrix squared(const Matrix& a) {
  const std::size_t n = a.size();
  Matrix b(n, std::vector<double>(n, 0));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) {
      if (a[i][k] == 0) continue;
      for (std::size_t j = 0; j < n; ++j) {
        if (a[k][j] != 0) b[i][j] += a[i][k] * a[k][j];
      }
    }
  }
  return b;
}

/// Sums r + M r + M^2 r ... of 1, 2, 4, ... terms.
std::vector<std::vector<double>> power_sums(Matrix m, const std::vector<double>& r, const std::vector<double>& width, int doublings) {
  std::vector<std::vector<double>> sums = {r};
  for (int p = 0; p < doublings; ++p) {
    std::vector<double> next = sums.back();
    bool more = false;
    for (std::size_t i = 0; i < r.size(); ++i) {
      double moved = 0;
      for (std::size_t j = 0; j < r.size(); ++j) {
        if (m[i][j] != 0) moved += m[i][j] * sums.back()[j];
      }
      next[i] += moved;
      more = more || !(std::abs(moved) <= width[i]);
    }
    sums.push_back(std::move(next));
    if (!more) break;
    if (p + 1 < doublings) m = squared(m);
  }
  return sums;
}

class Follower {
 public:
  Follower(const TrainRunner& runner, const Influence& influence, const Stretch& stretch, const std::vector<char>& still,
           const std::vector<double>& from)
      : runner_(runner), influence_(influence), stretch_(stretch), x_(from), before_(from), peak_(x_.size(), 0), patience_(x_.size(), 0) {
    for (std::size_t i = 0; i < x_.size(); ++i) {
      if (still[i] == 0) free_.push_back(i);
    }
  }

  Approach run() {
    double last_jump = 0;
    for (int round = 0; round < kRounds; ++round) {
      const Orbit base = runner_.over(stretch_, x_);
      if (!base.completed()) return problem(base);
      for (const std::size_t i : free_) peak_[i] = std::max(peak_[i], base.peak[i]);
      if (!linearise(base)) return outcome();
      const int doublings = std::min(kFirstDoublings + kMoreDoublings * round, kMostDoublings);
      const auto sums = power_sums(map_, change(base), widths(), doublings);
      const bool complete = all_in(sums);
      if (!complete && doublings == kMostDoublings && lost_patience(sums)) return outcome();
      const double jump = relative_size(sums.back());
      go_on(base, sums);
      const bool stalled = round > 0 && jump > last_jump / 2 && jump <= kStalled;
      if (complete && (jump <= kConverged || stalled)) return outcome();
      last_jump = jump;
    }
    for (const std::size_t i : free_) {
      if (std::abs(x_[i] - before_[i]) > kStalled * peak_[i]) patience_[i] = kPatience;
    }
    return outcome();
  }

 private:
  [[nodiscard]] std::vector<double> change(const Orbit& base) const {
    std::vector<double> r;
    for (const std::size_t i : free_) r.push_back(base.end[i] - x_[i]);
    return r;
  }

  [[nodiscard]] std::vector<double> widths() const {
    std::vector<double> w;
    for (const std::size_t i : free_) w.push_back(kConverged / 100 * peak_[i]);
    return w;
  }

  /// d(states after the stretch)/d(states before it), by differences where there is a dependence at all. False if that cannot be integrated.
  bool linearise(const Orbit& base) {
    const std::size_t n = free_.size();
    map_.assign(n, std::vector<double>(n, 0));
    const DoseTrain& train = runner_.train();
    const double dose = std::max(train.amount, train.rate * std::max(train.duration, stretch_.length));
    for (std::size_t j = 0; j < n; ++j) {
      const double size = peak_[free_[j]] > 0 ? peak_[free_[j]] : dose > 0 ? dose : 1;
      std::vector<double> from = x_;
      from[free_[j]] += kPerturbation * size;
      const double shift = from[free_[j]] - x_[free_[j]];
      const Orbit moved = runner_.over(stretch_, from);
      if (!moved.completed()) {
        problem_ = moved.result.message;
        return false;
      }
      for (std::size_t i = 0; i < n; ++i) {
        if (i == j || influence_.depends(free_[i], free_[j])) map_[i][j] = (moved.end[free_[i]] - base.end[free_[i]]) / shift;
      }
    }
    return true;
  }

  [[nodiscard]] bool in(const std::vector<std::vector<double>>& sums, std::size_t k) const {
    const double added = std::abs(sums.back()[k] - sums[sums.size() - 2][k]);
    return added <= std::max(kSettled * std::abs(sums.back()[k]), kConverged * peak_[free_[k]]);
  }
  [[nodiscard]] bool all_in(const std::vector<std::vector<double>>& sums) const {
    for (std::size_t k = 0; k < free_.size(); ++k) {
      if (!in(sums, k)) return false;
    }
    return true;
  }
  bool lost_patience(const std::vector<std::vector<double>>& sums) {
    bool lost = false;
    for (std::size_t k = 0; k < free_.size(); ++k) {
      if (!in(sums, k)) lost = ++patience_[free_[k]] >= kPatience || lost;
    }
    return lost;
  }
  [[nodiscard]] Approach outcome() const {
    Approach a{x_, peak_, std::vector<char>(x_.size(), 0), problem_};
    for (std::size_t i = 0; i < x_.size(); ++i) a.restless[i] = patience_[i] >= kPatience ? 1 : 0;
    return a;
  }
  [[nodiscard]] Approach problem(const Orbit& orbit) {
    problem_ = orbit.result.message;
    return outcome();
  }

  [[nodiscard]] double relative_size(const std::vector<double>& jump) const {
    double size = 0;
    for (std::size_t k = 0; k < free_.size(); ++k) {
      if (peak_[free_[k]] > 0) size = std::max(size, std::abs(jump[k]) / peak_[free_[k]]);
    }
    return size;
  }

  /// The longest jump that neither leaves the range of what was seen far behind nor makes an amount negative; one repetition always is.
  void go_on(const Orbit& base, const std::vector<std::vector<double>>& sums) {
    before_ = x_;
    for (std::size_t p = sums.size(); p-- > 0;) {
      bool fits = true;
      for (std::size_t k = 0; k < free_.size() && fits && p > 0; ++k) {
        const std::size_t i = free_[k];
        const double to = x_[i] + sums[p][k];
        const bool positive = x_[i] >= 0 && base.end[i] >= 0;
        fits = std::abs(to) <= kFarthest * std::max(peak_[i], std::abs(base.end[i])) && (!positive || to >= -kNegative * peak_[i]);
      }
      if (!fits) continue;
      for (std::size_t k = 0; k < free_.size(); ++k) {
        const std::size_t i = free_[k];
        const bool positive = x_[i] >= 0 && base.end[i] >= 0;
        x_[i] += sums[p][k];
        if (positive) x_[i] = std::max(x_[i], 0.0);
      }
      return;
    }
  }

  const TrainRunner& runner_;
  const Influence& influence_;
  const Stretch& stretch_;
  std::vector<double> x_, before_, peak_;
  Matrix map_;
  std::string problem_;
  std::vector<int> patience_;
  std::vector<std::size_t> free_;
};

}  // namespace

bool Approach::settled() const {
  return std::none_of(restless.begin(), restless.end(), [](char r) { return r != 0; });
}

Approach follow_map(const TrainRunner& runner, const Influence& influence, const Stretch& stretch, const std::vector<char>& still,
                    const std::vector<double>& from) {
  return Follower(runner, influence, stretch, still, from).run();
}

Approach pull_back(const TrainRunner& runner, double end, double unit, const std::vector<char>& still, const std::vector<double>& from) {
  const std::size_t n = from.size();
  Approach a{from, std::vector<double>(n, 0), std::vector<char>(n, 0), ""};
  std::vector<double> last_change(n, 0);
  for (int doses = kFirstTrain; doses <= kLongestTrain; doses *= 2) {
    const Orbit orbit = runner.over({end - doses * unit, doses, doses * unit}, from);
    if (!orbit.completed()) {
      a.problem = orbit.result.message;
      return a;
    }
    bool converged = doses > kFirstTrain;
    for (std::size_t i = 0; i < n; ++i) {
      if (still[i] != 0) continue;
      a.peak[i] = std::max(a.peak[i], orbit.peak[i]);
      const double change = std::abs(orbit.end[i] - a.states[i]);
      const bool there = change <= kPulledBack * a.peak[i];
      converged = converged && there;
      a.restless[i] = !there && change >= kGrows * last_change[i] ? 1 : 0;
      last_change[i] = change;
    }
    a.states = orbit.end;
    if (converged || (doses >= kLongTrain && !a.settled())) return a;
  }
  a.problem = "it repeats itself nowhere, and what lies more than " + std::to_string(kLongestTrain) + " intervals back still shows";
  return a;
}

}  // namespace osteosome::simulate
