// SPDX-License-Identifier: Apache-2.0
#include "osteosome/calibrate/evaluation_log.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::calibrate {
namespace {

/// JSON has no word for what is not finite; a point with such a residual has failed, as one without residuals.
std::vector<std::vector<double>> without_failed(std::vector<std::vector<double>> residuals) {
  for (auto& r : residuals) {
    if (!std::all_of(r.begin(), r.end(), [](double x) { return std::isfinite(x); })) r.clear();
  }
  return residuals;
}

}  // namespace

EvaluationLog::EvaluationLog(std::string path, std::string key, Residuals residuals, std::stop_token stop)
    : path_(std::move(path)), key_(std::move(key)), residuals_(std::move(residuals)), stop_(std::move(stop)) {
  read();
  rewrite();
}

void EvaluationLog::read() {
  std::ifstream in(path_);
  std::string line;
  const auto next = [&] { return std::getline(in, line) ? nlohmann::json::parse(line, nullptr, false) : nlohmann::json(); };
  try {
    const nlohmann::json header = next();
    if (!header.is_object() || header.value("config", "") != key_) return;
    for (auto call = next(); call.is_object(); call = next()) calls_.push_back({call.at("points").get<Matrix>(), call.at("residuals").get<Matrix>()});
  } catch (const nlohmann::json::exception&) {
    return;  // damaged: what stands before it counts, the rest is computed again
  }
}

void EvaluationLog::rewrite() const {
  std::ofstream(path_, std::ios::trunc) << nlohmann::json{{"config", key_}}.dump() << '\n';
  for (const Call& call : calls_) append(call);
}

void EvaluationLog::append(const Call& call) const {
  std::ofstream out(path_, std::ios::app);
  out << nlohmann::json{{"points", call.points}, {"residuals", call.residuals}}.dump() << '\n' << std::flush;
  if (!out) throw core::Error(core::ErrorKind::Io, {"io-003", "cannot write '" + path_ + "'", {}, ""});
}

std::vector<std::vector<double>> EvaluationLog::operator()(const std::vector<std::vector<double>>& points) {
  const bool known = next_ < calls_.size() && calls_[next_].points == points;
  if (known && next_ > 0) {
    resumed_ = true;
    return calls_[next_++].residuals;
  }
  Call call{points, without_failed(residuals_(points))};
  if (stop_.stop_requested()) return call.residuals;
  if (!known || calls_[next_].residuals != call.residuals) {
    const bool stale = next_ < calls_.size();
    calls_.resize(next_);
    calls_.push_back(call);
    if (stale) {
      rewrite();
    } else {
      append(call);
    }
  }
  ++next_;
  return call.residuals;
}

}  // namespace osteosome::calibrate
