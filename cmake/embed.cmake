# SPDX-License-Identifier: Apache-2.0
# osteosome_embed(target symbol file): the text of `file` becomes `const char symbol[]` (NUL-terminated) in `target`.
function(osteosome_embed target symbol file)
  set(assembly ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S)
  string(CONCAT text
    ".section .rodata\n.global ${symbol}\n.type ${symbol}, @object\n${symbol}:\n.incbin \"${file}\"\n.byte 0\n"
    ".size ${symbol}, .-${symbol}\n.section .note.GNU-stack,\"\",@progbits\n")
  file(GENERATE OUTPUT ${assembly} CONTENT "${text}")  # leaves a file alone that says the same already
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS ${file} LANGUAGE CXX
    COMPILE_OPTIONS "-x;assembler-with-cpp;-Wno-error")
  target_sources(${target} PRIVATE ${assembly})
endfunction()
