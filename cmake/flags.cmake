# SPDX-License-Identifier: LGPL-2.1-or-later
# What every target of ours is compiled with.
add_library(nwgate_flags INTERFACE)
target_compile_features(nwgate_flags INTERFACE cxx_std_20)
target_include_directories(nwgate_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_options(nwgate_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  -Wnon-virtual-dtor -Wold-style-cast $<$<BOOL:${NWGATE_WERROR}>:-Werror>)
target_compile_definitions(nwgate_flags INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(NWGATE_SANITIZE)
  target_compile_options(nwgate_flags INTERFACE -fsanitize=${NWGATE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(nwgate_flags INTERFACE -fsanitize=${NWGATE_SANITIZE})
endif()

# A build for libFuzzer: everything has its counters, the targets of tests/fuzz have its main().
if(NWGATE_FUZZ)
  target_compile_options(nwgate_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(nwgate_flags INTERFACE -fsanitize=address,undefined)
endif()

# nwgate_library(NAME SOURCES... DEPENDS...): a static library of one folder.
function(nwgate_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PUBLIC;PRIVATE")
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC nwgate_flags ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
endfunction()
