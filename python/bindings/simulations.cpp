// SPDX-License-Identifier: Apache-2.0
// Simulations of one model: of one subject, an event table, a population, or the points of a scan.
#include "module.hpp"
#include "osteosome/model/distribution.hpp"

namespace osteosome::python {
namespace {

simulate::SolverSettings settings(const std::string& engine, double rtol, double atol_scale, unsigned threads, const std::string& isa, bool tape,
                                  const std::string& cache) {
  simulate::SolverSettings s;
  s.engine = simulate::engine_from_name(engine);
  s.relative_tolerance = rtol;
  s.absolute_scale = atol_scale;
  s.threads = threads;
  s.lanes.cache_dir = cache;
  s.lanes.tape_only = tape;
  if (!isa.empty()) s.lanes.isa = compile::isa_from_name(isa);
  return s;
}

template <class Result>
auto quantities(const Result& r) {
  std::vector<std::vector<std::string>> out;
  for (const tasks::Quantity& q : r.quantities) out.push_back({q.name, q.unit, q.label});
  return out;
}

/// Adds a quantity that is drawn; `distribution` as in a scenario, "d = { ... }". @throws Error(Input) with every problem of it.
void vary(cohort::Population& population, const std::string& model, const std::string& name, const std::string& distribution) {
  core::Diagnostics problems;
  const core::TomlValue root = core::parse_toml(distribution, "vary " + name);
  population.quantities.push_back({model, name, model::read_distribution(*root.find("d"), name, problems), {}});
  problems.throw_if_any(core::ErrorKind::Input);
}

/// Numbers of subjects, one row each.
std::vector<std::vector<double>> rows_of(const nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>& table) {
  std::vector<std::vector<double>> rows;
  for (std::size_t r = 0; r < table.shape(0); ++r) rows.emplace_back(table.data() + r * table.shape(1), table.data() + (r + 1) * table.shape(1));
  return rows;
}

void bind_requests(nb::module_& m) {
  nb::class_<simulate::SolverSettings>(m, "SolverSettings").def_ro("threads", &simulate::SolverSettings::threads);
  m.def("settings", &settings, nb::arg("engine"), nb::arg("rtol"), nb::arg("atol_scale"), nb::arg("threads"), nb::arg("isa"), nb::arg("tape"),
        nb::arg("cache"));
  using R = tasks::SimulationRequest;
  nb::class_<R>(m, "SimulationRequest")
      .def(nb::init<>())
      .def_rw("model", &R::model)
      .def_rw("species", &R::species)
      .def_rw("doses", &R::doses)
      .def_rw("data", &R::data)
      .def_rw("set", &R::set)
      .def_rw("until", &R::until)
      .def_rw("every", &R::every)
      .def_rw("times", &R::times)
      .def_rw("time_unit", &R::time_unit)
      .def_rw("observe", &R::observe)
      .def_prop_rw(
          "post", [](const R& r) { return r.at_dose == simulate::AtDose::Post; },
          [](R& r, bool post) { r.at_dose = post ? simulate::AtDose::Post : simulate::AtDose::Pre; })
      .def_rw("weight", &R::weight)
      .def_rw("age", &R::age)
      .def_rw("menopause", &R::menopause)
      .def_rw("ovariectomy", &R::ovariectomy)
      .def_rw("t_scores", &R::t_scores)
      .def_rw("solver", &R::solver);
  nb::class_<cohort::Population>(m, "Population")
      .def(nb::init<>())
      .def_rw("n", &cohort::Population::n)
      .def("vary", &vary)
      .def("correlate", [](cohort::Population& p, const std::string& a, const std::string& b, double r) { p.correlations.push_back({a, b, r, {}}); })
      .def("tabulate", [](cohort::Population& p, std::vector<std::string> columns,
                          const nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>& table) {
        p.table = "table";
        p.table_columns = std::move(columns);
        p.table_rows = rows_of(table);
        p.n = p.table_rows.size();
      });
}

void bind_results(nb::module_& m) {
  using S = tasks::Simulation;
  nb::class_<S>(m, "Simulation")
      .def_ro("key_columns", &S::key_columns)
      .def_ro("time_unit", &S::time_unit)
      .def_prop_ro("quantities", &quantities<S>)
      .def_ro("warnings", &S::warnings)
      .def_ro("notes", &S::notes)
      .def_ro("failures", &S::failures)
      .def("key",
           [](const S& s, std::size_t c) {
             std::vector<std::string> cells;
             for (const auto& row : s.keys) cells.push_back(row.at(c));
             return cells;
           })
      .def("values",
           [](const S& s) { return as_array(by_column(s.values.data(), s.keys.size(), s.quantities.size()), {s.quantities.size(), s.keys.size()}); });
  using P = tasks::PopulationSimulation;
  nb::class_<P>(m, "PopulationSimulation")
      .def_ro("times", &P::times)
      .def_ro("time_unit", &P::time_unit)
      .def_prop_ro("quantities", &quantities<P>)
      .def_ro("columns", &P::columns)
      .def_ro("warnings", &P::warnings)
      .def_ro("notes", &P::notes)
      .def_prop_ro("statuses",
                   [](const P& p) {
                     std::vector<std::string> out;
                     for (std::size_t s = 0; s < p.values.size(); ++s) out.emplace_back(solve::name_of(p.values.ending(s).status));
                     return out;
                   })
      .def_prop_ro("messages",
                   [](const P& p) {
                     std::vector<std::string> out;
                     for (std::size_t s = 0; s < p.values.size(); ++s) out.push_back(p.values.ending(s).message);
                     return out;
                   })
      .def("drawn", [](const P& p) { return as_array(std::vector<double>(p.drawn), {p.values.size(), p.columns.size()}); })
      .def_prop_ro(  // memory of the result itself, which the array keeps alive
          "values", [](nb::handle self) {
            const auto& p = nb::cast<const P&>(self);
            const std::size_t shape[] = {p.values.size(), p.times.size(), p.quantities.size()};
            return nb::ndarray<nb::numpy, const double, nb::ro>(p.values.values().data(), 3, shape, self);
          });
}

}  // namespace

void bind_simulations(nb::module_& m) {
  bind_requests(m);
  bind_results(m);
  m.def(
      "simulate",
      [](const WorkspacePointer& w, const tasks::SimulationRequest& r, const nb::object& progress) {
        return attend(progress, [&](const cohort::Job& job) { return tasks::simulate(*w, r, job); });
      },
      nb::arg("w"), nb::arg("r"), nb::arg("progress").none());
  m.def(
      "simulate_population",
      [](const WorkspacePointer& w, const tasks::SimulationRequest& r, const cohort::Population& population, std::uint64_t seed,
         const nb::object& progress) {
        return attend(progress, [&](const cohort::Job& job) { return tasks::simulate(*w, r, population, seed, job); });
      },
      nb::arg("w"), nb::arg("r"), nb::arg("population"), nb::arg("seed"), nb::arg("progress").none());
  nb::class_<tasks::ScanRequest>(m, "ScanRequest")
      .def(nb::init<>())
      .def_rw("simulation", &tasks::ScanRequest::simulation)
      .def_rw("over", &tasks::ScanRequest::over)
      .def_prop_rw(
          "value", [](const tasks::ScanRequest& r) { return static_cast<int>(r.value); },
          [](tasks::ScanRequest& r, int value) { r.value = static_cast<tasks::ScanValue>(value); });
  nb::class_<tasks::Scan>(m, "Scan")
      .def_ro("warnings", &tasks::Scan::warnings)
      .def_ro("notes", &tasks::Scan::notes)
      .def_ro("failed", &tasks::Scan::failed)
      .def_ro("axis_units", &tasks::Scan::axis_units)
      .def_prop_ro("axes",
                   [](const tasks::Scan& s) {
                     std::vector<std::string> names;
                     for (const auto& axis : s.axes) names.push_back(axis.name);
                     return names;
                   })
      .def_prop_ro("quantities", &quantities<tasks::Scan>)
      .def_prop_ro("table", [](const tasks::Scan& s) { return tasks::scan_table(s); })
      .def("page", [](const tasks::Scan& s, const tasks::ScanRequest& r, const WorkspacePointer& w) { return tasks::scan_page(s, r, *w); });
  m.def(
      "scan",
      [](const WorkspacePointer& w, const tasks::ScanRequest& r, const nb::object& progress) {
        return attend(progress, [&](const cohort::Job& job) { return tasks::scan(*w, r, job); });
      },
      nb::arg("w"), nb::arg("r"), nb::arg("progress").none());
}

}  // namespace osteosome::python
