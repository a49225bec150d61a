// SPDX-License-Identifier: Apache-2.0
// Scenarios: run into a folder, repeated from a manifest, and as a question of power.
#include <cmath>

#include "module.hpp"

// A vector of what cannot be copied says that it can.
template <>
struct nanobind::detail::is_copy_constructible<osteosome::evidence::PreparedScenario> : std::false_type {};
template <>
struct nanobind::detail::is_copy_constructible<osteosome::tasks::Power> : std::false_type {};

namespace osteosome::python {
namespace {

/// Outputs that a model has, with unit and label, of one arm of a run.
std::vector<std::vector<std::string>> outputs_of(const evidence::PreparedScenario& prepared, const cohort::ArmResult& arm) {
  std::vector<std::vector<std::string>> out;
  for (const std::string& id : arm.outputs) {
    for (const auto& o : prepared.models[arm.model].model().outputs) {
      if (o.id == id) out.push_back({o.id, o.unit.text, o.label});
    }
  }
  return out;
}

struct Ran {
  std::shared_ptr<const evidence::PreparedScenario> prepared;
  tasks::RunOutcome outcome;
};

/// [subject x time x output] of one arm.
Array values_of(const Ran& ran, std::size_t index) {
  const auto& arm = ran.outcome.values.arms.at(index);
  const std::size_t width = ran.outcome.values.days.size() * arm.outputs.size();
  std::vector<double> all;
  all.reserve(width * arm.values.size());
  for (const auto& values : arm.values) {
    if (values.empty()) all.resize(all.size() + width, std::nan(""));
    all.insert(all.end(), values.begin(), values.end());
  }
  return as_array(std::move(all), {arm.values.size(), ran.outcome.values.days.size(), arm.outputs.size()});
}

void bind_runs(nb::module_& m) {
  nb::class_<cohort::Scenario>(m, "Scenario")
      .def_ro("title", &cohort::Scenario::title)
      .def_ro("file", &cohort::Scenario::file)
      .def_ro("text", &cohort::Scenario::text)
      .def_rw("seed", &cohort::Scenario::seed)
      .def_ro("rtol", &cohort::Scenario::relative_tolerance)
      .def_ro("atol_scale", &cohort::Scenario::absolute_scale)
      .def_prop_ro("engine", [](const cohort::Scenario& s) { return static_cast<int>(s.engine); })
      .def("lay_over", [](cohort::Scenario& s, const std::string& path) {
        for (auto& table : evidence::own_tables_at(path)) s.own_tables.push_back(std::move(table));
      });
  m.def("read_scenario", [](const WorkspacePointer& w, const std::string& path) { return cohort::load_scenario(path, w->library(), w->units()); });
  m.def("parse_scenario", [](const WorkspacePointer& w, const std::string& text, const std::string& path) {
    return cohort::read_scenario(text, path, w->library(), w->units());
  });
  nb::class_<tasks::Rerun>(m, "Rerun")
      .def_ro("scenario", &tasks::Rerun::scenario)
      .def_ro("engine", &tasks::Rerun::engine)
      .def_ro("max_failed", &tasks::Rerun::max_failed)
      .def_ro("values_sha256", &tasks::Rerun::values_sha256)
      .def_ro("remarks", &tasks::Rerun::remarks);
  m.def("read_manifest", [](const WorkspacePointer& w, const std::string& path, const std::string& version, const std::string& sha256) {
    return tasks::read_manifest(*w, path, {version, sha256});
  });
  nb::class_<evidence::PreparedScenario>(m, "PreparedScenario").def_ro("remarks", &evidence::PreparedScenario::remarks);
  m.def(
      "prepare",
      [](const WorkspacePointer& w, const cohort::Scenario& scenario, const simulate::SolverSettings& settings) {
        return std::make_shared<evidence::PreparedScenario>(evidence::prepare(*w, scenario, settings));
      },
      nb::call_guard<nb::gil_scoped_release>());
  m.def("require_cultures", &evidence::require_cultures);
  nb::class_<Ran>(m, "Ran")
      .def_prop_ro("cancelled", [](const Ran& r) { return r.outcome.cancelled; })
      .def_prop_ro("simulations", [](const Ran& r) { return r.outcome.simulations; })
      .def_prop_ro("failed", [](const Ran& r) { return r.outcome.failed; })
      .def_prop_ro("seconds", [](const Ran& r) { return r.outcome.seconds; })
      .def_prop_ro("values_sha256", [](const Ran& r) { return r.outcome.values_sha256; })
      .def_prop_ro("days", [](const Ran& r) { return r.outcome.values.days; })
      .def_prop_ro("time_unit", [](const Ran& r) { return r.prepared->scenario.time_unit.name; })
      .def_prop_ro("times",
                   [](const Ran& r) {
                     std::vector<double> times;
                     for (const double day : r.outcome.values.days)
                       times.push_back(core::Time(day, core::kSecondsPerDay).in(r.prepared->scenario.time_unit.seconds));
                     return times;
                   })
      .def_prop_ro("arms",
                   [](const Ran& r) {
                     std::vector<std::pair<std::string, std::string>> names;
                     for (const auto& arm : r.outcome.values.arms)
                       names.emplace_back(r.prepared->scenario.models[arm.model].name, r.prepared->scenario.arms[arm.arm].name);
                     return names;
                   })
      .def("outputs", [](const Ran& r, std::size_t arm) { return outputs_of(*r.prepared, r.outcome.values.arms.at(arm)); })
      .def("statuses",
           [](const Ran& r, std::size_t arm) {
             std::vector<std::string> out;
             for (const auto status : r.outcome.values.arms.at(arm).status) out.emplace_back(solve::name_of(status));
             return out;
           })
      .def("values", &values_of);
  m.def(
      "run",
      [](const WorkspacePointer& w, const std::shared_ptr<evidence::PreparedScenario>& prepared, const std::string& folder, bool overwrite,
         double max_failed, const simulate::SolverSettings& settings, const std::string& version, const std::string& sha256,
         const nb::object& progress) {
        return attend(progress, [&](const cohort::Job& job) {
          return Ran{prepared, tasks::run(*w, *prepared, {folder, overwrite, max_failed, settings, {version, sha256}}, job)};
        });
      },
      nb::arg("w"), nb::arg("prepared"), nb::arg("folder"), nb::arg("overwrite"), nb::arg("max_failed"), nb::arg("settings"), nb::arg("version"),
      nb::arg("sha256"), nb::arg("progress").none());
}

}  // namespace

void bind_scenarios(nb::module_& m) {
  bind_runs(m);
  nb::class_<tasks::Power>(m, "Power")
      .def_prop_ro("cancelled", [](const tasks::Power& p) { return p.result.cancelled; })
      .def_prop_ro("remarks",
                   [](const tasks::Power& p) {
                     auto all = p.prepared.remarks;
                     for (auto& remark : tasks::power_remarks(p)) all.push_back(std::move(remark));
                     return all;
                   })
      .def_prop_ro("text", [](const tasks::Power& p) { return tasks::power_text(p); })
      .def_prop_ro("table", [](const tasks::Power& p) { return tasks::power_table(p.rows); })
      .def("page", [](const tasks::Power& p, const WorkspacePointer& w) { return tasks::power_page(p, *w); });
  m.def(
      "power",
      [](const WorkspacePointer& w, const cohort::Scenario& scenario, double wished, const std::vector<std::string>& spreads,
         const simulate::SolverSettings& settings, const nb::object& progress) {
        return attend(progress, [&](const cohort::Job& job) { return tasks::power(*w, scenario, {wished, spreads, settings}, job); });
      },
      nb::arg("w"), nb::arg("scenario"), nb::arg("wished"), nb::arg("spreads"), nb::arg("settings"), nb::arg("progress").none());
}

}  // namespace osteosome::python
