// SPDX-License-Identifier: Apache-2.0
// The reference engine: SUNDIALS on the plain interpreter. One restart at every stop, at every located branch crossing and at every event.
#include <sundials/sundials_version.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "history.hpp"
#include "osteosome/solve/engine.hpp"
#include "osteosome/solve/subject.hpp"
#include "reference_solvers.hpp"
#include "timed_branches.hpp"

namespace osteosome::solve {
namespace {

constexpr int kEventRounds = 10'000;
constexpr double kShortestDelay = 1e-4;  // of the time to the next output
constexpr double kStandstill = 1e-12;  // progress of many steps, relative to time, below which the solver stands still
constexpr double kNoTime = 16 * 2.220446049250313e-16;
constexpr int kMostLooksAhead = 8;
constexpr double kLevelWidth = 1e-9;  // of a level: what a crossing that CVODES has located leaves open
constexpr double kSnap = 1e-12;  // of time: what CVODES' root finder leaves open, a hundred units in the last place, and some

template <class T, class F>
std::vector<expr::NodeId> nodes(const std::vector<T>& items, F node) {
  std::vector<expr::NodeId> roots;
  for (const auto& item : items) roots.push_back(node(item));
  return roots;
}

/// A function that CVODES watches: the gap of a branch, or how far it is from the upper or the lower end of its level.
struct Margin {
  enum class Kind { Gap, Upper, Lower };
  std::uint32_t branch = 0;
  Kind kind = Kind::Gap;
};

std::vector<Margin> margins_of(const compile::Program& program) {
  std::vector<Margin> margins;
  for (std::uint32_t k = 0; k < program.switches.size(); ++k) {
    const auto& s = program.switches[k];
    if (s.time_slope) continue;
    margins.push_back({k, s.level ? Margin::Kind::Upper : Margin::Kind::Gap});
    if (s.level) margins.push_back({k, Margin::Kind::Lower});
  }
  return margins;
}

class Reference final : System {
 public:
  Reference(const compile::Program& program, const SubjectPlan& plan, const Options& options, const std::stop_token& stop)
      : stop_requested_(stop), program_(program), plan_(plan), options_(options), n_(program.states.size()), setup_(program), timed_(program),
        margins_(margins_of(program)), derivative_(program.graph, program.derivative),
        jacobian_(program.graph, nodes(program.jacobian, [](const auto& e) { return e.node; })),
        gaps_(program.graph, nodes(program.switches, [](const auto& s) { return s.gap; })),
        residuals_(program.graph, nodes(program.algebraic, [](const auto& a) { return a.residual; })), history_(program),
        parameters_(setup_.initial_parameters(plan)), bits_(program.switches.size()), gap_(program.switches.size()),
        watched_(program.switches.size()), rates_(n_), delayed_(program.delays.size()),
        solver_(make_integrator(program, *this, options.relative_tolerance)) {
    events_ = setup_.start_events(plan);
    for (const auto& e : program.events) {
      for (const auto& a : e.actions) parameter_events_ = parameter_events_ || !a.is_state;
    }
  }

  SubjectResult run() {
    result_.states.assign(plan_.outputs.size() * n_, std::nan(""));
    if (parameter_events_ || !program_.parameter_initial.empty()) {
      result_.parameters.assign(plan_.outputs.size() * parameters_.size(), std::nan(""));
    }
    setup_.absolute_tolerances(plan_, options_, solver_->tolerances(), solver_->growth());
    t_ = plan_.start;
    const std::span<double> x = solver_->states();
    setup_.initial_states(plan_, x);
    prepare_parameters();
    if (std::any_of(x.begin(), x.end(), [](double v) { return !std::isfinite(v); })) {
      (void)setup_.make_consistent(now());  // a quantity without a value that an equation determines
      if (std::any_of(x.begin(), x.end(), [](double v) { return !std::isfinite(v); })) {
        return fail(Status::NotFinite, "an initial value is not finite");
      }
    }
    history_.start(t_, x, parameters_);
    integrate();
    result_.delayed.resize(plan_.outputs.size() * delayed_.size(), std::nan(""));
    result_.time_reached = t_;
    return std::move(result_);
  }

