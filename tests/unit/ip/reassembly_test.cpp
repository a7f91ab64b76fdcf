#include "ip/reassembly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"

namespace zs::ip {
namespace {

using Bytes = std::vector<std::byte>;

const IpAddress kFragSource = IpAddress::v4(10, 0, 0, 2);
const IpAddress kFragTarget = IpAddress::v4(10, 0, 0, 1);
const IpAddress kFragSource6 = *IpAddress::parse("2001:db8::2");
const IpAddress kFragTarget6 = *IpAddress::parse("2001:db8::1");

std::byte byte_of(std::size_t position) {
  return static_cast<std::byte>(position * 7 + position / 251);
}

struct Piece {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool more = true;
  std::uint32_t id = 1;
  std::uint8_t tos = 0;
  IpAddress src = kFragSource;
};

class ReassemblyTest : public testing::Test {
 protected:
  explicit ReassemblyTest(ReassemblyLimits limits = {}) : limits_(limits) { make(); }
  void make() {
    table.reset();
    table = std::make_unique<Reassembler>(limits_, SipKey{1, 2},
                                          buf::Pools{data.get(), indirect.get()}, drops);
  }

  std::optional<buf::Mbuf> give(const Piece& p) {
    Bytes b(20);
    const wire::Ipv4Spec spec{.src = p.src,
                              .dst = kFragTarget,
                              .protocol = 17,
                              .tos = p.tos,
                              .identification = static_cast<std::uint16_t>(p.id),
                              .more_fragments = p.more,
                              .fragment_offset = p.begin,
                              .payload_length = p.end - p.begin,
                              .options = {}};
    spec.write(b);
    for (std::uint32_t i = p.begin; i < p.end; ++i) b.push_back(byte_of(i));
    return hand_over(parse_ipv4(b, static_cast<std::uint32_t>(b.size()), HeaderChecksum::kVerify),
                     b);
  }
  /// A destination options header of padding goes before the fragment header.
  std::optional<buf::Mbuf> give6(const Piece& p) {
    Bytes b(wire::Ipv6Spec::size());
    wire::Ipv6Spec{.src = kFragSource6,
                   .dst = kFragTarget6,
                   .next_header = 60,
                   .traffic_class = p.tos,
                   .payload_length = 16 + p.end - p.begin}
        .write(b);
    for (const int v : {44, 0, 1, 4, 0, 0, 0, 0}) b.push_back(static_cast<std::byte>(v));
    b.resize(b.size() + 8);
    wire::Ipv6Fragment{.offset = p.begin, .more = p.more, .identification = p.id}.write(
        std::span{b}.last(8), 17);
    for (std::uint32_t i = p.begin; i < p.end; ++i) b.push_back(byte_of(i));
    return hand_over(parse_ipv6(b, static_cast<std::uint32_t>(b.size())), b);
  }
  std::optional<buf::Mbuf> hand_over(const ParseResult& parsed, const Bytes& b) {
    EXPECT_TRUE(parsed.fragment);
    if (!parsed.fragment) return std::nullopt;
    auto packet = *buf::Mbuf::copy_of(b, *data);
    if (shared) packet = *packet.clone(*indirect);
    return table->add(parsed.addresses, *parsed.fragment, std::move(packet), {}, now);
  }
  static Bytes bytes_of(const buf::Mbuf& m) {
    Bytes b(m.length());
    m.copy_out(0, b);
    return b;
  }
  /// What follows the header of a whole packet that the parsers accept.
  static Bytes payload_of(const buf::Mbuf& m) {
    const Bytes b = bytes_of(m);
    const auto size = static_cast<std::uint32_t>(b.size());
    const auto parsed = (b[0] >> 4) == std::byte{4} ? parse_ipv4(b, size, HeaderChecksum::kVerify)
                                                    : parse_ipv6(b, size);
    EXPECT_TRUE(parsed.packet);
    if (!parsed.packet) return {};
    EXPECT_EQ(parsed.packet->total_bytes(), b.size());
    EXPECT_EQ(parsed.packet->protocol, 17);
    return {b.begin() + parsed.packet->header_bytes, b.end()};
  }
  static void expect_pattern(const Bytes& b, std::size_t size) {
    ASSERT_EQ(b.size(), size);
    for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(b[i], byte_of(i)) << i;
  }
  void expect_empty() {
    EXPECT_EQ(table->buffers(), 0u);
    EXPECT_EQ(data->in_use(), 0u);
    EXPECT_EQ(indirect->in_use(), 0u);
  }

