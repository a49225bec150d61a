// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/toml.hpp"

#include <filesystem>
#include <optional>
#include <stdexcept>

namespace {
/// toml++ 3.3 asserts on some malformed input (found by fuzzing: a key that starts with a control character); that is bad input, not a bug of ours.
struct ParserAssertion : std::runtime_error {
  using std::runtime_error::runtime_error;
};
}  // namespace
#define TOML_ASSERT(expression) (static_cast<bool>(expression) ? void() : throw ParserAssertion(#expression))
#define TOML_EXCEPTIONS 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wterminate"  // some assertions stand in noexcept functions of the library
#include <toml++/toml.h>
#pragma GCC diagnostic pop

#include <algorithm>

#include "osteosome/core/text.hpp"

namespace osteosome::core {
namespace {

constexpr std::size_t kLargestDocument = std::size_t{16} << 20;

TomlValue convert(const toml::node& node, const std::string& file) {
  TomlValue value;
  value.where = {file, static_cast<int>(node.source().begin.line), static_cast<int>(node.source().begin.column)};
  value.kind = TomlValue::Kind::Other;
  if (const auto* s = node.as_string()) {
    value.kind = TomlValue::Kind::String;
    value.text = s->get();
  } else if (const auto* i = node.as_integer()) {
    value.kind = TomlValue::Kind::Number;
    value.integer = true;
    value.number = static_cast<double>(i->get());
  } else if (const auto* f = node.as_floating_point()) {
    value.kind = TomlValue::Kind::Number;
    value.number = f->get();
  } else if (const auto* b = node.as_boolean()) {
    value.kind = TomlValue::Kind::Boolean;
    value.boolean = b->get();
  } else if (const auto* a = node.as_array()) {
    value.kind = TomlValue::Kind::Array;
    for (const auto& item : *a) value.items.push_back(convert(item, file));
  } else if (const auto* t = node.as_table()) {
    value.kind = TomlValue::Kind::Table;
    std::vector<std::pair<toml::source_position, TomlEntry>> found;
    for (const auto& [key, item] : *t) found.emplace_back(key.source().begin, TomlEntry{std::string(key.str()), convert(item, file)});
    std::stable_sort(found.begin(), found.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    for (auto& item : found) {
      item.second.second.where = {file, static_cast<int>(item.first.line), static_cast<int>(item.first.column)};
      value.entries.push_back(std::move(item.second));
    }
  }
  return value;
}

/// Finds what stands outside of strings and comments in TOML text.
class OutsideScanner {
 public:
  explicit OutsideScanner(std::string_view text) : text_(text) {}

  /// Where the first character beyond ASCII is that neither a string nor a comment holds, if there is one. TOML 1.0 allows none; toml++ 3.3 is
  /// undefined on some of them (found by fuzzing).
  [[nodiscard]] std::optional<std::size_t> first_beyond_ascii() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // byte order mark
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) >= 0x80) return at_;
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '"' || c == '\'') {
        skip_string(c);
      } else {
        ++at_;
      }
    }
    return std::nullopt;
  }

 private:
  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool lines = text_.substr(at_).starts_with(three);
    at_ += lines ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (quote == '"' && c == '\\') {
        at_ += 2;
      } else if (!lines && (c == quote || c == '\n')) {
        ++at_;
        return;
      } else if (lines && text_.substr(at_).starts_with(three)) {
        at_ += 3;
        for (int more = 0; more < 2 && at_ < text_.size() && text_[at_] == quote; ++more) ++at_;  // quotes at the end of the text
        return;
      } else {
        ++at_;
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void check_outside(std::string_view text, const std::string& file) {
  const auto at = OutsideScanner(text).first_beyond_ascii();
  if (!at) return;
  const std::string_view before = text.substr(0, *at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  throw Error(ErrorKind::Input, {"toml-001",
                                 "not valid TOML: a character beyond ASCII outside of quotes",
                                 {file, static_cast<int>(line), static_cast<int>(*at - begin + 1)},
                                 "Put names and texts with such characters into quotes."});
}

}  // namespace

const TomlValue* TomlValue::find(std::string_view key) const& {
  for (const auto& [name, value] : entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

const char* TomlValue::kind_name() const {
  switch (kind) {
    case Kind::String: return "a string";
    case Kind::Number: return "a number";
    case Kind::Boolean: return "true or false";
    case Kind::Array: return "an array";
    case Kind::Table: return "a table";
    default: return "a date or time";
  }
}

TomlValue parse_toml(std::string_view text, const std::string& file) {
  check_outside(text, file);
  try {
    return convert(toml::parse(text, file), file);
  } catch (const toml::parse_error& error) {
    const auto begin = error.source().begin;
    throw Error(ErrorKind::Input, {"toml-001",
                                   "not valid TOML: " + std::string(error.description()),
                                   {file, static_cast<int>(begin.line), static_cast<int>(begin.column)},
                                   ""});
  } catch (const ParserAssertion&) {
    throw Error(ErrorKind::Input, {"toml-001", "not valid TOML: a key or value has a character that does not belong", {file, 0, 0}, ""});
  }
}

TomlValue load_toml(const std::string& path) {
  const std::string text = read_file(path, kLargestDocument);
  if (trim(text).empty()) throw Error(ErrorKind::Input, {"toml-002", "the file is empty", {path, 0, 0}, ""});
  return parse_toml(text, path);
}

TomlValue load_toml_or(const std::string& folder, const std::string& file, const char* built_in) {
  const std::string path = folder + "/" + file;
  std::error_code ec;
  return std::filesystem::exists(path, ec) ? load_toml(path) : parse_toml(built_in, file);
}

TomlReader::TomlReader(const TomlValue& table, std::string context, Diagnostics& problems)
    : table_(table), context_(std::move(context)), problems_(problems) {
  if (table.kind != TomlValue::Kind::Table) {
    problems_.add({"toml-003", context_ + " should be a table, but is " + table.kind_name(), table.where, ""});
  }
}

Location TomlReader::where(std::string_view key) const {
  const TomlValue* value = key.empty() ? nullptr : table_.find(key);
  return value != nullptr ? value->where : table_.where;
}

void TomlReader::problem(std::string code, const std::string& message, std::string hint, std::string_view key) {
  problems_.add({std::move(code), context_ + ": " + message, where(key), std::move(hint)});
}

void TomlReader::problem(const Error& error, std::string_view key) { problems_.add(retold(error, context_ + ": ", where(key))); }

const TomlValue* TomlReader::take(std::string_view key, TomlValue::Kind kind, const char* expected) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const TomlValue* value = table_.find(key);
  if (value == nullptr) return nullptr;
  if (value->kind != kind) {
    problem("toml-004", "'" + std::string(key) + "' should be " + expected + ", but is " + value->kind_name(), "", key);
    return nullptr;
  }
  return value;
}

std::optional<std::string> TomlReader::text(std::string_view key) {
  const TomlValue* value = take(key, TomlValue::Kind::String, "a string");
  return value != nullptr ? std::optional(value->text) : std::nullopt;
}

std::optional<double> TomlReader::number(std::string_view key) {
  const TomlValue* value = take(key, TomlValue::Kind::Number, "a number");
  return value != nullptr ? std::optional(value->number) : std::nullopt;
}

std::optional<bool> TomlReader::boolean(std::string_view key) {
  const TomlValue* value = take(key, TomlValue::Kind::Boolean, "true or false");
  return value != nullptr ? std::optional(value->boolean) : std::nullopt;
}

std::optional<std::string> TomlReader::formula(std::string_view key) {
  const TomlValue* value = table_.find(key);
  if (value != nullptr && value->kind == TomlValue::Kind::Number) {
    known_.emplace_back(key);
    return format_double(value->number);
  }
  return text(key);
}

const TomlValue* TomlReader::table(std::string_view key) { return take(key, TomlValue::Kind::Table, "a table"); }
const TomlValue* TomlReader::array(std::string_view key) { return take(key, TomlValue::Kind::Array, "an array"); }

std::vector<std::string> TomlReader::texts(std::string_view key) {
  std::vector<std::string> found;
  const TomlValue* value = array(key);
  if (value == nullptr) return found;
  for (const TomlValue& item : value->items) {
    if (item.kind == TomlValue::Kind::String) {
      found.push_back(item.text);
    } else {
      problem("toml-004", "'" + std::string(key) + "' should hold strings only", "", key);
    }
  }
  return found;
}

std::string TomlReader::required_text(std::string_view key) {
  const auto value = text(key);
  if (!value && table_.find(key) == nullptr) problem("toml-005", "'" + std::string(key) + "' is missing");
  if (value && value->empty()) problem("toml-005", "'" + std::string(key) + "' is empty", "", key);
  return value.value_or("");
}

double TomlReader::required_number(std::string_view key) {
  const auto value = number(key);
  if (!value && table_.find(key) == nullptr) problem("toml-005", "'" + std::string(key) + "' is missing");
  return value.value_or(0);
}

void TomlReader::finish() {
  for (const auto& [key, value] : table_.entries) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    std::string hint = did_you_mean(key, known_);
    if (hint.empty()) {
      hint = "Known keys:";
      for (const std::string& name : known_) hint += " " + name;
      hint += ".";
    }
    problems_.add({"toml-006", context_ + ": unknown key '" + key + "'", value.where, hint});
  }
}

}  // namespace osteosome::core
