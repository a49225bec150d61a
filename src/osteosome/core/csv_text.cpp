// SPDX-License-Identifier: Apache-2.0
#include "csv_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::core {
namespace {

Error bad(const std::string& code, const std::string& message, const std::string& file, int line, const std::string& hint) {
  return {ErrorKind::Input, {code, message, {file, line, 0}, hint}};
}

void append_utf8(std::uint32_t c, std::string& out) {
  const auto byte = [&](std::uint32_t b) { out += static_cast<char>(b); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      byte(0xE0 | (c >> 12));
    } else {
      byte(0xF0 | (c >> 18));
      byte(0x80 | ((c >> 12) & 0x3F));
    }
    byte(0x80 | ((c >> 6) & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

std::string from_utf16(std::string_view bytes, bool little, const std::string& file) {
  if (bytes.size() % 2 != 0) throw bad("csv-004", "the file is UTF-16, but ends within a character", file, 0, "Save it as UTF-8.");
  const auto unit = [&](std::size_t i) {
    const auto a = static_cast<unsigned char>(bytes[i]), b = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<std::uint32_t>(little ? a | (b << 8) : b | (a << 8));
  };
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    std::uint32_t c = unit(i);
    if (c >= 0xD800 && c < 0xDC00 && i + 3 < bytes.size()) {
      c = 0x10000 + ((c - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
      i += 2;
    }
    append_utf8(c, out);
  }
  return out;
}

/// Bytes of the UTF-8 character at `at`; 0 if there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const std::size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((static_cast<unsigned char>(text[at + k]) & 0xC0) != 0x80) return 0;
  }
  return length;
}

/// No-break, narrow, figure and thin spaces, and a byte-order mark within the text.
bool is_blank(std::string_view character) {
  constexpr std::array<std::string_view, 5> blanks = {"\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x87", "\xE2\x80\x89", "\xEF\xBB\xBF"};
  return std::find(blanks.begin(), blanks.end(), character) != blanks.end();
}

}  // namespace

std::string csv_plain_text(std::string_view bytes, const std::string& file) {
  constexpr std::string_view kMark8 = "\xEF\xBB\xBF", kLittle = "\xFF\xFE", kBig = "\xFE\xFF";
  std::string decoded;
  std::string_view text = bytes;
  if (text.starts_with(kMark8)) {
    text.remove_prefix(kMark8.size());
  } else if (text.starts_with(kLittle) || text.starts_with(kBig)) {
    decoded = from_utf16(text.substr(2), text.starts_with(kLittle), file);
    text = decoded;
  }
  if (trim(text).empty()) throw bad("csv-001", "the file is empty", file, 0, "");
  std::string out;
  out.reserve(text.size());
  int line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\0')
      throw bad("csv-004", "the file is binary, not a text table", file, line, "If it is UTF-16 or a spreadsheet, save it as CSV in UTF-8.");
    const std::size_t length = utf8_length(text, at);
    if (length == 0) throw bad("csv-005", "a character is not UTF-8", file, line, "The file may be Latin-1 (Windows): save it as UTF-8.");
    if (c == '\r' || c == '\n') {
      if (c == '\r' && at + 1 < text.size() && text[at + 1] == '\n') ++at;
      out += '\n';
      ++line;
    } else if (is_blank(text.substr(at, length))) {
      out += ' ';
    } else {
      out.append(text.substr(at, length));
    }
    at += length;
  }
  return out;
}

}  // namespace osteosome::core
