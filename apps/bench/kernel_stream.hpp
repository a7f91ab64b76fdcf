#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/net_space.hpp"

namespace zs::bench {

/// Which way the bytes of a bulk transfer go, as its client sees it.
enum class StreamWay : std::uint8_t { kToClient, kToServer };

/// A server on the kernel's sockets that sends without end, or takes what comes; with CUBIC.
class KernelStreamServer {
 public:
  /// Listens in `space`.
  static Result<std::unique_ptr<KernelStreamServer>> create(const NetSpace& space, StreamWay way,
                                                            std::uint16_t port, std::string& why);
  ~KernelStreamServer();
  KernelStreamServer(const KernelStreamServer&) = delete;
  KernelStreamServer& operator=(const KernelStreamServer&) = delete;

 private:
  KernelStreamServer() = default;
  void accept_all(StreamWay way);

  dev::UniqueFd listener_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> streams_;
  std::thread thread_;
};

/// What a client on the kernel's sockets is to do.
struct StreamPlan {
  std::string address = {};
  std::uint16_t port = 0;
  StreamWay way = StreamWay::kToClient;
  std::uint32_t connections = 1;
  Duration duration{};
};

/// Bytes a second that the receivers of all connections got; 0 if one was not made, or broke.
double run_kernel_streams(const NetSpace& space, const StreamPlan& plan);

}  // namespace zs::bench
