// SPDX-License-Identifier: Apache-2.0
// Running scenarios: subjects do not depend on blocks, threads or each other; run-in to the patient's age; cancelling; files of values.
#include <gtest/gtest.h>
#include <netcdf.h>

#include <cstring>
#include <set>

#include "cohort_scenarios.hpp"
#include "osteosome/cohort/netcdf.hpp"

namespace osteosome::support {
namespace {

using cohort::ArmResult;
using cohort::RunHooks;
using cohort::ScenarioResult;

const std::string kDosed = "[arms.a]\nregimen = \"denosumab 60 mg q1d x 2\"\n[arms.b]\nregimen = \"none\"\n";
const std::string kRandom =
    "[population]\nn = 7\n[population.parameters.pk]\nCL = { kind = \"lognormal\", cv = 0.3 }\ncentral = { kind = \"uniform\", low = 1, high = 50 "
    "}\n";

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

void expect_same_values(const ScenarioResult& a, const ScenarioResult& b) {
  ASSERT_EQ(a.arms.size(), b.arms.size());
  for (std::size_t k = 0; k < a.arms.size(); ++k) {
    ASSERT_EQ(a.arms[k].values.size(), b.arms[k].values.size());
    for (std::size_t s = 0; s < a.arms[k].values.size(); ++s)
      EXPECT_TRUE(same_bits(a.arms[k].values[s], b.arms[k].values[s])) << "arm " << k << " subject " << s;
  }
}

/// The one-compartment model in which x' = grow*x^2, x(0) = 1, blows up at 1/grow.
ScenarioFolder& bomb_folder() {
  static ScenarioFolder folder;
  std::string text = one_compartment_document("bomb = { initial = 1, unit = \"1\", kind = \"reported\", source = \"test\", rate = \"grow*bomb^2\" }");
  const std::string marker = "[parameters]\n";
  text.insert(text.find(marker) + marker.size(),
              "grow = { value = 0, unit = \"1/h\", kind = \"assumed\", rationale = \"test\", source = \"test\" }\n");
  (void)folder.folder.write("onecmt.toml", text);
  (void)folder.folder.write("subjects.csv", "grow,CL\n0,1\n0.1,2\n0,3\n");
  return folder;
}
cohort::Scenario bomb_scenario() { return bomb_folder().read(bomb_folder().text(kDosed + "[population]\ntable = \"subjects.csv\"\n")); }

// ---- values

TEST(Run, Output_times_are_multiples_of_every_and_end_at_until) {
  const ScenarioFolder folder;
  const auto days = run(folder.read(folder.text(kDosed, "until = \"50 h\"\nevery = \"1 d\"\n"))).days;
  ASSERT_EQ(days.size(), 4u);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(days[k], static_cast<double>(k));
  EXPECT_DOUBLE_EQ(days[3], 50.0 / 24);
}

TEST(Run, Visits_are_added_once_and_only_up_to_until) {
  const ScenarioFolder folder;
  auto s = folder.read(folder.text(kDosed, "until = \"2 d\"\nevery = \"1 d\"\n"));
  for (const double day : {1.0, 0.5, 3.0, 0.5}) s.extra_times.emplace_back(day, core::kSecondsPerDay);
  EXPECT_EQ(run(s).days, (std::vector<double>{0, 0.5, 1, 2}));
}

TEST(Run, Values_equal_the_closed_form) {
  const ScenarioFolder folder;
  const auto r = run(folder.read(folder.text(kDosed + "[solver]\nrtol = 1e-9\n")));
  const auto doses = series({0, 2, 60, 0}, 24, 1);
  for (std::size_t k = 0; k < r.days.size(); ++k) {
    const double t = 24 * r.days[k];
    EXPECT_NEAR(r.arms[0].values[0][k], central_of(doses, std::nextafter(t, -1)) / kV, 60 / kV * kAccuracy) << "before the dose at " << t << " h";
    EXPECT_EQ(r.arms[1].values[0][k], 0);
  }
}

/// The trough after a month is 60 mg * exp(-0.055 * 730) = 0; just after a dose the concentration is 3 mg/L.
TEST(Run, Output_at_a_dosing_time_shows_the_state_before_at_every_month) {
  const ScenarioFolder folder;
  const auto r =
      run(folder.read(folder.text("[arms.a]\nregimen = \"denosumab 60 mg monthly x 240\"\n", "until = \"240 months\"\nevery = \"1 month\"\n")));
  ASSERT_EQ(r.days.size(), 241u);
  for (std::size_t k = 0; k < r.days.size(); ++k) EXPECT_LT(r.arms[0].values[0][k], 1) << "month " << k;
}

TEST(Run, Output_at_a_dosing_time_shows_the_state_before_whatever_the_age) {
  ScenarioFolder folder;
  std::string text = one_compartment_document() + "[start]\nage_at_zero = \"age0\"\n";
  const std::string marker = "[parameters]\n";
  text.insert(text.find(marker) + marker.size(), "age0 = { value = 0, unit = \"d\", kind = \"assumed\", rationale = \"test\", source = \"test\" }\n");
  (void)folder.folder.write("onecmt.toml", text);
  for (const char* age : {"50", "59.4", "61.3", "66", "70.1"}) {
    const auto r =
        run(folder.read(folder.text("[patient]\nage = \"" + std::string(age) + " years\"\n[arms.a]\nregimen = \"denosumab 60 mg monthly x 60\"\n",
                                    "until = \"60 months\"\nevery = \"1 month\"\n")));
    for (std::size_t k = 0; k < r.days.size(); ++k) EXPECT_LT(r.arms[0].values[0][k], 1) << "age " << age << ", month " << k;
  }
}

TEST(Run, Set_replaces_parameters_and_initial_values) {
  const ScenarioFolder folder;
  const auto r = run(folder.read(folder.text("set = { V = 10, central = 40 }\n" + kDosed)));
  EXPECT_EQ(r.arms[1].values[0][0], 4);
}

// ---- the same bits

TEST(Run, Block_size_does_not_change_any_bit) {
  const ScenarioFolder folder;
  const auto s = folder.read(folder.text(kDosed + kRandom));
  RunHooks one, three;
  one.block = 1;
  three.block = 3;
  const auto reference = run(s);
  expect_same_values(run(s, one), reference);
  expect_same_values(run(s, three), reference);
}

TEST(Run, Number_of_threads_does_not_change_any_bit) {
  const ScenarioFolder folder;
  const auto s = folder.read(folder.text(kDosed + kRandom));
  expect_same_values(run(s, {}, 2), run(s, {}, 1));
}

TEST(Run, Subject_is_the_same_in_a_larger_population) {
  const ScenarioFolder folder;
  auto s = folder.read(folder.text(kDosed + kRandom));
  const auto small = run(s);
  s.population.n = 20;
  const auto large = run(s);
  for (std::size_t k = 0; k < 7; ++k) EXPECT_TRUE(same_bits(small.arms[0].values[k], large.arms[0].values[k])) << k;
}

TEST(Run, Arms_have_the_same_subjects) {
  const ScenarioFolder folder;
  const auto r = run(folder.read(folder.text(kDosed + kRandom)));
  std::set<double> distinct;
  for (std::size_t k = 0; k < 7; ++k) {
    EXPECT_EQ(r.arms[0].values[k][0], r.arms[1].values[k][0]) << "the state before the first dose";
    distinct.insert(r.arms[0].values[k][0]);
  }
  EXPECT_EQ(distinct.size(), 7u);
}

TEST(Run, Another_seed_gives_other_subjects) {
  const ScenarioFolder folder;
  auto s = folder.read(folder.text(kDosed + kRandom));
  const auto first = run(s);
  s.seed = 2;
  EXPECT_NE(first.arms[0].values[0][0], run(s).arms[0].values[0][0]);
}

TEST(Run, Table_gives_each_subject_its_row) {
  const ScenarioFolder folder;
  (void)folder.folder.write("subjects.csv", "V,central\n20,40\n10,70\n");
  const auto r = run(folder.read(folder.text(kDosed + "[population]\ntable = \"subjects.csv\"\n")));
  EXPECT_EQ(r.arms[1].values[0][0], 2);
  EXPECT_EQ(r.arms[1].values[1][0], 7);
}

TEST(Run, Each_subject_misses_its_own_doses) {
  const ScenarioFolder folder;
  const auto r = run(
      folder.read(folder.text("[arms.a]\nregimen = \"denosumab 60 mg q1d x 8\"\n[arms.a.adherence]\nmiss_probability = 0.5\n[population]\nn = 6\n",
                              "until = \"8 d\"\nevery = \"1 d\"\n")));
  std::set<std::vector<double>> distinct(r.arms[0].values.begin(), r.arms[0].values.end());
  EXPECT_GT(distinct.size(), 3u) << "six subjects with 2^8 patterns: three or fewer distinct ones have a probability below 1e-5";
}

// ---- failures

TEST(Run, Subject_that_blows_up_has_a_status_and_missing_values) {
  const auto r = run(bomb_scenario());
  const ArmResult& arm = r.arms[0];
  EXPECT_EQ(arm.status[0], solve::Status::Completed);
  EXPECT_NE(arm.status[1], solve::Status::Completed);
  EXPECT_EQ(arm.status[2], solve::Status::Completed);
  EXPECT_FALSE(arm.message[1].empty());
  EXPECT_NEAR(arm.time_reached_days[1], 10.0 / 24, 1e-3) << "x = 1/(1 - 0.1 t) ends at 10 h; within a thousandth of a day of it x is over 400";
  for (std::size_t k = 0; k < r.days.size(); ++k) EXPECT_EQ(std::isnan(arm.values[1][k]), r.days[k] > 10.0 / 24) << r.days[k];
  EXPECT_EQ(r.failed(), 2u);
  EXPECT_EQ(r.total(), 6u);
}

TEST(Run, Subject_that_blows_up_leaves_the_others_alone) {
  const auto with = run(bomb_scenario());
  auto s = bomb_scenario();
  s.population.table_rows[1][0] = 0;
  const auto without = run(s);
  for (const std::size_t k : {0, 2}) EXPECT_TRUE(same_bits(with.arms[0].values[k], without.arms[0].values[k])) << k;
}

TEST(Run, Stop_before_the_start_runs_nobody) {
  const ScenarioFolder folder;
  std::stop_source source;
  source.request_stop();
  const auto r = run(folder.read(folder.text(kDosed + kRandom)), {}, 1, source.get_token());
  EXPECT_TRUE(r.cancelled);
  for (const auto& arm : r.arms) {
    for (std::size_t s = 0; s < 7; ++s) {
      EXPECT_EQ(arm.status[s], solve::Status::Cancelled);
      EXPECT_TRUE(arm.values[s].empty());
    }
  }
  EXPECT_EQ(r.failed(), 0u) << "cancelled subjects did not fail";
}

TEST(Run, Stop_after_a_block_keeps_its_subjects) {
  const ScenarioFolder folder;
  std::stop_source source;
  RunHooks hooks;
  hooks.block = 2;
  hooks.block_done = [&](const ArmResult&, std::size_t, std::size_t last) {
    if (last == 4) source.request_stop();
  };
  const auto r = run(folder.read(folder.text(kDosed + kRandom)), hooks, 1, source.get_token());
  EXPECT_TRUE(r.cancelled);
  for (std::size_t s = 0; s < 4; ++s) EXPECT_EQ(r.arms[0].status[s], solve::Status::Completed);
  EXPECT_EQ(r.arms[0].status[4], solve::Status::Cancelled);
}

TEST(Run, Progress_rises_to_the_total) {
  const ScenarioFolder folder;
  std::vector<std::size_t> seen;
  RunHooks hooks;
  hooks.block = 3;
  hooks.progress = [&](std::size_t done, std::size_t total) {
    EXPECT_EQ(total, 14u);
    seen.push_back(done);
  };
  (void)run(folder.read(folder.text(kDosed + kRandom)), hooks);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), 14u);
}

