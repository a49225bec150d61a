// SPDX-License-Identifier: Apache-2.0
#include "osteosome/protocol/regimen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"

extern "C" const char osteosome_vocabulary_routes[];  // embedded by the build

namespace osteosome::protocol {
namespace {

constexpr std::int64_t kMostDoses = 2'000'000;
constexpr double kRounding = 1e-12;           // of a conversion of units
constexpr double kRemarkable = 10, kAbsurd = 1000;  // times the largest dose of labels and studies
constexpr double kLongest = 1000 * 365.25 * kMicrosecondsPerDay;
constexpr double kMinute = 60, kHour = 3600, kWeek = 7 * core::kSecondsPerDay, kYear = 12 * core::kSecondsPerMonth;  // [s]

struct Word {
  std::string text;
  int column = 0;
};

/// In seconds.
const std::map<std::string, double> kTimeUnits = {
    {"min", kMinute},
    {"h", kHour},
    {"hour", kHour},
    {"hours", kHour},
    {"d", core::kSecondsPerDay},
    {"day", core::kSecondsPerDay},
    {"days", core::kSecondsPerDay},
    {"w", kWeek},
    {"week", kWeek},
    {"weeks", kWeek},
    {"mo", core::kSecondsPerMonth},
    {"month", core::kSecondsPerMonth},
    {"months", core::kSecondsPerMonth},
    {"y", kYear},
    {"year", kYear},
    {"years", kYear}};

const std::map<std::string, double> kNamedRepeats = {
    {"daily", core::kSecondsPerDay}, {"weekly", kWeek}, {"monthly", core::kSecondsPerMonth}, {"yearly", kYear}};

std::vector<std::string> names_of(const DrugCatalogue& catalogue) {
  std::vector<std::string> names;
  for (const Drug& d : catalogue.drugs) names.push_back(d.name);
  return names;
}

/// Words are separated by blanks; '&' and a number glued to a unit ("60mg") are words of their own.
std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    if (text[i] != '&') {
      while (end < text.size() && text[end] != ' ' && text[end] != '\t' && text[end] != '\n' && text[end] != '\r' && text[end] != '&') ++end;
    }
    std::string word(text.substr(i, end - i));
    std::size_t digits = 0;
    if (word[0] >= '0' && word[0] <= '9') {
      while (digits < word.size() && ((word[digits] >= '0' && word[digits] <= '9') || word[digits] == '.')) ++digits;
      // an exponent belongs to the number only if digits follow it
      if (digits + 1 < word.size() && (word[digits] == 'e' || word[digits] == 'E')) {
        std::size_t e = digits + 1;
        if (word[e] == '-' || word[e] == '+') ++e;
        std::size_t more = e;
        while (more < word.size() && word[more] >= '0' && word[more] <= '9') ++more;
        if (more > e) digits = more;
      }
    }
    const int column = static_cast<int>(i) + 1;
    if (digits > 0 && digits < word.size()) {
      words.push_back({word.substr(0, digits), column});
      words.push_back({word.substr(digits), column + static_cast<int>(digits)});
    } else {
      words.push_back({std::move(word), column});
    }
    i = end;
  }
  return words;
}

class Parser {
 public:
  Parser(std::string_view text, const DrugCatalogue& catalogue, const core::UnitSystem& units)
      : text_(text), words_(words_of(text)), catalogue_(catalogue), units_(units) {}

  Regimen run() {
    Regimen regimen;
    regimen.text = std::string(core::trim(text_));
    if (words_.empty()) fail("regimen-001", "the regimen is empty", "Write e.g. 'denosumab 60 mg sc every 6 months x 6', or 'none'.");
    regimen.phases.push_back(phase());
    while (at_ < words_.size()) {
      if (!take("then")) {
        fail("regimen-002", "'" + words_[at_].text + "' does not belong here",
             "After a course come 'then', '&' or the end. " + near({"then", "every", "daily", "weekly", "monthly", "yearly", "for", "over"}));
      }
      if (regimen.phases.back().length >= kForever)
        fail("regimen-003", "nothing can follow a 'none' that lasts for ever", "Write 'none for 12 months then ...'.");
      Microseconds after = 0;
      if (take("after")) after = duration("after 'after'");
      regimen.phases.push_back(phase());
      regimen.phases.back().after = after;
    }
    regimen.remarks = std::move(remarks_);
    return regimen;
  }

