// UDP and TCP with its options: what parses can be written, and then parses to the same.
#include <algorithm>
#include <array>
#include <vector>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "wire/checksum.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace zs::fuzz {
namespace {

void check_udp(std::span<const std::byte> l4) {
  const auto udp = wire::UdpView::parse(l4);
  if (!udp) return;
  ZS_CHECK(is_inside(udp->payload(), l4));
  ZS_CHECK(udp->payload().size() + wire::UdpView::kHeader == udp->length());
  const wire::UdpSpec spec{.src_port = udp->src_port(),
                           .dst_port = udp->dst_port(),
                           .length = udp->length(),
                           .checksum = udp->checksum()};
  std::array<std::byte, wire::UdpSpec::size()> again{};
  spec.write(again);
  ZS_CHECK(is_same(again, l4.first(again.size())));
}

/// The same but for SACK blocks that found no room.
void check_same_options(const wire::TcpOptions& written, const wire::TcpOptions& read) {
  ZS_CHECK(read.mss == written.mss && read.window_scale == written.window_scale);
  ZS_CHECK(read.sack_permitted == written.sack_permitted);
  ZS_CHECK(read.timestamps == written.timestamps);
  ZS_CHECK(read.sack_count <= written.sack_count);
  const auto blocks = read.sack_blocks();
  ZS_CHECK(std::equal(blocks.begin(), blocks.end(), written.sack_blocks().begin()));
}

void check_tcp(std::span<const std::byte> l4) {
  const auto tcp = wire::TcpView::parse(l4);
  if (!tcp) return;
  ZS_CHECK(is_inside(tcp->options(), l4));
  const auto options = wire::parse_tcp_options(tcp->options());
  if (!options) return;
  const wire::TcpHeaderSpec spec{.src_port = tcp->src_port(),
                                 .dst_port = tcp->dst_port(),
                                 .seq = tcp->seq(),
                                 .ack = tcp->ack(),
                                 .flags = tcp->flags(),
                                 .window = tcp->window(),
                                 .checksum = tcp->checksum(),
                                 .urgent = tcp->urgent(),
                                 .options = *options};
  ZS_CHECK(spec.size() % 4 == 0 && spec.size() <= wire::TcpView::kMaxHeader);
  std::vector<std::byte> again(spec.size());
  spec.write(again);
  const auto view = wire::TcpView::parse(again);
  ZS_CHECK(view && view->header_length() == again.size());
  // All but the byte with the header's length and the reserved bits.
  ZS_CHECK(is_same(std::span{again}.first(12), l4.first(12)));
  ZS_CHECK(is_same(std::span{again}.subspan(13, 7), l4.subspan(13, 7)));
  const auto read = wire::parse_tcp_options(view->options());
  ZS_CHECK(read.has_value());
  check_same_options(*options, *read);
}

/// However a packet is cut, its checksum is one.
void check_checksum(std::span<const std::byte> l4) {
  if (l4.empty()) return;
  const std::size_t cut = std::to_integer<std::size_t>(l4[0]) % l4.size();
  wire::ChecksumAccumulator parts;
  parts.add(l4.first(cut));
  parts.add(l4.subspan(cut));
  ZS_CHECK(parts.finish() == wire::checksum_finish(wire::checksum_add(l4)));
}

}  // namespace
}  // namespace zs::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto l4 = zs::fuzz::bytes_of(data, size);
  zs::fuzz::check_udp(l4);
  zs::fuzz::check_tcp(l4);
  zs::fuzz::check_checksum(l4);
  return 0;
}