TEST(Run, Dose_per_kg_without_a_weight_is_refused_before_anything_runs) {
  const ScenarioFolder folder;
  const auto s = folder.read(folder.text("[arms.a]\nregimen = \"denosumab 1 mg/kg\"\n"));
  EXPECT_EQ(error_of([&] { (void)run(s); }).diagnostics()[0].code, "dosing-002");
}

// ---- run-in

/// Both runs at 1e-10, whose errors over 60 years stay below 1e-8 of the density.
TEST(Run, Patient_of_59_years_starts_with_the_density_of_that_age) {
  const std::string text =
      "[scenario]\ntitle = \"t\"\nuntil = \"2 months\"\nevery = \"1 month\"\n[patient]\nage = \"59.4 years\"\n[models.joerg-2022]\n[arms.a]\nregimen "
      "= \"none\"\n[solver]\nrtol = 1e-10\n";
  const auto s = cohort::read_scenario(text, "test.toml", library(), units());
  std::vector<simulate::CompiledModel> models;
  const auto r = run(s, {}, 1, {}, &models);
  const auto& program = models[0].program();
  solve::SubjectPlan plan;
  plan.parameters = program.parameter_values;
  for (int k = 0; k < 3; ++k) plan.outputs.push_back({59.4 * 365.25 + k * 30.4375, 0});
  solve::Options options;
  options.relative_tolerance = 1e-10;
  const auto direct = simulate::ObservableReader(program, {"hip"}).read(plan, solve::run_reference(program, plan, options));
  const auto& arm = r.arms[0];
  const auto hip = static_cast<std::size_t>(std::find(arm.outputs.begin(), arm.outputs.end(), "hip") - arm.outputs.begin());
  for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(arm.values[0][k * arm.outputs.size() + hip], direct[k], 1e-8) << k;
  EXPECT_LT(direct[0], 0.98) << "nine years after menopause the hip has lost bone, so the run-in does something";
}

