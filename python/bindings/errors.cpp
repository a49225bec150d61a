// SPDX-License-Identifier: Apache-2.0
// core::Error as an exception of osteosome.errors.
#include <new>

#include "module.hpp"

namespace osteosome::python {
namespace {

const char* name_of(core::ErrorKind kind) {
  switch (kind) {
    case core::ErrorKind::Input: return "InputError";
    case core::ErrorKind::Model: return "ModelError";
    case core::ErrorKind::Unit: return "UnitError";
    case core::ErrorKind::Dosing: return "DosingError";
    case core::ErrorKind::Numerics: return "NumericsError";
    case core::ErrorKind::Io: return "FileError";
    case core::ErrorKind::Unsupported: return "UnsupportedError";
    case core::ErrorKind::Internal: break;
  }
  return "InternalError";
}

void raise(const core::Error& error) {
  const nb::object type = nb::module_::import_("osteosome.errors").attr(name_of(error.kind()));
  nb::list problems;
  for (const auto& d : error.diagnostics()) problems.append(nb::make_tuple(d.code, d.message, d.where.file, d.where.line, d.where.column, d.hint));
  PyErr_SetObject(type.ptr(), type(problems).ptr());
}

}  // namespace

void bind_errors(nb::module_& /*m*/) {
  nb::register_exception_translator([](const std::exception_ptr& thrown, void* /*payload*/) {
    try {
      std::rethrow_exception(thrown);
    } catch (const core::Error& error) {
      raise(error);
    }
  });
}

}  // namespace osteosome::python
