// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <vector>

#include "attend.hpp"
#include "osteosome/osteosome.hpp"

namespace osteosome::python {

using WorkspacePointer = std::shared_ptr<cohort::Workspace>;  ///< nanobind knows no pointers to const; nothing here changes one
using Array = nb::ndarray<nb::numpy, double>;

/// Numbers handed over to numpy without a copy; they live as long as the array.
[[nodiscard]] Array as_array(std::vector<double>&& values, const std::vector<std::size_t>& shape);
/// [row x column] as [column x row], so that a column is one piece of memory.
[[nodiscard]] std::vector<double> by_column(const double* values, std::size_t rows, std::size_t columns);

// One function a part: adds its classes and functions to the module.
void bind_errors(nb::module_& m);
void bind_models(nb::module_& m);
void bind_simulations(nb::module_& m);
void bind_scenarios(nb::module_& m);
void bind_evidence(nb::module_& m);

}  // namespace osteosome::python
