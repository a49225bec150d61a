// SPDX-License-Identifier: Apache-2.0
// Trains of equal doses in the lane integrator (docs/decisions/0035-trains-of-doses.md): which periods are computed, which are passed over, and what
// is put out of those.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "lane_block.hpp"

namespace osteosome::solve {
namespace {

constexpr std::size_t kMostStops = 16;      // of a period
constexpr std::size_t kFewestPeriods = 12;  // a shorter train is computed throughout
constexpr double kSpacing = 1e-9;           // of the period: what its stops may be off
constexpr double kRounding = 1e-14;         // of the largest change of a rate: what the changes of a period may leave
constexpr std::size_t kMostNodes = 7;
constexpr double kTolerance = 0.1;  // what passing over may add to a state, of the error that one step may make
constexpr double kCaution = 0.3;    // of that, for which a target is chosen
constexpr std::size_t kGrowth = 2;  // of the number passed over at once
constexpr std::size_t kCrowded = 3;  // a node this much nearer to the last than that to the one before takes its place
constexpr std::size_t kLongestWait = 6;  // a power of 2, in computed periods after so many rejections in a row
constexpr std::uint64_t kHashBasis = 14695981039346656037U, kHashPrime = 1099511628211U;  // FNV-1a
constexpr std::size_t kLooks = 8;         // outputs to come whose phases are looked at in a computed period
constexpr std::size_t kFewestLooks = 4, kMostLooks = 5;  // computed periods, the target among them, between which an output is interpolated

using TrainPhase = TrainCourse::Phase;

double distance(std::size_t a, std::size_t b) { return static_cast<double>(a) - static_cast<double>(b); }

/// Product of (period - node) over the newest `count` nodes.
double node_product(const std::vector<TrainCourse::Node>& nodes, std::size_t count, std::size_t period) {
  double product = 1;
  for (std::size_t k = 0; k < count; ++k) product *= distance(period, nodes[nodes.size() - 1 - k].period);
  return product;
}

bool repeats(const std::vector<Stop>& stops, std::size_t k, std::size_t count, double length) {
  if (k + count >= stops.size()) return false;
  const Stop &a = stops[k], &b = stops[k + count];
  return (a.kind == StopKind::Add || a.kind == StopKind::ChangeRate) && a.kind == b.kind && a.index == b.index && a.value == b.value &&
         std::abs(b.time - a.time - length) <= kSpacing * length;
}

/// Whether the input rates are after these stops what they were before.
bool leaves_rates(std::span<const Stop> stops) {
  for (const Stop& changed : stops) {
    double sum = 0, largest = 0;
    for (const Stop& s : stops) {
      if (s.kind != StopKind::ChangeRate || s.index != changed.index) continue;
      sum += s.value;
      largest = std::max(largest, std::abs(s.value));
    }
    if (!(std::abs(sum) <= kRounding * largest)) return false;
  }
  return true;
}

}  // namespace

void newton_coefficients(std::span<const double> at, std::vector<std::vector<double>>& values) {
  for (std::size_t order = 1; order < values.size(); ++order) {
    for (std::size_t k = values.size() - 1; k >= order; --k) {
      const double span = at[k] - at[k - order];
      for (std::size_t i = 0; i < values[k].size(); ++i) values[k][i] = (values[k][i] - values[k - 1][i]) / span;
    }
  }
}

double newton_value(std::span<const double> at, const std::vector<std::vector<double>>& coefficients, std::size_t count, std::size_t i, double x) {
  double value = coefficients[count - 1][i];
  for (std::size_t k = count - 1; k-- > 0;) value = coefficients[k][i] + (x - at[k]) * value;
  return value;
}

/// The time at which a period of the train begins, or would; infinity behind the last stop.
double LaneBlock::begin_of(std::size_t l, std::size_t period) const {
  const TrainCourse& train = lane_[l].course.train;
  const auto& stops = lane_[l].plan.stops;
  const std::size_t stop = train.first + period * train.stops;
  return stop < stops.size() ? stops[stop].time : std::numeric_limits<double>::infinity();
}

/// Whether a period has the stops of the train, and another comes after it.
bool LaneBlock::repeated(std::size_t l, std::size_t period) const {
  const TrainCourse& train = lane_[l].course.train;
  const double length = begin_of(l, 1) - begin_of(l, 0);
  for (std::size_t k = 0; k < train.stops; ++k) {
    if (!repeats(lane_[l].plan.stops, train.first + period * train.stops + k, train.stops, length)) return false;
  }
  return true;
}

/// Whether the stop that is due begins a train: the same few stops, this many times.
bool LaneBlock::find_train(std::size_t l) {
  Lane& lane = lane_[l];
  if (!options_.pass_over_periods || !program_.events.empty() || !program_.constraints.empty() || setup_.has_constraints()) return false;
  const auto& stops = lane.plan.stops;
  const std::size_t first = lane.now.stop;
  if (stops[first].time < lane.now.time) return false;
  for (std::size_t count = 1; count <= kMostStops && first + count * (kFewestPeriods + 1) < stops.size(); ++count) {
    const double length = stops[first + count].time - stops[first].time;
    if (!(stops[first + count].time > stops[first + count - 1].time)) continue;
    std::size_t k = first;
    while (k < first + count * kFewestPeriods && repeats(stops, k, count, length)) ++k;
    if (k < first + count * kFewestPeriods || !leaves_rates(std::span(stops).subspan(first, count))) continue;
    look_as_far_as(l, stops[first + count * (kFewestPeriods + 1)].time);
    lane.course.train = TrainCourse{};
    lane.course.train.phase = TrainPhase::Choose;
    lane.course.train.first = first;
    lane.course.train.stops = count;
    return true;
  }
  return false;
}

/// Stops up to `time` decide what is done now: where a decision comes before it, this is where the lane will go back to.
void LaneBlock::look_as_far_as(std::size_t l, double time) {
  Lane& lane = lane_[l];
  if (!decide_) return;
  const double decision = lane.next_decision();
  if (lane.course.seen < decision && decision <= time) lane.kept = progress(l);
  lane.course.seen = std::max(lane.course.seen, time);
}

/// At a stop that is due: ends and begins periods. True if a coarse step is made before the stop is passed, or in place of its period.
bool LaneBlock::advance_train(std::size_t l) {
  Lane& lane = lane_[l];
  TrainCourse& train = lane.course.train;
  if (train.phase == TrainPhase::Off && !find_train(l)) return false;
  const bool at_end = lane.now.stop == train.first + (train.period + 1) * train.stops;
  if (train.phase == TrainPhase::Compute) {
    if (!at_end) return false;
    end_period(l);
  }
  if (train.phase == TrainPhase::Ask) {
    if (!at_end) return false;
    auto before = std::exchange(lane.before_skip, {});
    put_back(l, Progress(*lane.before_ask));
    lane.before_skip = std::move(before);
  }
  if (train.phase == TrainPhase::Choose && !choose_target(l)) {
    train = TrainCourse{};
    return false;
  }
  if (train.phase == TrainPhase::Skip && train.period == train.target) train.phase = TrainPhase::Probe;
  if (train.phase == TrainPhase::Skip && asks(l) && lane.next_decision() < begin_of(l, train.period + 1)) {
    lane.before_ask = progress(l);
    train.phase = TrainPhase::Ask;
    return false;
  }
  if (train.phase == TrainPhase::Probe) begin_period(l);
  return train.coarse_step();
}

/// Before a period that is computed: which phases of it are looked at for outputs to come.
void LaneBlock::begin_period(std::size_t l) {
  Lane& lane = lane_[l];
  TrainCourse& train = lane.course.train;
  train.crossings = kHashBasis;
  for (std::uint32_t k = 0; k < code_.n_switches; ++k) note_crossing(l, k, slot(at_.bits + k, l));
  train.start.resize(n_);
  copy_column(x_, l, train.start);
  train.looks.clear();
  train.looked = 0;
  const double begin = begin_of(l, train.period);
  const auto look = [&](std::size_t k) { train.looks.push_back({k, begin + (lane.plan.outputs[k].time - begin_of(l, period_of(l, k))), {}}); };
  for (const auto& passed : train.passed) look(passed.output);
  for (std::size_t k = lane.now.output; k + 1 < lane.plan.outputs.size() && train.looks.size() < kLooks; ++k) {
    const std::size_t period = period_of(l, k);
    if (period == train.period) continue;
    if (train.first + (period + 1) * train.stops >= lane.plan.stops.size() || !between_stops(l, k)) break;
    look(k);
  }
  std::sort(train.looks.begin(), train.looks.end(),
            [](const auto& a, const auto& b) { return std::pair(a.time, a.output) < std::pair(b.time, b.output); });
}

/// The period in which an output to come stands.
std::size_t LaneBlock::period_of(std::size_t l, std::size_t output) const {
  const TrainCourse& train = lane_[l].course.train;
  return (lane_[l].plan.outputs[output].after_stops - train.first - 1) / train.stops;
}

/// Whether an output stands clear of the stops around it.
bool LaneBlock::between_stops(std::size_t l, std::size_t output) const {
  const auto& plan = lane_[l].plan;
  const OutputPoint& point = plan.outputs[output];
  const double length = begin_of(l, 1) - begin_of(l, 0), before = plan.stops[point.after_stops - 1].time, after = plan.stops[point.after_stops].time;
  return point.time - before > 2 * kSpacing * length && after - point.time > 2 * kSpacing * length;
}

/// States at the phases that are looked at, within the attempt that ends at `until`.
void LaneBlock::look_within(std::size_t l, double until) {
  TrainCourse& train = lane_[l].course.train;
  while (next_look(l) <= until) {
    auto& look = train.looks[train.looked++];
    interpolate(l, look.time);
    look.change.resize(n_);
    for (std::size_t i = 0; i < n_; ++i) look.change[i] = state_row_[i] - train.start[i];
  }
}

/// The time of the next look in the period, or the `further`th after it; infinity if there is none.
double LaneBlock::next_look(std::size_t l, std::size_t further) const {
  const TrainCourse& train = lane_[l].course.train;
  const bool looks = train.phase == TrainPhase::Compute && train.looked + further < train.looks.size();
  return looks ? train.looks[train.looked + further].time : std::numeric_limits<double>::infinity();
}

/// Of a lane, in units of what an error in each state may be.
double LaneBlock::scaled_size(std::size_t l, std::span<const double> values) const {
  double size = 0;
  for (std::size_t i = 0; i < n_; ++i) {
    const double s = std::abs(values[i]) / lane_[l].course.train.weights[i];
    size = std::isnan(s) ? HUGE_VAL : std::max(size, s);
  }
  return size;
}

/// After a computed period: its kick becomes a node, if what was passed over before it was good; else the lane goes back to before that.
void LaneBlock::end_period(std::size_t l) {
  Lane& lane = lane_[l];
  TrainCourse& train = lane.course.train;
  train.weights.resize(n_);
  copy_column(weights_, l, train.weights);
  TrainCourse::Node node{train.period, std::vector<double>(n_), std::move(train.looks)};
  for (std::size_t i = 0; i < n_; ++i) node.kick[i] = at(x_, i, l) - train.coarse[i];
  std::erase_if(node.looks, [](const auto& look) { return look.change.empty(); });
  const bool same = train.nodes.empty() || train.crossings == train.last_crossings;
  const std::size_t before = train.nodes.empty() ? train.period : train.nodes.back().period,
                    skipped = train.period - std::min(train.period, before + 1);
  if (!same) train.nodes.clear();
  train.nodes.push_back(std::move(node));
  if (lane.before_skip) {
    const double error = same ? error_of_skip(l, before) : HUGE_VAL;
    const std::optional<std::size_t> doubtful = error <= kTolerance ? write_passed_outputs(l) : std::nullopt;
    if (!(error <= kTolerance) || doubtful) return reject_skip(l, doubtful ? skipped : skipped / 2, doubtful);
    if (train.unasked) return repeat_skip(l);
    lane.before_skip.reset();
    train.rejections = 0;
  }
  train.wait -= train.wait > 0 ? 1 : 0;
  train.last_crossings = train.crossings;
  train.longest = std::max(same ? train.longest : 0, kGrowth * skipped + 1);
  const std::size_t n = train.nodes.size();
  if (n > 2 && kCrowded * (train.nodes[n - 1].period - train.nodes[n - 2].period) < train.nodes[n - 2].period - train.nodes[n - 3].period) {
    train.nodes.erase(train.nodes.end() - 2);
  }
  if (train.nodes.size() > kMostNodes) train.nodes.erase(train.nodes.begin());
  ++train.period;
  train.phase = TrainPhase::Choose;
}

/// The newest node is the target: what the kicks in between were wrong by, if the polynomial through it as well is right.
double LaneBlock::error_of_skip(std::size_t l, std::size_t from) const {
  const TrainCourse& train = lane_[l].course.train;
  const std::size_t count = train.degree + 2;
  std::vector<double> periods;
  std::vector<std::vector<double>> kicks;
  for (std::size_t k = 0; k < count; ++k) {
    const auto& node = train.nodes[train.nodes.size() - 1 - k];
    periods.push_back(static_cast<double>(node.period));
    kicks.push_back(node.kick);
  }
  newton_coefficients(periods, kicks);
  double weight = 0;
  for (std::size_t m = from + 1; m < train.period; ++m) weight += std::abs(node_product(train.nodes, count, m) / distance(m, train.period));
  return weight * scaled_size(l, kicks.back());
}

/// The target stands: once more from before it, and now what lies on the way is asked.
void LaneBlock::repeat_skip(std::size_t l) {
  Lane& lane = lane_[l];
  const std::size_t target = lane.course.train.target;
  put_back(l, Progress(*lane.before_skip));
  lane.course.train.stands = target;
}

void LaneBlock::reject_skip(std::size_t l, std::size_t longest, std::optional<std::size_t> doubtful) {
  Lane& lane = lane_[l];
  const Statistics statistics = lane.result.statistics;
  put_back(l, Progress(*lane.before_skip));
  lane.result.statistics = statistics;
  ++lane.result.statistics.rejected;
  TrainCourse& train = lane.course.train;
  train.longest = longest;
  train.doubtful = doubtful;
  if (doubtful) return;
  if (++train.rejections > 1) train.wait = std::size_t{1} << std::min(train.rejections, kLongestWait);
}

/// Outputs in periods that were passed over, interpolated at their phase between computed periods. Returns the first that cannot be: its error would
/// be larger than that of a step may be.
std::optional<std::size_t> LaneBlock::write_passed_outputs(std::size_t l) {
  Lane& lane = lane_[l];
  TrainCourse& train = lane.course.train;
  for (const auto& passed : train.passed) {
    const std::size_t period = period_of(l, passed.output);
    std::vector<double> periods;
    std::vector<std::vector<double>> changes;
    for (std::size_t k = train.nodes.size(); k-- > 0 && changes.size() < kMostLooks;) {
      const auto& looks = train.nodes[k].looks;
      const auto look = std::find_if(looks.begin(), looks.end(), [&](const auto& item) { return item.output == passed.output; });
      if (look == looks.end()) break;
      periods.push_back(static_cast<double>(train.nodes[k].period));
      changes.push_back(look->change);
    }
    if (changes.size() < kFewestLooks) return passed.output;
    newton_coefficients(periods, changes);
    const double x = static_cast<double>(period);
    double last = 1;  // of the last term, beside its coefficient
    for (std::size_t k = 0; k + 1 < periods.size(); ++k) last *= x - periods[k];
    for (std::size_t i = 0; i < n_; ++i) {
      state_row_[i] = passed.start[i] + newton_value(periods, changes, changes.size(), i, x);
      const double may = at(atol_, i, l) + options_.relative_tolerance * std::abs(state_row_[i]);
      if (is_observed_[i] != 0 && !(std::abs(last * changes.back()[i]) <= may)) return passed.output;
    }
    const std::size_t now = std::exchange(lane.now.output, passed.output);
    lane.write_output(state_row_);
    lane.now.output = now;
  }
  train.passed.clear();
  return std::nullopt;
}

/// How many periods may be passed over for what lies ahead: the end of the train and of the subject, outputs, and branches on the clock.
std::size_t LaneBlock::most_skipped(std::size_t l) {
  Lane& lane = lane_[l];
  const TrainCourse& train = lane.course.train;
  const auto& plan = lane.plan;
  const double change = timed_.empty() ? std::numeric_limits<double>::infinity() : next_change(l).time;
  std::size_t most = 0;
  while (most < train.longest && repeated(l, train.period + most + 1) && begin_of(l, train.period + most + 2) <= change) ++most;
  const std::size_t last = period_of(l, plan.outputs.size() - 1);  // the subject ends there: the target has to be behind it
  most = std::min(most, last > train.period ? last - train.period - 1 : 0);
  for (std::size_t k = lane.now.output; k < plan.outputs.size() && most > 0; ++k) {
    const std::size_t period = period_of(l, k);
    if (period >= train.period + most) break;
    if (!can_interpolate(l, k)) most = period - train.period;
  }
  return most;
}

bool LaneBlock::can_interpolate(std::size_t l, std::size_t output) const {
  const TrainCourse& train = lane_[l].course.train;
  if (train.doubtful == output || train.nodes.size() + 1 < kFewestLooks) return false;
  for (std::size_t k = train.nodes.size(); k-- > train.nodes.size() + 1 - kFewestLooks;) {
    const auto& looks = train.nodes[k].looks;
    if (std::none_of(looks.begin(), looks.end(), [&](const auto& look) { return look.output == output; })) return false;
  }
  return true;
}

/// The next period to be computed, and the polynomial for those before it. False at the end of the train.
bool LaneBlock::choose_target(std::size_t l) {
  Lane& lane = lane_[l];
  TrainCourse& train = lane.course.train;
  if (!repeated(l, train.period)) return false;
  const std::size_t nodes = train.nodes.size();
  const std::size_t most = nodes > 1 && train.wait == 0 ? most_skipped(l) : 0;
  look_as_far_as(l, begin_of(l, train.period + 1));
  train.phase = TrainPhase::Probe;
  if (most == 0) return true;
  std::vector<double> periods;
  std::vector<std::vector<double>> kicks;
  for (std::size_t k = nodes; k-- > 0;) {
    periods.push_back(static_cast<double>(train.nodes[k].period));
    kicks.push_back(train.nodes[k].kick);
  }
  newton_coefficients(periods, kicks);
  std::size_t best = 0, degree = 0;
  for (std::size_t p = 0; p + 2 <= nodes; ++p) {
    const double size = scaled_size(l, kicks[p + 1]);
    std::size_t skipped = 0;
    for (double weight = 0; skipped < most; ++skipped) {
      weight += std::abs(node_product(train.nodes, p + 1, train.period + skipped));
      if (!(size * weight <= kCaution * kTolerance)) break;
    }
    if (skipped > best) {
      best = skipped;
      degree = p;
    }
  }
  if (best == 0) return true;
  train.phase = TrainPhase::Choose;
  look_as_far_as(l, begin_of(l, train.period + best + 2));
  lane.before_skip = progress(l);
  train.phase = TrainPhase::Skip;
  train.target = train.period + best;
  train.degree = degree;
  kicks.resize(degree + 1);
  train.kicks = std::move(kicks);
  train.unasked = decide_ && train.target != train.stands && lane.next_decision() <= begin_of(l, train.target + 1);
  train.passed.clear();
  for (; period_of(l, lane.now.output) < train.target; ++lane.now.output) train.passed.push_back({lane.now.output, {}});
  return true;
}

/// After the attempt of a coarse step: it is kept for the kick of the period, or the kick is added to it.
void LaneBlock::make_coarse_step(std::size_t l) {
  Lane& lane = lane_[l];
  TrainCourse& train = lane.course.train;
  ++lane.result.statistics.steps;
  if (train.phase == TrainPhase::Probe) {
    train.coarse.resize(n_);
    copy_column(new_x_, l, train.coarse);
    train.phase = TrainPhase::Compute;
    return;
  }
  for (auto& passed : train.passed) {
    if (period_of(l, passed.output) != train.period) continue;
    passed.start.resize(n_);
    copy_column(x_, l, passed.start);
  }
  double periods[kMostNodes];
  const std::size_t count = train.degree + 1;
  for (std::size_t k = 0; k < count; ++k) periods[k] = static_cast<double>(train.nodes[train.nodes.size() - 1 - k].period);
  const double x = static_cast<double>(train.period);
  for (std::size_t i = 0; i < n_; ++i) {
    at(x_, i, l) = at(new_x_, i, l) + newton_value({periods, count}, train.kicks, count, i, x);
    if (!std::isfinite(at(x_, i, l))) return reject_skip(l, 0, std::nullopt);
  }
  ++train.period;
  lane.now.stop += train.stops;
  lane.now.time = begin_of(l, train.period);
  lane.now.held.clear();
  if (train.period == train.target) lane.now.fresh = lane.bits_unknown = true;
}

/// Over what branches do in a period.
void LaneBlock::note_crossing(std::size_t l, std::uint32_t bit, double value) {
  auto& hash = lane_[l].course.train.crossings;
  for (const std::uint64_t word : {std::uint64_t{bit}, std::bit_cast<std::uint64_t>(value)}) hash = (hash ^ word) * kHashPrime;
}

}  // namespace osteosome::solve
