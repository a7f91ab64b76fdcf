#include "bench/cable_world.hpp"

#include "runtime/clock.hpp"
#include "runtime/device_factory.hpp"
#include "tcp/engine.hpp"

namespace zs::bench {
namespace {

constexpr MacAddress mac_of(unsigned char last) {
  return {{std::byte{2}, {}, {}, {}, {}, std::byte{last}}};
}

}  // namespace

std::uint64_t CableEnd::copied_bytes() const {
  const tcp::Counters& c = shard->tcp().counters();
  return c.copied_bytes_in + c.copied_bytes_out +
         (offload != nullptr ? offload->copied_bytes() : 0);
}

Result<void> CableWorld::make_pools(CableEnd& end, const std::string& name, std::uint32_t buffers) {
  ZS_TRY_ASSIGN(end.data, buf::Pool::create({name, buffers, 2'048}));
  ZS_TRY_ASSIGN(end.indirect, buf::Pool::create({name + "-ind", 2 * buffers, 0}));
  return {};
}

Result<void> CableWorld::make_stack(CableEnd& end, dev::PacketQueue& cable,
                                    const IpAddress& address, const CableOptions& options,
                                    std::string& why) {
  end.queue = &cable;
  if (runtime::needs_offload_queue(cable.capabilities())) {
    end.offload = std::make_unique<dev::OffloadQueue>(cable, end.pools());
    end.queue = end.offload.get();
  }
  stack::ShardConfig config;
  config.interfaces.push_back({.name = cable.capabilities().name,
                               .device = end.queue->capabilities(),
                               .addresses = {{address, 24}}});
  if (options.faces_the_internet && address == kServerAddress) {
    config.interfaces[0].addresses.push_back({kServerAddressV6, 64});
    config.routes.push_back({.destination = {IpAddress::any(IpFamily::kV4), 0},
                             .gateway = kClientAddress,
                             .interface = 0});
  }
  config.tcp = options.tcp;
  config.address_probes = 0;
  config.secret = {0x7a73, address.v4_value()};
  ZS_TRY_ASSIGN(end.shard, stack::Shard::create(config, end.pools(), runtime::read_clock(), &why));
  end.sockets = std::make_unique<sock::SocketTable>(
      *end.shard, end.pools(), sock::Limits{.descriptors = options.descriptors});
  return {};
}

Result<std::unique_ptr<CableWorld>> CableWorld::create(const CableOptions& options,
                                                       std::string& why) {
  std::unique_ptr<CableWorld> world(new CableWorld);
  if (!world->make_pools(world->server_, options.name + "-s", options.buffers) ||
      !world->make_pools(world->client_, options.name + "-c", options.buffers)) {
    why = "no memory for the buffers of the benchmark";
    return Errc::kNoMemory;
  }
  const auto offloads =
      options.offloads == CableOffloads::kAll ? dev::kAllPairOffloads : dev::Offload::kMultiSegment;
  auto pair = dev::Pair::create({.a = {"pair:server", mac_of(1), world->server_.pools(), offloads},
                                 .b = {"pair:client", mac_of(2), world->client_.pools(), offloads},
                                 .mtu = options.mtu,
                                 .delivery = options.delivery});
  if (!pair) {
    why = "the cable cannot be made";
    return pair.error();
  }
  world->pair_ = std::move(*pair);
  ZS_TRY(world->make_stack(world->server_, world->pair_->a(), kServerAddress, options, why));
  ZS_TRY(world->make_stack(world->client_, world->pair_->b(), kClientAddress, options, why));
  return world;
}

CableWorld::~CableWorld() {
  for (CableEnd* end : {&server_, &client_}) {
    end->sockets.reset();
    end->shard.reset();
    end->offload.reset();
  }
  pair_.reset();
}

}  // namespace zs::bench
