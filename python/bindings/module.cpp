// SPDX-License-Identifier: Apache-2.0
// osteosome._core: the door (osteosome/osteosome.hpp) as Python sees it. What users call is the package around it.
#include "module.hpp"

#include <dlfcn.h>

#include "osteosome/core/output_file.hpp"

namespace osteosome::python {
namespace {

/// Of the program that computes: the shared library that holds the engines.
std::string library_path() {
  Dl_info info{};
  return dladdr(reinterpret_cast<const void*>(&cohort::Workspace::open), &info) != 0 ? info.dli_fname : "";
}

}  // namespace

Array as_array(std::vector<double>&& values, const std::vector<std::size_t>& shape) {
  auto owned = std::make_unique<std::vector<double>>(std::move(values));
  double* const data = owned->data();
  const nb::capsule owner(owned.release(), [](void* p) noexcept { delete static_cast<std::vector<double>*>(p); });
  return {data, shape.size(), shape.data(), owner};
}

std::vector<double> by_column(const double* values, std::size_t rows, std::size_t columns) {
  std::vector<double> out(rows * columns);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) out[c * rows + r] = values[r * columns + c];
  }
  return out;
}

NB_MODULE(_core, m) {
  nb::set_leak_warnings(false);  // a daemon thread that Python ends keeps what it held
  m.attr("version") = OSTEOSOME_VERSION;
  bind_errors(m);
  nb::class_<cohort::Workspace>(m, "Workspace")
      .def_prop_ro("root", [](const cohort::Workspace& w) { return w.root(); })
      .def_prop_ro("models", [](const cohort::Workspace& w) { return w.library().models(); });
  m.def(
      "open",
      [](const std::string& root, const std::string& cache) {
        return std::const_pointer_cast<cohort::Workspace>(cohort::Workspace::open(root, cache));
      },
      nb::arg("root"), nb::arg("cache"));
  m.def("library_path", &library_path);
  nb::module_::import_("atexit").attr("register")(nb::cpp_function([] { Running::here().end_all(); }));
  m.def("check_folder", &core::check_folder);
  m.def("make_folder", &core::make_folder);
  m.def("check_output", &core::check_output);
  m.def("write_file", &core::write_file);
  nb::class_<core::Table>(m, "Table")
      .def_ro("name", &core::Table::name)
      .def_ro("columns", &core::Table::columns)
      .def("column",
           [](const core::Table& t, std::size_t c) {
             std::vector<std::string> cells;
             for (const auto& row : t.rows) cells.push_back(row.at(c));
             return cells;
           })
      .def("csv", [](const core::Table& t) { return core::to_csv(t); });
  bind_models(m);
  bind_simulations(m);
  bind_scenarios(m);
  bind_evidence(m);
}

}  // namespace osteosome::python
