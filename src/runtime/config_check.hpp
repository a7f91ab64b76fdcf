#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/config_load.hpp"

namespace zs::runtime {

/// Why `prefix` cannot be an address of ours, or an empty string.
std::string why_not_our_address(const IpPrefix& prefix);

/// Calls `report(key, what)` for everything in `config` that contradicts itself or the machine.
void check_config(const Config& config, const Machine& machine,
                  const std::function<void(std::string_view key, std::string what)>& report);

}  // namespace zs::runtime
