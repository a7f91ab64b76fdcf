# What is checked beside the test programs: the house rules, and that each header compiles alone.

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME tidy COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/tidy.py)
add_test(NAME tidy.self COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/tidy_test.py)
add_test(NAME tidy.mutations COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/mutate --check)
add_test(NAME tidy.rfc COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/rfc_compliance.py --check)
add_test(NAME tidy.reference COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/api_reference.py --check)
set_tests_properties(tidy tidy.self tidy.mutations tidy.rfc tidy.reference PROPERTIES LABELS tidy TIMEOUT 120)

# check_headers compiles one tiny source a header, which includes it twice and nothing else; not those whose own
# source includes them first (tidy.py sees to it), since the dev build compiles that alone. Folders
# that may see only the layout of an mbuf get only that, so that a stray <rte_ethdev.h> fails here.
function(zs_check_headers target)
  cmake_parse_arguments(ARG "" "" "LINK;HEADERS" ${ARGN})
  if(NOT ARG_HEADERS)
    return()
  endif()
  set(sources)
  foreach(header IN LISTS ARG_HEADERS)
    string(REGEX REPLACE "[.]hpp$" ".cpp" own_source ${PROJECT_SOURCE_DIR}/src/${header})
    if(EXISTS ${own_source} AND NOT header MATCHES "[.]h$")
      continue()
    endif()
    string(MAKE_C_IDENTIFIER ${header} name)
    set(source ${PROJECT_BINARY_DIR}/check_headers/${name}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"@header@\"\n#include \"@header@\"  // again\n" @ONLY)
    list(APPEND sources ${source})
  endforeach()
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(${target} PRIVATE ${ARG_LINK})
  target_compile_options(${target} PRIVATE -O0 -g0 -fno-sanitize=all)
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)  # alone means alone
  add_dependencies(check_headers ${target})
endfunction()

add_custom_target(check_headers)
file(GLOB_RECURSE headers RELATIVE ${PROJECT_SOURCE_DIR}/src CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.hpp)
set(pure_headers ${headers})
list(FILTER pure_headers EXCLUDE REGEX "^(embed/|api/run/|runtime/|dev/dpdk/|buf/dpdk/)")
list(FILTER headers INCLUDE REGEX "^(embed/|api/run/|runtime/|dev/dpdk/|buf/dpdk/)")
zs_check_headers(check_headers_pure LINK zs_flags zs_dpdk_headers HEADERS ${pure_headers})
if(ZS_BUILD_APPS)
  zs_check_headers(check_headers_dpdk LINK zs_embed zs_api_run HEADERS ${headers})
  file(GLOB installed RELATIVE ${PROJECT_SOURCE_DIR}/include CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/zstack/*.hpp
       ${PROJECT_SOURCE_DIR}/include/zstack/*.h ${PROJECT_SOURCE_DIR}/include/ff_*.h)
  zs_check_headers(check_headers_installed LINK zs_embed HEADERS ${installed})
endif()
