// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace osteosome::core {

/// SHA-256 (FIPS 180-4) of bytes that come piece by piece.
class Sha256 {
 public:
  void add(std::string_view bytes);
  /// Of everything added, as 64 hexadecimal digits. Ends the hash: add nothing afterwards.
  [[nodiscard]] std::string hex();

 private:
  void digest(std::string_view block);  // its first 64 bytes

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::uint64_t length_ = 0;
  std::string rest_;  // less than a block
};

/// Of a file, read in pieces. @throws Error(Io) io-001.
[[nodiscard]] std::string sha256_of_file(const std::string& path);

}  // namespace osteosome::core