 private:
  [[noreturn]] void fail(const std::string& code, const std::string& message, const std::string& hint) {
    throw core::Error(core::ErrorKind::Dosing, {code, place() + message, {}, hint});
  }
  [[nodiscard]] std::string place() const {
    const int column = at_ < words_.size() ? words_[at_].column : static_cast<int>(text_.size()) + 1;
    return "regimen '" + std::string(text_.substr(0, 100)) + "', column " + std::to_string(column) + ": ";
  }
  [[nodiscard]] std::string peek() const { return at_ < words_.size() ? core::to_lower(words_[at_].text) : ""; }
  [[nodiscard]] std::string shown() const { return at_ < words_.size() ? "'" + words_[at_].text + "'" : "the end"; }
  [[nodiscard]] std::string near(const std::vector<std::string>& candidates) const {
    return at_ < words_.size() ? core::did_you_mean(words_[at_].text, candidates) : "";
  }
  bool take(const std::string& word) {
    if (peek() != word) return false;
    ++at_;
    return true;
  }

  double number(const std::string& what) {
    const auto value = core::parse_double(peek());
    if (!value || !std::isfinite(*value)) fail("regimen-004", "a number is expected " + what + ", not " + shown(), "");
    ++at_;
    return *value;
  }

  Microseconds duration(const std::string& what) {
    const std::size_t value_at = at_;
    const double value = number(what);
    const auto unit = kTimeUnits.find(peek());
    if (unit == kTimeUnits.end()) {
      std::vector<std::string> names;
      for (const auto& item : kTimeUnits) names.push_back(item.first);
      fail("regimen-005", "a unit of time is expected, not " + shown(), "One of min, h, d, week, month, year. " + near(names));
    }
    const core::Time length(value, unit->second);
    const Microseconds whole = (length + core::Time(0.5e-6)).whole_microseconds();
    if (whole < 1 || static_cast<double>(whole) > kLongest)
      fail("regimen-006", "the duration should be positive, at least a microsecond and at most 1000 years", "");
    if (!core::same_instant(core::Time::microseconds(whole).in(1), length.in(1))) {
      at_ = value_at;
      fail("regimen-013",
           "'" + core::format_double(value) + " " + unit->first + "' is " + core::format_double(length.in(1)) +
               " seconds, no whole number of microseconds",
           "Write it in a unit in which it is a short number, e.g. '8 h' for a third of a day.");
    }
    ++at_;
    return whole;
  }

  Phase phase() {
    Phase p;
    if (take("none")) {
      p.length = take("for") ? duration("after 'for'") : kForever;
      return p;
    }
    do {
      p.courses.push_back(course());
      p.length = std::max(p.length, p.courses.back().length);
    } while (take("&"));
    return p;
  }

  [[nodiscard]] bool is_route(const std::string& word) const {
    return std::find(catalogue_.routes.begin(), catalogue_.routes.end(), word) != catalogue_.routes.end();
  }

  const Drug& drug() {
    const std::string name = peek();
    for (const Drug& d : catalogue_.drugs) {
      if (core::to_lower(d.name) == name) {
        ++at_;
        return d;
      }
    }
    std::string list;
    for (const Drug& d : catalogue_.drugs) list += (list.empty() ? "" : ", ") + d.name;
    auto candidates = names_of(catalogue_);
    candidates.emplace_back("none");
    const std::string hint = near(candidates);
    fail("regimen-007", at_ < words_.size() ? "unknown drug " + shown() : "a drug is expected", hint.empty() ? "Known drugs: " + list + "." : hint);
  }

  Course course() {
    Course c;
    const Drug& d = drug();
    c.drug = d.name;
    const std::size_t amount_at = at_;
    c.amount = number("as the amount of " + d.name);
    if (c.amount < 0) {
      at_ = amount_at;
      fail("regimen-008", "the amount is negative", "");
    }
    unit(c, d);
    c.route = d.route;
    if (is_route(peek())) {
      c.route = peek();
      ++at_;
      if (d.route.empty()) remarks_.push_back(d.name + " goes one way into the model, whatever the route: '" + c.route + "' makes no difference");
    }
    try {
      if (auto remark = dose_remark(d, c.amount, c.unit, c.per_kg, units_); !remark.empty()) remarks_.push_back(std::move(remark));
    } catch (const core::Error& error) {
      at_ = amount_at;
      throw core::Error(core::ErrorKind::Dosing, core::retold(error, place(), {}));
    }
    if (take("over")) c.over = duration("after 'over'");
    repeat(c);
    return c;
  }

