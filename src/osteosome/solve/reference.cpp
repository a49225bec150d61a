// SPDX-License-Identifier: Apache-2.0
// The reference engine: SUNDIALS CVODES on the plain interpreter. One restart at every stop and at every located branch crossing.
#include <cvodes/cvodes.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_version.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "osteosome/solve/engine.hpp"
#include "osteosome/solve/subject.hpp"

namespace osteosome::solve {
namespace {

/// Least step after a restart, relative to the time: shorter ones do not move it and make CVODES see roots that are none.
constexpr double kLeastStep = 10 * std::numeric_limits<double>::epsilon();
constexpr int kEventRounds = 50;
constexpr long kStepsBetweenChecks = 2000;
constexpr double kStandstill = 1e-12;  // progress of that many steps, relative to time, below which the solver stands still
constexpr double kNoTime = 16 * 2.220446049250313e-16;

struct FreeContext {
  void operator()(SUNContext c) const { SUNContext_Free(&c); }
};
struct FreeSolver {
  void operator()(void* m) const { CVodeFree(&m); }
};
template <class T>
using Owned = std::unique_ptr<std::remove_pointer_t<T>, void (*)(T)>;

std::vector<expr::NodeId> jacobian_roots(const compile::Program& program) {
  std::vector<expr::NodeId> roots;
  for (const auto& e : program.jacobian) roots.push_back(e.node);
  return roots;
}
std::vector<expr::NodeId> gap_roots(const compile::Program& program) {
  std::vector<expr::NodeId> roots;
  for (const auto& s : program.switches) roots.push_back(s.gap);
  return roots;
}

class Reference {
 public:
  Reference(const compile::Program& program, const SubjectPlan& plan, const Options& options, const std::stop_token& stop)
      : stop_(stop), program_(program), plan_(plan), options_(options), n_(program.states.size()), setup_(program),
        derivative_(program.graph, program.derivative), jacobian_(program.graph, jacobian_roots(program)), gaps_(program.graph, gap_roots(program)),
        parameters_(plan.parameters), bits_(program.switches.size()), gap_(program.switches.size()), rates_(n_), entries_(program.jacobian.size()) {
    for (const auto& e : program.events) {
      triggers_.push_back(e.initial_value ? 1 : 0);
      for (const auto& a : e.actions) parameter_events_ = parameter_events_ || !a.is_state;
    }
  }

  SubjectResult run() {
    result_.states.assign(plan_.outputs.size() * n_, std::nan(""));
    if (parameter_events_) result_.parameters.assign(plan_.outputs.size() * parameters_.size(), std::nan(""));
    create();
    t_ = plan_.start;
    std::span<double> x = states();
    setup_.initial_states(plan_, x);
    if (std::any_of(x.begin(), x.end(), [](double v) { return !std::isfinite(v); })) {
      return fail(Status::NotFinite, "an initial value is not finite");
    }
    prepare_parameters();
    integrate();
    result_.time_reached = t_;
    return std::move(result_);
  }

 private:
  std::span<double> states() { return {N_VGetArrayPointer(y_.get()), n_}; }

  void create() {
    SUNContext raw = nullptr;
    SUNContext_Create(nullptr, &raw);
    context_.reset(raw);
    y_ = {N_VNew_Serial(static_cast<sunindextype>(n_), raw), N_VDestroy};
    tolerance_ = {N_VNew_Serial(static_cast<sunindextype>(n_), raw), N_VDestroy};
    setup_.absolute_tolerances(plan_, options_, {N_VGetArrayPointer(tolerance_.get()), n_});
    matrix_ = {SUNDenseMatrix(static_cast<sunindextype>(n_), static_cast<sunindextype>(n_), raw), SUNMatDestroy};
    linear_ = {SUNLinSol_Dense(y_.get(), matrix_.get(), raw), [](SUNLinearSolver s) { SUNLinSolFree(s); }};
  }

  /// (Re)starts CVODES at the current time and states.
  void restart() {
    if (solver_ != nullptr) {
      CVodeReInit(solver_.get(), t_, y_.get());
      CVodeSetMinStep(solver_.get(), kLeastStep * std::abs(t_));
      counted_steps_ = counted_failures_ = 0;
      return;
    }
    solver_.reset(CVodeCreate(CV_BDF, context_.get()));
    void* m = solver_.get();
    CVodeSetErrHandlerFn(m, [](int, const char*, const char*, char*, void*) {}, nullptr);
    CVodeInit(m, &Reference::rhs, t_, y_.get());
    CVodeSVtolerances(m, options_.relative_tolerance, tolerance_.get());
    CVodeSetUserData(m, this);
    CVodeSetMaxNumSteps(m, kStepsBetweenChecks);
    CVodeSetMaxErrTestFails(m, 50);
    CVodeSetLinearSolver(m, linear_.get(), matrix_.get());
    CVodeSetJacFn(m, &Reference::jacobian);
    if (!bits_.empty()) CVodeRootInit(m, static_cast<int>(bits_.size()), &Reference::gaps);
    CVodeSetNoInactiveRootWarn(m);
  }

