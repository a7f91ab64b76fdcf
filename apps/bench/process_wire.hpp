#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/child.hpp"
#include "bench/hugepages.hpp"

namespace zs::bench {

/// Shared memory between two processes that DPDK drives at both ends.
enum class ProcessLink : std::uint8_t { kMemif, kVirtio };
std::string_view name_of(ProcessLink link);

/// What a run of `zstack load` measured (docs/load.md).
struct LoadFigures {
  double requests_per_second = 0;
  Duration mean{}, p50{}, p99{}, p999{};
  double sent_bytes_per_second = 0;
};

/// A wire between two processes. Each run starts both anew, since net_memif's receiver does not
/// survive its peer.
class ProcessWire {
 public:
  static constexpr const char* kServerAddress = "10.98.0.1";

  /// Needs root, and for kVirtio hugepages, which it borrows from the system.
  static Result<ProcessWire> create(ProcessLink link, std::string& why);
  ProcessWire(ProcessWire&& o) noexcept;
  ProcessWire& operator=(ProcessWire&&) = delete;
  ~ProcessWire();

  /// `zstack serve` with these options on one CPU, `zstack load` with those on the other. The
  /// target is given: port 80 of kServerAddress.
  Result<LoadFigures> run(const std::vector<std::string>& serve,
                          const std::vector<std::string>& load, unsigned server_cpu,
                          unsigned client_cpu, std::string& why) const;
  /// testpmd at both ends, one sends frames of 1514 bytes without end: bytes a second that arrive.
  Result<double> run_testpmd(unsigned receiver_cpu, unsigned sender_cpu, Duration measured,
                             std::string& why) const;

 private:
  explicit ProcessWire(ProcessLink link) : link_(link) {}
  std::string socket() const { return folder_ + "/wire.sock"; }
  std::string vdev(bool is_server) const;
  Result<void> wait_for_socket(Child& server, std::string& why) const;

  ProcessLink link_;
  std::string folder_;
  std::optional<Hugepages> hugepages_;
};

}  // namespace zs::bench
