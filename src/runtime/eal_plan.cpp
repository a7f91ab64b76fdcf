#include <array>
#include <cstdio>
#include <memory>

#include "runtime/eal.hpp"

namespace zs::runtime {
namespace {

constexpr std::uint32_t kMemoryPerShardMb = 256;

std::string join(const std::vector<unsigned>& cpus) {
  std::string text;
  for (const unsigned cpu : cpus) text += (text.empty() ? "" : ",") + std::to_string(cpu);
  return text;
}

/// "0@(0,1),1@1": see plan_eal().
std::string lcores_argument(const std::vector<unsigned>& shards, const Machine& machine) {
  std::string text = "0@(" + join(machine.cpus) + ")";
  for (std::size_t i = 0; i < shards.size(); ++i) {
    text += "," + std::to_string(lcore_of_shard(i)) + "@" + std::to_string(shards[i]);
  }
  return text;
}

}  // namespace

std::string full_pci_address(const std::string& address) {
  constexpr std::size_t kShort = 7;  // "00:05.0"
  return address.size() == kShort ? "0000:" + address : address;
}

Result<EalPlan> plan_eal(const Config& config, const Machine& machine, HugepageFacts hugepages,
                         unsigned instance, std::string& why) {
  EalPlan plan;
  const auto shards = static_cast<std::uint32_t>(config.runtime.lcores.size());
  plan.memory_mb =
      config.runtime.memory_mb != 0 ? config.runtime.memory_mb : kMemoryPerShardMb * shards;
  plan.prefix = "zstack-" + std::to_string(instance);
  const bool enough = hugepages.free_mb >= plan.memory_mb;
  if (config.runtime.hugepages == Hugepages::kAlways && !enough) {
    why =
        "runtime.hugepages is \"always\", but only " + std::to_string(hugepages.free_mb) +
        " MiB of hugepages are free and " + std::to_string(plan.memory_mb) +
        " are needed; reserve more (scripts/setup --hugepages N, or /proc/sys/vm/nr_hugepages) or "
        "say \"auto\"";
    return Errc::kNoMemory;
  }
  plan.uses_hugepages = config.runtime.hugepages != Hugepages::kNever && enough;

  auto& args = plan.arguments;
  args = {"zstack",
          "--lcores",
          lcores_argument(config.runtime.lcores, machine),
          "--main-lcore",
          "0",
          "-m",
          std::to_string(plan.memory_mb),
          "--no-telemetry",
          "--file-prefix",
          plan.prefix};
  if (plan.uses_hugepages) {
    // In memory: no file outlives us, whatever becomes of us.
    args.emplace_back("--in-memory");
  } else {
    // DPDK refuses --in-memory here; --no-shconf is the part of it that we need.
    args.emplace_back("--no-huge");
    args.emplace_back("--no-shconf");
  }
  if (config.device.is_pci()) {
    args.emplace_back("--allow");
    args.push_back(full_pci_address(config.device.target) +
                   (config.device.arguments.empty() ? "" : "," + config.device.arguments));
  } else {
    args.emplace_back("--no-pci");
    // Without a NIC nobody needs physical addresses.
    args.emplace_back("--iova-mode=va");
  }
  if (config.device.target.starts_with("net_virtio_user") && plan.uses_hugepages) {
    // vhost-user maps one file a segment list and cannot take hundreds.
    args.emplace_back("--single-file-segments");
  }
  return plan;
}

HugepageFacts read_hugepage_facts() {
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen("/proc/meminfo", "re"));
  if (file == nullptr) return {};
  std::array<char, 256> line{};
  unsigned long long free_pages = 0;
  unsigned long long page_kb = 0;
  while (std::fgets(line.data(), static_cast<int>(line.size()), file.get()) != nullptr) {
    unsigned long long number = 0;
    if (std::sscanf(line.data(), "HugePages_Free: %llu", &number) == 1) free_pages = number;
    if (std::sscanf(line.data(), "Hugepagesize: %llu kB", &number) == 1) page_kb = number;
  }
  return {free_pages * page_kb / 1024};
}

}  // namespace zs::runtime
