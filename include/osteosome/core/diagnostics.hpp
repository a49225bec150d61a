// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace osteosome::core {

/// Who has to act on an error; the command line maps each to an exit code.
enum class ErrorKind { Input, Model, Unit, Dosing, Numerics, Io, Unsupported, Internal };

/// A place in a file. Line and column start at 1; 0 means unknown.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
};

/// One problem: what happened, where, what is allowed.
struct Diagnostic {
  std::string code;     ///< stable identifier, e.g. "model-021"
  std::string message;  ///< one sentence with the offending value
  Location where;
  std::string hint;  ///< what is allowed, or a near match; may be empty
};

/// "file:line:column: message [code]; hint" on one line.
[[nodiscard]] std::string to_text(const Diagnostic& diagnostic);

/// The one exception type of the library: all problems of one input.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, Diagnostic diagnostic);
  Error(ErrorKind kind, std::vector<Diagnostic> diagnostics);

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const& noexcept { return diagnostics_; }
  [[nodiscard]] std::vector<Diagnostic> diagnostics() && noexcept { return std::move(diagnostics_); }

 private:
  ErrorKind kind_;
  std::vector<Diagnostic> diagnostics_;
};

/// A request that makes no sense: words of a command, or fields of a task.
[[nodiscard]] Error usage(const std::string& message, const std::string& hint);

/// The problems of an error as its catcher tells them: `prefix` before each message, and `where` for those without a place.
[[nodiscard]] std::vector<Diagnostic> retold(const Error& error, const std::string& prefix, const Location& where);
/// The messages of an error in one line.
[[nodiscard]] std::string messages(const Error& error);

/// Collects the problems of one input, so that they are reported in one go.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic) { found_.push_back(std::move(diagnostic)); }
  void add(const Error& error);
  void add(std::vector<Diagnostic> diagnostics);
  [[nodiscard]] bool empty() const noexcept { return found_.empty(); }
  [[nodiscard]] const std::vector<Diagnostic>& all() const& noexcept { return found_; }
  const std::vector<Diagnostic>& all() && = delete;
  /// Throws `Error(kind)` with everything collected, each problem once, in order of position, if there is anything.
  void throw_if_any(ErrorKind kind) const;

 private:
  std::vector<Diagnostic> found_;
};

}  // namespace osteosome::core