 private:
  [[nodiscard]] Moment now() { return {t_, parameters_, solver_->states(), bits_, delayed_}; }
  [[nodiscard]] bool has_delays() const { return !delayed_.empty(); }
  [[nodiscard]] bool stop_due() const { return stop_ < plan_.stops.size() && plan_.stops[stop_].time <= t_; }

  /// At every instant (docs/reference/event-table.md): the outputs that stand before the doses, the doses, then triggers and events, the outputs
  /// after them, and last the branches that are left only after this instant.
  void integrate() {
    bool changed = true;
    while (true) {
      if (changed && (fresh_ || !stop_due()) && !settle()) return;
      fresh_ = false;
      while (output_ < plan_.outputs.size() && plan_.outputs[output_].after_stops <= stop_ && plan_.outputs[output_].time <= t_) write_output();
      if (output_ == plan_.outputs.size()) return;
      if (stop_due()) {
        pass_stop();
        changed = true;
        continue;
      }
      if (changed && late_.empty()) look_ahead();
      if (!late_.empty()) {
        pass_late();
        changed = true;
        continue;
      }
      if (changed) {
        change_ = timed_.next(plan_, t_, parameters_, bits_);
        if (change_.time <= t_) {
          for (const std::uint32_t k : change_.branches) flip(k);
          continue;
        }
        note_echoes();
        solver_->restart(t_, next_stop());
        restarted_ = t_;
        counted_ = {};
        changed = false;
      }
      if (!step(changed)) return;
    }
  }

  void pass_stop() {
    const Stop& s = plan_.stops[stop_++];
    if (s.kind == StopKind::SetParameter) {
      parameters_[s.index] = s.value;
      prepare_parameters();
    } else {
      apply_stop(plan_, s, solver_->states(), rates_);
    }
    if (s.kind == StopKind::SetStates) {
      events_.begin_anew();
      fresh_ = true;
    }
    held_.clear();
  }

  [[nodiscard]] double next_stop() const {
    const double stop = stop_ < plan_.stops.size() ? plan_.stops[stop_].time : plan_.outputs.back().time;
    return std::min({stop, next_event(plan_, events_), change_.time, next_echo()});
  }

  /// Where the solver hardly moves or gives up: no state without a size need be more accurate than rounding of its flows allows, or
  /// than what it reaches in no time. Returns whether that
  /// changes anything.
  bool relax(double end) {
    std::vector<double> entries(program_.jacobian.size());
    jacobian(t_, solver_->states(), entries);
    const std::span<double> x = solver_->states(), tolerance = solver_->tolerances(), growth = solver_->growth();
    bool raised = raise_to_rounding(program_, entries, x, end - t_, growth, tolerance);
    for (std::size_t i = 0; i < n_ && t_ - restarted_ <= 2 * kNothing * (end - restarted_); ++i) {  // a step or two after the restart
      if (growth[i] == 0 || std::abs(x[i]) <= 2 * tolerance[i]) continue;
      tolerance[i] = std::abs(x[i]);
      raised = true;
    }
    return raised;
  }

  /// Integrates to the next output, stop, event or crossing. Returns false when the subject is finished, with or without success.
  bool step(bool& changed) {
    const double event = next_event(plan_, events_);
    const double end = next_stop();
    const auto& output = plan_.outputs[output_];
    const double target = output.after_stops == stop_ ? std::min(end, output.time) : end;
    const auto reach_end = [&] {
      if (t_ >= event) {
        t_ = std::max(t_, events_.next());
        changed = true;
      }
      if (t_ >= change_.time) {
        pass_boundaries(change_.branches);
        change_ = {};
        changed = true;
      }
      if (t_ >= next_echo()) {
        echo_ = echoes_.begin()->second;
        echoes_.erase(echoes_.begin(), echoes_.upper_bound(t_));
        changed = true;
      }
    };
    if (end - t_ <= kNoTime * std::max(std::abs(t_), std::abs(end))) {  // closer than CVODES can step
      t_ = end;
      reach_end();
      return true;
    }
    if (stop_requested_.stop_requested()) {
      (void)fail(Status::Cancelled, "");
      return false;
    }
    const double before = t_;
    looks_ahead_ = 0;
    const auto advance = solve_to(target, has_delays() ? target : end);
    if (advance == Integrator::Advance::Root) {
      found_crossings();
      changed = true;
    } else if (advance == Integrator::Advance::Stop) {
      t_ = has_delays() ? target : end;
    }
    reach_end();
    count();
    const bool busy = advance == Integrator::Advance::Busy, failed = advance == Integrator::Advance::Failed;
    const bool stands = busy && t_ - before <= kStandstill * std::max(std::abs(t_), end - t_);
    const bool relaxed = (busy || failed) && relax(end);
    if (failed && relaxed) changed = true;
    if ((stands || failed) && !relaxed && !std::exchange(coarse_, true)) {
      const std::string said = coarsen(solver_->states(), solver_->growth(), solver_->tolerances());
      changed = !said.empty();
      if (changed) result_.remarks.push_back(said);
      if (changed) return true;
    }
    if ((stands || failed) && !relaxed) {
      (void)fail(Status::StepSizeTooSmall, setup_.stuck_message(now()));
      return false;
    }
    if (result_.statistics.steps > options_.max_steps) {
      (void)fail(Status::TooManySteps, "more than " + std::to_string(options_.max_steps) + " steps");
      return false;
    }
    return true;
  }

