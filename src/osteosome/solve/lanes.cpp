// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include <exception>

#include "lane_block.hpp"
#include "osteosome/solve/engine.hpp"
#include "reference.hpp"

namespace osteosome::solve {
namespace {

constexpr double kSecondsBeforeCompiling = 1.0;
constexpr std::size_t kSubjectsToJudge = 32;
constexpr double kSecondsWorthCompiling = 4.0;  // of work that lies ahead: a compilation takes one to two

const LaneKernels& kernels_for(compile::Isa isa) {
  switch (isa) {
    case compile::Isa::Avx512: return kLaneKernels_avx512;
    case compile::Isa::Avx2: return kLaneKernels_avx2;
    default: return kLaneKernels_scalar;
  }
}

/// Runs `work` on `threads` threads; the first exception ends all of them and is thrown again here.
void on_threads(unsigned threads, const std::stop_token& stop, const std::function<void(const std::stop_token&)>& work) {
  std::stop_source halt;
  const std::stop_callback forward(stop, [&halt] { halt.request_stop(); });
  std::exception_ptr failure;
  std::mutex mutex;
  const auto guarded = [&] {
    try {
      work(halt.get_token());
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!failure) failure = std::current_exception();
      halt.request_stop();
    }
  };
  if (threads <= 1) {
    guarded();
  } else {
    std::vector<std::jthread> pool;
    for (unsigned i = 0; i < threads; ++i) pool.emplace_back(guarded);
  }
  if (failure) std::rethrow_exception(failure);
}

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

LaneCode::LaneCode(const compile::Program& program, Settings settings)
    : lane_program_(std::make_shared<compile::LaneProgram>(compile::build_lane_program(program))), settings_(std::move(settings)) {
  if (!settings_.tape_only) evaluator_ = compile::find_builtin_native(*lane_program_, settings_.isa);
  native_ready_ = evaluator_ != nullptr;
  if (!evaluator_) evaluator_ = compile::make_tape(lane_program_, settings_.isa);
}

LaneCode::~LaneCode() = default;

std::shared_ptr<const compile::Evaluator> LaneCode::current() const {
  const std::scoped_lock lock(mutex_);
  return evaluator_;
}

std::shared_ptr<const compile::Evaluator> LaneCode::for_subjects(std::size_t count) const {
  if (native_ready_ || count > compile::kFewSubjects) return current();
  return compile::make_tape(lane_program_, settings_.isa, true);
}

void LaneCode::spent(double seconds, double share_done) {
  const std::scoped_lock lock(mutex_);
  seconds_ += seconds;
  if (compiling_ || native_ready_ || settings_.tape_only || settings_.cache_dir.empty()) return;
  const double ahead = share_done > 0 ? seconds_ * (1 - share_done) / share_done : 0;
  if (seconds_ < kSecondsBeforeCompiling && ahead < kSecondsWorthCompiling) return;
  compiling_ = true;
  compiler_ = std::jthread([this] {
    std::string why;
    std::shared_ptr<const compile::Evaluator> native = compile::compile_native(*lane_program_, settings_.isa, settings_.cache_dir, why);
    if (native == nullptr) return;  // the tape goes on serving
    const std::scoped_lock inner(mutex_);
    evaluator_ = std::move(native);
    native_ready_ = true;
  });
}

void run_lanes(const compile::Program& program, LaneCode& code, std::size_t count, const PlanSource& plans, const ResultSink& sink,
               const Options& options, unsigned threads, const std::stop_token& stop, const Decide& decide) {
  std::atomic<std::size_t> next{0}, done{0};
  std::mutex sink_mutex;
  const auto work = [&](const std::stop_token& halt) {
    while (next.load() < count && !halt.stop_requested()) {
      const auto wide = code.current();
      const auto evaluator = code.for_subjects(count);
      double before = thread_cpu_seconds();
      const auto take = [&]() -> std::optional<std::size_t> {
        if (code.current() != wide) return std::nullopt;  // drain the block and change over to the new code
        const std::size_t subject = next.fetch_add(1);
        return subject < count ? std::optional(subject) : std::nullopt;
      };
      const auto deliver = [&](std::size_t subject, const SubjectPlan& plan, SubjectResult&& result) {
        const double now = thread_cpu_seconds();
        const std::size_t behind = ++done;  // known once the first blocks are through: until then work in other lanes would count as this subject's
        code.spent(now - before, behind < kSubjectsToJudge ? 0 : static_cast<double>(behind) / static_cast<double>(count));
        before = now;
        const std::scoped_lock lock(sink_mutex);
        sink(subject, plan, std::move(result));
      };
      LaneBlock block(program, code.lane_program(), *evaluator, kernels_for(code.isa()), options, decide);
      block.run(take, plans, deliver, halt);
    }
  };
  on_threads(threads, stop, work);
}

void run_reference_ensemble(const compile::Program& program, std::size_t count, const PlanSource& plans, const ResultSink& sink,
                            const Options& options, unsigned threads, const std::stop_token& stop, const Decide& decide) {
  std::atomic<std::size_t> next{0};
  std::mutex sink_mutex;
  const auto work = [&](const std::stop_token& halt) {
    for (std::size_t subject = next.fetch_add(1); subject < count && !halt.stop_requested(); subject = next.fetch_add(1)) {
      SubjectPlan plan = plans(subject);
      SubjectResult result = Reference(program, subject, options, halt, decide).run(plan);
      const std::scoped_lock lock(sink_mutex);
      sink(subject, plan, std::move(result));
    }
  };
  on_threads(threads, stop, work);
}

}  // namespace osteosome::solve
