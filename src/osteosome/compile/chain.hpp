// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include "osteosome/core/diagnostics.hpp"
#include "unsupported.hpp"
#include "view.hpp"

namespace osteosome::compile {

/// The values that are being worked out, each because the one before asked for it.
class Chain {
 public:
  explicit Chain(std::string file) : file_(std::move(file)) {}

  /// Holds a value on the chain while it lives.
  class Link {
   public:
    Link(Chain& chain, std::pair<std::string, View> value) : chain_(chain), value_(std::move(value)) {}
    ~Link() { chain_.values_.erase(value_); }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

   private:
    Chain& chain_;
    std::pair<std::string, View> value_;
  };

  /// `what`: "the value of 'x'". @throws Error(Model) compile-002 if it stands on the chain already, Error(Unsupported) if the chain is too long:
  /// each link takes some room on the stack.
  [[nodiscard]] Link enter(const std::string& what, View view) {
    if (values_.size() > kLongest) unsupported("a chain of more than " + std::to_string(kLongest) + " quantities, each given by the next,");
    if (!values_.insert({what, view}).second) {
      throw core::Error(core::ErrorKind::Model, {"compile-002", what + " depends on itself", {file_, 0, 0}, ""});
    }
    return Link(*this, {what, view});
  }

 private:
  static constexpr std::size_t kLongest = 1000;
  std::string file_;
  std::set<std::pair<std::string, View>> values_;
};

}  // namespace osteosome::compile
