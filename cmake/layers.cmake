# SPDX-License-Identifier: Apache-2.0
# One static library a layer. `osteosome_layer(core USES ... PRIVATE ...)` takes every source in its folder.
function(osteosome_layer name)
  cmake_parse_arguments(ARG "" "" "USES;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  add_library(osteosome_${name} STATIC ${sources})
  add_library(osteosome::${name} ALIAS osteosome_${name})
  target_include_directories(osteosome_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  target_link_libraries(osteosome_${name} PUBLIC ${ARG_USES} PRIVATE fmt::fmt ${ARG_PRIVATE})
endfunction()
