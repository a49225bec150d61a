// SPDX-License-Identifier: Apache-2.0
#include "osteosome/model/vocabulary.hpp"

#include <map>

// Embedded by the build.
extern "C" const char osteosome_vocabulary_sites[], osteosome_vocabulary_outcomes[], osteosome_vocabulary_populations[], osteosome_vocabulary_cargo[];

namespace osteosome::model {

core::TomlValue load_vocabulary(const std::string& data_root, const std::string& name) {
  const std::map<std::string, const char*> built_in = {
      {"sites", osteosome_vocabulary_sites},
      {"outcomes", osteosome_vocabulary_outcomes},
      {"populations", osteosome_vocabulary_populations},
      {"cargo", osteosome_vocabulary_cargo}};
  return core::load_toml_or(data_root, "vocabulary/" + name + ".toml", built_in.at(name));
}

}  // namespace osteosome::model
