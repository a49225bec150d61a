// SPDX-License-Identifier: Apache-2.0
// For every test: a temporary folder, the error an action throws, the line where a text stands.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/units.hpp"

namespace osteosome::support {

/// A folder of its own for the running test, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() / ("osteosome-test-" + std::to_string(getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string path(const std::string& name = "") const { return (path_ / name).string(); }
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

inline const core::UnitSystem& units() {
  static const core::UnitSystem system;
  return system;
}

/// The error that `action` throws; fails the test if it throws none.
template <class Action>
core::Error error_of(Action action) {
  try {
    action();
  } catch (const core::Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return {core::ErrorKind::Internal, core::Diagnostic{"none", "no error was thrown", {}, ""}};
}

/// 1 + the number of line breaks before the first `marker` in `text`.
inline int line_of(std::string_view text, std::string_view marker) {
  const auto at = text.find(marker);
  if (at == std::string_view::npos) {
    ADD_FAILURE() << "the test's own text lacks '" << marker << "'";
    return -1;
  }
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace osteosome::support
