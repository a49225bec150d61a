// SPDX-License-Identifier: Apache-2.0
// The door as a user of the library meets it.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "documents.hpp"
#include "errors.hpp"
#include "osteosome/osteosome.hpp"
#include "simulate_one_compartment.hpp"

namespace osteosome::support {
namespace {

using namespace cohort;

/// One compartment of 10 L and a clearance of 1 L/h: after 100 mg at once the amount is 100 exp(-t/10 h).
class Door : public testing::Test {
 protected:
  Door() { (void)folder_.write("onecmt.toml", one_compartment_document()); }

  [[nodiscard]] ModelRequest request() const { return {folder_.path("onecmt.toml")}; }
  TemporaryFolder folder_;
  std::shared_ptr<const Workspace> workspace_ = Workspace::open(OSTEOSOME_ROOT);
};

/// Same bits, NaN included.
bool same(std::span<const double> a, std::span<const double> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

Population spread(std::size_t n, const std::string& name, double sd) {
  Population p;
  p.n = n;
  RandomQuantity q;
  q.name = name;
  q.distribution.kind = "lognormal";
  q.distribution.mean = std::nan("");
  q.distribution.sd = sd;
  p.quantities = {q};
  return p;
}

TEST_F(Door, Workspace_without_models_is_refused) {
  const auto error = error_of([&] { (void)Workspace::open(folder_.path("nowhere")); });
  EXPECT_EQ(error.diagnostics().at(0).code, "io-006");
}

TEST_F(Door, Equal_requests_share_a_model_while_somebody_holds_it) {
  const auto first = workspace_->compile(request());
  EXPECT_EQ(first, workspace_->compile(request()));
  auto other = request();
  other.set = {{"CL", 2}};
  const auto second = workspace_->compile(other);
  EXPECT_NE(first, second);
  EXPECT_EQ(second->program().parameter_values.at(second->program().parameter_index("CL").value()), 2);
}

TEST_F(Door, Request_with_a_misspelt_parameter_names_a_near_one) {
  auto wrong = request();
  wrong.set = {{"CLL", 2}};
  const auto error = error_of([&] { (void)workspace_->compile(wrong); });
  EXPECT_NE(error.diagnostics().at(0).hint.find("CL"), std::string::npos) << error.what();
}

TEST_F(Door, Looks_are_at_every_and_at_until) {
  const auto times = Observation::regular(workspace_->time("7 h"), workspace_->time("2 h")).times;
  ASSERT_EQ(times.size(), 5u);
  EXPECT_EQ(times[3], workspace_->time("6 h"));
  EXPECT_EQ(times[4], workspace_->time("7 h"));
}

TEST_F(Door, Columns_that_the_model_has_not_are_refused) {
  const auto model = workspace_->compile(request());
  Subject s;
  s.values = {1};
  const SubjectList subjects({s}, {"clearance"});
  EXPECT_EQ(error_of([&] {
              (void)cohort::simulate(*workspace_, *model, subjects, Observation::regular(workspace_->time("1 h"), workspace_->time("1 h")));
            })
                .diagnostics()
                .at(0)
                .code,
            "value-003");
}

TEST_F(Door, Own_values_and_initial_states_give_the_closed_form) {
  const auto model = workspace_->compile(request());
  std::vector<Subject> subjects(2);
  subjects[0].values = {1, 50};  // CL [L/h], central [mg]
  subjects[1].values = {4, 80};
  const double volume = model->program().parameter_values.at(model->program().parameter_index("V").value());
  const auto looks = Observation::regular(workspace_->time("10 h"), workspace_->time("5 h")).of({"central"});
  const auto values = cohort::simulate(*workspace_, *model, SubjectList(subjects, {"CL", "central"}), looks);
  for (std::size_t s = 0; s < 2; ++s) {
    for (std::size_t k = 0; k < 3; ++k) {
      const double exact = subjects[s].values[1] * std::exp(-subjects[s].values[0] / volume * 5 * static_cast<double>(k));
      EXPECT_NEAR(values.at(s, k, 0), exact, 1e-4 * subjects[s].values[1]) << s << ' ' << k;
    }
  }
  EXPECT_EQ(values.failed(), 0u);
}

/// Sum, block by block.
class Counter final : public Sink {
 public:
  void take(std::size_t first, Trajectories&& block) override {
    EXPECT_EQ(first, next) << "in order";
    next = first + block.size();
    for (std::size_t k = 0; k < block.size(); ++k) all.insert(all.end(), block.of(k).begin(), block.of(k).end());
    ++blocks;
  }
  std::size_t next = 0, blocks = 0;
  std::vector<double> all;
};

TEST_F(Door, Blocks_threads_and_neighbours_change_no_bit) {
  const auto model = workspace_->compile(request());
  auto four = request();
  four.solver.threads = 4;
  const auto threaded = workspace_->compile(four);
  const Population people = spread(37, "CL", 0.4);
  const auto looks = Observation::regular(workspace_->time("24 h"), workspace_->time("1 h")).of({"central"});
  const PopulationSubjects subjects(*model, workspace_->units(), people, 5, {}, nullptr);
  const auto whole = cohort::simulate(*workspace_, *model, subjects, looks);
  const auto on_four_threads = cohort::simulate(*workspace_, *threaded, subjects, looks);
  EXPECT_TRUE(same(whole.values(), on_four_threads.values()));
  Counter counter;
  cohort::simulate(*model, workspace_->units(), subjects, looks, counter, {.block = 10});
  EXPECT_EQ(counter.blocks, 4u);
  EXPECT_TRUE(same(whole.values(), counter.all));
  const auto alone = cohort::simulate(*workspace_, *model, SubjectList({subjects.at(20)}, subjects.columns()), looks);
  EXPECT_TRUE(same(alone.values(), whole.of(20)));
}

TEST_F(Door, Stopped_job_keeps_what_is_complete) {
  const auto model = workspace_->compile(request());
  const Population people = spread(40, "CL", 0.4);
  const PopulationSubjects subjects(*model, workspace_->units(), people, 5, {}, nullptr);
  std::stop_source source;
  Counter counter;
  std::size_t said = 0;
  cohort::simulate(*model, workspace_->units(), subjects, Observation::regular(workspace_->time("24 h"), workspace_->time("1 h")), counter,
                   {source.get_token(),
                    [&](std::size_t done, std::size_t total) {
                      EXPECT_EQ(total, 40u);
                      said = done;
                      if (done >= 10) source.request_stop();
                    },
                    10});
  EXPECT_EQ(said, 10u);
  EXPECT_EQ(counter.blocks, 1u);
}

TEST_F(Door, Several_threads_may_compile_and_simulate_in_one_workspace) {
  const auto looks = Observation::regular(workspace_->time("24 h"), workspace_->time("6 h")).of({"central"});
  Subject s;
  s.values = {100};
  const SubjectList subjects({s}, {"central"});
  const auto expected = cohort::simulate(*workspace_, *workspace_->compile(request()), subjects, looks);
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> threads;
    for (int k = 0; k < 4; ++k) {
      threads.emplace_back([&] {
        const auto model = workspace_->compile(request());
        const auto values = cohort::simulate(*workspace_, *model, subjects, looks);
        right += same(values.values(), expected.values()) ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(right, 4);
}

TEST(TrajectoriesTest, Bands_are_quantiles_of_the_change_over_those_who_got_there) {
  Trajectories t(5, {0, 30}, {"x", "y"});
  for (std::size_t s = 0; s < 4; ++s) {  // the fifth failed
    const double change[] = {10, 20, 30, 40};
    t.of(s)[0] = 2;
    t.of(s)[2] = 2 * (1 + change[s] / 100);
    t.ending(s).status = solve::Status::Completed;
  }
  const Band band = t.change_band("x", 30, 1);
  EXPECT_NEAR(band.low, 10, 1e-12);
  EXPECT_NEAR(band.median, 25, 1e-12);
  EXPECT_NEAR(band.high, 40, 1e-12);
  EXPECT_EQ(t.failed(), 1u);
  EXPECT_TRUE(std::isnan(t.change_band("y", 30).median)) << "nobody has it";
  EXPECT_EQ(error_of([&] { (void)t.change_band("x", 31); }).diagnostics().at(0).code, "simulate-006");
  EXPECT_EQ(error_of([&] { (void)t.output("z"); }).diagnostics().at(0).code, "simulate-005");
}

// ---- rules at visits

/// Women on denosumab who are looked at every half year.
struct Clinic {
  std::shared_ptr<const Workspace> workspace = Workspace::open(OSTEOSOME_ROOT);
  std::shared_ptr<const CompiledModel> lanes = workspace->compile({"osteosome"});
  Observation looks = Observation::regular(workspace->time("36 months"), workspace->time("3 months")).of({"TH", "CTX"});
  Population women = spread(5, "turnover_scale", 0.2);
  Patient patient{.age_days = 68 * core::kDaysPerYear};

  [[nodiscard]] std::shared_ptr<const CompiledModel> reference() const {
    ModelRequest request{"osteosome"};
    request.solver.engine = simulate::EngineChoice::Reference;
    return workspace->compile(request);
  }
  [[nodiscard]] Trajectories follow(const CompiledModel& model, const char* regimen, const Rule& rule = {}) const {
    const PopulationSubjects subjects(model, workspace->units(), women, 1, patient, workspace->treatment(regimen));
    return cohort::simulate(*workspace, model, subjects, looks, {}, rule);
  }
  [[nodiscard]] std::vector<core::Time> visits(const char* every, int n) const {
    std::vector<core::Time> times;
    for (int k = 1; k <= n; ++k) times.push_back(workspace->time(every) * k);
    return times;
  }
};

TEST(RuleTest, That_changes_nothing_keeps_every_bit) {
  const Clinic clinic;
  std::atomic<int> asked{0};
  const Rule idle{clinic.visits("2 months", 17), [&](const Visit&) {
                    ++asked;
                    return std::nullopt;
                  }};
  const char* regimen = "denosumab 60 mg sc every 6 months x 4 then teriparatide 20 ug sc daily for 6 months";
  for (const auto& model : {clinic.lanes, clinic.reference()}) {
    asked = 0;
    const auto plain = clinic.follow(*model, regimen), ruled = clinic.follow(*model, regimen, idle);
    EXPECT_TRUE(same(plain.values(), ruled.values())) << model->engine_text();
    EXPECT_EQ(asked, 5 * 17);
    EXPECT_TRUE(ruled.ending(0).decisions.empty());
  }
}

TEST(RuleTest, Switch_equals_the_regimen_written_in_advance) {
  const Clinic clinic;
  const auto zoledronate = clinic.workspace->treatment("zoledronate 5 mg iv over 15 min")->regimens.front();
  const Rule change{clinic.visits("12 months", 2), [&](const Visit& v) -> std::optional<Decision> {
                      EXPECT_EQ(v.days, 365.25 * static_cast<double>(v.number + 1));
                      if (v.number == 0) return std::nullopt;
                      return Decision{zoledronate, {}};
                    }};
  for (const auto& model : {clinic.lanes, clinic.reference()}) {
    const auto written = clinic.follow(*model, "denosumab 60 mg sc every 6 months x 4 then zoledronate 5 mg iv over 15 min");
    const auto decided = clinic.follow(*model, "denosumab 60 mg sc every 6 months x 6", change);
    for (std::size_t k = 0; k < written.values().size(); ++k) ASSERT_NEAR(decided.values()[k] / written.values()[k], 1, 1e-7) << k;
    ASSERT_EQ(decided.ending(4).decisions.size(), 1u);
    EXPECT_EQ(decided.ending(4).decisions[0], "day 730.5: " + zoledronate.text);
  }
}

TEST(RuleTest, Stopping_equals_the_shorter_regimen_and_sees_what_the_subject_is) {
  const Clinic clinic;
  const Rule stop{clinic.visits("6 months", 5), [&](const Visit& v) -> std::optional<Decision> {
                    if (v.number != 2) return std::nullopt;
                    EXPECT_EQ(v.values.size(), 2u);
                    EXPECT_NE(v.regimen, nullptr);
                    return Decision{protocol::Regimen{}, {}};
                  }};
  const auto written = clinic.follow(*clinic.lanes, "teriparatide 20 ug sc daily for 18 months");
  const auto stopped = clinic.follow(*clinic.lanes, "teriparatide 20 ug sc daily for 24 months", stop);
  for (std::size_t k = 0; k < written.values().size(); ++k) ASSERT_NEAR(stopped.values()[k] / written.values()[k], 1, 1e-7) << k;
}

/// What was missed before a visit stays missed, with several regimens at a time and infusions under way.
TEST(RuleTest, Random_adherence_before_a_visit_is_not_drawn_anew) {
  const Clinic clinic;
  auto treatment = *clinic.workspace->treatment("denosumab 60 mg sc monthly x 12");
  treatment.regimens.push_back(clinic.workspace->treatment("zoledronate 0.5 mg iv over 10 d every 20 d x 15")->regimens.front());
  treatment.adherence.miss_probability = 0.5;
  const auto shared = std::make_shared<const Treatment>(treatment);
  const PopulationSubjects subjects(*clinic.lanes, clinic.workspace->units(), clinic.women, 1, clinic.patient, shared);
  Observation looks = clinic.looks;
  looks.at_dose = AtDose::Post;
  looks = looks.of({"zoledronate.kinetics.plasma", "denosumab.central"});
  const core::Time visit = clinic.workspace->time("105 d");
  const Rule stop{{visit}, [](const Visit&) { return Decision{protocol::Regimen{}, {}}; }};
  const auto plain = cohort::simulate(*clinic.workspace, *clinic.lanes, subjects, looks);
  const auto stopped = cohort::simulate(*clinic.workspace, *clinic.lanes, subjects, looks, {}, stop);
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    EXPECT_EQ(stopped.ending(s).status, solve::Status::Completed);
    for (std::size_t k = 0; k < 2; ++k) EXPECT_EQ(stopped.at(s, k, 0), plain.at(s, k, 0)) << "before the visit";
    EXPECT_GE(stopped.at(s, 12, 0), -1e-9) << "no rate below zero is left";
    EXPECT_LT(stopped.at(s, 12, 1), 1e-3) << "nothing was given for two and a half years";
  }
}

TEST(RuleTest, Visits_and_values_that_do_not_fit_are_refused) {
  const Clinic clinic;
  const auto code = [&](std::vector<core::Time> visits, std::optional<Decision> decision) {
    const Rule rule{std::move(visits), [decision](const Visit&) { return decision; }};
    return error_of([&] { (void)clinic.follow(*clinic.lanes, "none", rule); }).diagnostics().at(0).code;
  };
  EXPECT_EQ(code({}, std::nullopt), "simulate-011");
  EXPECT_EQ(code({clinic.workspace->time("37 months")}, std::nullopt), "simulate-011");
  EXPECT_EQ(code({clinic.workspace->time("2 months"), clinic.workspace->time("1 month")}, std::nullopt), "simulate-011");
  EXPECT_EQ(code(clinic.visits("6 months", 1), Decision{{}, {{"denosumab.CL", -1}}}), "value-001");
  EXPECT_EQ(error_of([&] { (void)clinic.follow(*clinic.lanes, "none", Rule{clinic.visits("6 months", 1), {}}); }).diagnostics().at(0).code,
            "simulate-011");
}

TEST(OwnBaseline, Value_outside_the_bounds_is_refused) {
  const Clinic clinic;
  Subject s;
  s.values = {-1};
  const auto error = error_of([&] { (void)cohort::simulate(*clinic.workspace, *clinic.lanes, SubjectList({s}, {"denosumab.CL"}), clinic.looks); });
  EXPECT_EQ(error.diagnostics().at(0).code, "value-001");
  EXPECT_NE(std::string(error.what()).find("subject 1"), std::string::npos);
}

TEST(RuleTest, What_a_rule_throws_reaches_the_caller) {
  const Clinic clinic;
  const Rule wrong{clinic.visits("6 months", 1), [&](const Visit&) { return Decision{{}, {{"no_such_parameter", 1}}}; }};
  EXPECT_EQ(error_of([&] { (void)clinic.follow(*clinic.lanes, "none", wrong); }).diagnostics().at(0).code, "value-003");
}

// ---- own baselines

TEST(OwnBaseline, Age_and_scores_of_the_table_are_each_womans_own) {
  const auto workspace = Workspace::open(OSTEOSOME_ROOT);
  const auto model = workspace->compile({"osteosome"});
  Population women;
  women.n = 3;
  women.table = "table.csv";
  women.table_columns = {"patient.age", "patient.t_th"};
  women.table_rows = {{60, -1}, {70, -2}, {80, -3}};
  const PopulationSubjects subjects(*model, workspace->units(), women, 1, {}, nullptr);
  std::string score;
  for (const auto& d : model->model().patient.densities) {
    if (d.site == "TH") score = d.t_score;
  }
  const auto values = cohort::simulate(*workspace, *model, subjects, {{core::Time()}, std::vector<std::string>{score}});
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_NEAR(values.at(s, 0, 0), women.table_rows[s][1], 0.02) << s;
    EXPECT_EQ(subjects.at(s).patient.age_days, women.table_rows[s][0] * core::kDaysPerYear);
  }
  core::Diagnostics problems;
  subjects.check_values(problems);
  EXPECT_TRUE(problems.empty());
  women.table_rows[1] = {140, -9};
  const PopulationSubjects odd(*model, workspace->units(), women, 1, {}, nullptr);
  odd.check_values(problems);
  ASSERT_EQ(problems.all().size(), 2u);
  EXPECT_EQ(problems.all()[0].where.line, 3);
}

/// A scale that is drawn is what makes women differ: it stays, about the one that meets the score; the other sites are met.
TEST(OwnBaseline, Drawn_scale_stays_as_it_is_drawn) {
  const auto workspace = Workspace::open(OSTEOSOME_ROOT);
  const auto model = workspace->compile({"osteosome"});
  const Population women = spread(200, "scale_TH", 0.14);
  Patient patient;
  patient.age_days = 68 * core::kDaysPerYear;
  patient.t_scores = {{"LS", -2.7}, {"TH", -1.9}};
  Baselines baselines;
  PopulationSubjects subjects(*model, workspace->units(), women, 3, patient, nullptr);
  subjects.center(baselines);
  const auto values = cohort::simulate(*workspace, *model, subjects, {{core::Time()}, std::vector<std::string>{"T_TH", "T_LS"}});
  std::vector<double> scores;
  for (std::size_t s = 0; s < women.n; ++s) {
    scores.push_back(values.at(s, 0, 0));
    EXPECT_NEAR(values.at(s, 0, 1), -2.7, 0.02) << s;
  }
  std::sort(scores.begin(), scores.end());
  // A scale is proportional to density: 14 % of it are some 0.9 T-scores, the median's standard error 1.25 * 0.9 / sqrt(200).
  EXPECT_NEAR(quantile_of_sorted(scores, 0.5), -1.9, 3 * 0.08);
  EXPECT_NEAR((quantile_of_sorted(scores, 0.8413) - quantile_of_sorted(scores, 0.1587)) / 2, 0.9, 0.25);
}

TEST(OwnBaseline, Values_and_times_that_do_not_fit_are_refused) {
  const auto workspace = Workspace::open(OSTEOSOME_ROOT);
  const auto model = workspace->compile({"osteosome"});
  Subject s;
  s.values = {1, 2};
  const auto looks = Observation::regular(workspace->time("2 months"), workspace->time("1 month")).of({"TH"});
  const auto code = [&](const Subject& subject, const Observation& at) {
    return error_of([&] { (void)cohort::simulate(*workspace, *model, SubjectList({subject}, {"turnover_scale"}), at); }).diagnostics().at(0).code;
  };
  EXPECT_EQ(code(s, looks), "simulate-010");
  s.values = {std::nan("")};
  EXPECT_EQ(
      error_of([&] { (void)cohort::simulate(*model, workspace->units(), SubjectList({s}, {"turnover_scale"}), looks); }).diagnostics().at(0).code,
      "simulate-010");
  s.values = {1};
  EXPECT_EQ(code(s, {{}, std::vector<std::string>{"TH"}}), "simulate-010");
  s.times = std::make_shared<const std::vector<core::Time>>(4, workspace->time("1 month"));
  EXPECT_EQ(code(s, looks), "simulate-010");
}

/// A woman's T-score is met with her own constants, not with those of the typical woman.
TEST_F(Door, Each_woman_meets_her_own_t_score) {
  const auto model = workspace_->compile({"osteosome"});
  const Population women = spread(6, "turnover_scale", 0.2);
  Patient patient;
  patient.age_days = 68 * core::kDaysPerYear;
  patient.t_scores = {{"LS", -2.7}, {"TH", -1.9}, {"FN", -2.2}};
  std::vector<std::string> scores;
  for (const auto& d : model->model().patient.densities) scores.push_back(d.t_score);
  const PopulationSubjects subjects(*model, workspace_->units(), women, 3, patient, nullptr);
  const auto values = cohort::simulate(*workspace_, *model, subjects, {{core::Time()}, scores});
  for (std::size_t s = 0; s < 6; ++s) {
    for (std::size_t d = 0; d < scores.size(); ++d) EXPECT_NEAR(values.at(s, 0, d), patient.t_scores[d].second, 0.002) << s << ' ' << scores[d];
  }
}

}  // namespace
}  // namespace osteosome::support
