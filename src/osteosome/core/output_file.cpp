// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::core {
namespace {
constexpr std::size_t kBuffer = 1 << 16;
}

OutputFile::OutputFile(std::string path) : path_(std::move(path)), partial_(path_ + ".partial") {
  fd_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) throw Error(ErrorKind::Io, {"io-002", "cannot create '" + partial_ + "': " + std::strerror(errno), {}, ""});
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  (void)!::write(fd_, buffer_.data(), buffer_.size());
  ::close(fd_);
}

void OutputFile::fail(const std::string& what) {
  const std::string why = std::strerror(errno);
  discard();
  throw Error(ErrorKind::Io, {"io-003", what + " '" + path_ + "': " + why, {}, "Nothing was left under the final name."});
}

void OutputFile::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBuffer) flush();
}

void OutputFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot write");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  buffer_.clear();
}

void OutputFile::finish() {
  flush();
  if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) fail("cannot write");
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0) fail("cannot write");
}

void OutputFile::publish() {
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) fail("cannot rename to");
}

void OutputFile::commit() {
  finish();
  publish();
}

void OutputFile::discard() {
  buffer_.clear();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  std::error_code ec;
  std::filesystem::remove(partial_, ec);
}

void write_file(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  file.commit();
}

void make_folder(const std::string& path) {
  std::error_code ec;
  std::filesystem::create_directories(path, ec);
  if (!std::filesystem::is_directory(path, ec)) throw Error(ErrorKind::Io, {"io-002", "cannot create the folder '" + path + "'", {}, ""});
}

void check_output(const std::string& path, bool overwrite, const std::vector<std::string>& inputs) {
  std::error_code ec;
  for (const std::string& input : inputs) {
    if (path.empty() || input.empty() || !std::filesystem::equivalent(path, input, ec)) continue;
    throw Error(ErrorKind::Io, {"io-007", "'" + path + "' is an input of this run", {}, "Inputs are never modified; write somewhere else."});
  }
  if (path.empty() || overwrite || !std::filesystem::exists(path, ec)) return;
  throw Error(ErrorKind::Io, {"io-004", "'" + path + "' exists", {}, "Give --overwrite to replace it."});
}

void check_folder(const std::string& path, bool replace) {
  std::error_code ec;
  if (path.empty() || !std::filesystem::exists(path, ec)) return;
  if (!std::filesystem::is_directory(path, ec)) throw Error(ErrorKind::Io, {"io-004", "'" + path + "' is no folder", {}, ""});
  if (replace || std::filesystem::is_empty(path, ec)) return;
  throw Error(ErrorKind::Io, {"io-004", "folder '" + path + "' is not empty", {}, "Give --overwrite to replace what is there, or another -o."});
}

}  // namespace osteosome::core
