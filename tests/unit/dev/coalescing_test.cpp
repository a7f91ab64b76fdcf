#include "dev/coalescing.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>

#include "dev/checksum_offload.hpp"
#include "unit/dev/frames.hpp"

namespace zs::dev {
namespace {

using namespace test;
namespace tcp_flag = wire::tcp_flag;

constexpr std::size_t kIp = 14;
constexpr std::size_t kTcp4 = kIp + 20;
constexpr std::size_t kTcp6 = kIp + 40;

class CoalescingTest : public ::testing::Test {
 protected:
  using Edit = std::function<void(std::byte*)>;

  /// A frame as it comes off the wire, all checksums right; `edit` changes its headers before.
  buf::Mbuf received(const TcpFrame& f, const Edit& edit = {}, std::uint64_t flags = 0) {
    buf::Mbuf m = make_tcp_frame(f, *data_);
    if (edit) edit(buf::data(m.get()));
    EXPECT_TRUE(complete_tx_checksums(m, Offload::kNone, pools_));
    buf::clear_metadata(m.get());
    m->ol_flags |= flags;
    return m;
  }
  std::vector<buf::Mbuf> coalesced(std::vector<buf::Mbuf> frames) {
    std::vector<rte_mbuf*> raw;
    for (auto& f : frames) raw.push_back(std::move(f).release());
    raw.resize(coalesce(raw));
    std::vector<buf::Mbuf> left;
    for (rte_mbuf* const m : raw) left.push_back(buf::Mbuf::adopt(m));
    return left;
  }
  template <typename... Frames>
  std::vector<buf::Mbuf> join(Frames... frames) {
    std::vector<buf::Mbuf> all;
    (all.push_back(std::move(frames)), ...);
    return coalesced(std::move(all));
  }
  /// Two segments that would be joined but for `edit` of the second one.
  std::size_t left_after(const Edit& edit, TcpFrame second = {.seq = 2000, .payload = 1000}) {
    TcpFrame first = second;
    first.seq = 1000;
    first.payload = 1000;
    first.flags = tcp_flag::kAck;
    return join(received(first), received(second, edit)).size();
  }