  [[nodiscard]] double next_echo() const { return echoes_.empty() ? std::numeric_limits<double>::infinity() : echoes_.begin()->first; }

  /// What jumps now jumps again where it is seen with a delay, and as often again as delays may be nested.
  void note_echoes() {
    const std::size_t order = std::exchange(echo_, 0) + 1;
    for (std::size_t k = 0; order <= delayed_.size() && k < delayed_.size(); ++k) {
      const double ago = history_.duration(k, t_, solver_->states(), delayed_);
      if (ago > 0) echoes_.emplace(t_ + ago, order);
    }
  }

  Integrator::Advance solve_to(double target, double stop) {
    if (!has_delays()) return solver_->advance(target, stop, false, t_);
    const double shortest = history_.look_up(t_, solver_->states(), delayed_);
    if (shortest < 0) return Integrator::Advance::Failed;
    // So that a step sees only what lies before it; far shorter delays are interpolated within the step.
    solver_->limit_step(shortest > 0 ? std::max(shortest, kShortestDelay * (stop - t_)) : stop - t_);
    const auto advance = solver_->advance(target, stop, true, t_);
    if (advance != Integrator::Advance::Failed) history_.add_step(t_, solver_->taylor(t_));
    return advance;
  }

  /// Adds the solver's counters, which start again at each restart.
  void count() {
    const auto done = solver_->count();
    result_.statistics.steps += static_cast<std::uint64_t>(std::max(done.steps - counted_.steps, 0L));
    result_.statistics.rejected += static_cast<std::uint64_t>(std::max(done.failures - counted_.failures, 0L));
    counted_ = done;
  }

  void found_crossings() {
    std::vector<int> found(margins_.size());
    solver_->crossings(found);
    const double at = snapped(plan_, t_, kSnap * std::abs(t_));
    std::vector<std::uint32_t> crossed;
    for (std::size_t m = 0; m < margins_.size(); ++m) {
      const std::uint32_t k = margins_[m].branch;
      const bool left = margins_[m].kind == Margin::Kind::Gap ? found[m] != 0 && (found[m] > 0 ? 1 : 0) != bits_[k] : found[m] < 0;
      if (left) crossed.push_back(k);
    }
    pass_boundaries(crossed);
    if (at >= t_) t_ = at;
  }

  /// A branch at its boundary changes at once if its new value holds there, else after this instant.
  void pass_boundaries(const std::vector<std::uint32_t>& branches) {
    held_.clear();
    look_up_delayed();
    gaps_.evaluate(t_, solver_->states(), bits_, gap_, delayed_);
    for (const std::uint32_t k : branches) {
      const auto& branch = program_.switches[k];
      const double value = branch.beyond(bits_[k], gap_[k]);
      held_.emplace_back(k, gap_[k]);
      if (branch.holds_at_boundary(branch.rises(bits_[k], gap_[k]))) {
        bits_[k] = value;
      } else {
        late_.emplace_back(k, value);
      }
    }
    ++result_.statistics.switches;
  }