  void unit(Course& c, const Drug& d) {
    if (at_ == words_.size())
      fail("regimen-009", "the amount of " + d.name + " has no unit", "Write e.g. '" + core::format_double(c.amount) + " " + d.unit + "'.");
    std::string text = words_[at_].text;
    if (const auto slash = core::to_lower(text).rfind("/kg"); slash != std::string::npos && slash + 3 == text.size()) {
      c.per_kg = true;
      text = text.substr(0, slash);
    }
    for (const char* micro : {"\xC2\xB5", "\xCE\xBC"}) {  // the two Unicode micro signs
      if (text.rfind(micro, 0) == 0) text = "u" + text.substr(2);
    }
    const auto parts = core::split(text, '/');  // "ug/mL" in a dish
    const bool is_word = parts.size() <= 2 && std::all_of(parts.begin(), parts.end(), [](const std::string& p) { return core::is_identifier(p); });
    const bool reserved = is_route(core::to_lower(text)) || text == "every" || kNamedRepeats.contains(text);
    // Case does not matter, so that MG and Mg are mg; nM and IU stay as they are.
    const auto fits = [&](const std::string& name) {
      try {
        const core::Unit given = units_.parse(reserved || !is_word ? "?" : name);
        return given.same_dimension(units_.parse(d.unit)) ||
               std::any_of(d.other_units.begin(), d.other_units.end(), [&](const std::string& u) { return given.same_dimension(units_.parse(u)); });
      } catch (const core::Error&) {
        return false;
      }
    };
    const std::string lower = core::to_lower(text);
    if (fits(lower) && (!fits(text) || units_.parse(lower).scale() < units_.parse(text).scale())) text = lower;
    if (!fits(text)) {
      bool known = true;
      try {
        (void)units_.parse(reserved || !is_word ? "?" : text);
      } catch (const core::Error&) {
        known = false;
      }
      if (known) fail("regimen-010", "'" + text + "' does not fit " + d.name, "Its doses are counted in units like " + units_of(d) + ".");
      fail("regimen-009", "the amount of " + d.name + " has no unit: " + shown() + " is none",
           "Write e.g. '" + core::format_double(c.amount) + " " + d.unit + "'.");
    }
    c.unit = text;
    ++at_;
  }

  static std::string units_of(const Drug& d) {
    std::string list = "'" + d.unit + "'";
    for (const std::string& u : d.other_units) list += " or '" + u + "'";
    return list;
  }

  void repeat(Course& c) {
    const std::string word = peek();
    if (const auto named = kNamedRepeats.find(word); named != kNamedRepeats.end()) {
      c.interval = core::Time(named->second).whole_microseconds();
      ++at_;
    } else if (take("every")) {
      c.interval = duration("after 'every'");
    } else if (word.size() > 2 && word[0] == 'q' && word[1] >= '0' && word[1] <= '9') {
      const int column = words_[at_].column;
      auto parts = words_of(word.substr(1));
      words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(at_));
      for (Word& part : parts) part.column += column;
      words_.insert(words_.begin() + static_cast<std::ptrdiff_t>(at_), parts.begin(), parts.end());
      c.interval = duration("after 'q'");
    } else {
      return;
    }
    if (take("x")) {
      const std::size_t count_at = at_;
      const double count = number("after 'x'");
      if (count != std::floor(count) || count < 1 || count > static_cast<double>(kMostDoses)) {
        at_ = count_at;
        fail("regimen-011", "the number of doses should be a whole number from 1 to 2000000", "");
      }
      c.doses = static_cast<std::int64_t>(count);
      if (count * static_cast<double>(c.interval) > kLongest) {
        at_ = count_at;
        fail("regimen-006", "the course lasts more than 1000 years", "");
      }
      c.length = c.interval * c.doses;
    } else if (take("for")) {
      c.length = duration("after 'for'");
      c.doses = (c.length + c.interval - 1) / c.interval;
      if (c.doses > kMostDoses) fail("regimen-011", "the course has more than 2000000 doses", "");
    } else {
      fail("regimen-012", "'x' and a count, or 'for' and a duration, is expected after the interval, not " + shown(),
           "E.g. 'x 6' or 'for 36 months'.");
    }
  }

  std::string_view text_;
  std::vector<Word> words_;
  std::vector<std::string> remarks_;
  std::size_t at_ = 0;
  const DrugCatalogue& catalogue_;
  const core::UnitSystem& units_;
};

}  // namespace

