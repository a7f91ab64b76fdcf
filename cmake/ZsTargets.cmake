# zs_library(base DEPS a b)            one folder of src/ as the static library zs_<name>
# zs_unit_test(base DEPS a b)          one folder of tests/unit/ as the program unit_<name>
# Sources are globbed: adding a file needs no change here.

find_package(GTest)

function(zs_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;EXCLUDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp)
  string(REPLACE "/" "_" target ${name})
  add_library(zs_${target} STATIC ${sources} ${PROJECT_SOURCE_DIR}/cmake/empty.cpp)
  target_link_libraries(zs_${target} PUBLIC zs_flags ${ARG_DEPS})
  set_property(GLOBAL APPEND PROPERTY ZS_LIBRARIES zs_${target})
endfunction()

# Code of megabytes of templates and no speed to speak of: sanitizers make its optimisation take minutes.
function(zs_optimise_little target)
  if(ZS_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# Parsing <gmock/gmock.h> costs as much as the rest of most tests, so unit_base does it once for all.
# Programs over DPDK's libraries have other flags and cannot share it: they say NO_PCH.
function(zs_precompile_gmock target)
  if(TARGET unit_base AND NOT target STREQUAL "unit_base")
    target_precompile_headers(${target} REUSE_FROM unit_base)
  else()
    target_compile_options(${target} PUBLIC $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    target_precompile_headers(${target} PRIVATE <gmock/gmock.h> <gtest/gtest.h> <rapidcheck.h> <array> <cstdint> <functional>
                              <map> <memory> <optional> <random> <span> <string> <string_view> <utility> <vector>)
  endif()
endfunction()

# The pure folders are tested over the heap backend, where a sanitizer sees every byte.
function(zs_unit_test name)
  cmake_parse_arguments(ARG "NO_PCH" "" "DEPS" ${ARGN})
  set(here ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  # cc/ and recovery/ are parts of zs_tcp, bench/ of the command; other subfolders are libraries with programs of
  # their own.
  file(GLOB sources CONFIGURE_DEPENDS
       ${here}/*_test.cpp ${here}/cc/*_test.cpp ${here}/recovery/*_test.cpp ${here}/bench/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(unit_${name} ${sources})
  target_link_libraries(unit_${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main rapidcheck)
  target_include_directories(unit_${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)
  target_compile_options(unit_${name} PRIVATE -O0)  # the code under test keeps its own level
  if(NOT ARG_NO_PCH)
    zs_precompile_gmock(unit_${name})
  endif()
  add_test(NAME unit.${name} COMMAND unit_${name})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()
