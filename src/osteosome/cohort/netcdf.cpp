// SPDX-License-Identifier: Apache-2.0
#include "osteosome/cohort/netcdf.hpp"

#include <fcntl.h>
#include <netcdf.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace osteosome::cohort {
namespace {

namespace fs = std::filesystem;

/// An open NetCDF file under its partial name. Any failure removes it and throws.
class NcFile {
 public:
  explicit NcFile(const std::string& path) : path_(path), partial_(path + ".partial") {
    check(nc_create(partial_.c_str(), NC_NETCDF4 | NC_CLOBBER, &id_), "create");
  }
  ~NcFile() {
    if (id_ >= 0) nc_abort(id_);
  }
  NcFile(const NcFile&) = delete;
  NcFile& operator=(const NcFile&) = delete;

  void check(int code, const char* what) {
    if (code == NC_NOERR) return;
    std::error_code ec;
    fs::remove(partial_, ec);
    throw core::Error(core::ErrorKind::Io, {"io-005",
                                            std::string("cannot ") + what + " '" + path_ + "': " + nc_strerror(code),
                                            {},
                                            "Nothing was left under the final name."});
  }
  int dimension(const char* name, std::size_t length) {
    int dim = 0;
    check(nc_def_dim(id_, name, length, &dim), "write");
    return dim;
  }
  int variable(const std::string& name, nc_type type, const std::vector<int>& dims) {
    int var = 0;
    check(nc_def_var(id_, name.c_str(), type, static_cast<int>(dims.size()), dims.data(), &var), "write");
    if (type == NC_DOUBLE) {
      const double fill = std::nan("");
      check(nc_def_var_fill(id_, var, NC_FILL, &fill), "write");
    }
    return var;
  }
  void attribute(int var, const char* name, const std::string& text) { check(nc_put_att_text(id_, var, name, text.size(), text.c_str()), "write"); }
  [[nodiscard]] int id() const { return id_; }
  void commit() {
    const int id = id_;
    id_ = -1;
    check(nc_close(id), "write");
    const int fd = ::open(partial_.c_str(), O_RDONLY);
    if (fd >= 0) {
      ::fsync(fd);
      ::close(fd);
    }
    std::error_code ec;
    fs::rename(partial_, path_, ec);
    if (ec) throw core::Error(core::ErrorKind::Io, {"io-003", "cannot rename to '" + path_ + "': " + ec.message(), {}, ""});
  }

 private:
  std::string path_, partial_;
  int id_ = -1;
};

/// Values of one output of an arm, [subject][time]; NaN for subjects that were not run.
std::vector<double> column(const ArmResult& arm, std::size_t output, std::size_t times) {
  std::vector<double> values(arm.values.size() * times, std::nan(""));
  for (std::size_t s = 0; s < arm.values.size(); ++s) {
    for (std::size_t k = 0; k < times && !arm.values[s].empty(); ++k) values[s * times + k] = arm.values[s][k * arm.outputs.size() + output];
  }
  return values;
}

/// Every status there is, as CF flags: those that have a name.
void describe_status(NcFile& file, int variable) {
  std::string meanings;
  std::vector<int> values;
  for (int s = 0; solve::name_of(static_cast<solve::Status>(s)) != std::string("?"); ++s) {
    meanings += (s > 0 ? " " : "") + std::string(solve::name_of(static_cast<solve::Status>(s)));
    values.push_back(s);
  }
  file.attribute(variable, "flag_meanings", meanings);
  file.check(nc_put_att_int(file.id(), variable, "flag_values", NC_INT, values.size(), values.data()), "write");
}

}  // namespace

void write_netcdf(const std::string& path, const Scenario& scenario, const std::vector<CompiledModel>& models, const ScenarioResult& result) {
  NcFile file(path);
  const int subject = file.dimension("subject", scenario.population.n);
  const int time = file.dimension("time", result.days.size());
  file.attribute(NC_GLOBAL, "Conventions", "CF-1.10");
  file.attribute(NC_GLOBAL, "title", scenario.title);
  const int days = file.variable("time", NC_DOUBLE, {time});
  file.attribute(days, "units", "days");
  file.attribute(days, "long_name", "time since the start of treatment");
  struct Entry {
    int variable;
    const ArmResult* arm;
    std::size_t output;
  };
  std::vector<Entry> entries;
  std::vector<std::pair<int, const ArmResult*>> statuses;
  for (const ArmResult& arm : result.arms) {
    const std::string prefix = scenario.models[arm.model].name + "." + scenario.arms[arm.arm].name + ".";
    const auto& outputs = models[arm.model].model().outputs;
    for (std::size_t o = 0; o < arm.outputs.size(); ++o) {
      const auto& output = *std::find_if(outputs.begin(), outputs.end(), [&](const auto& x) { return x.id == arm.outputs[o]; });
      entries.push_back({file.variable(prefix + output.id, NC_DOUBLE, {subject, time}), &arm, o});
      file.attribute(entries.back().variable, "units", output.unit.text);
      file.attribute(entries.back().variable, "long_name", output.label);
      file.attribute(entries.back().variable, "source", models[arm.model].model().source);
    }
    statuses.push_back({file.variable(prefix + "status", NC_INT, {subject}), &arm});
    describe_status(file, statuses.back().first);
  }
  file.check(nc_enddef(file.id()), "write");
  file.check(nc_put_var_double(file.id(), days, result.days.data()), "write");
  for (const Entry& e : entries) file.check(nc_put_var_double(file.id(), e.variable, column(*e.arm, e.output, result.days.size()).data()), "write");
  for (const auto& [variable, arm] : statuses) {
    std::vector<int> codes;
    for (const auto s : arm->status) codes.push_back(static_cast<int>(s));
    file.check(nc_put_var_int(file.id(), variable, codes.data()), "write");
  }
  file.commit();
}