namespace {

Drug drug(core::TomlReader& in, const std::string& name, const std::vector<std::string>& routes) {
  Drug d{name,
         in.required_text("route"),
         in.required_text("unit"),
         in.texts("units"),
         in.text("largest_dose").value_or(""),
         in.text("largest_dose_per_kg").value_or("")};
  if (!d.route.empty() && std::find(routes.begin(), routes.end(), d.route) == routes.end())
    in.problem("regimen-020", "unknown route '" + d.route + "'",
               fmt::format("One of {}. {}", fmt::join(routes, ", "), core::did_you_mean(d.route, routes)), "route");
  return d;
}

/// The drugs of one file: a therapy document names one, a catalogue any number.
void read_drugs(const std::string& path, DrugCatalogue& catalogue, core::Diagnostics& problems) {
  const core::TomlValue root = core::load_toml(path);
  const char* header = root.find("therapy") != nullptr ? "therapy" : "product";
  const core::TomlValue* therapy = root.find(header);
  if (therapy != nullptr) {
    core::TomlReader in(*therapy, "[" + std::string(header) + "]", problems);
    catalogue.drugs.push_back(drug(in, in.required_text("drug"), catalogue.routes));
    catalogue.drugs.back().product = std::string_view(header) == "product";
    return;  // the rest is the model layer's
  }
  core::TomlReader top(root, "catalogue", problems);
  if (const core::TomlValue* drugs = top.table("drugs")) {
    for (const auto& [name, value] : drugs->entries) {
      core::TomlReader in(value, "drug '" + name + "'", problems);
      catalogue.drugs.push_back(drug(in, name, catalogue.routes));
      in.finish();
    }
  }
  top.finish();
}

std::vector<std::string> read_routes(const std::string& data_root, core::Diagnostics& problems) {
  const core::TomlValue root = core::load_toml_or(data_root, "vocabulary/routes.toml", osteosome_vocabulary_routes);
  core::TomlReader top(root, "vocabulary", problems);
  std::vector<std::string> words;
  const core::TomlValue* entries = top.array("routes");
  for (const core::TomlValue& entry : entries == nullptr ? std::vector<core::TomlValue>{} : entries->items) {
    core::TomlReader in(entry, "entry of [[routes]]", problems);
    const std::string word = in.required_text("word");
    (void)in.required_text("title");
    in.finish();
    if (!word.empty() && (word != core::to_lower(word) || !core::is_identifier(word)))
      in.problem("regimen-023", "'" + word + "' is no word for a route", "A word is of lower-case letters, digits and _.", "word");
    static const std::vector<std::string> grammar = {"none", "then", "after", "for", "every", "over", "x"};
    if (kNamedRepeats.contains(word) || std::find(grammar.begin(), grammar.end(), word) != grammar.end())
      in.problem("regimen-023", "'" + word + "' is a word of the regimen text", "Choose another.", "word");
    if (std::find(words.begin(), words.end(), word) != words.end()) in.problem("regimen-023", "route '" + word + "' is there already", "", "word");
    words.push_back(word);
  }
  if (words.empty()) top.problem("regimen-023", "there is no [[routes]]");
  top.finish();
  return words;
}

DrugCatalogue load_files(const std::string& data_root, const std::vector<std::string>& files) {
  core::Diagnostics problems;
  DrugCatalogue catalogue{{}, read_routes(data_root, problems)};
  for (const std::string& file : files) {
    const auto before = static_cast<std::ptrdiff_t>(catalogue.drugs.size());
    read_drugs(file, catalogue, problems);
    const auto first = catalogue.drugs.begin(), added = first + before;
    for (auto d = added; d != catalogue.drugs.end(); ++d) {
      if (std::any_of(first, added, [&](const Drug& other) { return other.name == d->name; }))
        problems.add({"regimen-019", "drug '" + d->name + "' is already in another document of the folder", {file, 1, 1}, ""});
    }
  }
  problems.throw_if_any(core::ErrorKind::Input);
  return catalogue;
}

}  // namespace

std::vector<std::string> load_routes(const std::string& data_root) {
  core::Diagnostics problems;
  auto routes = read_routes(data_root, problems);
  problems.throw_if_any(core::ErrorKind::Input);
  return routes;
}

DrugCatalogue load_catalogue(const std::string& data_root) {
  const std::string folder = data_root + "/therapies";
  std::vector<std::string> files;
  std::error_code ec;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, ec)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) files.push_back(folder);  // which cannot be read, and says so
  return load_files(data_root, files);
}

DrugCatalogue load_catalogue(const std::string& data_root, const std::string& file) { return load_files(data_root, {file}); }

bool is_product(const DrugCatalogue& catalogue, const std::string& drug) {
  return std::any_of(catalogue.drugs.begin(), catalogue.drugs.end(), [&](const Drug& d) { return d.name == drug && d.product; });
}

