// SPDX-License-Identifier: Apache-2.0
// Gates of the calibration: what the shipped values must reach on the trials they were fitted to.
#include <set>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/grade.hpp"
#include "osteosome_simulations.hpp"

namespace osteosome::support {
namespace {

const std::set<std::string> kMarkers = {"CTX", "uCTX", "P1NP", "BSAP", "OC"};

const std::vector<evidence::Study>& studies() {
  static const auto all = evidence::load_evidence(OSTEOSOME_ROOT);
  return all;
}

/// Every counted row of role calibration, as `model` predicts it.
std::vector<evidence::GradedPoint> graded(const std::string& model) {
  const evidence::TrialSet trials(studies(), {{}, "clinical", "calibration"}, compiled_model(model), drug_catalogue(), units());
  const auto predicted = trials.predict({compiled_model(model).program().parameter_values}).front();
  std::vector<evidence::GradedPoint> points;
  for (std::size_t k = 0; k < predicted.size(); ++k) points.push_back({model, trials.rows()[k], predicted[k]});
  return points;
}

const std::vector<evidence::GradedPoint>& integrated_points() {
  static const auto points = graded("osteosome");
  return points;
}

double half_width(const evidence::Measurement& m) { return m.low && m.high && m.interval != "SD" ? (*m.high - *m.low) / 2 : 0; }

/// As tools/anchors.py has it: within the larger of a point and half the reported interval, markers within 25 % of the reported level.
TEST(OsteosomeGates, Nine_of_ten_anchors_pass) {
  std::map<std::tuple<std::string, std::string, double>, const evidence::GradedPoint*> points;
  for (const auto& p : integrated_points()) {
    if (p.counts()) points[{p.row.arm->id, p.row.measurement->outcome, p.row.measurement->month}] = &p;
  }
  std::map<std::string, std::string> roles;
  for (const auto& study : studies()) {
    for (const auto& arm : study.arms) roles[arm.id] = arm.role;
  }
  const std::string path = library().root + "/evidence/anchors.csv";
  const auto table = core::parse_csv(core::read_file(path), path);
  ASSERT_EQ(table.header, (std::vector<std::string>{"arm_id", "outcome", "month", "minus"}));
  int passed = 0, total = 0;
  std::string failed;
  for (const auto& anchor : table.rows) {
    ASSERT_TRUE(roles.contains(anchor[0])) << anchor[0];
    if (roles[anchor[0]] != "calibration") continue;
    const double month = core::parse_double(anchor[2]).value();
    const auto find = [&](const std::string& arm) {
      const auto found = points.find({arm, anchor[1], month});
      return found == points.end() ? nullptr : found->second;
    };
    const auto* point = find(anchor[0]);
    ASSERT_NE(point, nullptr) << anchor[0] << " " << anchor[1] << " " << month;
    double observed = *point->row.measurement->mean, value = point->predicted, width = half_width(*point->row.measurement);
    if (!anchor[3].empty()) {
      const auto* other = find(anchor[3]);
      ASSERT_NE(other, nullptr) << anchor[3] << " " << anchor[1] << " " << month;
      observed -= *other->row.measurement->mean;
      value -= other->predicted;
      width = std::hypot(width, half_width(*other->row.measurement));
    }
    const double tolerance = kMarkers.contains(anchor[1]) ? 0.25 * (100 + observed) : std::max(1.0, width);
    const bool ok = std::abs(value - observed) <= tolerance;
    passed += ok ? 1 : 0;
    ++total;
    if (!ok) {
      failed += "\n  " + anchor[0] + " " + anchor[1] + " month " + anchor[2] + ": " + core::format_double(value) + " against " +
                core::format_double(observed) + " within " + core::format_double(tolerance);
    }
  }
  RecordProperty("anchors", std::to_string(passed) + " of " + std::to_string(total));
  RecordProperty("failed", failed);
  EXPECT_GE(total, 30) << "anchors on calibration arms";
  EXPECT_GE(passed, 0.9 * total) << passed << " of " << total << failed;
}

TEST(OsteosomeGates, Calibration_RMSE) {
  const std::map<std::string, double> greatest = {{"TH", 0.8}, {"LS", 1.1}};
  std::size_t found = 0;
  for (const auto& grade : evidence::pool(integrated_points(), "osteosome", false)) {
    const auto limit = greatest.find(grade.outcome);
    if (grade.role != "calibration" || limit == greatest.end()) continue;
    ++found;
    RecordProperty(grade.outcome, std::to_string(grade.rmse) + " on " + std::to_string(grade.n));
    EXPECT_GE(grade.n, 20u) << grade.outcome;
    EXPECT_LE(grade.rmse, limit->second) << grade.outcome << " over " << grade.n << " points, bias " << grade.bias;
  }
  EXPECT_EQ(found, greatest.size());
}

TEST(OsteosomeGates, Lower_RMSE_than_joerg_2022_in_every_class_with_eight_hip_points) {
  auto points = integrated_points();
  const auto others = graded("joerg-2022");
  points.insert(points.end(), others.begin(), others.end());
  std::map<std::string, evidence::PooledGrade> theirs;
  for (const auto& grade : evidence::pool(points, "joerg-2022", true, "osteosome")) {
    if (grade.outcome == "TH" && grade.role == "calibration") theirs[grade.trial_class] = grade;
  }
  int classes = 0;
  for (const auto& ours : evidence::pool(points, "osteosome", true, "joerg-2022")) {
    if (ours.outcome != "TH" || ours.role != "calibration") continue;
    ASSERT_TRUE(theirs.contains(ours.trial_class)) << ours.trial_class;
    const auto& their = theirs[ours.trial_class];
    ASSERT_EQ(ours.n, their.n) << ours.trial_class << ": identical rows";
    RecordProperty(ours.trial_class, std::to_string(ours.rmse) + " against " + std::to_string(their.rmse) + " on " + std::to_string(ours.n));
    if (ours.n < 8) continue;
    ++classes;
    EXPECT_LT(ours.rmse, their.rmse) << ours.trial_class << ", " << ours.n << " points";
  }
  EXPECT_GE(classes, 3) << "classes that are compared";
}

}  // namespace
}  // namespace osteosome::support
