// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "osteosome/calibrate/least_squares.hpp"

namespace osteosome::calibrate {

/// Every evaluation of a search, on file: an interrupted search that is begun again takes the same steps without computing them, and ends
/// where it would have ended. The first evaluation is computed all the same; if it differs, what is on file is of another problem and is
/// thrown away.
class EvaluationLog {
 public:
  /// What `path` has is taken if it is of the same `key`; a line that was cut off ends it.
  EvaluationLog(std::string path, std::string key, Residuals residuals, std::stop_token stop);

  /// Residuals at the points, from the file as long as it has them. @throws Error(Io) if they cannot be kept.
  [[nodiscard]] std::vector<std::vector<double>> operator()(const std::vector<std::vector<double>>& points);
  /// Whether an earlier search had left evaluations that served.
  [[nodiscard]] bool resumed() const { return resumed_; }

 private:
  using Matrix = std::vector<std::vector<double>>;
  struct Call {
    Matrix points, residuals;
  };
  void read();
  void rewrite() const;
  void append(const Call& call) const;

  std::string path_, key_;
  Residuals residuals_;
  std::stop_token stop_;
  std::vector<Call> calls_;
  std::size_t next_ = 0;
  bool resumed_ = false;
};

}  // namespace osteosome::calibrate
