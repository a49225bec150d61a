// SPDX-License-Identifier: Apache-2.0
// Model documents written as text in a test are saved, loaded, and their problems compared.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "errors.hpp"
#include "osteosome/model/document.hpp"

namespace osteosome::support {

inline model::Library library() { return {OSTEOSOME_ROOT}; }

inline model::Model load_text(std::string_view text) {
  const TemporaryFolder folder;
  return model::load_model(folder.write("model.toml", text), library(), units());
}

inline const model::Model& shipped(const std::string& name) {
  static std::map<std::string, model::Model> loaded;
  const auto found = loaded.find(name);
  if (found != loaded.end()) return found->second;
  return loaded.emplace(name, model::load_model(library().find_model(name), library(), units())).first->second;
}

/// Loading `text` reports exactly one problem: this code, message, hint, and the line where `marker` stands.
inline void expect_problem(const std::string& text, const std::string& code, const std::string& message, const std::string& hint,
                           std::string_view marker) {
  const core::Error error = error_of([&] { (void)load_text(text); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, code);
  EXPECT_EQ(d.message, message);
  EXPECT_EQ(d.hint, hint);
  EXPECT_EQ(d.where.line, line_of(text, marker)) << error.what();
}

}  // namespace osteosome::support
