# DPDK's headers trip our warnings, so they are system headers; its -march is overridden by ours.
find_package(PkgConfig REQUIRED)
pkg_check_modules(DPDK REQUIRED libdpdk>=22.11)
list(FILTER DPDK_CFLAGS EXCLUDE REGEX "^-march=")
list(FILTER DPDK_CFLAGS EXCLUDE REGEX "^-I")

# Layout only (rte_mbuf_core.h): what everything that touches an rte_mbuf needs. Links nothing.
add_library(zs_dpdk_headers INTERFACE)
target_include_directories(zs_dpdk_headers SYSTEM INTERFACE ${DPDK_INCLUDE_DIRS})

# The real thing.
add_library(zs_dpdk INTERFACE)
target_link_libraries(zs_dpdk INTERFACE zs_dpdk_headers ${DPDK_LINK_LIBRARIES})
target_compile_options(zs_dpdk INTERFACE ${DPDK_CFLAGS})