bool Regimen::contains(const std::string& drug) const {
  return std::any_of(phases.begin(), phases.end(), [&](const Phase& p) {
    return std::any_of(p.courses.begin(), p.courses.end(), [&](const Course& c) { return c.drug == drug; });
  });
}

std::vector<std::string> Regimen::drugs() const {
  std::vector<std::string> names;
  for (const Phase& p : phases) {
    for (const Course& c : p.courses) {
      if (std::find(names.begin(), names.end(), c.drug) == names.end()) names.push_back(c.drug);
    }
  }
  return names;
}

std::string dose_remark(const Drug& drug, double amount, const std::string& unit, bool per_kg, const core::UnitSystem& units) {
  const std::string& largest = per_kg ? drug.largest_dose_per_kg : drug.largest_dose;
  const core::Unit given = units.parse(unit);
  if (largest.empty()) return "";
  const auto known = core::parse_quantity(largest);
  const core::Unit known_unit = units.parse(known.unit);
  if (!given.same_dimension(known_unit)) return "";
  const double times = amount * given.factor_to(known_unit) / known.value * (1 - kRounding);
  if (!(times > kRemarkable)) return "";
  const std::string per = per_kg ? "/kg" : "";
  const std::string said = core::format_double(amount) + " " + unit + per + " of " + drug.name + " is " + core::format_double(std::round(times)) +
                           " times the largest dose of its labels and studies, " + largest + per;
  if (times > kAbsurd) throw core::Error(core::ErrorKind::Dosing, {"regimen-021", said, {}, "Is the unit right? At most 1000 times is allowed."});
  return said;
}

bool names_unknown_drug(const core::Error& error) { return error.diagnostics().at(0).code == "regimen-007"; }

Regimen parse_regimen(std::string_view text, const DrugCatalogue& catalogue, const core::UnitSystem& units) {
  return Parser(text, catalogue, units).run();
}

std::vector<DoseRecord> expand(const Regimen& regimen, Microseconds horizon, const Adherence& adherence, core::RandomStream* stream) {
  std::vector<DoseRecord> records;
  Microseconds start = 0;
  std::size_t course = 0;
  for (const Phase& phase : regimen.phases) {
    start += phase.after;
    for (const Course& c : phase.courses) {
      const auto given = std::make_shared<const DoseRecord::Given>(DoseRecord::Given{
          c.drug, c.amount, c.unit + (c.per_kg ? "/kg" : ""), c.route, c.over, c.interval, course++});
      for (std::int64_t k = 0; k < c.doses; ++k) {
        const Microseconds time = start + k * c.interval;
        if (time >= horizon) break;
        records.push_back({time, given});
      }
    }
    if (phase.length >= kForever || start > horizon - phase.length) break;
    start += phase.length;
  }
  core::sort_by_time(records);
  std::vector<std::int64_t> skipped = adherence.skip;
  std::sort(skipped.begin(), skipped.end());
  std::int64_t number = 0;
  std::size_t kept = 0;
  for (std::size_t k = 0; k < records.size(); ++k) {
    DoseRecord& r = records[k];
    ++number;
    const bool missed = stream != nullptr && adherence.random() && stream->uniform() < adherence.miss_probability;
    const double late = stream != nullptr && adherence.random() ? std::abs(stream->normal()) : 0;
    if (missed || std::binary_search(skipped.begin(), skipped.end(), number)) continue;
    r.time += adherence.delay + static_cast<Microseconds>(std::llround(late * static_cast<double>(adherence.delay_sd)));
    if (r.time >= adherence.stop_after || r.time >= horizon) continue;
    if (kept < k) records[kept] = std::move(r);
    ++kept;
  }
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(kept), records.end());
  core::sort_by_time(records);
  return records;
}

core::Table dose_table(const Regimen& regimen, Microseconds horizon) {
  core::Table table{"doses", {"time_days", "time_months", "drug", "amount", "unit", "route", "over_days", "interval_days"}, {}};
  const auto in = [](Microseconds time, double unit) { return core::format_double(core::Time::microseconds(time).in(unit)); };
  for (const DoseRecord& d : expand(regimen, horizon)) {
    table.rows.push_back({in(d.time, core::kSecondsPerDay), in(d.time, core::kSecondsPerMonth), d->drug, core::format_double(d->amount), d->unit,
                          d->route, in(d->over, core::kSecondsPerDay), in(d->interval, core::kSecondsPerDay)});
  }
  return table;
}

}  // namespace osteosome::protocol
