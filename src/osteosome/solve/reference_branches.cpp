// SPDX-License-Identifier: Apache-2.0
// Branches and events of the reference engine at an instant.
#include <cmath>
#include <utility>

#include "reference.hpp"

namespace osteosome::solve {
namespace {

constexpr int kEventRounds = 10'000;
constexpr int kMostLooksAhead = 8;
constexpr double kLevelWidth = 1e-9;  // of a level: what a crossing that CVODES has located leaves open
constexpr double kSnap = 1e-12;  // of time: what CVODES' root finder leaves open, a hundred units in the last place, and some

}  // namespace

/// Branch bits from the states, quantities that equations determine, and events that are due. Returns false if that failed.
bool Reference::settle() {
  for (int round = 0; round < kEventRounds; ++round) {
    if (has_delays()) {
      history_.jump(solver_->states(), now_.parameters);
      look_up_delayed();
    }
    if (!settle_bits(round == 0)) {
      (void)fail(Status::NotFinite, "the fast reactions or algebraic equations do not determine one solution here");
      return false;
    }
    const auto done = setup_.run_events(now_.events, moment(), clock_.result.remarks);
    if (done.parameter_changed) prepare_parameters();
    if (!done.executed) return true;
  }
  (void)fail(Status::EventsDoNotSettle, "events cause each other without end");
  return false;
}

bool Reference::settle_bits(bool first_round) {
  for (std::size_t pass = 0; pass <= bits_.size(); ++pass) {
    if (setup_.has_constraints()) {
      if (!setup_.make_consistent(moment())) return false;
      if (first_round && pass == 0) {
        const auto held = std::move(now_.held);
        now_.held.clear();
        for (const auto& h : held) hold(h.first);  // their gaps moved by rounding only
      }
    }
    gaps_.evaluate(now_.time, solver_->states(), bits_, gap_, delayed_);
    if (!clock_.settle(program_, gap_, bits_)) break;
  }
  return true;
}

/// A gap that is exactly 0 here is not reported as a root when the solver restarts; where it goes decides the bit after this instant. So does it
/// for a level at one of its ends, on either side of which rounding may have put it.
void Reference::look_ahead() {
  gaps_.evaluate(now_.time, solver_->states(), bits_, gap_, delayed_);
  std::vector<std::uint32_t> open;
  for (std::uint32_t k = 0; k < bits_.size(); ++k) {
    if (!timed_.contains(k) && at_boundary(k)) open.push_back(k);
  }
  if (open.empty() || ++looks_ahead_ > kMostLooksAhead) return;
  std::vector<double> slope(n_), ahead(n_), gaps(bits_.size());
  derivative_.evaluate(now_.time, solver_->states(), bits_, slope, delayed_);
  const double dt = 1e-8 * std::max(std::abs(now_.time), 1.0);
  for (std::size_t i = 0; i < n_; ++i) ahead[i] = solver_->states()[i] + dt * (slope[i] + rates_[i]);
  gaps_.evaluate(now_.time + dt, ahead, bits_, gaps, delayed_);
  for (const std::uint32_t k : open) {
    const double value = program_.switches[k].level ? std::floor(gaps[k]) : gaps[k] > 0 ? 1 : 0;
    if (gaps[k] == gap_[k] || value == bits_[k]) continue;
    now_.held.emplace_back(k, gap_[k]);
    now_.late.emplace_back(k, value);
  }
}

bool Reference::at_boundary(std::uint32_t k) const {
  const double gap = gap_[k];
  if (program_.switches[k].level) return std::abs(gap - std::round(gap)) <= kLevelWidth * std::max(std::abs(gap), 1.0);
  return gap == 0 && !clock_.holds(k, gap);
}

void Reference::found_crossings() {
  std::vector<int> found(margins_.size());
  solver_->crossings(found);
  const double at = snapped(clock_.plan, now_.time, kSnap * std::abs(now_.time));
  std::vector<std::uint32_t> crossed;
  for (std::size_t m = 0; m < margins_.size(); ++m) {
    const std::uint32_t k = margins_[m].branch;
    const bool left = margins_[m].kind == Margin::Kind::Gap ? found[m] != 0 && (found[m] > 0 ? 1 : 0) != bits_[k] : found[m] < 0;
    if (left) crossed.push_back(k);
  }
  pass_boundaries(crossed);
  if (at >= now_.time) now_.time = at;
}

void Reference::pass_boundaries(const std::vector<std::uint32_t>& branches) {
  now_.held.clear();
  evaluate_gaps();
  for (const std::uint32_t k : branches) bits_[k] = clock_.cross(program_, k, gap_[k], bits_[k]);
  ++clock_.result.statistics.switches;
}

/// Branches that are left only after this instant, unless a dose or an event has come between.
void Reference::pass_late() {
  evaluate_gaps();
  const std::vector<double> gap = gap_;
  for (const auto& [k, value] : std::exchange(now_.late, {})) {
    if (!clock_.holds(k, gap[k])) continue;
    bits_[k] = value;
    hold(k);
  }
}

void Reference::flip(std::uint32_t k) {
  hold(k);
  bits_[k] = program_.switches[k].beyond(bits_[k], gap_[k]);
}

/// A bit that has just crossed stands while its gap is what it was at the crossing, which rounding put on either side.
void Reference::hold(std::uint32_t k) {
  evaluate_gaps();
  std::erase_if(now_.held, [&](const auto& h) { return h.first == k; });
  now_.held.emplace_back(k, gap_[k]);
}

void Reference::evaluate_gaps() {
  look_up_delayed();
  gaps_.evaluate(now_.time, solver_->states(), bits_, gap_, delayed_);
}

void Reference::look_up_delayed() {
  if (has_delays()) (void)history_.look_up(now_.time, solver_->states(), delayed_);
}

}  // namespace osteosome::solve
