// SPDX-License-Identifier: Apache-2.0
#include "osteosome/report/preclinical.hpp"

#include <fmt/format.h>

#include <cmath>

#include "page.hpp"

namespace osteosome::report {
namespace {

std::string plain(double x) { return std::isfinite(x) ? fmt::format("{:.2f}", x) : "failed"; }

std::string cell(const std::string& text) { return "<td>" + escape(text) + "</td>"; }
std::string figure(const std::string& text) { return "<td class=n>" + escape(text) + "</td>"; }

std::string totals_table(const PreclinicalInput& in) {
  std::string out =
      "<h2>Directions</h2>\n<p>A direction is right if the simulated difference has the reported sign and is not negligible (|d| above 0.2), or, "
      "where "
      "none was found, is too small for the study's animals to show. Beside it: a predictor that always says \"better\".</p>\n<div "
      "class=scroll><table><tr><th>Role</th><th>Rows</th><th>Of</th><th class=n>Right</th><th class=n>Rows</th><th class=n>Always "
      "better</th></tr>\n";
  for (const auto& t : evidence::totals(in.results)) {
    out += "<tr>" + cell(t.role) + cell(t.group) + cell(t.what) + figure(std::to_string(t.right)) + figure(std::to_string(t.n)) +
           figure(std::to_string(t.always_better)) + "</tr>\n";
  }
  out +=
      "</table></div>\n<h2>Sizes</h2>\n<p>Treated over control, beside the means of the study, with the 95 % interval that its SDs and animals "
      "give.</p>\n";
  for (const auto& t : evidence::size_totals(in.results)) out += "<p>" + escape(evidence::size_text(t)) + ".</p>\n";
  return out;
}

std::string studies_table(const PreclinicalInput& in) {
  std::string out =
      "<h2>Every row as it was simulated</h2>\n<p>Marked rows have a wrong direction, or a size outside the study's interval.</p>\n<div "
      "class=scroll><table><tr><th>Study</th><th>Role</th><th>Rows</th><th>Animal</th><th>Treated</th><th "
      "class=n>Days</th><th class=n>n</th><th>Outcome</th><th>Reported</th><th class=n>Reported, % (95 %)</th><th class=n>Simulated, %</th><th "
      "class=n>SMD (95 % of "
      "experiments)</th><th>Direction</th><th>Size</th><th>Assumed for want of a report</th></tr>\n";
  for (const auto& r : in.results) {
    const auto& t = *r.trial;
    std::string filled;
    for (const auto& f : t.filled_in) filled += (filled.empty() ? "" : ", ") + f;
    if (t.variation.assumed) filled += (filled.empty() ? "" : ", ") + std::string("spread between animals");
    std::string reported = t.row->text("direction");
    if (!t.row->text("effect").empty()) reported += " " + t.row->text("effect_type") + " " + t.row->text("effect");
    if (!t.row->text("ci_low").empty()) reported += " (" + t.row->text("ci_low") + " to " + t.row->text("ci_high") + ")";
    std::string size = r.size ? fmt::format("{:+.0f}", r.size->percent) : "";
    if (r.size && r.size->low) size += fmt::format(" ({:+.0f} to {:+.0f})", *r.size->low, *r.size->high);
    const bool wrong = (r.right && !*r.right) || (r.size_right && !*r.size_right);
    const auto yes_no = [](const std::optional<bool>& right) { return !right ? "" : *right ? "yes" : "no"; };
    out += std::string("<tr") + (wrong ? " class=assumed" : "") + ">" + cell(t.row->study) + cell(t.row->role) + cell(t.group) + cell(t.species) +
           cell(t.treated) + figure(fmt::format("{:.0f}", t.days)) + figure(fmt::format("{:.0f}", t.n)) + cell(t.outcome) + cell(reported) +
           figure(size) + figure(plain(r.prediction.percent())) +
           figure(plain(r.smd.mean) + " (" + plain(r.smd.low) + " to " + plain(r.smd.high) + ")") + cell(yes_no(r.right)) +
           cell(yes_no(r.size_right)) + cell(filled) + "</tr>\n";
  }
  return out + "</table></div>\n";
}

std::string mechanisms_table(const PreclinicalInput& in) {
  if (in.mechanisms.grades.empty()) return "";
  std::string out =
      "<h2>Mechanisms</h2>\n<p>A culture with vesicles at 10 ug/mL daily for a week, and the same without what the pathway's lumped cargo does. The "
      "sizes of these effects are assumed; that an effect falls when its pathway is taken away is built in, the sign on each readout is not.</p>\n"
      "<div class=scroll><table><tr><th>Study</th><th>Cargo</th><th>Pathway</th><th>Readout</th><th>Reported</th><th class=n>With, %</th><th "
      "class=n>Without, %</th><th>Sign</th><th>Falls</th></tr>\n";
  for (const auto& g : in.mechanisms.grades) {
    out += "<tr>" + cell(g.row->study) + cell(g.row->text("cargo")) + cell(g.row->text("pathway")) + cell(g.readout) +
           cell(g.reported > 0 ? "up" : "down") + figure(plain(g.with_cargo)) + figure(plain(g.without)) + cell(g.sign_right() ? "right" : "wrong") +
           cell(g.falls() ? "yes" : "no") + "</tr>\n";
  }
  return out + "</table></div>\n";
}

std::string left_out_table(const PreclinicalInput& in) {
  std::string out = "<h2>Left out</h2>\n<details><summary>" + std::to_string(in.left_out.size()) +
                    " rows</summary><div class=scroll><table><tr><th>Study</th><th>Outcome or cargo</th><th>Reason</th></tr>\n";
  for (const auto& x : in.left_out) {
    out += "<tr>" + cell(x.row->study) + cell(x.row->text("outcome") + x.row->text("cargo")) + cell(x.reason) + "</tr>\n";
  }
  return out + "</table></div></details>\n";
}

}  // namespace

std::string make_preclinical_report(const PreclinicalInput& input) {
  return page_start("Animal studies as simulated experiments") + "<h1>Animal studies as simulated experiments</h1>\n" + totals_table(input) +
         studies_table(input) + mechanisms_table(input) + left_out_table(input) + page_end("", {});
}

}  // namespace osteosome::report