PartStore::PartStore(std::string folder, std::string key, std::size_t times) : folder_(std::move(folder)), key_(std::move(key)), times_(times) {}

std::string PartStore::name(const ArmResult& arm, std::size_t first) const {
  return folder_ + "/part-" + std::to_string(arm.model) + "-" + std::to_string(arm.arm) + "-" + std::to_string(first) + ".nc";
}

void PartStore::write(const ArmResult& arm, std::size_t first, std::size_t last) const {
  std::error_code ec;
  fs::create_directories(folder_, ec);
  NcFile file(name(arm, first));
  const std::size_t width = arm.values[first].size();
  const int subject = file.dimension("subject", last - first);
  const int value = file.dimension("value", std::max<std::size_t>(width, 1));
  file.attribute(NC_GLOBAL, "key", key_);
  const int values = file.variable("values", NC_DOUBLE, {subject, value});
  const int status = file.variable("status", NC_INT, {subject});
  const int reached = file.variable("time_reached_days", NC_DOUBLE, {subject});
  const int message = file.variable("message", NC_STRING, {subject});
  const int counter = file.dimension("counter", 3);
  const int counts = file.variable("statistics", NC_UINT64, {subject, counter});
  file.check(nc_enddef(file.id()), "write");
  std::vector<double> block;
  std::vector<int> codes;
  std::vector<const char*> messages;
  std::vector<unsigned long long> numbers;
  for (std::size_t s = first; s < last; ++s) {
    messages.push_back(arm.message[s].c_str());
    numbers.insert(numbers.end(), {arm.statistics[s].steps, arm.statistics[s].rejected, arm.statistics[s].switches});
    block.insert(block.end(), arm.values[s].begin(), arm.values[s].end());
    codes.push_back(static_cast<int>(arm.status[s]));
  }
  file.check(nc_put_var_double(file.id(), values, block.data()), "write");
  file.check(nc_put_var_int(file.id(), status, codes.data()), "write");
  file.check(nc_put_var_double(file.id(), reached, arm.time_reached_days.data() + first), "write");
  file.check(nc_put_var_string(file.id(), message, messages.data()), "write");
  file.check(nc_put_var_ulonglong(file.id(), counts, numbers.data()), "write");
  file.commit();
}

bool PartStore::read(ArmResult& arm, std::size_t first, std::size_t last) const {
  int id = -1;
  if (nc_open(name(arm, first).c_str(), NC_NOWRITE, &id) != NC_NOERR) return false;
  std::string key(key_.size(), ' ');
  std::size_t length = 0, subjects = 0, width = 0;
  int dim_subject = 0, dim_value = 0, values = 0, status = 0, reached = 0, message = 0, counts = 0;
  bool ok = nc_inq_attlen(id, NC_GLOBAL, "key", &length) == NC_NOERR && length == key_.size() &&
            nc_get_att_text(id, NC_GLOBAL, "key", key.data()) == NC_NOERR && key == key_;
  ok = ok && nc_inq_dimid(id, "subject", &dim_subject) == NC_NOERR && nc_inq_dimlen(id, dim_subject, &subjects) == NC_NOERR &&
       subjects == last - first;
  ok = ok && nc_inq_dimid(id, "value", &dim_value) == NC_NOERR && nc_inq_dimlen(id, dim_value, &width) == NC_NOERR &&
       width == std::max<std::size_t>(times_ * arm.outputs.size(), 1);
  ok = ok && nc_inq_varid(id, "values", &values) == NC_NOERR && nc_inq_varid(id, "status", &status) == NC_NOERR &&
       nc_inq_varid(id, "time_reached_days", &reached) == NC_NOERR;
  std::vector<double> block(subjects * width), days(subjects);
  std::vector<int> codes(subjects);
  std::vector<char*> messages(subjects, nullptr);
  std::vector<unsigned long long> numbers(subjects * 3);
  ok = ok && nc_inq_varid(id, "message", &message) == NC_NOERR && nc_inq_varid(id, "statistics", &counts) == NC_NOERR &&
       nc_get_var_ulonglong(id, counts, numbers.data()) == NC_NOERR && nc_get_var_string(id, message, messages.data()) == NC_NOERR;
  ok = ok && nc_get_var_double(id, values, block.data()) == NC_NOERR && nc_get_var_int(id, status, codes.data()) == NC_NOERR &&
       nc_get_var_double(id, reached, days.data()) == NC_NOERR;
  nc_close(id);
  for (std::size_t i = 0; ok && i < subjects; ++i) {
    arm.values[first + i].assign(block.begin() + static_cast<std::ptrdiff_t>(i * width),
                                 block.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
    arm.status[first + i] = static_cast<solve::Status>(codes[i]);
    arm.time_reached_days[first + i] = days[i];
    arm.message[first + i] = messages[i] != nullptr ? messages[i] : "";
    arm.statistics[first + i] = {numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]};
  }
  if (subjects > 0 && messages[0] != nullptr) nc_free_string(subjects, messages.data());
  return ok;
}

void PartStore::remove_all() const {
  std::error_code ec;
  fs::remove_all(folder_, ec);
}

std::string netcdf_version() { return nc_inq_libvers(); }

}  // namespace osteosome::cohort