TEST(Run, From_rest_ignores_the_age) {
  const std::string text =
      "[scenario]\ntitle = \"t\"\nuntil = \"1 month\"\nevery = \"1 month\"\n[patient]\nage = \"59.4 years\"\n[models.joerg-2022]\nfrom_rest = "
      "true\n[arms.a]\nregimen = \"none\"\n";
  const auto s = cohort::read_scenario(text, "test.toml", library(), units());
  auto young = s;
  young.patient.age_days.reset();
  expect_same_values(run(s), run(young));
}

TEST(Run, Patient_younger_than_the_model_starts_is_refused) {
  const std::string text =
      "[scenario]\ntitle = \"t\"\nuntil = \"1 month\"\nevery = \"1 month\"\n[patient]\nage = \"20 years\"\n[models.joerg-2022]\nset = { init_age = "
      "10000 }\n[arms.a]\nregimen = \"none\"\n";
  const auto s = cohort::read_scenario(text, "test.toml", library(), units());
  const auto error = error_of([&] { (void)run(s); });
  EXPECT_EQ(error.diagnostics()[0].code, "scenario-014");
  EXPECT_NE(error.diagnostics()[0].message.find("after the patient's age"), std::string::npos);
}

// ---- part files

struct Parts {
  TemporaryFolder folder;
  ScenarioResult result = run(bomb_scenario());
  [[nodiscard]] const ArmResult& arm() const { return result.arms[0]; }
  [[nodiscard]] ArmResult blank() const {
    ArmResult a = arm();
    a.values.assign(3, {});
    a.status.assign(3, solve::Status::Cancelled);
    a.message.assign(3, "");
    a.time_reached_days.assign(3, std::nan(""));
    a.statistics = {};
    return a;
  }
};