  /// Branches that are left only after this instant, unless a dose or an event has come between.
  void pass_late() {
    look_up_delayed();
    gaps_.evaluate(t_, solver_->states(), bits_, gap_, delayed_);
    const std::vector<double> gap = gap_;
    for (const auto& [k, value] : std::exchange(late_, {})) {
      if (std::find(held_.begin(), held_.end(), std::pair(k, gap[k])) == held_.end()) continue;
      bits_[k] = value;
      hold(k);
    }
  }

  void flip(std::size_t k) {
    hold(k);
    bits_[k] = program_.switches[k].beyond(bits_[k], gap_[k]);
  }

  /// A bit that has just crossed stands while its gap is what it was at the crossing, which rounding put on either side.
  void hold(std::size_t k) {
    look_up_delayed();
    gaps_.evaluate(t_, solver_->states(), bits_, gap_, delayed_);
    std::erase_if(held_, [&](const auto& h) { return h.first == k; });
    held_.emplace_back(k, gap_[k]);
  }

  /// Branch bits from the states, quantities that equations determine, and events that are due. Returns false if that failed.
  bool settle() {
    for (int round = 0; round < kEventRounds; ++round) {
      if (has_delays()) {
        history_.jump(solver_->states(), parameters_);
        look_up_delayed();
      }
      if (!settle_bits(round == 0)) {
        (void)fail(Status::NotFinite, "the fast reactions or algebraic equations do not determine one solution here");
        return false;
      }
      const auto done = setup_.run_events(events_, now(), result_.remarks);
      if (done.parameter_changed) prepare_parameters();
      if (!done.executed) return true;
    }
    (void)fail(Status::EventsDoNotSettle, "events cause each other without end");
    return false;
  }

  bool settle_bits(bool first_round) {
    for (std::size_t pass = 0; pass <= bits_.size(); ++pass) {
      if (setup_.has_constraints()) {
        if (!setup_.make_consistent(now())) return false;
        if (first_round && pass == 0) {
          const auto held = std::move(held_);
          held_.clear();
          for (const auto& h : held) hold(h.first);  // their gaps moved by rounding only
        }
      }
      gaps_.evaluate(t_, solver_->states(), bits_, gap_, delayed_);
      bool moved = false;
      for (std::size_t k = 0; k < bits_.size(); ++k) {
        if (std::find(held_.begin(), held_.end(), std::pair(k, gap_[k])) != held_.end()) continue;
        const double bit = program_.switches[k].value_at(gap_[k]);
        if (bit == bits_[k] || (std::isnan(bit) && std::isnan(bits_[k]))) continue;
        bits_[k] = bit;
        moved = true;
      }
      if (!moved) break;
    }
    return true;
  }

  /// A gap that is exactly 0 here is not reported as a root when the solver restarts; where it goes decides the bit after this instant. So does it
  /// for a level at one of its ends, on either side of which rounding may have put it.
  void look_ahead() {
    gaps_.evaluate(t_, solver_->states(), bits_, gap_, delayed_);
    std::vector<std::size_t> open;
    for (std::size_t k = 0; k < bits_.size(); ++k) {
      if (!timed_.contains(k) && at_boundary(k)) open.push_back(k);
    }
    if (open.empty() || ++looks_ahead_ > kMostLooksAhead) return;
    std::vector<double> slope(n_), ahead(n_), gaps(bits_.size());
    derivative_.evaluate(t_, solver_->states(), bits_, slope, delayed_);
    const double dt = 1e-8 * std::max(std::abs(t_), 1.0);
    for (std::size_t i = 0; i < n_; ++i) ahead[i] = solver_->states()[i] + dt * (slope[i] + rates_[i]);
    gaps_.evaluate(t_ + dt, ahead, bits_, gaps, delayed_);
    for (const std::size_t k : open) {
      const double value = program_.switches[k].level ? std::floor(gaps[k]) : gaps[k] > 0 ? 1 : 0;
      if (gaps[k] == gap_[k] || value == bits_[k]) continue;
      held_.emplace_back(k, gap_[k]);
      late_.emplace_back(k, value);
    }
  }

  [[nodiscard]] bool at_boundary(std::size_t k) const {
    const double gap = gap_[k];
    if (program_.switches[k].level) return std::abs(gap - std::round(gap)) <= kLevelWidth * std::max(std::abs(gap), 1.0);
    return gap == 0 && std::find(held_.begin(), held_.end(), std::pair(k, gap)) == held_.end();
  }

