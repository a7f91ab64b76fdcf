#pragma once

#include <rte_eal.h>

#include <array>

#include "base/assert.hpp"

namespace zs::test {

/// Starts EAL without hugepages, devices or files, once in the program's life (it cannot start
/// twice). Call it first in every test that needs a DPDK pool or port.
inline void start_eal() {
  static const bool started = [] {
    std::array<std::array<char, 32>, 9> words{{{"unit"},
                                               {"--no-huge"},
                                               {"-m"},
                                               {"64"},
                                               {"--no-shconf"},
                                               {"--no-telemetry"},
                                               {"--no-pci"},
                                               {"-l0"},
                                               {"--log-level=*:error"}}};
    std::array<char*, 9> argv{};
    for (std::size_t i = 0; i < argv.size(); ++i) argv[i] = words[i].data();
    return rte_eal_init(static_cast<int>(argv.size()), argv.data()) >= 0;
  }();
  ZS_CHECK(started);
}

}  // namespace zs::test
