// SPDX-License-Identifier: Apache-2.0
// Long work in a thread of its own, while the thread of Python stays free for signals and progress.
#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "osteosome/cohort/simulate.hpp"

namespace osteosome::python {

namespace nb = nanobind;

inline constexpr auto kBetweenLooks = std::chrono::milliseconds(50);

/// How far the work is; the thread that works writes, the one that waits reads.
struct Counts {
  std::mutex mutex;
  std::size_t done = 0, total = 0;
};

/// Signals that came, then progress(done, total). What either raises is returned. @pre holds the GIL
inline std::exception_ptr look_up(const nb::object& progress, Counts& counts) {
  try {
    if (PyErr_CheckSignals() != 0) nb::raise_python_error();
    std::unique_lock lock(counts.mutex);
    const auto [done, total] = std::pair(counts.done, counts.total);
    lock.unlock();
    if (!progress.is_none() && total > 0) progress(done, total);
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

/// work(Job) with the GIL released. Ctrl-C, and whatever `progress` raises, stop the work and are raised when it has ended. @pre holds the GIL
template <class Work>
auto attend(const nb::object& progress, Work work) {
  std::optional<decltype(work(cohort::Job{}))> result;
  std::exception_ptr failed, raised;
  std::stop_source stop;
  Counts counts;
  std::mutex mutex;
  std::condition_variable ended;
  bool over = false;
  const cohort::Job job{stop.get_token(), [&](std::size_t done, std::size_t total) {
                          const std::scoped_lock lock(counts.mutex);
                          counts.done = done;
                          counts.total = total;
                        }};
  {
    const nb::gil_scoped_release released;
    std::thread worker([&] {
      try {
        result.emplace(work(job));
      } catch (...) {
        failed = std::current_exception();
      }
      const std::scoped_lock lock(mutex);
      over = true;
      ended.notify_one();
    });
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, kBetweenLooks, [&] { return over; })) {
      lock.unlock();
      {
        const nb::gil_scoped_acquire held;
        if (!raised) raised = look_up(progress, counts);
      }
      if (raised) stop.request_stop();
      lock.lock();
    }
    lock.unlock();
    worker.join();
  }
  if (!raised) raised = look_up(progress, counts);
  if (raised) std::rethrow_exception(raised);
  if (failed) std::rethrow_exception(failed);
  return std::move(*result);
}

}  // namespace osteosome::python
