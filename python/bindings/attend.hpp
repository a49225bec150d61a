// SPDX-License-Identifier: Apache-2.0
// Long work in a thread of its own, while the thread of Python stays free for signals and progress.
#pragma once

#include <nanobind/nanobind.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
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

/// Work of this process that is being waited for. Python ends threads that wait when it shuts down, so it has to end before (`end_all` by atexit).
class Running {
 public:
  static Running& here() {
    static Running running;
    return running;
  }
  void add(std::stop_source& stop) {
    const std::scoped_lock lock(mutex_);
    stops_.insert(&stop);
  }
  void remove(std::stop_source& stop) {
    const std::scoped_lock lock(mutex_);
    stops_.erase(&stop);
    ended_.notify_all();
  }
  /// @pre holds the GIL
  void end_all() {
    if (getpid() != process_) return;  // a forked child has none of its parent's threads
    const nb::gil_scoped_release released;
    std::unique_lock lock(mutex_);
    for (std::stop_source* stop : stops_) stop->request_stop();
    ended_.wait(lock, [&] { return stops_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<std::stop_source*> stops_;
  pid_t process_ = getpid();
};

/// Running while it lives.
class Counted {
 public:
  explicit Counted(std::stop_source& stop) : stop_(stop) { Running::here().add(stop); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { Running::here().remove(stop_); }

 private:
  std::stop_source& stop_;
};

/// Ends the work and waits for it.
struct Joined {
  std::stop_source& stop;
  std::thread& worker;
  bool over = false;
  ~Joined() {
    if (!over) stop.request_stop();
    worker.join();
  }
};

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
  const Counted counted(stop);  // until the GIL is held again
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
    // However this is left: a thread that Python ends when it shuts down unwinds from here.
    Joined joined{stop, worker};
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
    joined.over = true;
  }
  if (!raised) raised = look_up(progress, counts);
  if (raised) std::rethrow_exception(raised);
  if (failed) std::rethrow_exception(failed);
  return std::move(*result);
}

}  // namespace osteosome::python
