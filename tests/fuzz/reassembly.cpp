// Fragments of a few datagrams in any order, with any holes and overlaps: what comes together must
// be the pattern that all fragments are cut from, bounds must hold, and every buffer must come
// back.
#include "ip/reassembly.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"

namespace zs::fuzz {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::byte pattern_at(std::size_t position) {
  return static_cast<std::byte>(position / 8 * 37 + position);
}

Bytes make_fragment(bool v6, std::uint8_t id, std::uint32_t offset, std::uint32_t bytes,
                    bool more) {
  Bytes b(v6 ? 48 : 20);
  if (v6) {
    wire::Ipv6Spec{.src = *IpAddress::parse("2001:db8::2"),
                   .dst = *IpAddress::parse("2001:db8::1"),
                   .next_header = wire::ip_protocol::kFragment,
                   .payload_length = 8 + bytes}
        .write(std::span{b}.first(40));
    wire::Ipv6Fragment{.offset = offset, .more = more, .identification = id}.write(
        std::span{b}.subspan(40), 132);
  } else {
    wire::Ipv4Spec{.src = IpAddress::v4(10, 0, 0, 2),
                   .dst = IpAddress::v4(10, 0, 0, 1),
                   .protocol = 132,
                   .identification = id,
                   .more_fragments = more,
                   .fragment_offset = offset,
                   .payload_length = bytes,
                   .options = {}}
        .write(b);
  }
  for (std::uint32_t i = 0; i < bytes; ++i) b.push_back(pattern_at(offset + i));
  return b;
}

void check(const buf::Mbuf& whole, bool v6) {
  Bytes b(whole.length());
  whole.copy_out(0, b);
  const auto size = static_cast<std::uint32_t>(b.size());
  const auto parsed =
      v6 ? ip::parse_ipv6(b, size) : ip::parse_ipv4(b, size, ip::HeaderChecksum::kVerify);
  ZS_CHECK(parsed.packet && parsed.packet->total_bytes() == size);
  for (std::size_t i = parsed.packet->header_bytes; i < b.size(); ++i) {
    ZS_CHECK(b[i] == pattern_at(i - parsed.packet->header_bytes));
  }
}

void run(std::span<const std::byte> bytes) {
  const auto data = *buf::Pool::create({.name = "data", .count = 512, .data_room = 2'048});
  const auto indirect = *buf::Pool::create({.name = "indirect", .count = 512, .data_room = 0});
  DropCounters drops;
  {
    ip::Reassembler table({.datagrams = 4, .buffers = 24, .bytes = 8'192, .fragments_each = 12},
                          {1, 2}, {data.get(), indirect.get()}, drops);
    Instant now = Instant::from_ns(1);
    for (Input input(bytes); !input.empty();) {
      const std::uint8_t what = input.u8();
      const bool v6 = (what & 1) != 0;
      const std::uint32_t offset = input.u8() % 32 * 8u;
      const std::uint32_t size = input.u8();
      const Bytes b = make_fragment(v6, (what >> 2) & 7, offset, size, (what & 2) != 0);
      const auto length = static_cast<std::uint32_t>(b.size());
      const auto parsed =
          v6 ? ip::parse_ipv6(b, length) : ip::parse_ipv4(b, length, ip::HeaderChecksum::kVerify);
      if (parsed.fragment) {
        auto packet = *buf::Mbuf::copy_of(b, *data);
        if ((what & 0x20) != 0) packet = *packet.clone(*indirect);
        if (const auto whole =
                table.add(parsed.addresses, *parsed.fragment, std::move(packet), {}, now)) {
          check(*whole, v6);
        }
      }
      if ((what & 0x40) != 0) now = now + Duration{std::int64_t{1'000'000'000} * (what >> 3)};
      while (table.poll_expired(now)) {
      }
      ZS_CHECK(table.buffers() <= 24 && table.datagrams() <= 4);
    }
  }
  ZS_CHECK(data->in_use() == 0 && indirect->in_use() == 0);
}

}  // namespace
}  // namespace zs::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  zs::fuzz::run(zs::fuzz::bytes_of(data, size));
  return 0;
}
