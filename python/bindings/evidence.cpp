// SPDX-License-Identifier: Apache-2.0
// Models graded on studies, and fitted to them or to own tables.
#include <algorithm>
#include <cmath>

#include "module.hpp"

namespace osteosome::python {
namespace {

/// Values that are missing because their simulation failed.
template <class Validation>
std::size_t failed_of(const Validation& v) {
  if constexpr (std::is_same_v<Validation, tasks::Validation>) {
    const auto& points = v.input.points;
    return static_cast<std::size_t>(std::count_if(points.begin(), points.end(), [](const auto& p) { return !std::isfinite(p.predicted); }));
  } else {
    return 0;  // an animal study that fails is left out, with its reason
  }
}

/// What either domain of `validate` gives.
template <class Validation>
void bind_validation(nb::module_& m, const char* name, std::string (*page)(const Validation&)) {
  nb::class_<Validation>(m, name)
      .def_ro("stopped", &Validation::stopped)
      .def_prop_ro("failed", &failed_of<Validation>)
      .def_prop_ro("text", [](const Validation& v) { return tasks::summary_of(v); })
      .def_prop_ro("tables", [](const Validation& v) { return tasks::tables_of(v); })
      .def("page", page);
}

void bind_calibration(nb::module_& m) {
  nb::class_<evidence::CalibrationPlan>(m, "CalibrationPlan")
      .def_rw("evidence", &evidence::CalibrationPlan::evidence)
      .def_prop_ro("is_of_table", [](const evidence::CalibrationPlan& p) { return p.data.has_value(); })
      .def("take_table", [](evidence::CalibrationPlan& p, const std::string& path) { evidence::take_table(p, path); });
  m.def("read_calibration", [](const std::string& path) { return evidence::read_calibration(path); });
  m.def("calibration_files", [] { return std::vector<std::string>(std::begin(tasks::kCalibrationFiles), std::end(tasks::kCalibrationFiles)); });
  nb::class_<tasks::Calibration>(m, "Calibration")
      .def_ro("stopped", &tasks::Calibration::stopped)
      .def_ro("summary", &tasks::Calibration::summary)
      .def_ro("warnings", &tasks::Calibration::warnings)
      .def_prop_ro("files", [](const tasks::Calibration& c) {
        std::vector<std::pair<std::string, std::string>> files;
        for (const auto& file : c.files) files.emplace_back(file.name, file.text);
        return files;
      });
  m.def(
      "calibrate",
      [](const WorkspacePointer& w, const evidence::CalibrationPlan& plan, const std::string& checkpoint, unsigned threads, const std::string& cache,
         const std::string& version, const nb::object& progress) {
        return attend(progress,
                      [&](const cohort::Job& job) { return tasks::calibrate(*w, plan, checkpoint, {job.stop, threads, cache, version, {}, {}}); });
      },
      nb::arg("w"), nb::arg("plan"), nb::arg("checkpoint"), nb::arg("threads"), nb::arg("cache"), nb::arg("version"), nb::arg("progress").none());
}

}  // namespace

void bind_evidence(nb::module_& m) {
  using R = tasks::ValidationRequest;
  nb::class_<R>(m, "ValidationRequest")
      .def(nb::init<>())
      .def_rw("studies", &R::studies)
      .def_rw("models", &R::models)
      .def_rw("overlays", &R::overlays)
      .def_rw("domain", &R::domain)
      .def_rw("role", &R::role)
      .def_rw("evidence", &R::evidence)
      .def_rw("curves", &R::curves)
      .def_rw("solver", &R::solver);
  bind_validation<tasks::Validation>(m, "Validation", [](const tasks::Validation& v) { return report::make_validation_report(v.input); });
  bind_validation<tasks::AnimalValidation>(m, "AnimalValidation", [](const tasks::AnimalValidation& v) {
    return report::make_preclinical_report(v.input);
  });
  m.def(
      "validate",
      [](const WorkspacePointer& w, const R& r, const nb::object& progress) {
        return attend(progress, [&](const cohort::Job& job) { return tasks::validate(*w, r, job); });
      },
      nb::arg("w"), nb::arg("r"), nb::arg("progress").none());
  m.def(
      "validate_animals",
      [](const WorkspacePointer& w, const R& r, const nb::object& progress) {
        return attend(progress, [&](const cohort::Job& job) { return tasks::validate_animals(*w, r, job); });
      },
      nb::arg("w"), nb::arg("r"), nb::arg("progress").none());
  bind_calibration(m);
}

}  // namespace osteosome::python