  void look_up_delayed() {
    if (has_delays()) (void)history_.look_up(t_, solver_->states(), delayed_);
  }

  void prepare_parameters() {
    derivative_.prepare(parameters_);
    jacobian_.prepare(parameters_);
    gaps_.prepare(parameters_);
    residuals_.prepare(parameters_);
  }

  void write_output() {
    std::copy_n(solver_->states().data(), n_, result_.states.begin() + static_cast<std::ptrdiff_t>(output_ * n_));
    if (!result_.parameters.empty()) {
      std::copy(parameters_.begin(), parameters_.end(), result_.parameters.begin() + static_cast<std::ptrdiff_t>(output_ * parameters_.size()));
    }
    look_up_delayed();
    result_.delayed.insert(result_.delayed.end(), delayed_.begin(), delayed_.end());
    ++output_;
  }

  SubjectResult fail(Status status, const std::string& message) {
    result_.status = status;
    result_.message = message;
    result_.time_reached = t_;
    return result_;
  }

  bool derivative(double t, std::span<const double> x, std::span<double> dx) override {
    if (has_delays() && history_.look_up(t, x, delayed_) < 0) return false;
    derivative_.evaluate(t, x, bits_, dx, delayed_);
    bool finite = true;
    for (std::size_t i = 0; i < n_; ++i) {
      dx[i] += rates_[i];
      finite = finite && std::isfinite(dx[i]);
    }
    return finite;
  }
  void jacobian(double t, std::span<const double> x, std::span<double> entries) override {
    if (has_delays()) (void)history_.look_up(t, x, delayed_);
    jacobian_.evaluate(t, x, bits_, entries, delayed_);
  }
  [[nodiscard]] std::size_t margin_count() const override { return margins_.size(); }
  void margins(double t, std::span<const double> x, std::span<double> margins) override {
    if (has_delays()) (void)history_.look_up(t, x, delayed_);
    gaps_.evaluate(t, x, bits_, watched_, delayed_);
    for (std::size_t m = 0; m < margins_.size(); ++m) {
      const std::uint32_t k = margins_[m].branch;
      const double gap = watched_[k];
      margins[m] = margins_[m].kind == Margin::Kind::Gap ? gap : margins_[m].kind == Margin::Kind::Lower ? gap - bits_[k] : bits_[k] + 1 - gap;
    }
  }
  void residuals(double t, std::span<const double> x, std::span<double> residuals) override {
    if (has_delays()) (void)history_.look_up(t, x, delayed_);
    residuals_.evaluate(t, x, bits_, residuals, delayed_);
  }

  const std::stop_token& stop_requested_;
  const compile::Program& program_;
  const SubjectPlan& plan_;
  const Options& options_;
  std::size_t n_;
  SubjectSetup setup_;
  TimedBranches timed_;
  std::vector<Margin> margins_;
  compile::Interpreter derivative_, jacobian_, gaps_, residuals_;
  History history_;
  std::vector<double> parameters_, bits_, gap_, watched_, rates_, delayed_;
  std::unique_ptr<Integrator> solver_;
  EventState events_;
  TimedBranches::Change change_;
  std::multimap<double, std::size_t> echoes_;  // when earlier jumps are seen with a delay, and of which order they are
  std::size_t echo_ = 0;  // the order of the one that was reached; 0: a jump of its own
  bool parameter_events_ = false, coarse_ = false;
  bool fresh_ = true;  // the state has just been set: it is looked at before the doses of this instant
  std::vector<std::pair<std::size_t, double>> held_;
  std::vector<std::pair<std::size_t, double>> late_;  // branches that change after this instant, and to what
  int looks_ahead_ = 0;  // at this instant: more than a few slide along a boundary
  double t_ = 0, restarted_ = 0;
  std::size_t stop_ = 0, output_ = 0;
  Integrator::Count counted_;
  SubjectResult result_;
};

}  // namespace

SubjectResult run_reference(const compile::Program& program, const SubjectPlan& plan, const Options& options, const std::stop_token& stop) {
  return Reference(program, plan, options, stop).run();
}

std::string sundials_version() {
  char version[32] = "";
  SUNDIALSGetVersion(version, sizeof version);
  return version;
}

}  // namespace osteosome::solve
