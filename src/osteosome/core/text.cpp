// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <utility>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::core {

std::string format_double(double value) {
  if (std::isnan(value)) return "";
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

std::optional<double> parse_double(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> near_match(std::string_view word, std::span<const std::string> candidates) {
  const std::string target = to_lower(word);
  if (target.size() > 64) return std::nullopt;
  std::size_t best = 1 + std::min<std::size_t>(3, target.size() / 3);
  std::optional<std::string> found;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > 64 || candidate == word) continue;
    const std::string other = to_lower(candidate);
    // Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours count 1.
    std::vector<std::size_t> before, last, row(other.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < target.size(); ++i) {
      before = std::exchange(last, row);
      row[0] = i + 1;
      for (std::size_t j = 0; j < other.size(); ++j) {
        row[j + 1] = std::min({row[j] + 1, last[j + 1] + 1, last[j] + (target[i] == other[j] ? 0 : 1)});
        const bool swapped = i > 0 && j > 0 && target[i] == other[j - 1] && target[i - 1] == other[j];
        if (swapped) row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
      }
    }
    if (row.back() < best) {
      best = row.back();
      found = candidate;
    }
  }
  return found;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  auto match = near_match(word, candidates);
  for (std::size_t i = 0; !match && word.size() >= 3 && i < candidates.size(); ++i) {
    if (to_lower(candidates[i]).rfind(to_lower(word), 0) == 0) match = candidates[i];
  }
  return match ? "Did you mean '" + *match + "'?" : std::string();
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string stem_identifier(std::string_view path) {
  std::string stem(path.substr(path.rfind('/') + 1));  // npos + 1 is 0
  stem.resize(std::min(stem.size(), stem.rfind('.')));
  for (char& c : stem) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return stem;
}

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

std::string read_file(const std::string& path, std::size_t limit) {
  const auto fail = [&](const std::string& why) { throw Error(ErrorKind::Io, {"io-001", "cannot read '" + path + "': " + why, {}, ""}); };
  std::error_code ec;
  const auto status = std::filesystem::status(path, ec);
  if (!std::filesystem::exists(status)) fail("no such file");
  if (std::filesystem::is_directory(status)) fail("it is a directory, not a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(std::strerror(errno));
  std::string text;
  std::array<char, 65536> buffer{};
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > limit) {
      throw Error(ErrorKind::Input, {"input-002", "the file is larger than the limit of " + std::to_string(limit >> 20) + " MiB", {path, 0, 0}, ""});
    }
  }
  return text;
}

}  // namespace osteosome::core
