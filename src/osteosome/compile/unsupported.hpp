// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::compile {

[[noreturn]] inline void unsupported(const std::string& what) {
  throw core::Error(core::ErrorKind::Unsupported, {"compile-001", what + " is not supported by any engine of this release", {}, ""});
}

}  // namespace osteosome::compile
