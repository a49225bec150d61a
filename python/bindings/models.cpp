// SPDX-License-Identifier: Apache-2.0
// Models as documents: what is in them, and other forms of them; and the small verbs.
#include <algorithm>

#include "module.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::python {
namespace {

core::Table parameters_of(const model::Model& m) {
  core::Table table{"parameters", {"id", "value", "unit", "kind", "source", "rationale", "meaning", "low", "high", "origin"}, {}};
  for (const auto& p : m.parameters) {
    table.rows.push_back({p.id, core::format_double(p.value), p.unit.text, p.provenance.kind, p.provenance.source, p.provenance.rationale, p.meaning,
                          p.bounds ? core::format_double(p.bounds->first) : "", p.bounds ? core::format_double(p.bounds->second) : "", p.origin});
  }
  return table;
}

core::Table species_of(const model::Model& m) {
  core::Table table{"species", {"id", "unit", "compartment", "kind", "source", "rationale", "meaning"}, {}};
  for (const auto& s : m.species)
    table.rows.push_back({s.id, s.unit.text, s.compartment, s.provenance.kind, s.provenance.source, s.provenance.rationale, s.meaning});
  return table;
}

core::Table outputs_of(const model::Model& m) {
  core::Table table{"outputs", {"id", "unit", "observable", "label", "when"}, {}};
  for (const auto& o : m.outputs) table.rows.push_back({o.id, o.unit.text, o.observable, o.label, o.when});
  return table;
}

core::Table doses_of(const model::Model& m) {
  core::Table table{"doses", {"id", "drug", "route", "into", "unit"}, {}};
  for (const auto& d : m.doses) table.rows.push_back({d.id, d.drug, d.route, d.into, d.unit ? d.unit->text : ""});
  return table;
}

}  // namespace

void bind_models(nb::module_& m) {
  nb::class_<model::Model>(m, "Model")
      .def_ro("id", &model::Model::id)
      .def_ro("title", &model::Model::title)
      .def_ro("source", &model::Model::source)
      .def_ro("about", &model::Model::about)
      .def_ro("file", &model::Model::file)
      .def_ro("faults", &model::Model::faults)
      .def_prop_ro("time_unit", [](const model::Model& x) { return x.time.text; })
      .def_prop_ro("parameters", &parameters_of)
      .def_prop_ro("species", &species_of)
      .def_prop_ro("outputs", &outputs_of)
      .def_prop_ro("doses", &doses_of)
      .def("markdown", [](const model::Model& x) { return model::to_markdown(x); })
      .def("latex", [](const model::Model& x) { return model::to_latex(x); });
  m.def(
      "load",
      [](const WorkspacePointer& w, const std::string& name, const std::string& species, const std::vector<std::string>& drugs) {
        return w->load({name, species, drugs});
      },
      nb::arg("workspace"), nb::arg("name"), nb::arg("species"), nb::arg("drugs"), nb::call_guard<nb::gil_scoped_release>());

  nb::class_<tasks::ConvertRequest>(m, "ConvertRequest")
      .def(nb::init<>())
      .def_rw("source", &tasks::ConvertRequest::from)
      .def_rw("species", &tasks::ConvertRequest::species)
      .def_rw("doses", &tasks::ConvertRequest::doses)
      .def_rw("until", &tasks::ConvertRequest::until)
      .def_rw("arm", &tasks::ConvertRequest::arm)
      .def_rw("model", &tasks::ConvertRequest::model);
  nb::class_<tasks::Converted>(m, "Converted")
      .def_ro("model", &tasks::Converted::model)
      .def_ro("course", &tasks::Converted::course)
      .def_ro("notes", &tasks::Converted::notes)
      .def("text", [](const tasks::Converted& c, const std::string& file) {
        std::vector<std::string> notes;
        std::string text = tasks::text_for(c.model, file, notes);
        return std::pair(std::move(text), std::move(notes));
      });
  m.def(
      "convert", [](const WorkspacePointer& w, const tasks::ConvertRequest& r) { return tasks::convert(*w, r); },
      nb::call_guard<nb::gil_scoped_release>());
  m.def(
      "check",
      [](const WorkspacePointer& w, const std::string& path) {
        std::vector<std::string> remarks;
        std::string found = tasks::check(*w, path, remarks);
        return std::pair(std::move(found), std::move(remarks));
      },
      nb::call_guard<nb::gil_scoped_release>());
  m.def("listed", &tasks::listed);
  m.def("words_of", [](const WorkspacePointer& w, const std::string& what) {
    const auto& known = tasks::listed();
    if (std::find(known.begin(), known.end(), what) == known.end())
      throw core::usage("there is no list of '" + what + "'", core::did_you_mean(what, known));
    return tasks::list(*w, what);
  });
  m.def("templates", [](const WorkspacePointer& w) { return tasks::templates(*w); });
  m.def("begin", [](const WorkspacePointer& w, const std::string& kind, const std::string& path) { tasks::begin(*w, kind, path); });
  m.def("inspect", [](const std::string& root, const std::string& cache) {
    core::Table table{"doctor", {"part", "there", "detail"}, {}};
    for (const tasks::Part& part : tasks::inspect(root, cache)) table.rows.push_back({part.what, part.there ? "ok" : "MISSING", part.detail});
    return table;
  });
  m.def(
      "regimen",
      [](const WorkspacePointer& w, const std::string& text, const std::string& until) {
        const auto regimen = protocol::parse_regimen(text, w->drugs(), w->units());
        const protocol::Microseconds horizon = until.empty() ? protocol::kForever : w->time(until).whole_microseconds();
        if (horizon <= 0) throw core::usage("until " + until + " should be positive", "");
        return std::pair(protocol::dose_table(regimen, horizon), regimen.remarks);
      },
      nb::arg("workspace"), nb::arg("text"), nb::arg("until"));
  m.def("regimen_drugs", [](const WorkspacePointer& w, const std::string& text) {
    const auto regimen = protocol::parse_regimen(text, w->drugs(), w->units());
    return std::pair(regimen.drugs(), regimen.remarks);
  });
}

}  // namespace osteosome::python
