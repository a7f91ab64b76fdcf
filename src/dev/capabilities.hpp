#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dev/queue.hpp"

namespace zs::dev {

/// One line for the log and `zstack show`: name, MAC, MTU and what the device does by itself.
std::string describe(const Capabilities& capabilities);

/// "rx-checksum tso lro", or "none".
std::string describe(Offload offloads);

/// The offload that describe() calls so.
std::optional<Offload> offload_named(std::string_view name);

}  // namespace zs::dev