  void integrate() {
    std::size_t stop = 0;
    bool changed = true;
    while (true) {
      while (result_output_ < plan_.outputs.size() && plan_.outputs[result_output_].after_stops <= stop && plan_.outputs[result_output_].time <= t_) {
        write_output();
      }
      if (result_output_ == plan_.outputs.size()) return;
      if (stop < plan_.stops.size() && plan_.stops[stop].time <= t_) {
        const Stop& s = plan_.stops[stop++];
        if (s.kind == StopKind::SetParameter) {
          parameters_[s.index] = s.value;
          prepare_parameters();
        } else {
          apply_stop(plan_, s, states(), rates_);
        }
        held_.clear();
        changed = true;
        continue;
      }
      if (changed) {
        settle();
        restart();
        changed = false;
      }
      const double end = stop < plan_.stops.size() ? plan_.stops[stop].time : plan_.outputs.back().time;
      const auto& output = plan_.outputs[result_output_];
      const double target = output.after_stops == stop ? std::min(end, output.time) : end;
      if (end - t_ <= kNoTime * std::max(std::abs(t_), std::abs(end))) {  // closer than CVODES can step
        t_ = end;
        continue;
      }
      CVodeSetStopTime(solver_.get(), end);
      if (stop_.stop_requested()) {
        (void)fail(Status::Cancelled, "");
        return;
      }
      const double before = t_;
      const int code = CVode(solver_.get(), target, y_.get(), &t_, CV_NORMAL);
      if (code == CV_ROOT_RETURN) {
        flip_found();
        changed = true;
      } else if (code == CV_TSTOP_RETURN) {
        t_ = end;
      }
      count();
      const bool stands = code == CV_TOO_MUCH_WORK && t_ - before <= kStandstill * std::max(std::abs(t_), end - t_);
      if (stands || (code < 0 && code != CV_TOO_MUCH_WORK)) {
        (void)fail(Status::StepSizeTooSmall, "no step at this time keeps the error within the tolerance; the solution probably blows up");
        return;
      }
      if (result_.statistics.steps > options_.max_steps) {
        (void)fail(Status::TooManySteps, "more than " + std::to_string(options_.max_steps) + " steps");
        return;
      }
    }
  }

  /// Adds CVODES' counters, which start again at each restart.
  void count() {
    long steps = 0, failures = 0;
    CVodeGetNumSteps(solver_.get(), &steps);
    CVodeGetNumErrTestFails(solver_.get(), &failures);
    result_.statistics.steps += static_cast<std::uint64_t>(std::max(steps - counted_steps_, 0L));
    result_.statistics.rejected += static_cast<std::uint64_t>(std::max(failures - counted_failures_, 0L));
    counted_steps_ = steps;
    counted_failures_ = failures;
  }

  void flip_found() {
    std::vector<int> found(bits_.size());
    CVodeGetRootInfo(solver_.get(), found.data());
    for (std::size_t k = 0; k < bits_.size(); ++k) {
      if (found[k] != 0) bits_[k] = found[k] > 0 ? 1 : 0;
    }
    gaps_.evaluate(t_, states(), bits_, gap_);
    held_.clear();
    for (std::size_t k = 0; k < bits_.size(); ++k) {
      if (found[k] != 0) held_.emplace_back(k, gap_[k]);
    }
    ++result_.statistics.switches;
  }

  /// Branch bits from the states, and events that have become due. A bit that has just crossed stands while its gap is what it was at the
  /// crossing, which rounding put on either side.
  void settle() {
    for (int round = 0; round < kEventRounds; ++round) {
      for (std::size_t pass = 0; pass <= bits_.size(); ++pass) {
        gaps_.evaluate(t_, states(), bits_, gap_);
        bool moved = false;
        for (std::size_t k = 0; k < bits_.size(); ++k) {
          if (std::find(held_.begin(), held_.end(), std::pair(k, gap_[k])) != held_.end()) continue;
          const double gap = round > 0 && gap_[k] == 0 ? gap_ahead(k) : gap_[k];
          const double bit = (program_.switches[k].inclusive ? gap >= 0 : gap > 0) ? 1 : 0;
          moved = moved || bit != bits_[k];
          bits_[k] = bit;
        }
        if (!moved) break;
      }
      if (!run_events()) return;
    }
  }

