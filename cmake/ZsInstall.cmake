# What users of the library get: one libzstack.a, the headers of include/zstack, and the two ways to find
# them (pkg-config zstack, find_package(zstack)); beside it the zstack command.
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

install(TARGETS zstack_archive ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/zstack ${PROJECT_BINARY_DIR}/include/zstack
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
if(TARGET zstack)
  install(TARGETS zstack zstack-sim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
endif()

# Relocatable: the way back from the .pc file to the prefix.
file(RELATIVE_PATH ZS_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${CMAKE_CURRENT_LIST_DIR}/zstack.pc.in ${PROJECT_BINARY_DIR}/zstack.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/zstack.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/zstack)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/zstackConfig.cmake.in ${PROJECT_BINARY_DIR}/zstackConfig.cmake
  INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/zstackConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/zstackConfig.cmake ${PROJECT_BINARY_DIR}/zstackConfigVersion.cmake DESTINATION ${package}
        COMPONENT library)
