# What users of the library get: libzstack.so and libzstack.a, the headers of include/, and the ways to find
# them (pkg-config zstack, find_package(zstack), and -lfstack for programs of F-Stack's); beside it the zstack command.
if(NOT ZS_BUILD_APPS)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The folders' libraries as one archive. The heap backend stays out: a program links exactly one.
get_property(folders GLOBAL PROPERTY ZS_LIBRARIES)
set(objects)
foreach(library IN LISTS folders ITEMS zs_buf_dpdk zs_dev_dpdk)
  list(APPEND objects $<TARGET_OBJECTS:${library}>)
endforeach()
add_library(zstack_archive STATIC ${objects})
set_target_properties(zstack_archive PROPERTIES OUTPUT_NAME zstack LINKER_LANGUAGE CXX)

# Tests link the folders' libraries, so a build for them goes without.
if(NOT ZS_BUILD_TESTS OR ZS_SHARED)
  set(exported ${CMAKE_CURRENT_LIST_DIR}/zstack.map)
  add_library(zstack_shared SHARED ${objects})
  target_link_libraries(zstack_shared PRIVATE zs_dpdk fmt::fmt spdlog::spdlog Boost::context)
  target_link_options(zstack_shared PRIVATE -Wl,--version-script=${exported} -Wl,--no-undefined)
  set_target_properties(zstack_shared PROPERTIES OUTPUT_NAME zstack LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION}
                        SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${exported})
  install(TARGETS zstack_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
  install(CODE "file(CREATE_LINK libzstack.so \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libfstack.so\" SYMBOLIC)"
          COMPONENT library)
endif()

install(TARGETS zstack_archive ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/zstack ${PROJECT_BINARY_DIR}/include/zstack
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
file(GLOB fstack_headers ${PROJECT_SOURCE_DIR}/include/ff_*.h)
install(FILES ${fstack_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
if(TARGET zstack)
  install(TARGETS zstack zstack-sim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
endif()

# Relocatable: the way back from the .pc file to the prefix.
file(RELATIVE_PATH ZS_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${CMAKE_CURRENT_LIST_DIR}/zstack.pc.in ${PROJECT_BINARY_DIR}/zstack.pc @ONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/libfstack.pc.in ${PROJECT_BINARY_DIR}/libfstack.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/zstack.pc ${PROJECT_BINARY_DIR}/libfstack.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/zstack)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/zstackConfig.cmake.in ${PROJECT_BINARY_DIR}/zstackConfig.cmake
  INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/zstackConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/zstackConfig.cmake ${PROJECT_BINARY_DIR}/zstackConfigVersion.cmake DESTINATION ${package}
        COMPONENT library)
