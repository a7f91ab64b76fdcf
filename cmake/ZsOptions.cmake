option(ZS_BUILD_TESTS "Build the test programs" ON)
option(ZS_BUILD_APPS "Build the zstack command and the benches (needs libdpdk)" ON)
option(ZS_BUILD_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
option(ZS_LTO "Link-time optimisation" OFF)
option(ZS_UNITY "Compile the sources of a folder together: much faster from scratch, slower after an edit" OFF)
set(ZS_SANITIZE "" CACHE STRING "Comma-separated -fsanitize= list, e.g. address,undefined")
# DPDK's own pkg-config asks for corei7; x86-64-v2 is the same instruction set by its standard name.
set(ZS_MARCH "x86-64-v2" CACHE STRING "-march of all our code")

add_library(zs_flags INTERFACE)
target_compile_options(zs_flags INTERFACE
  -march=${ZS_MARCH} -Wall -Wextra -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor
  -Wcast-qual -Wswitch-enum -Werror)
target_include_directories(zs_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)

if(ZS_SANITIZE)
  add_compile_options(-fsanitize=${ZS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ZS_SANITIZE})
endif()
if(ZS_BUILD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(ZS_LTO)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()
if(ZS_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
  # An Impl in a .cpp may hold types of its anonymous namespace; in a unity build that looks like a header.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
find_program(ZS_CCACHE ccache)
if(ZS_CCACHE)
  # The precompiled header of the tests: ccache asks to be told that nothing in it depends on the clock.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${ZS_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
