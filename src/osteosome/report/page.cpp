// SPDX-License-Identifier: Apache-2.0
#include "page.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <filesystem>

#include "osteosome/core/markup.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::report {
namespace {

constexpr const char* kStyle = R"css(
:root { color-scheme: light; --line: #d8dde3; --soft: #f5f7f9; --ink: #1c2530; --mute: #5a6673; --accent: #0072B2; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: white; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; } p { margin: .4rem 0; } .mute { color: var(--mute); }
.notice { background: #fff4e0; border-left: 4px solid #E69F00; padding: .5rem .8rem; margin: 1rem 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 1.2rem; }
figure { margin: 0; min-width: 0; } figcaption { font-size: .85rem; color: var(--mute); } .chart { width: 100%; min-height: 18rem; }
.scroll { overflow-x: auto; } .scroll td:first-child, .scroll th:first-child { position: sticky; left: 0; background: white; }
.scroll th:first-child { background: var(--soft); } .scroll tr.assumed td:first-child { background: #fdeede; }
table.wide { font-size: .72rem; } table.wide th, table.wide td { padding: .2rem .3rem; } table.wide td:first-child { min-width: 5rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .85rem; list-style: none; padding: 0; margin: .4rem 0 1rem; }
.legend svg { vertical-align: middle; margin-right: .4rem; } table { border-collapse: collapse; font-size: .85rem; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child { min-width: 7rem; } th { background: var(--soft); } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.assumed { background: #fdeede; font-weight: 600; } details { margin: .4rem 0; } summary { cursor: pointer; color: var(--accent); }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; font-size: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 34rem) { .charts { grid-template-columns: minmax(0, 1fr); } body { padding: .8rem; } table { font-size: .75rem; } th, td { padding: .2rem .4rem; }
  td:first-child, th:first-child { max-width: 32vw; overflow-wrap: anywhere; min-width: 4.5rem; } }
@media print { body { max-width: none; padding: 0; font-size: 11px; } .charts { grid-template-columns: 1fr 1fr; } figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .vega-embed summary { display: none; } .chart, .vega-embed { width: 100% !important; } .chart svg { width: 100% !important; height: auto !important; } figcaption, table, pre { font-size: 9px; } .chart { min-height: 0; } }
)css";

}  // namespace

std::string escape(const std::string& text) { return core::escape_markup(text); }

std::string link_doi(const std::string& source) {
  const auto at = source.find("10.");
  if (at == std::string::npos || source.find('/', at) == std::string::npos) return escape(source);
  const std::string doi = source.substr(at, source.find_first_of(" ,;)", at) - at);
  const std::size_t begin = at >= 4 && source.substr(at - 4, 4) == "doi:" ? at - 4 : at;
  return escape(source.substr(0, begin)) + "<a href=\"https://doi.org/" + escape(doi) + "\">" + escape(source.substr(begin, at - begin) + doi) +
         "</a>" + escape(source.substr(at + doi.size()));
}

std::string unique_id(const std::string& text, std::set<std::string>& taken) {
  std::string id = text;
  for (char& c : id) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_') c = '-';
  }
  std::string numbered = id;
  for (int k = 2; !taken.insert(numbered).second; ++k) numbered = id + "-" + std::to_string(k);
  return numbered;
}

double significant(double x) { return x == 0 || !std::isfinite(x) ? x : core::parse_double(fmt::format("{:.6g}", x)).value_or(0); }

std::string figure_of(const Chart& c) {
  return "<figure><div class=chart id=\"chart-" + escape(c.id) + "\" role=img aria-label=\"" + escape(c.title) + "\"></div><figcaption>" +
         escape(c.caption) + "</figcaption></figure>\n";
}

std::string page_start(const std::string& title) {
  return "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width, initial-scale=1\"><title>" +
         escape(title) + "</title>\n<style>" + kStyle +
         "</style></head><body>\n<main>\n<p class=notice><strong>Research use, not for clinical decisions.</strong></p>\n";
}

std::string chart_library(const std::string& data_root) {
  std::error_code ec;
  const std::string bundle = data_root + "/vega-bundle.js";
  return std::filesystem::exists(bundle, ec) ? core::read_file(bundle) : "";
}

std::string page_end(const std::string& chart_library, const std::vector<Chart>& charts) {
  std::string out = "</main>\n";
  if (!chart_library.empty()) {
    out += "<script>" + chart_library + "</script>\n<script>\n";
    for (const Chart& c : charts) {
      std::string spec = c.spec;
      for (std::size_t at = spec.find('<'); at != std::string::npos; at = spec.find('<', at)) spec.replace(at, 1, "\\u003c");
      out += "vegaEmbed(document.getElementById('chart-" + escape(c.id) + "'), " + spec +
             ", {renderer: 'svg', actions: {export: true, source: false, compiled: false, editor: false}});\n";
    }
    // On paper everything is open, and the charts take the width of the page.
    out +=
        "addEventListener('beforeprint', () => { document.querySelectorAll('main details:not(.vega-embed details)').forEach(d => { d.open = true; "
        "}); });\n";
    out += "</script>\n";
  }
  return out + "</body></html>\n";
}

}  // namespace osteosome::report
