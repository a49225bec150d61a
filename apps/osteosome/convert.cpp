// SPDX-License-Identifier: Apache-2.0
// osteosome convert: a model from one form to another.
#include <fmt/format.h>

#include <iostream>

#include "common.hpp"
#include "osteosome/core/output_file.hpp"

namespace osteosome::app {
namespace {

struct ConvertOptions {
  tasks::ConvertRequest request;
  std::string to, course;
  bool latex = false, markdown = false, overwrite = false;
};

int convert_command(const ConvertOptions& o) {
  for (const std::string& path : {o.to, o.course}) core::check_output(path, o.overwrite, {o.request.from});
  auto converted = tasks::convert(*workspace(), o.request);
  const model::Model& model = converted.model;
  const std::string text = o.latex ? model::to_latex(model) : o.markdown ? model::to_markdown(model) : tasks::text_for(model, o.to, converted.notes);
  print("note: ", converted.notes);
  if (o.to.empty()) {
    std::cout << text;
    return kOk;
  }
  if (!o.course.empty() && converted.course) core::write_file(o.course, *converted.course);
  core::write_file(o.to, text);
  if (o.latex || o.markdown) return kOk;
  std::cerr << fmt::format("{}: {} species, {} parameters, {} rules, {} reactions, {} events\n", o.to, model.species.size(), model.parameters.size(),
                           model.rules.size(), model.reactions.size(), model.events.size());
  return kOk;
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto o = std::make_shared<ConvertOptions>();
  tasks::ConvertRequest& r = o->request;
  CLI::App* verb = app.add_subcommand("convert", "write a model as SBML, TOML, LaTeX or Markdown");
  verb->add_option("FROM", r.from, "model document, SBML file, scenario, or id of a built-in model")->required();
  verb->add_option("TO", o->to, "file to write: .xml (SBML Level 3 Version 2) or .toml");
  verb->add_flag("--to-latex", o->latex, "equations as LaTeX (TO, or standard output)");
  verb->add_flag("--to-markdown", o->markdown, "equations and parameters as Markdown (TO, or standard output)")->excludes("--to-latex");
  verb->add_option("--species", r.species, "species overlay, e.g. rat");
  verb->add_option("--dose", r.doses, "regimen text, written as events (repeatable; with --until)")->type_size(1)->allow_extra_args(false);
  verb->add_option("--until", r.until, "doses before this time become events, e.g. \"24 months\"");
  verb->add_option("--arm", r.arm, "of a scenario: what the typical subject of this arm is given, as events");
  verb->add_option("--course", o->course, "with --arm: also write where the arm is looked at in model time, and its outputs, as JSON");
  verb->add_option("--model", r.model, "of a scenario: which of its models (default: the first)");
  verb->add_flag("--overwrite", o->overwrite, "replace an existing file");
  verb->footer(
      "Examples:\n  osteosome convert BIOMD0000000149.xml kim.toml\n  osteosome convert osteosome bone.xml --dose \"denosumab 60 mg sc every 6 "
      "months x 4\" "
      "--until \"24 months\"\n  osteosome convert joerg-2022 --to-latex");
  verb->callback([o, &action] { action = [o] { return convert_command(*o); }; });
}

}  // namespace osteosome::app
