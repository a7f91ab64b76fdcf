#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "runtime/config.hpp"
#include "runtime/config_load.hpp"

namespace zs::runtime {

/// What decides between hugepages and ordinary memory.
struct HugepageFacts {
  std::uint64_t free_mb = 0;  ///< free hugepages of the default size, all nodes together
};

/// The arguments for rte_eal_init(), and why.
struct EalPlan {
  std::vector<std::string> arguments;
  std::string prefix;  ///< of the runtime directory, unique to this process
  bool uses_hugepages = false;
  std::uint32_t memory_mb = 0;
};

/// lcore 0 is the control thread, which floats over all our CPUs; shard i runs on lcore i + 1,
/// pinned to its CPU. `why` says what is missing when hugepages = "always" cannot be had
/// (kNoMemory).
Result<EalPlan> plan_eal(const Config& config, const Machine& machine, HugepageFacts hugepages,
                         unsigned instance, std::string& why);

/// The lcore that shard `index` runs on.
constexpr unsigned lcore_of_shard(std::size_t index) { return static_cast<unsigned>(index) + 1; }

/// Reads /proc/meminfo.
HugepageFacts read_hugepage_facts();

/// The address that an argument for --allow wants: "00:05.0" as "0000:00:05.0".
std::string full_pci_address(const std::string& address);

/// DPDK's environment, from start to clean-up. One at a time, and (DPDK's rule) one a process.
class Eal {
 public:
  /// On failure `why` says what DPDK said.
  static Result<std::unique_ptr<Eal>> start(const EalPlan& plan, std::string& why);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  /// Removes what a process that ends here would leave behind. Safe from the control thread at any
  /// time; for the exit that waits for nothing.
  void remove_files() const noexcept;

 private:
  explicit Eal(std::string prefix) : prefix_(std::move(prefix)) {}
  std::string prefix_;
};

}  // namespace zs::runtime
