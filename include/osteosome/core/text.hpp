// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace osteosome::core {

/// Shortest text that reads back to the same double; "" for NaN (a missing value).
[[nodiscard]] std::string format_double(double value);

/// The number that all of `text` spells (no locale, no surrounding space), if it does.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

/// The candidate nearest to `word` by edit distance, if one is near enough to be a misspelling (case ignored).
[[nodiscard]] std::optional<std::string> near_match(std::string_view word, std::span<const std::string> candidates);

/// "Did you mean 'x'?" or "".
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

[[nodiscard]] std::string to_lower(std::string_view text);
/// A view into `text`.
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

/// The name of a file without folder and ending, other characters than those of identifiers replaced by '_'.
[[nodiscard]] std::string stem_identifier(std::string_view path);

/// True if `text` matches [A-Za-z_][A-Za-z0-9_]*.
[[nodiscard]] bool is_identifier(std::string_view text);

/// Lower-case hexadecimal SHA-256 of `bytes` (FIPS 180-4).
[[nodiscard]] std::string sha256(std::string_view bytes);

/// The bytes of a regular file. Throws Error(Io) for a directory, an unreadable or missing file, or more than `limit` bytes.
[[nodiscard]] std::string read_file(const std::string& path, std::size_t limit = std::size_t{256} << 20);

}  // namespace osteosome::core