TEST(PartStore, Written_part_reads_back_the_same_bits) {
  const Parts p;
  const cohort::PartStore store(p.folder.path("parts"), "key", p.result.days.size());
  store.write(p.arm(), 0, 3);
  auto a = p.blank();
  ASSERT_TRUE(store.read(a, 0, 3));
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_TRUE(same_bits(a.values[s], p.arm().values[s])) << s;
    EXPECT_EQ(a.status[s], p.arm().status[s]);
    EXPECT_EQ(a.time_reached_days[s], p.arm().time_reached_days[s]);
  }
}

/// A resumed run has to write the same status.csv as one that went through.
TEST(PartStore, Message_of_a_failed_subject_is_kept) {
  const Parts p;
  const cohort::PartStore store(p.folder.path("parts"), "key", p.result.days.size());
  store.write(p.arm(), 0, 3);
  auto a = p.blank();
  ASSERT_TRUE(store.read(a, 0, 3));
  EXPECT_EQ(a.message[1], p.arm().message[1]);
}

TEST(PartStore, Part_of_another_key_is_ignored) {
  const Parts p;
  cohort::PartStore(p.folder.path("parts"), "key", p.result.days.size()).write(p.arm(), 0, 3);
  auto a = p.blank();
  for (const char* key : {"kex", "ke", "key2"})
    EXPECT_FALSE(cohort::PartStore(p.folder.path("parts"), key, p.result.days.size()).read(a, 0, 3)) << key;
  EXPECT_TRUE(a.values[0].empty());
}

