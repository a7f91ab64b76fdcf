// ICMP, ICMPv6 and Neighbour Discovery.
#include "wire/icmp.hpp"

#include <vector>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "wire/icmpv6.hpp"
#include "wire/igmp.hpp"
#include "wire/mld.hpp"
#include "wire/nd.hpp"
#include "wire/quoted.hpp"

namespace zs::fuzz {
namespace {

void check_v4(std::span<const std::byte> message) {
  const auto icmp = wire::IcmpView::parse(message);
  if (!icmp) return;
  std::vector<std::byte> again(message.begin(), message.end());
  const wire::IcmpSpec spec{.type = icmp->type(),
                            .code = icmp->code(),
                            .checksum = icmp->checksum(),
                            .rest = std::uint32_t{icmp->identifier()} << 16 | icmp->sequence()};
  spec.write(std::span{again}.first(wire::IcmpSpec::size()));
  ZS_CHECK(is_same(again, message));
  wire::fill_icmp_checksum(again);
  ZS_CHECK(wire::is_icmp_checksum_ok(again));
  if (icmp->is_error()) (void)wire::parse_quoted_packet(icmp->body(), IpFamily::kV4);
}

void check_v6(std::span<const std::byte> message) {
  const auto icmp = wire::Icmpv6View::parse(message);
  if (!icmp) return;
  std::vector<std::byte> again(message.begin(), message.end());
  const wire::Icmpv6Spec spec{.type = icmp->type(),
                              .code = icmp->code(),
                              .checksum = icmp->checksum(),
                              .rest = icmp->rest()};
  spec.write(std::span{again}.first(wire::Icmpv6Spec::size()));
  ZS_CHECK(is_same(again, message));
  const IpAddress here = *IpAddress::parse("fe80::1");
  const IpAddress there = *IpAddress::parse("ff02::1:ff00:2");
  wire::fill_icmpv6_checksum(here, there, again);
  ZS_CHECK(wire::is_icmpv6_checksum_ok(here, there, again));
  if (icmp->is_error()) (void)wire::parse_quoted_packet(icmp->body(), IpFamily::kV6);
}

void check_options(const wire::NdOptions& options, std::span<const std::byte> message) {
  options.for_each([&](std::uint8_t, std::span<const std::byte> option) {
    ZS_CHECK(!option.empty() && option.size() % 8 == 0 && is_inside(option, message));
  });
  options.for_each_prefix([](const wire::NdPrefixInformation& information) {
    ZS_CHECK(information.prefix.address.is_v6() && information.prefix.length <= 128);
    ZS_CHECK(information.prefix.contains(information.prefix.address));
  });
  (void)options.mtu();
}

/// Writes what was parsed and parses it again. The result's options are gone with the buffer.
template <typename Message, typename Spec>
Message again(const Spec& spec, std::span<const std::byte> message) {
  std::vector<std::byte> out(spec.size());
  spec.write(out);
  const auto parsed = Message::parse(out);
  ZS_CHECK(parsed && out.size() <= message.size());
  return *parsed;
}

void check_neighbor(std::span<const std::byte> message) {
  using namespace wire;
  if (const auto ns = NeighborSolicitation::parse(message); ns && ns->target.is_v6()) {
    check_options(ns->options, message);
    const NeighborSolicitationSpec spec{ns->target,
                                        ns->options.link_layer(nd_option::kSourceLinkLayer)};
    ZS_CHECK(again<NeighborSolicitation>(spec, message).target == ns->target);
  }
  if (const auto na = NeighborAdvertisement::parse(message); na && na->target.is_v6()) {
    check_options(na->options, message);
    const NeighborAdvertisementSpec spec{
        .target = na->target,
        .router = na->router,
        .solicited = na->solicited,
        .override_cache = na->override_cache,
        .target_link_layer = na->options.link_layer(nd_option::kTargetLinkLayer)};
    const auto parsed = again<NeighborAdvertisement>(spec, message);
    ZS_CHECK(parsed.target == na->target && parsed.router == na->router);
    ZS_CHECK(parsed.solicited == na->solicited && parsed.override_cache == na->override_cache);
  }
}

void check_router(std::span<const std::byte> message) {
  if (const auto rs = wire::RouterSolicitation::parse(message)) {
    check_options(rs->options, message);
  }
  if (const auto ra = wire::RouterAdvertisement::parse(message)) {
    check_options(ra->options, message);
  }
}

void check_groups(std::span<const std::byte> message) {
  using namespace wire;
  for (const auto& query : {parse_igmp_query(message), parse_mld_query(message)}) {
    if (!query) continue;
    ZS_CHECK(query->group.is_unspecified() || query->group.is_multicast());
    ZS_CHECK(query->version >= 1 && query->version <= 3 && query->max_response >= Duration{});
  }
  (void)parse_igmp_report(message);
  (void)parse_mld_report(message);
  if (const auto redirect = Redirect::parse(message)) check_options(redirect->options, message);
}

}  // namespace
}  // namespace zs::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = zs::fuzz::bytes_of(data, size);
  zs::fuzz::check_v4(message);
  zs::fuzz::check_v6(message);
  zs::fuzz::check_neighbor(message);
  zs::fuzz::check_router(message);
  zs::fuzz::check_groups(message);
  return 0;
}
