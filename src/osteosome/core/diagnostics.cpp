// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/diagnostics.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

namespace osteosome::core {
namespace {

std::string join(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& d : diagnostics) {
    if (!text.empty()) text += '\n';
    text += to_text(d);
  }
  return text;
}

}  // namespace

std::string to_text(const Diagnostic& d) {
  std::string text;
  if (!d.where.file.empty()) text += d.where.file + ':';
  if (d.where.line > 0) text += std::to_string(d.where.line) + ':';
  if (d.where.column > 0) text += std::to_string(d.where.column) + ':';
  if (!text.empty()) text += ' ';
  text += d.message;
  if (!d.code.empty()) text += " [" + d.code + "]";
  if (!d.hint.empty()) text += " " + d.hint;
  return text;
}

Error::Error(ErrorKind kind, Diagnostic diagnostic) : Error(kind, std::vector<Diagnostic>{std::move(diagnostic)}) {}

Error::Error(ErrorKind kind, std::vector<Diagnostic> diagnostics)
    : std::runtime_error(join(diagnostics)), kind_(kind), diagnostics_(std::move(diagnostics)) {}

Error usage(const std::string& message, const std::string& hint) { return {ErrorKind::Input, {"usage", message, {}, hint}}; }

std::vector<Diagnostic> retold(const Error& error, const std::string& prefix, const Location& where) {
  std::vector<Diagnostic> told = error.diagnostics();
  for (Diagnostic& d : told) {
    d.message = prefix + d.message;
    if (d.where.file.empty()) d.where = where;
  }
  return told;
}

std::string messages(const Error& error) {
  std::string text;
  for (const Diagnostic& d : error.diagnostics()) text += (text.empty() ? "" : "; ") + d.message;
  return text;
}

void Diagnostics::add(const Error& error) { add(error.diagnostics()); }

void Diagnostics::add(std::vector<Diagnostic> diagnostics) {
  found_.insert(found_.end(), std::make_move_iterator(diagnostics.begin()), std::make_move_iterator(diagnostics.end()));
}

void Diagnostics::throw_if_any(ErrorKind kind) const {
  if (found_.empty()) return;
  std::vector<Diagnostic> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.where.file, a.where.line, a.where.column) < std::tie(b.where.file, b.where.line, b.where.column);
  });
  std::set<std::string> told;
  std::erase_if(sorted, [&](const Diagnostic& d) { return !told.insert(to_text(d)).second; });
  throw Error(kind, std::move(sorted));
}

}  // namespace osteosome::core