  /// Gap a little later: where an event has put it at exactly 0, which CVODES would not report as a root, its direction decides.
  double gap_ahead(std::size_t k) {
    std::vector<double> slope(n_), ahead(n_), gaps(bits_.size());
    derivative_.evaluate(t_, states(), bits_, slope);
    const double dt = 1e-8 * std::max(std::abs(t_), 1.0);
    for (std::size_t i = 0; i < n_; ++i) ahead[i] = states()[i] + dt * (slope[i] + rates_[i]);
    gaps_.evaluate(t_ + dt, ahead, bits_, gaps);
    return gaps[k];
  }

  bool run_events() {
    if (triggers_.empty()) return false;
    std::vector<double> now(triggers_.size());
    setup_.triggers(parameters_, t_, states(), bits_, now);
    bool fired = false;
    for (std::size_t k = 0; k < now.size(); ++k) {
      const bool rises = now[k] != 0 && triggers_[k] == 0;
      triggers_[k] = now[k];
      if (!rises) continue;
      fired = true;
      if (setup_.fire(k, parameters_, t_, states())) prepare_parameters();
    }
    return fired;
  }

  void prepare_parameters() {
    derivative_.prepare(parameters_);
    jacobian_.prepare(parameters_);
    gaps_.prepare(parameters_);
  }

  void write_output() {
    std::copy_n(states().data(), n_, result_.states.begin() + static_cast<std::ptrdiff_t>(result_output_ * n_));
    if (parameter_events_) {
      std::copy(parameters_.begin(), parameters_.end(),
                result_.parameters.begin() + static_cast<std::ptrdiff_t>(result_output_ * parameters_.size()));
    }
    ++result_output_;
  }

  SubjectResult fail(Status status, const std::string& message) {
    result_.status = status;
    result_.message = message;
    result_.time_reached = t_;
    return result_;
  }

  static int rhs(realtype t, N_Vector y, N_Vector dy, void* self_) {
    auto& self = *static_cast<Reference*>(self_);
    double* d = N_VGetArrayPointer(dy);
    self.derivative_.evaluate(t, {N_VGetArrayPointer(y), self.n_}, self.bits_, {d, self.n_});
    bool finite = true;
    for (std::size_t i = 0; i < self.n_; ++i) {
      d[i] += self.rates_[i];
      finite = finite && std::isfinite(d[i]);
    }
    return finite ? 0 : 1;
  }

  static int jacobian(realtype t, N_Vector y, N_Vector, SUNMatrix j, void* self_, N_Vector, N_Vector, N_Vector) {
    auto& self = *static_cast<Reference*>(self_);
    self.jacobian_.evaluate(t, {N_VGetArrayPointer(y), self.n_}, self.bits_, self.entries_);
    for (std::size_t k = 0; k < self.entries_.size(); ++k) {
      const auto& e = self.program_.jacobian[k];
      SM_ELEMENT_D(j, e.row, e.column) = self.entries_[k];
    }
    return 0;
  }

  static int gaps(realtype t, N_Vector y, realtype* out, void* self_) {
    auto& self = *static_cast<Reference*>(self_);
    self.gaps_.evaluate(t, {N_VGetArrayPointer(y), self.n_}, self.bits_, {out, self.bits_.size()});
    return 0;
  }

  const std::stop_token& stop_;
  const compile::Program& program_;
  const SubjectPlan& plan_;
  const Options& options_;
  std::size_t n_;
  SubjectSetup setup_;
  compile::Interpreter derivative_, jacobian_, gaps_;
  std::vector<double> parameters_, bits_, gap_, rates_, entries_, triggers_;
  bool parameter_events_ = false;
  std::vector<std::pair<std::size_t, double>> held_;
  double t_ = 0;
  long counted_steps_ = 0, counted_failures_ = 0;
  std::size_t result_output_ = 0;
  SubjectResult result_;

  std::unique_ptr<std::remove_pointer_t<SUNContext>, FreeContext> context_;
  Owned<N_Vector> y_{nullptr, N_VDestroy}, tolerance_{nullptr, N_VDestroy};
  Owned<SUNMatrix> matrix_{nullptr, SUNMatDestroy};
  Owned<SUNLinearSolver> linear_{nullptr, nullptr};
  std::unique_ptr<void, FreeSolver> solver_;
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
