// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "osteosome/core/units.hpp"

namespace osteosome::protocol {

/// One row of a NONMEM-style table, numbers as written; times and intervals in the table's unit.
struct EventRow {
  int line = 0;
  double time = 0;
  int evid = 0;
  double amount = 0;
  std::string compartment;  ///< name or 1-based index; "" or "0" is the default one
  double rate = 0;          ///< > 0, -1 (rate from the model), -2 (duration from the model)
  double duration = 0;      ///< DUR or TINF; 0 if not given
  double interval = 0;      ///< II
  int additional = 0;       ///< ADDL
  int steady_state = 0;     ///< SS: 0, 1, 2 (3 is taken as 1)
  bool missing = false;     ///< MDV is 1: nothing was measured
  std::string action;       ///< EVENT: "", "replace", "multiply"
  std::string drug, route;  ///< DRUG and ROUTE, or ""
  std::string unit;         ///< UNIT, or the unit AMT is headed with, or ""
  std::vector<double> parameters;    ///< one a parameter column; NaN: missing
  std::vector<std::string> carried;  ///< one a carried column
};

/// The rows of one subject, in the order of the table.
struct EventSubject {
  std::string id;
  std::vector<EventRow> rows;
};

/// A table as read and checked; times are in `time_unit`.
struct EventTable {
  std::string file;
  core::Unit time_unit;
  std::string time_unit_text;
  std::vector<std::string> parameter_columns;  ///< columns named as a parameter of the model
  std::vector<std::string> carried_columns;
  std::vector<EventSubject> subjects;
  std::vector<std::string> remarks;  ///< what of the file is left out, e.g. columns that nothing uses, with near matches
};

/// Reads and checks a table (docs/reference/event-table.md). `time_unit` (may be "") overrides the unit in the file; of `used`, in upper case, the
/// caller makes something, so that no remark says that they are without effect.
/// @throws Error(Dosing) with every problem, each with its line.
[[nodiscard]] EventTable read_event_table(const std::string& path, const std::string& time_unit, const std::vector<std::string>& parameters,
                                          const std::vector<std::string>& compartments, const core::UnitSystem& units,
                                          const std::vector<std::string>& used = {});
/// The different names in the column DRUG, in the order of the table; none if there is no such column. @throws Error(Io), Error(Input).
[[nodiscard]] std::vector<std::string> drugs_in_table(const std::string& path);
/// The same as `read_event_table` from text, for tests and fuzzing.
[[nodiscard]] EventTable parse_event_table(std::string_view text, const std::string& file, const std::string& time_unit,
                                           const std::vector<std::string>& parameters, const std::vector<std::string>& compartments,
                                           const core::UnitSystem& units, const std::vector<std::string>& used = {});

}  // namespace osteosome::protocol
