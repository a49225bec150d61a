// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace osteosome::core {

/// A file that gets its name only when it is complete: written as "NAME.partial", renamed by `commit`. Without `commit` the partial file stays
/// for inspection unless `discard` is called.
class OutputFile {
 public:
  /// @throws Error(Io) io-002 if it cannot be created.
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// @throws Error(Io) io-003 (disk full, ...) after removing the partial file.
  void write(std::string_view text);
  void flush();
  /// Flushes to disk, under the partial name. @throws Error(Io).
  void finish();
  /// Gives the file its name. @pre finish() was called. @throws Error(Io).
  void publish();
  /// finish and publish.
  void commit();
  [[nodiscard]] const std::string& partial_path() const& { return partial_; }
  const std::string& partial_path() && = delete;
  [[nodiscard]] const std::string& path() const& { return path_; }
  const std::string& path() && = delete;
  void discard();

 private:
  [[noreturn]] void fail(const std::string& what);
  std::string path_, partial_;
  int fd_ = -1;
  std::string buffer_;
};

/// Writes a whole file the same way.
void write_file(const std::string& path, std::string_view text);
/// Creates the folder and those above it. @throws Error(Io) io-002.
void make_folder(const std::string& path);
/// "" is no output. @throws Error(Io) io-007 for an output that is one of the inputs, io-004 for one that exists, without `overwrite`.
void check_output(const std::string& path, bool overwrite, const std::vector<std::string>& inputs);
/// A folder that is to be filled; "" is none. @throws Error(Io) io-004 for one that is there with anything in it, without `replace`.
void check_folder(const std::string& path, bool replace);

}  // namespace osteosome::core