TEST(PartStore, Part_of_another_length_is_ignored) {
  const Parts p;
  const cohort::PartStore store(p.folder.path("parts"), "key", p.result.days.size());
  store.write(p.arm(), 0, 2);
  auto a = p.blank();
  EXPECT_FALSE(store.read(a, 0, 3));
  EXPECT_FALSE(store.read(a, 1, 3)) << "no part starts there";
}

TEST(PartStore, Part_with_other_looks_or_outputs_is_ignored) {
  const Parts p;
  const std::size_t times = p.result.days.size();
  cohort::PartStore(p.folder.path("parts"), "key", times).write(p.arm(), 0, 3);
  auto a = p.blank();
  EXPECT_FALSE(cohort::PartStore(p.folder.path("parts"), "key", times + 1).read(a, 0, 3));
  a.outputs.push_back("one more");
  EXPECT_FALSE(cohort::PartStore(p.folder.path("parts"), "key", times).read(a, 0, 3));
}

TEST(PartStore, Damaged_part_is_ignored) {
  const Parts p;
  const cohort::PartStore store(p.folder.path("parts"), "key", p.result.days.size());
  store.write(p.arm(), 0, 3);
  for (const auto& entry : std::filesystem::directory_iterator(p.folder.path("parts")))
    std::filesystem::resize_file(entry.path(), std::filesystem::file_size(entry.path()) / 2);
  auto a = p.blank();
  EXPECT_FALSE(store.read(a, 0, 3));
}

TEST(PartStore, Nothing_partial_is_left_and_all_can_be_removed) {
  const Parts p;
  const cohort::PartStore store(p.folder.path("parts"), "key", p.result.days.size());
  store.write(p.arm(), 0, 3);
  for (const auto& entry : std::filesystem::directory_iterator(p.folder.path("parts"))) EXPECT_EQ(entry.path().extension(), ".nc");
  store.remove_all();
  EXPECT_FALSE(std::filesystem::exists(p.folder.path("parts")));
}

TEST(PartStore, Known_blocks_are_not_computed_again) {
  const ScenarioFolder folder;
  const auto s = folder.read(folder.text(kDosed + kRandom));
  const cohort::PartStore store(folder.folder.path("parts"), "key", cohort::times_of_looking(s).size());
  RunHooks write, read;
  write.block = read.block = 3;
  write.block_done = [&](const ArmResult& arm, std::size_t first, std::size_t last) { store.write(arm, first, last); };
  const auto first_run = run(s, write);
  read.block_known = [&](ArmResult& arm, std::size_t first, std::size_t last) { return store.read(arm, first, last); };
  read.block_done = [](const ArmResult&, std::size_t, std::size_t) { ADD_FAILURE() << "a block was computed again"; };
  expect_same_values(run(s, read), first_run);
}

