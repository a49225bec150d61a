# SPDX-License-Identifier: Apache-2.0
# Per-instruction-set sources, and the native code of the shipped models generated at build time.
set(OSTEOSOME_ISA_FLAGS_scalar "")
set(OSTEOSOME_ISA_FLAGS_avx2 -mavx2 -mfma)
# -Wno-maybe-uninitialized: GCC 12 warns inside its own avx512fintrin.h.
set(OSTEOSOME_ISA_FLAGS_avx512 -mavx512f -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512 -Wno-maybe-uninitialized)

function(osteosome_isa_sources directory stem)
  foreach(isa scalar avx2 avx512)
    set_source_files_properties(${directory}/${stem}_${isa}.cpp PROPERTIES COMPILE_OPTIONS "-O3;${OSTEOSOME_ISA_FLAGS_${isa}}")
  endforeach()
endfunction()
osteosome_isa_sources(${CMAKE_CURRENT_SOURCE_DIR}/compile tape)

# For programs that come before the natives, or interpret everything: an empty table.
file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/no_natives.cpp
  CONTENT "struct OsteosomeNative;\nextern \"C\" const OsteosomeNative* const osteosome_builtin_natives[] = {nullptr};\n")
add_library(osteosome_no_natives OBJECT ${CMAKE_CURRENT_BINARY_DIR}/no_natives.cpp)

add_executable(osteosome_codegen ${PROJECT_SOURCE_DIR}/apps/codegen/main.cpp $<TARGET_OBJECTS:osteosome_no_natives>)
target_link_libraries(osteosome_codegen PRIVATE osteosome::compile)

set(OSTEOSOME_NATIVE_MODELS published/peterson-riggs-2010 published/joerg-2022 osteosome/osteosome)
# What the composed model is made of beside its own document.
file(GLOB OSTEOSOME_MODULES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/models/osteosome/*.toml ${PROJECT_SOURCE_DIR}/therapies/*.toml)
set(native_sources ${CMAKE_CURRENT_BINARY_DIR}/natives/table.cpp)
set(native_models)
foreach(model ${OSTEOSOME_NATIVE_MODELS})
  list(APPEND native_models ${PROJECT_SOURCE_DIR}/models/${model}.toml)
  get_filename_component(stem ${model} NAME)
  foreach(isa scalar avx2 avx512)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/natives/${stem}_${isa}.cpp)
    list(APPEND native_sources ${source})
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-O2;-w;${OSTEOSOME_ISA_FLAGS_${isa}}")
  endforeach()
endforeach()
add_custom_command(OUTPUT ${native_sources}
  COMMAND osteosome_codegen ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/natives ${native_models}
  DEPENDS osteosome_codegen ${native_models} ${OSTEOSOME_MODULES} VERBATIM)
add_library(osteosome_natives OBJECT ${native_sources})
target_include_directories(osteosome_natives PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/compile)
# Sanitizers would only slow down generated straight-line code.
target_compile_options(osteosome_natives PRIVATE -fno-sanitize=all)
