# SPDX-License-Identifier: Apache-2.0
# Distribution packages only; each has a decision record in docs/decisions/.
find_package(fmt REQUIRED)
find_package(tomlplusplus QUIET)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)

function(osteosome_find_library target header library)
  find_path(${target}_INCLUDE ${header} PATH_SUFFIXES udunits2 suitesparse cminpack-1 REQUIRED)
  find_library(${target}_LIBRARY ${library} REQUIRED)
  add_library(dep::${target} UNKNOWN IMPORTED)
  set_target_properties(dep::${target} PROPERTIES IMPORTED_LOCATION ${${target}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${${target}_INCLUDE} INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${${target}_INCLUDE})
endfunction()

osteosome_find_library(toml toml++/toml.h tomlplusplus)
osteosome_find_library(sbml sbml/SBMLTypes.h sbml)
osteosome_find_library(udunits udunits2.h udunits2)
osteosome_find_library(netcdf netcdf.h netcdf)
osteosome_find_library(cvodes cvodes/cvodes.h sundials_cvodes)
osteosome_find_library(ida ida/ida.h sundials_ida)
osteosome_find_library(nvecserial nvector/nvector_serial.h sundials_nvecserial)
osteosome_find_library(sundense sunlinsol/sunlinsol_dense.h sundials_sunlinsoldense)
osteosome_find_library(sunklu sunlinsol/sunlinsol_klu.h sundials_sunlinsolklu)
osteosome_find_library(sunmatdense sunmatrix/sunmatrix_dense.h sundials_sunmatrixdense)
osteosome_find_library(sunmatsparse sunmatrix/sunmatrix_sparse.h sundials_sunmatrixsparse)
osteosome_find_library(klu klu.h klu)
osteosome_find_library(cminpack cminpack.h cminpack)
