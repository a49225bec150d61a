// SPDX-License-Identifier: Apache-2.0
// What studies may name: the vocabulary of the repository.
#pragma once

#include "osteosome/evidence/study.hpp"

namespace osteosome::support {

inline const evidence::StudyVocabulary& vocabulary() {
  static const auto all = evidence::load_study_vocabulary(OSTEOSOME_ROOT);
  return all;
}

}  // namespace osteosome::support
