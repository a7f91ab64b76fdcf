#include "bench/process_wire.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWireStartPatience = 15s;
constexpr Duration kLoadPatience = 60s;
constexpr unsigned kMemoryMb = 256;       ///< a process
constexpr unsigned kWirePages = 2 * 160;  ///< of 2 MB

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

Result<LoadFigures> figures_of(const std::string& text, std::string& why) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.contains("latency_ns")) {
    why = "zstack load does not report: " + text;
    return Errc::kIo;
  }
  LoadFigures f;
  f.requests_per_second = json.value("requests_per_second", 0.0);
  f.sent_bytes_per_second = json.value("sent_bits_per_second", 0.0) / 8;
  const auto& latency = json["latency_ns"];
  f.mean = Duration{latency.value("mean", std::int64_t{0})};
  f.p50 = Duration{latency.value("p50", std::int64_t{0})};
  f.p99 = Duration{latency.value("p99", std::int64_t{0})};
  f.p999 = Duration{latency.value("p99.9", std::int64_t{0})};
  return f;
}

/// testpmd leaves a folder behind; it is removed with this.
class TestpmdFolders {
 public:
  TestpmdFolders() = default;
  TestpmdFolders(const TestpmdFolders&) = delete;
  TestpmdFolders& operator=(const TestpmdFolders&) = delete;
  ~TestpmdFolders() {
    std::error_code ignored;
    for (const bool is_server : {false, true}) {
      std::filesystem::remove_all("/var/run/dpdk/" + prefix(is_server), ignored);
    }
  }
  static std::string prefix(bool is_server) {
    return "zsb-" + std::to_string(getpid()) + (is_server ? "r" : "s");
  }
};

/// What stands behind the last "Rx-bps:" of testpmd's running statistics.
double last_receive_rate(const std::string& output) {
  constexpr std::string_view kKey = "Rx-bps:";
  const auto at = output.rfind(kKey);
  if (at == std::string::npos) return 0;
  return std::strtod(output.c_str() + at + kKey.size(), nullptr) / 8;
}

}  // namespace

std::string_view name_of(ProcessLink link) {
  return link == ProcessLink::kMemif ? "memif" : "virtio";
}

Result<ProcessWire> ProcessWire::create(ProcessLink link, std::string& why) {
  if (geteuid() != 0) {
    why = "it needs root, for DPDK's shared memory";
    return Errc::kPermission;
  }
  ProcessWire wire(link);
  std::string folder = (std::filesystem::temp_directory_path() / "zstack-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    why = "no folder can be made in " + folder;
    return Errc::kIo;
  }
  wire.folder_ = folder;
  if (link == ProcessLink::kVirtio) {
    ZS_TRY_ASSIGN(wire.hugepages_, Hugepages::reserve(kWirePages, why));
  }
  return wire;
}

ProcessWire::ProcessWire(ProcessWire&& o) noexcept
    : link_(o.link_),
      folder_(std::exchange(o.folder_, {})),
      hugepages_(std::exchange(o.hugepages_, std::nullopt)) {}

ProcessWire::~ProcessWire() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

std::string ProcessWire::vdev(bool is_server) const {
  if (link_ == ProcessLink::kMemif) {
    return std::string("net_memif0,role=") + (is_server ? "server" : "client") +
           ",socket=" + socket() + ",socket-abstract=no";
  }
  return is_server ? "eth_vhost0,iface=" + socket() + ",queues=1,tso=1"
                   : "net_virtio_user0,path=" + socket() + ",queues=1,queue_size=1024";
}

Result<void> ProcessWire::wait_for_socket(Child& server, std::string& why) const {
  const Instant end = runtime::read_clock() + kWireStartPatience;
  while (!std::filesystem::exists(socket())) {
    if (!server.is_running() || runtime::read_clock() > end) {
      why = "the server over " + std::string(name_of(link_)) +
            " does not start; it says: " + server.complaints();
      return Errc::kTimedOut;
    }
    std::this_thread::sleep_for(5ms);
  }
  return {};
}

Result<LoadFigures> ProcessWire::run(const std::vector<std::string>& serve,
                                     const std::vector<std::string>& load, unsigned server_cpu,
                                     unsigned client_cpu, std::string& why) const {
  const auto common = [&](const char* command, bool is_server, unsigned cpu) {
    ChildOptions options;
    options.command = {
        own_program(), command,
        "--device",    "dpdk:" + vdev(is_server),
        "--address",   is_server ? std::string(kServerAddress) + "/24" : "10.98.0.2/24",
        "--lcores",    std::to_string(cpu),
        "--log-level", "warning"};
    return options;
  };
  std::error_code ignored;
  std::filesystem::remove(socket(), ignored);  // of a server that did not clean up
  ChildOptions server_options = common("serve", true, server_cpu);
  append(server_options.command, serve);
  ZS_TRY_ASSIGN(Child server, Child::start(server_options, why));
  ZS_TRY(wait_for_socket(server, why));
  ChildOptions client_options = common("load", false, client_cpu);
  // In front: options that take lists would swallow it.
  client_options.command.insert(client_options.command.begin() + 2,
                                std::string(kServerAddress) + ":80");
  client_options.command.emplace_back("--json");
  append(client_options.command, load);
  ZS_TRY_ASSIGN(const std::string report, run_command(client_options, kLoadPatience, why));
  return figures_of(report, why);
}

Result<double> ProcessWire::run_testpmd(unsigned receiver_cpu, unsigned sender_cpu,
                                        Duration measured, std::string& why) const {
  const TestpmdFolders folders;
  const auto command = [&](bool is_server, unsigned cpu) {
    ChildOptions options;
    options.command = {"dpdk-testpmd",
                       "-m",
                       std::to_string(kMemoryMb),
                       "--no-pci",
                       "--no-telemetry",
                       "--file-prefix",
                       TestpmdFolders::prefix(is_server),
                       "--lcores",
                       "0@" + std::to_string(cpu) + ",1@" + std::to_string(cpu),
                       "--vdev",
                       vdev(is_server)};
    if (link_ == ProcessLink::kMemif) append(options.command, {"--no-huge", "--no-shconf"});
    if (link_ == ProcessLink::kVirtio) append(options.command, {"--in-memory"});
    if (link_ == ProcessLink::kVirtio && !is_server) {
      append(options.command, {"--single-file-segments"});
    }
    append(options.command, {"--", "--auto-start", "--total-num-mbufs=8192", "--stats-period=1"});
    append(options.command,
           is_server ? std::vector<std::string>{"--forward-mode=rxonly"}
                     : std::vector<std::string>{"--forward-mode=txonly", "--txpkts=1514"});
    return options;
  };
  std::error_code ignored;
  std::filesystem::remove(socket(), ignored);
  ZS_TRY_ASSIGN(Child receiver, Child::start(command(true, receiver_cpu), why));
  ZS_TRY(wait_for_socket(receiver, why));
  ZS_TRY_ASSIGN(Child sender, Child::start(command(false, sender_cpu), why));
  // It prints the rate of each second; the first ones are those of its start.
  const Instant end = runtime::read_clock() + kWireStartPatience;
  while (last_receive_rate(receiver.output()) <= 0) {
    if (!sender.is_running() || !receiver.is_running() || runtime::read_clock() > end) {
      why = "testpmd does not forward: " + sender.complaints() + receiver.complaints();
      return Errc::kIo;
    }
    std::this_thread::sleep_for(20ms);
  }
  std::this_thread::sleep_for(std::max<Duration>(measured, 1s) + 100ms);
  return last_receive_rate(receiver.output());
}

}  // namespace zs::bench
