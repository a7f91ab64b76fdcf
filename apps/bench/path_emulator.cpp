#include "bench/path_emulator.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "dev/checksum_offload.hpp"
#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kPathBuffers = 8'192;
constexpr std::size_t kPathBurst = 64;
constexpr Duration kLongestNap = 20ms;  ///< how late the end of the run is noticed

std::string mac_of_host(const std::string& number) { return "02:00:00:00:99:0" + number; }

std::string path_of(const NetSpace& space) {
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(space.fd());
}

}  // namespace

Result<std::unique_ptr<PathEmulator>> PathEmulator::create(const PathPlan& plan, std::string& why) {
  std::unique_ptr<PathEmulator> path(new PathEmulator);
  for (NetSpace* space : {&path->middle_, &path->client_, &path->server_}) {
    ZS_TRY_ASSIGN(*space, NetSpace::create(why));
  }
  ZS_TRY(path->add_host(path->client_, "1", why));
  ZS_TRY(path->add_host(path->server_, "2", why));
  ZS_TRY(path->client_.run(std::string("ip addr add ") + kClientAddress + "/24 dev " + kInterface,
                           why));
  auto data = buf::Pool::create({plan.name + "-data", kPathBuffers, 2'048});
  auto indirect = buf::Pool::create({plan.name + "-ind", 2 * kPathBuffers, 0});
  if (!data || !indirect) {
    why = "no memory for the buffers of the emulated path";
    return Errc::kNoMemory;
  }
  path->data_ = std::move(*data);
  path->indirect_ = std::move(*indirect);
  path->faults_ = {.delay = plan.round_trip / 2,
                   .bits_per_second = plan.bits_per_second,
                   .queue_bytes = plan.queue_bytes};
  // A device hears what is for its own address: here, that of the host at the other end.
  ZS_TRY(path->open(path->from_client_, "1", *MacAddress::parse(mac_of_host("2")), plan, why));
  ZS_TRY(path->open(path->from_server_, "2", *MacAddress::parse(mac_of_host("1")), plan, why));
  path->thread_ = std::thread([&self = *path] { self.relay(); });
  return path;
}

PathEmulator::~PathEmulator() {
  stop_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
}

Result<void> PathEmulator::add_host(NetSpace& host, const std::string& number, std::string& why) {
  const std::string near = "zsn" + number;  // until it has moved to where its name is free
  ZS_TRY(middle_.run("ip link add " + near + " address " + mac_of_host(number) +
                         " type veth peer name zsm" + number,
                     why));
  ZS_TRY(middle_.run("ip link set " + near + " netns " + path_of(host), why));
  ZS_TRY(middle_.run("ip link set zsm" + number + " up", why));
  ZS_TRY(host.run("ip link set " + near + " name " + kInterface, why));
  return host.run(std::string("ip link set ") + kInterface + " up", why);
}

Result<void> PathEmulator::open(Side& side, const std::string& number, const MacAddress& far_mac,
                                const PathPlan& plan, std::string& why) {
  const std::array pools = {buf::Pools{data_.get(), indirect_.get()}};
  ZS_TRY_ASSIGN(side.device, dev::Packet::open({.interface = "zsm" + number,
                                                .network_namespace = path_of(middle_),
                                                .mac = far_mac},
                                               pools, &why));
  side.arriving =
      std::make_unique<dev::FaultQueue>(side.device->queue(0), dev::FaultConfig{}, faults_,
                                        pools[0], plan.seed + (number == "1" ? 0u : 1u));
  return {};
}

void PathEmulator::apply(double loss) {
  faults_.loss = loss;
  from_client_.arriving->set_rx(faults_);
  from_server_.arriving->set_rx(faults_);
}

void PathEmulator::relay() {
  while (!stop_.load(std::memory_order_relaxed)) {
    if (const double loss = loss_.load(std::memory_order_relaxed); loss != faults_.loss) {
      apply(loss);
    }
    const Instant now = runtime::read_clock();
    from_client_.arriving->advance(now);
    from_server_.arriving->advance(now);
    const bool there = move(from_client_, from_server_);
    const bool back = move(from_server_, from_client_);
    if (there || back) continue;
    sleep_until(std::min({from_client_.arriving->next_deadline(),
                          from_server_.arriving->next_deadline(), now + kLongestNap}));
  }
}

/// Hands over what has come all the way; false if there was nothing.
bool PathEmulator::move(Side& from, Side& to) {
  std::array<rte_mbuf*, kPathBurst> burst{};
  const std::size_t n = from.arriving->rx_burst(burst);
  std::size_t ready = 0;
  for (std::size_t i = 0; i < n; ++i) {
    buf::Mbuf frame = buf::Mbuf::adopt(burst[i]);
    // A sender may have left its checksum to its device; what leaves here is complete.
    if (!dev::complete_rx_checksums(frame, {data_.get(), indirect_.get()})) continue;
    buf::clear_metadata(frame.get());
    burst[ready++] = std::move(frame).release();
  }
  const auto taken = to.device->queue(0).tx_burst(std::span(burst).first(ready));
  for (std::size_t i = taken; i < ready; ++i) buf::free_chain(burst[i]);
  return n > 0;
}

void PathEmulator::sleep_until(Instant when) const {
  std::array<pollfd, 2> fds{};
  fds[0] = {from_client_.device->queue(0).wake_fd(), POLLIN, 0};
  fds[1] = {from_server_.device->queue(0).wake_fd(), POLLIN, 0};
  const Duration left = std::clamp<Duration>(when - runtime::read_clock(), 0ns, kLongestNap);
  const timespec timeout{0, left.count()};
  ppoll(fds.data(), fds.size(), &timeout, nullptr);
}

}  // namespace zs::bench
