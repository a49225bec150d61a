// SPDX-License-Identifier: Apache-2.0
// The importer of animal studies, for tools/import_preclinical.py: reads the study documents of a data folder and prints what their texts mean
// as designs.csv.
#include <iostream>

#include "osteosome/evidence/preclinical.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: osteosome-designs DATA_FOLDER\n";
    return 2;
  }
  try {
    const std::string root = argv[1];
    const osteosome::core::UnitSystem units;
    std::cout << osteosome::evidence::designs_csv(osteosome::evidence::load_animal_studies(root + "/evidence/preclinical"), root, units);
    return 0;
  } catch (const osteosome::core::Error& error) {
    for (const auto& d : error.diagnostics()) std::cerr << osteosome::core::to_text(d) << '\n';
    return 1;
  }
}
