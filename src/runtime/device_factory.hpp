#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "buf/pool.hpp"
#include "dev/device.hpp"
#include "runtime/config.hpp"

namespace zs::runtime {

/// Opens what `config.device` names, with one queue pair for each element of `queues`. On failure
/// `why` tells the user.
Result<std::unique_ptr<dev::Device>> open_device(const Config& config,
                                                 std::span<const buf::Pools> queues,
                                                 std::string& why);

/// Bytes of packet that each buffer of the pools must hold for this device.
std::uint16_t receive_buffer_bytes(const DeviceConfig& device);

/// Whether the stack needs software stand-ins in front of this device.
bool needs_offload_queue(const dev::Capabilities& capabilities);

}  // namespace zs::runtime
