// SPDX-License-Identifier: Apache-2.0
#include "osteosome/model/vocabulary.hpp"

#include <filesystem>
#include <map>

// Embedded by the build.
extern "C" const char osteosome_vocabulary_sites[], osteosome_vocabulary_outcomes[], osteosome_vocabulary_populations[], osteosome_vocabulary_cargo[];

namespace osteosome::model {

core::TomlValue load_vocabulary(const std::string& data_root, const std::string& name) {
  const std::string file = "vocabulary/" + name + ".toml", path = data_root + "/" + file;
  std::error_code ec;
  if (std::filesystem::exists(path, ec)) return core::load_toml(path);
  const std::map<std::string, const char*> built_in = {
      {"sites", osteosome_vocabulary_sites},
      {"outcomes", osteosome_vocabulary_outcomes},
      {"populations", osteosome_vocabulary_populations},
      {"cargo", osteosome_vocabulary_cargo}};
  return core::parse_toml(built_in.at(name), file);
}

}  // namespace osteosome::model
