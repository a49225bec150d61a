# SPDX-License-Identifier: Apache-2.0
# Warnings are errors in our own builds, never forced on consumers.
if(PROJECT_IS_TOP_LEVEL)
  add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wdouble-promotion -Wold-style-cast -Wno-psabi -Werror)
endif()