  ReassemblyLimits limits_;
  std::unique_ptr<buf::Pool> data =
      *buf::Pool::create({.name = "data", .count = 8'192, .data_room = 2'048});
  std::unique_ptr<buf::Pool> indirect =
      *buf::Pool::create({.name = "indirect", .count = 1'024, .data_room = 0});
  DropCounters drops;
  std::unique_ptr<Reassembler> table;
  Instant now = Instant::from_ns(1'000'000'000);
  bool shared = false;  ///< the sender still holds the buffers, as over a cable in one process
};

TEST_F(ReassemblyTest, PutsTogetherInEveryOrder) {
  std::vector<Piece> pieces{{0, 16}, {16, 24}, {24, 40}, {40, 43, false}};
  std::vector<int> order{0, 1, 2, 3};
  std::uint32_t id = 0;
  do {
    for (const bool six : {false, true}) {
      ++id;
      for (std::size_t i = 0; i < order.size(); ++i) {
        Piece p = pieces[static_cast<std::size_t>(order[i])];
        p.id = id;
        const auto whole = six ? give6(p) : give(p);
        ASSERT_EQ(whole.has_value(), i + 1 == order.size());
        if (whole) expect_pattern(payload_of(*whole), 43);
      }
    }
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(drops.total(), 0u);
  EXPECT_EQ(table->datagrams(), 0u);
  expect_empty();
}

TEST_F(ReassemblyTest, AHeaderThatOthersSeeIsCopied) {
  shared = true;
  for (const bool six : {false, true}) {
    const auto put = [&](const Piece& p) { return six ? give6(p) : give(p); };
    EXPECT_FALSE(put({8, 20, false}));
    const auto whole = put({0, 8});
    ASSERT_TRUE(whole);
    expect_pattern(payload_of(*whole), 20);
  }
}

TEST_F(ReassemblyTest, NoPayloadIsCopied) {
  (void)give({0, 1'000});
  const auto before = data->in_use();
  const auto whole = give({1'000, 1'500, false});
  ASSERT_TRUE(whole);
  EXPECT_EQ(data->in_use(), before + 1);
  EXPECT_EQ((*whole)->nb_segs, 2);
}

TEST_F(ReassemblyTest, LargestDatagram) {
  std::optional<buf::Mbuf> whole;
  for (std::uint32_t at = 0; at < 65'515; at += 1'480) {
    whole = give({at, std::min(at + 1'480, 65'515u), at + 1'480 < 65'515});
  }
  ASSERT_TRUE(whole);
  expect_pattern(payload_of(*whole), 65'515);
}

// RFC 5722 §4: the whole datagram goes, and so does what still comes of it.
TEST_F(ReassemblyTest, OverlapCondemnsTheDatagram) {
  const std::vector<std::vector<Piece>> cases{
      {{0, 16}, {8, 24}},                  // over the end
      {{8, 24}, {0, 16}},                  // over the beginning
      {{0, 32}, {8, 16}},                  // inside
      {{8, 16}, {0, 32}},                  // around
      {{0, 8}, {16, 24}, {8, 24}},         // over a hole and a neighbour
      {{8, 20, false}, {16, 24}},          // beyond the end
      {{0, 8}, {16, 24}, {8, 16, false}},  // an end before what is there
      {{8, 20, false}, {16, 28, false}},   // two ends
      {{8, 16}, {8, 16, false}},           // the same bytes, now the last
  };
  std::uint32_t id = 100;
  for (const auto& c : cases) {
    for (const bool six : {false, true}) {
      ++id;
      const auto before = drops[Drop::kFragmentOverlap];
      for (Piece p : c) {
        p.id = id;
        EXPECT_FALSE(six ? give6(p) : give(p));
      }
      EXPECT_EQ(drops[Drop::kFragmentOverlap], before + c.size());
      const Piece rest{.begin = 32, .end = 40, .more = false, .id = id};
      EXPECT_FALSE(six ? give6(rest) : give(rest));
      EXPECT_EQ(drops[Drop::kFragmentOverlap], before + c.size() + 1);
    }
  }
  expect_empty();
}

TEST_F(ReassemblyTest, ExactDuplicatesAreDropped) {
  EXPECT_FALSE(give({8, 16}));
  EXPECT_FALSE(give({8, 16}));
  EXPECT_FALSE(give({16, 19, false}));
  EXPECT_FALSE(give({16, 19, false}));
  EXPECT_EQ(drops[Drop::kFragmentDuplicate], 2u);
  const auto whole = give({0, 8});
  ASSERT_TRUE(whole);
  expect_pattern(payload_of(*whole), 19);
}

TEST_F(ReassemblyTest, DatagramsAreKeptApart) {
  Piece a{.begin = 0, .end = 8, .id = 1};
  Piece b = a;
  b.id = 2;
  Piece c = a;
  c.src = IpAddress::v4(10, 0, 0, 3);
  for (const Piece& p : {a, b, c}) EXPECT_FALSE(give(p));
  EXPECT_FALSE(give6(a));
  EXPECT_EQ(table->datagrams(), 4u);
  a.begin = 8;
  a.end = 10;
  a.more = false;
  EXPECT_TRUE(give(a));
  EXPECT_EQ(table->datagrams(), 3u);
}

// RFC 3168 §5.3.
TEST_F(ReassemblyTest, CongestionMarksSurvive) {
  for (const bool six : {false, true}) {
    const auto put = [&](const Piece& p) { return six ? give6(p) : give(p); };
    EXPECT_FALSE(put({.begin = 0, .end = 8, .id = 1, .tos = 2}));
    const auto marked = put({.begin = 8, .end = 9, .more = false, .id = 1, .tos = 3});
    ASSERT_TRUE(marked);
    const Bytes b = bytes_of(*marked);
    EXPECT_EQ(six ? wire::Ipv6View::parse(b)->ecn() : wire::Ipv4View::parse(b)->ecn(), 3);
    EXPECT_FALSE(put({.begin = 0, .end = 8, .id = 2, .tos = 0}));
    EXPECT_FALSE(put({.begin = 8, .end = 9, .more = false, .id = 2, .tos = 3}));
  }
  EXPECT_EQ(drops[Drop::kFragmentMalformed], 4u);
  expect_empty();
}

TEST_F(ReassemblyTest, TimeIsUp) {
  EXPECT_TRUE(table->next_deadline().is_never());
  (void)give({.begin = 0, .end = 8, .id = 1});
  (void)give({.begin = 8, .end = 16, .id = 2});
  (void)give6({.begin = 0, .end = 8, .id = 3});
  EXPECT_EQ(table->next_deadline(), now + 30s);
  EXPECT_FALSE(table->poll_expired(now + 29s));
  const auto first = table->poll_expired(now + 30s);
  ASSERT_TRUE(first && first->first);
  EXPECT_EQ(first->ip.src, kFragSource);
  EXPECT_EQ(first->ip.protocol, 17);
  EXPECT_EQ(first->ip.header_bytes, 20);
  EXPECT_EQ(first->first.length(), 28u);
  const auto second = table->poll_expired(now + 30s);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->first);
  EXPECT_FALSE(table->poll_expired(now + 30s));
  EXPECT_EQ(table->next_deadline(), now + 60s);
  const auto six = table->poll_expired(now + 60s);
  ASSERT_TRUE(six && six->first);
  EXPECT_EQ(six->ip.header_bytes, 56);
  EXPECT_EQ(drops[Drop::kFragmentTimeout], 3u);
  EXPECT_EQ(table->datagrams(), 0u);
}

TEST_F(ReassemblyTest, TooManyFragments) {
  for (std::uint32_t i = 0; i <= limits_.fragments_each; ++i) {
    EXPECT_FALSE(give({i * 8, i * 8 + 8}));
  }
  EXPECT_EQ(drops[Drop::kFragmentTooMany], limits_.fragments_each + 1u);
  expect_empty();
}

TEST_F(ReassemblyTest, AFloodFromOneSourcePushesOutItsOwn) {
  const IpAddress honest = IpAddress::v4(10, 0, 0, 77);
  EXPECT_FALSE(give({.begin = 0, .end = 8, .id = 9, .src = honest}));
  for (std::uint32_t id = 0; id < 20'000; ++id) {
    (void)give({.begin = 0, .end = 8, .id = id});
  }
  EXPECT_LE(table->datagrams(), limits_.datagrams / 4 + 1);
  EXPECT_LE(data->in_use(), limits_.datagrams / 4 + 1);
  EXPECT_TRUE(give({.begin = 8, .end = 16, .more = false, .id = 9, .src = honest}));
}

TEST_F(ReassemblyTest, AFloodFromManySourcesPushesOutTheOldest) {
  Random random(7);
  std::uint32_t completed = 0;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const IpAddress src = IpAddress::v4(0x0a01'0000u | random.below(60'000));
    (void)give({.begin = 0, .end = 800, .id = i, .src = src});
    if (i % 100 != 0) continue;
    // Somebody honest, whose parts come one behind the other but for a few of the flood's.
    const IpAddress honest = IpAddress::v4(10, 0, 0, 77);
    (void)give({.begin = 0, .end = 8, .id = i, .src = honest});
    for (int n = 0; n < 20; ++n) {
      (void)give({.begin = 0,
                  .end = 800,
                  .id = i + 7,
                  .src = IpAddress::v4(0x0a02'0000u | random.below(60'000))});
    }
    if (give({.begin = 8, .end = 16, .more = false, .id = i, .src = honest})) ++completed;
  }
  EXPECT_EQ(completed, 200u);
  EXPECT_LE(table->datagrams(), limits_.datagrams);
  EXPECT_LE(table->buffers(), limits_.buffers);
  EXPECT_GT(drops[Drop::kFragmentDisplaced], 10'000u);
}

TEST_F(ReassemblyTest, BuffersAndBytesAreBounded) {
  limits_ = {.datagrams = 64, .buffers = 40, .bytes = 10'000, .fragments_each = 30};
  make();
  for (std::uint32_t i = 0; i < 2'000; ++i) {
    const IpAddress src = IpAddress::v4(0x0a01'0000u | (i % 16));
    (void)give(
        {.begin = i / 16 % 30 * 800, .end = i / 16 % 30 * 800 + 800, .id = i % 16, .src = src});
    ASSERT_LE(table->buffers(), 40u);
    ASSERT_LE(data->in_use(), 40u);
  }
  EXPECT_GT(drops[Drop::kFragmentDisplaced], 0u);
  make();
  expect_empty();
}

TEST_F(ReassemblyTest, NoBufferForTheHeader) {
  shared = true;
  (void)give({0, 8});
  const auto b = [this] {
    data->fail_after_for_test(1);  // the packet itself is one
    auto r = give({8, 16, false});
    data->fail_after_for_test(UINT32_MAX);
    return r;
  }();
  EXPECT_FALSE(b);
  EXPECT_GE(drops[Drop::kNoBuffers], 1u);
  expect_empty();
}

TEST_F(ReassemblyTest, RandomCutsComeTogether) {
  Random random(11);
  for (std::uint32_t round = 0; round < 300; ++round) {
    const std::uint32_t size = 9 + random.below(4'000);
    std::vector<Piece> pieces;
    for (std::uint32_t at = 0; at < size;) {
      const std::uint32_t end = std::min(size, at + 8 * (1 + random.below(20)));
      pieces.push_back({.begin = at, .end = end, .more = end < size, .id = round});
      if (random.chance(0.2)) pieces.push_back(pieces.back());
      at = end;
    }
    if (pieces.back().begin == 0 || pieces.size() > limits_.fragments_each) continue;
    for (std::size_t i = pieces.size(); i > 1; --i) {
      std::swap(pieces[i - 1], pieces[random.below(static_cast<std::uint32_t>(i))]);
    }
    const bool six = random.chance(0.5);
    bool done = false;
    for (const Piece& p : pieces) {
      const auto whole = six ? give6(p) : give(p);
      if (whole && !done) expect_pattern(payload_of(*whole), size);
      done = done || whole.has_value();
    }
    ASSERT_TRUE(done) << round;
  }
}

}  // namespace
}  // namespace zs::ip