// ---- NetCDF

TEST(Netcdf, File_holds_the_values_units_and_status) {
  const TemporaryFolder folder;
  const auto s = bomb_scenario();
  std::vector<simulate::CompiledModel> models;
  const auto r = run(s, {}, 1, {}, &models);
  const auto path = folder.path("out.nc");
  cohort::write_netcdf(path, s, models, r);
  int id = -1, variable = 0, dim = 0;
  ASSERT_EQ(nc_open(path.c_str(), NC_NOWRITE, &id), NC_NOERR);
  std::size_t length = 0;
  EXPECT_EQ(nc_inq_dimid(id, "subject", &dim), NC_NOERR);
  EXPECT_EQ(nc_inq_dimlen(id, dim, &length), NC_NOERR);
  EXPECT_EQ(length, 3u);
  const std::size_t times = r.days.size();
  std::vector<double> values(3 * times), days(times);
  ASSERT_EQ(nc_inq_varid(id, "time", &variable), NC_NOERR);
  EXPECT_EQ(nc_get_var_double(id, variable, days.data()), NC_NOERR);
  EXPECT_EQ(days, r.days);
  ASSERT_EQ(nc_inq_varid(id, "pk.a.cp", &variable), NC_NOERR);
  EXPECT_EQ(nc_get_var_double(id, variable, values.data()), NC_NOERR);
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_TRUE(same_bits({values.begin() + static_cast<std::ptrdiff_t>(k * times), values.begin() + static_cast<std::ptrdiff_t>((k + 1) * times)},
                          r.arms[0].values[k]))
        << k;
  std::string text(16, '\0');
  EXPECT_EQ(nc_get_att_text(id, variable, "units", text.data()), NC_NOERR);
  EXPECT_STREQ(text.c_str(), "mg/L");
  std::vector<int> status(3);
  ASSERT_EQ(nc_inq_varid(id, "pk.a.status", &variable), NC_NOERR);
  EXPECT_EQ(nc_get_var_int(id, variable, status.data()), NC_NOERR);
  EXPECT_EQ(status[0], 0);
  EXPECT_NE(status[1], 0);
  std::size_t meanings = 0, flags = 0;
  EXPECT_EQ(nc_inq_attlen(id, variable, "flag_meanings", &meanings), NC_NOERR);
  EXPECT_EQ(nc_inq_attlen(id, variable, "flag_values", &flags), NC_NOERR);
  std::string names(meanings, ' ');
  std::vector<int> numbers(flags);
  EXPECT_EQ(nc_get_att_text(id, variable, "flag_meanings", names.data()), NC_NOERR);
  EXPECT_EQ(nc_get_att_int(id, variable, "flag_values", numbers.data()), NC_NOERR);
  EXPECT_EQ(names, "completed step_size_too_small too_many_steps not_finite events_do_not_settle cancelled suspended");
  EXPECT_EQ(numbers, (std::vector<int>{0, 1, 2, 3, 4, 5, 6})) << "as solve::Status counts them";
  nc_close(id);
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(Netcdf, Folder_that_is_not_there_is_an_error_and_leaves_nothing) {
  const TemporaryFolder folder;
  const auto s = bomb_scenario();
  std::vector<simulate::CompiledModel> models;
  const auto r = run(s, {}, 1, {}, &models);
  const auto path = folder.path("none/out.nc");
  const auto error = error_of([&] { cohort::write_netcdf(path, s, models, r); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Io);
  EXPECT_NE(error.diagnostics()[0].message.find("cannot create '" + path + "'"), std::string::npos) << error.what();
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace osteosome::support
