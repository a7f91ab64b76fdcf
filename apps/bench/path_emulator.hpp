#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/net_space.hpp"
#include "buf/pool.hpp"
#include "dev/fault.hpp"
#include "dev/packet.hpp"

namespace zs::bench {

/// What lies between two hosts; the same in both directions.
struct PathPlan {
  std::string name = {};  ///< of its pools
  std::uint64_t bits_per_second = 100'000'000;
  Duration round_trip = std::chrono::milliseconds{40};
  std::uint32_t queue_bytes = 500'000;  ///< before the rate: what the path itself holds
  std::uint64_t seed = 1;
};

/// Two hosts, each a network namespace with one interface, and between them a long and lossy path:
/// the project's bad cable (dev/fault.hpp) between two veth pairs. What drives the far ends of
/// these sees frames and nothing of TCP, so that it treats every stack alike.
class PathEmulator {
 public:
  static constexpr const char* kInterface = "zsh0";  ///< of either host
  static constexpr const char* kClientAddress = "10.99.0.1";
  static constexpr const char* kServerAddress = "10.99.0.2";
  static constexpr const char* kServerMac = "02:00:00:00:99:02";

  /// Needs root, and EAL for its buffers. On failure `why` tells the user.
  static Result<std::unique_ptr<PathEmulator>> create(const PathPlan& plan, std::string& why);
  ~PathEmulator();
  PathEmulator(const PathEmulator&) = delete;
  PathEmulator& operator=(const PathEmulator&) = delete;

  /// The kernel's client; its interface has kClientAddress.
  const NetSpace& client() const { return client_; }
  /// Whoever serves; the interface is up and has no address.
  const NetSpace& server() const { return server_; }
  /// The share of frames that are lost from now on, in either direction.
  void set_loss(double loss) { loss_.store(loss, std::memory_order_relaxed); }

 private:
  struct Side {
    std::unique_ptr<dev::Packet> device;
    std::unique_ptr<dev::FaultQueue> arriving;  ///< what comes from this side's host
  };

  PathEmulator() = default;
  Result<void> add_host(NetSpace& host, const std::string& number, std::string& why);
  Result<void> open(Side& side, const std::string& number, const MacAddress& far_mac,
                    const PathPlan& plan, std::string& why);
  void relay();
  void apply(double loss);
  bool move(Side& from, Side& to);
  void sleep_until(Instant when) const;

  NetSpace client_, server_, middle_;
  std::unique_ptr<buf::Pool> data_, indirect_;
  dev::FaultConfig faults_;
  Side from_client_, from_server_;
  std::atomic<double> loss_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace zs::bench