  std::unique_ptr<buf::Pool> data_ =
      *buf::Pool::create({.name = "d", .count = 4096, .data_room = 2048});
  std::unique_ptr<buf::Pool> indirect_ = *buf::Pool::create({.name = "i", .count = 4096});
  buf::Pools pools_{data_.get(), indirect_.get()};
};

TEST_F(CoalescingTest, joins_what_follows_one_another) {
  for (const auto family : {IpFamily::kV4, IpFamily::kV6}) {
    const auto left =
        join(received({.family = family, .seq = 1000, .payload = 1000}),
             received({.family = family, .seq = 2000, .identification = 8, .payload = 1000}),
             received({.family = family,
                       .seq = 3000,
                       .flags = tcp_flag::kAck | tcp_flag::kPsh,
                       .payload = 400}));
    ASSERT_EQ(left.size(), 1u);
    const rte_mbuf* const m = left[0].get();
    EXPECT_TRUE((m->ol_flags & RTE_MBUF_F_RX_LRO) != 0);
    EXPECT_EQ(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK, RTE_MBUF_F_RX_IP_CKSUM_GOOD);
    EXPECT_EQ(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
    EXPECT_EQ(m->tso_segsz, 1000);
    EXPECT_EQ(m->nb_segs, 3);
    const auto d = decode(m);
    ASSERT_TRUE(d);
    EXPECT_TRUE(d->ip_checksum_ok);
    EXPECT_EQ(d->seq, 1000u);
    EXPECT_EQ(d->flags, tcp_flag::kAck | tcp_flag::kPsh);
    EXPECT_EQ(d->timestamps, (wire::TcpTimestamps{11, 22}));
    Bytes expected;
    for (const std::size_t n : {1000u, 1000u, 400u}) {
      const Bytes part = pattern(n);
      expected.insert(expected.end(), part.begin(), part.end());
    }
    EXPECT_EQ(d->payload, expected);
  }
}

TEST_F(CoalescingTest, copies_and_allocates_nothing) {
  buf::Mbuf first = received({.seq = 1000, .payload = 1000});
  buf::Mbuf second = received({.seq = 2000, .payload = 1000});
  const rte_mbuf* const head = first.get();
  const rte_mbuf* const tail = second.get();
  const std::uint32_t used = data_->in_use();
  const auto left = join(std::move(first), std::move(second));
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].get(), head);
  EXPECT_EQ(left[0]->next, tail);
  EXPECT_EQ(data_->in_use() + indirect_->in_use(), used);
}

TEST_F(CoalescingTest, flows_in_one_burst_are_joined_each_for_itself) {
  const Edit other = [](std::byte* frame) { frame[kTcp4 + 1] ^= std::byte{1}; };
  const auto left =
      join(received({.seq = 1000, .payload = 800}), received({.seq = 500, .payload = 700}, other),
           received({.seq = 1800, .payload = 800}), received({.seq = 1200, .payload = 700}, other));
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(decode(left[0].get())->payload.size(), 1600u);
  EXPECT_EQ(decode(left[1].get())->payload.size(), 1400u);
}

TEST_F(CoalescingTest, joins_no_gap_no_duplicate_and_nothing_out_of_order) {
  EXPECT_EQ(left_after({}), 1u);  // the control
  for (const std::uint32_t seq : {2001u, 1999u, 1000u, 0u, 3000u}) {
    EXPECT_EQ(left_after({}, {.seq = seq, .payload = 1000}), 2u) << seq;
  }
}

TEST_F(CoalescingTest, joins_only_equal_headers) {
  const auto changing = [](std::size_t at, unsigned bits) {
    return [=](std::byte* frame) { frame[at] ^= static_cast<std::byte>(bits); };
  };
  const std::map<std::string, Edit> differences{
      {"destination MAC", changing(0, 4)},
      {"source MAC", changing(11, 1)},
      {"TOS", changing(kIp + 1, 0x10)},
      {"ECN: congestion experienced", changing(kIp + 1, 3)},
      {"don't fragment", changing(kIp + 6, 0x40)},
      {"TTL", changing(kIp + 8, 1)},
      {"source address", changing(kIp + 15, 1)},
      {"destination address", changing(kIp + 19, 1)},
      {"source port", changing(kTcp4 + 1, 1)},
      {"destination port", changing(kTcp4 + 3, 1)},
      {"acknowledgement", changing(kTcp4 + 11, 1)},
      {"window", changing(kTcp4 + 15, 1)},
      {"timestamp value", changing(kTcp4 + 27, 1)},
      {"timestamp echo", changing(kTcp4 + 31, 1)},
  };
  for (const auto& [what, edit] : differences) EXPECT_EQ(left_after(edit), 2u) << what;
  const std::map<std::string, Edit> differences6{
      {"traffic class", changing(kIp, 0x01)},
      {"flow label", changing(kIp + 3, 1)},
      {"hop limit", changing(kIp + 7, 1)},
      {"source address", changing(kIp + 23, 1)},
      {"destination address", changing(kIp + 39, 1)},
      {"window", changing(kTcp6 + 15, 1)},
  };
  for (const auto& [what, edit] : differences6) {
    EXPECT_EQ(left_after(edit, {.family = IpFamily::kV6, .seq = 2000, .payload = 1000}), 2u)
        << what;
  }
}

TEST_F(CoalescingTest, joins_no_flag_but_ack_and_a_last_push) {
  for (const std::uint8_t flag : {tcp_flag::kFin, tcp_flag::kSyn, tcp_flag::kRst, tcp_flag::kUrg,
                                  tcp_flag::kEce, tcp_flag::kCwr}) {
    const auto flags = static_cast<std::uint8_t>(tcp_flag::kAck | flag);
    EXPECT_EQ(left_after({}, {.seq = 2000, .flags = flags, .payload = 1000}), 2u) << int{flag};
  }
  EXPECT_EQ(left_after({}, {.seq = 2000, .flags = tcp_flag::kPsh, .payload = 1000}), 2u);
  const auto push = static_cast<std::uint8_t>(tcp_flag::kAck | tcp_flag::kPsh);
  const auto left = join(received({.seq = 1000, .flags = push, .payload = 1000}),
                         received({.seq = 2000, .payload = 1000}),
                         received({.seq = 3000, .flags = push, .payload = 1000}),
                         received({.seq = 4000, .payload = 1000}));
  ASSERT_EQ(left.size(), 3u);
  EXPECT_EQ(decode(left[0].get())->payload.size(), 1000u);
  EXPECT_EQ(decode(left[1].get())->payload.size(), 2000u);
  EXPECT_EQ(decode(left[2].get())->payload.size(), 1000u);
}

TEST_F(CoalescingTest, segments_are_of_one_size_but_for_the_last) {
  const auto left =
      join(received({.seq = 1000, .payload = 1000}), received({.seq = 2000, .payload = 600}),
           received({.seq = 2600, .payload = 1000}));
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(decode(left[0].get())->payload.size(), 1600u);
  EXPECT_EQ(left_after({}, {.seq = 2000, .payload = 1001}), 2u);
}

TEST_F(CoalescingTest, does_not_vouch_for_damage) {
  const auto damaged = [&](std::size_t at) {
    buf::Mbuf m = received({.seq = 2000, .payload = 1000});
    buf::data(m.get())[at] ^= std::byte{1};
    return m;
  };
  const auto good = [&] { return received({.seq = 1000, .payload = 1000}); };
  for (const std::size_t at : {std::size_t{500}, kIp + 4, kTcp4 + 16}) {
    const auto left = join(good(), damaged(at));
    ASSERT_EQ(left.size(), 2u) << at;
    EXPECT_EQ(left[1]->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK & RTE_MBUF_F_RX_L4_CKSUM_GOOD,
              at == kIp + 4 ? 0u : left[1]->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_GOOD);
    EXPECT_EQ(join(damaged(at), received({.seq = 3000, .payload = 1000})).size(), 2u) << at;
  }
  for (const std::uint64_t bad : {RTE_MBUF_F_RX_IP_CKSUM_BAD, RTE_MBUF_F_RX_L4_CKSUM_BAD}) {
    EXPECT_EQ(join(good(), received({.seq = 2000, .payload = 1000}, {}, bad)).size(), 2u);
  }
  // What a device vouches for is not summed: it may not have been filled in.
  constexpr std::uint64_t kVouched = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_NONE;
  buf::Mbuf partial = received({.seq = 2000, .payload = 1000}, {}, kVouched);
  buf::data(partial.get())[kTcp4 + 16] ^= std::byte{1};
  EXPECT_EQ(join(good(), std::move(partial)).size(), 1u);
}

TEST_F(CoalescingTest, a_small_packet_of_the_flow_is_not_overtaken) {
  const auto left = join(received({.seq = 1000, .payload = 1000}),
                         received({.seq = 2000, .payload = 0}),  // a bare acknowledgement
                         received({.seq = 2000, .payload = 1000}));
  ASSERT_EQ(left.size(), 3u);
  EXPECT_TRUE(decode(left[1].get())->payload.empty());
}

TEST_F(CoalescingTest, other_packets_keep_their_place_and_join_nothing) {
  buf::Mbuf arp = *buf::Mbuf::copy_of(Bytes(1000, std::byte{6}), *data_);
  buf::Mbuf tiny = *buf::Mbuf::copy_of(Bytes(5), *data_);
  const rte_mbuf* const second = arp.get();
  const rte_mbuf* const third = tiny.get();
  const auto left = join(received({.seq = 1000, .payload = 1000}), std::move(arp), std::move(tiny),
                         received({.seq = 2000, .payload = 1000}));
  ASSERT_EQ(left.size(), 4u);
  EXPECT_EQ(left[1].get(), second);
  EXPECT_EQ(left[2].get(), third);
}

TEST_F(CoalescingTest, writes_to_no_header_that_others_see) {
  const buf::Mbuf original = received({.seq = 1000, .payload = 1000});
  const Bytes before = bytes_of(original.get());
  EXPECT_EQ(join(*original.clone(*indirect_), received({.seq = 2000, .payload = 1000})).size(), 2u);
  EXPECT_EQ(bytes_of(original.get()), before);
}

TEST_F(CoalescingTest, padding_of_the_link_is_no_payload) {
  buf::Mbuf padded = received({.seq = 1000, .payload = 1000});
  ASSERT_TRUE(padded.append(4));
  EXPECT_EQ(join(std::move(padded), received({.seq = 2000, .payload = 1000})).size(), 2u);
}

TEST_F(CoalescingTest, stops_before_the_ip_length_overflows) {
  std::vector<buf::Mbuf> frames;
  for (std::uint32_t i = 0; i < 60; ++i) {
    frames.push_back(received({.seq = 1000 + i * 1400, .payload = 1400}));
  }
  const auto left = coalesced(std::move(frames));
  ASSERT_EQ(left.size(), 2u);
  EXPECT_LE(left[0]->pkt_len, 65'535u);
  EXPECT_EQ(decode(left[0].get())->payload.size() + decode(left[1].get())->payload.size(),
            60u * 1400);
}

/// What a receiver of one flow sees: its bytes by sequence number, in order of arrival.
using Heard = std::map<std::uint16_t, std::vector<std::pair<std::uint32_t, Bytes>>>;
Heard heard(std::span<const buf::Mbuf> frames) {
  Heard all;
  for (const auto& f : frames) {
    const auto d = decode(f.get());
    if (!d) continue;
    auto& flow = all[load_be<std::uint16_t>(&bytes_of(f.get())[kTcp4])];
    if (!flow.empty() &&
        flow.back().first + static_cast<std::uint32_t>(flow.back().second.size()) == d->seq) {
      flow.back().second.insert(flow.back().second.end(), d->payload.begin(), d->payload.end());
    } else {
      flow.emplace_back(d->seq, d->payload);
    }
  }
  return all;
}

RC_GTEST_FIXTURE_PROP(CoalescingTest, every_flow_hears_the_same_in_the_same_order,
                      (const std::vector<std::pair<std::uint8_t, std::uint8_t>>& script)) {
  std::array<std::uint32_t, 3> next{100, 5'000, 0xffff'fc00};  // the last one wraps soon
  std::vector<buf::Mbuf> frames;
  std::vector<buf::Mbuf> twins;
  for (const auto& [what, how] : script) {
    const std::size_t flow = what % 3;
    const std::size_t payload = how % 5 == 0 ? how : 700;
    const std::uint32_t seq = next[flow] + (what % 16 == 15 ? 700 : 0);
    const auto flags =
        static_cast<std::uint8_t>(tcp_flag::kAck | (how % 8 == 0 ? tcp_flag::kPsh : 0));
    const Edit port = [&](std::byte* f) { f[kTcp4 + 1] = static_cast<std::byte>(flow); };
    frames.push_back(received({.seq = seq, .flags = flags, .payload = payload}, port));
    twins.push_back(*frames.back().copy(*data_));
    next[flow] = seq + static_cast<std::uint32_t>(payload);
  }
  const bool same = heard(coalesced(std::move(frames))) == heard(twins);
  RC_ASSERT(same);
}

}  // namespace
}  // namespace zs::dev
