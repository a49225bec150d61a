// SPDX-License-Identifier: Apache-2.0
// The door: everything a user of the library includes. docs/reference/cpp.md walks through it.
#pragma once

#include "osteosome/cohort/population.hpp"
#include "osteosome/cohort/scenario.hpp"
#include "osteosome/cohort/simulate.hpp"
#include "osteosome/cohort/workspace.hpp"
#include "osteosome/core/table.hpp"
#include "osteosome/evidence/prepare.hpp"
#include "osteosome/tasks/calibration.hpp"
#include "osteosome/tasks/catalogue.hpp"
#include "osteosome/tasks/check.hpp"
#include "osteosome/tasks/convert.hpp"
#include "osteosome/tasks/power.hpp"
#include "osteosome/tasks/run_folder.hpp"
#include "osteosome/tasks/scan.hpp"
#include "osteosome/tasks/simulation.hpp"
#include "osteosome/tasks/validation.hpp"
