#pragma once

#include <string>

#include "base/result.hpp"
#include "bench/net_space.hpp"

namespace zs::bench {

struct WrkOptions {
  std::string address;
  std::uint32_t connections = 50;
  unsigned seconds = 1;  ///< wrk knows whole ones only
  unsigned cpu = 0;
};

/// Requests a second that wrk gets answered over the kernel's stack in `space`.
Result<double> run_wrk(const NetSpace& space, const WrkOptions& options, std::string& why);

}  // namespace zs::bench
