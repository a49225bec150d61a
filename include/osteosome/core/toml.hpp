// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::core {

struct TomlEntry;

/// A TOML value with its place in the file; tables keep the order of the file.
struct TomlValue {
  enum class Kind { String, Number, Boolean, Array, Table, Other };
  Kind kind = Kind::Table;
  std::string text;
  double number = 0;
  bool boolean = false;
  bool integer = false;
  std::vector<TomlValue> items;
  std::vector<TomlEntry> entries;
  Location where;

  /// The value of that key, which lives as long as this table, or null.
  [[nodiscard]] const TomlValue* find(std::string_view key) const&;
  const TomlValue* find(std::string_view key) && = delete;
  [[nodiscard]] const char* kind_name() const;
};

/// A key of a table and its value.
struct TomlEntry {
  std::string first;
  TomlValue second;
};

/// @throws Error(Input) toml-001 with position for text that is no TOML.
[[nodiscard]] TomlValue parse_toml(std::string_view text, const std::string& file);
/// Reads and parses; refuses more than 16 MiB. @throws Error(Io), Error(Input).
[[nodiscard]] TomlValue load_toml(const std::string& path);
/// The same of `folder`/`file`, or where there is no such file, of the text that was built in. @throws as load_toml.
[[nodiscard]] TomlValue load_toml_or(const std::string& folder, const std::string& file, const char* built_in);

/// Reads the keys of one table, collecting problems: wrong types, missing keys, and at `finish` the keys nobody asked for.
class TomlReader {
 public:
  /// `context` names the table in messages, e.g. "parameter 'kout'". The table must outlive the reader.
  TomlReader(const TomlValue& table, std::string context, Diagnostics& problems);
  TomlReader(TomlValue&& table, std::string context, Diagnostics& problems) = delete;

  [[nodiscard]] std::optional<std::string> text(std::string_view key);
  [[nodiscard]] std::optional<double> number(std::string_view key);
  [[nodiscard]] std::optional<bool> boolean(std::string_view key);
  /// A string, or a number turned into its text: formulas may be written either way.
  [[nodiscard]] std::optional<std::string> formula(std::string_view key);
  [[nodiscard]] const TomlValue* table(std::string_view key);
  [[nodiscard]] const TomlValue* array(std::string_view key);
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);

  [[nodiscard]] std::string required_text(std::string_view key);
  [[nodiscard]] double required_number(std::string_view key);

  void problem(std::string code, const std::string& message, std::string hint = "", std::string_view key = "");
  /// What reading the value of `key` threw.
  void problem(const Error& error, std::string_view key);
  [[nodiscard]] Location where(std::string_view key = "") const;
  void finish();

 private:
  const TomlValue* take(std::string_view key, TomlValue::Kind kind, const char* expected);

  const TomlValue& table_;
  std::string context_;
  Diagnostics& problems_;
  std::vector<std::string> known_;
};

}  // namespace osteosome::core
