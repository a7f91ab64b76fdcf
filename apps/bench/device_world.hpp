#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "bench/child.hpp"
#include "bench/net_space.hpp"

namespace zs::bench {

/// A link at whose other end the kernel is.
enum class KernelLink : std::uint8_t { kTap, kPacket, kAfXdp, kVeth };
std::string_view name_of(KernelLink link);

/// A network namespace with one link: zstack drives one end, the kernel has the other. With kVeth
/// the kernel has both, one of them in a second namespace, for a server to compare with.
class DeviceWorld {
 public:
  static constexpr const char* kServerAddress = "10.99.0.2";

  static Result<DeviceWorld> create(KernelLink link, std::string& why);

  KernelLink link() const { return link_; }
  /// Where clients are.
  const NetSpace& clients() const { return clients_; }
  /// Starts `zstack serve` with these options more on `cpu`, and waits until its port answers.
  Result<Child> serve(const std::vector<std::string>& options, unsigned cpu, std::uint16_t port,
                      std::string& why) const;
  /// Starts a server on the kernel's sockets (kVeth only).
  Result<Child> serve_by_kernel(const std::vector<std::string>& command, unsigned cpu,
                                std::uint16_t port, std::string& why) const;

 private:
  explicit DeviceWorld(KernelLink link) : link_(link) {}
  Result<void> make_link(std::string& why);
  Result<Child> wait_until_it_answers(Child child, std::uint16_t port, std::string& why) const;

  KernelLink link_;
  NetSpace clients_;
  NetSpace servers_;  ///< kVeth only
};

}  // namespace zs::bench
