#include "wire/tcp.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.hpp"
#include "unit/wire/hex.hpp"

namespace zs::wire {
namespace {

using namespace test;

// A SYN as Linux sends it, but for the order of its options.
Bytes syn() {
  return hex(
      "c001 0050 0102 0304 0000 0000 a002 faf0 1234 0000"
      "0402 080a 0000 0001 0000 0000 0204 05b4 0103 0307");
}

TEST(TcpView, ReadsEveryField) {
  const Bytes bytes = hex("c001 0050 0102 0304 a0b0 c0d0 60d9 faf0 1234 5678 0101 0100 6162");
  const auto view = TcpView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->src_port(), 0xc001);
  EXPECT_EQ(view->dst_port(), 80);
  EXPECT_EQ(view->seq(), 0x01020304u);
  EXPECT_EQ(view->ack(), 0xa0b0c0d0u);
  EXPECT_EQ(view->flags(),
            tcp_flag::kCwr | tcp_flag::kEce | tcp_flag::kAck | tcp_flag::kPsh | tcp_flag::kFin);
  EXPECT_EQ(view->window(), 0xfaf0);
  EXPECT_EQ(view->checksum(), 0x1234);
  EXPECT_EQ(view->urgent(), 0x5678);
  EXPECT_EQ(view->header_length(), 24u);
  EXPECT_EQ(Bytes(view->options().begin(), view->options().end()), hex("01010100"));
}

TEST(TcpView, RefusesEveryTruncationOfAHeader) {
  EXPECT_EQ(shortest_accepted(syn(), TcpView::parse), 40u);
  EXPECT_EQ(shortest_accepted(first(with(syn(), 12, 0x50), 24), TcpView::parse), 20u);
}

TEST(TcpView, RefusesADataOffsetOutsideTheSegment) {
  for (unsigned words = 0; words < 16; ++words) {
    const auto view = TcpView::parse(with(syn(), 12, words << 4));
    EXPECT_EQ(view.has_value(), words >= 5 && words <= 10) << words;
  }
}

TEST(TcpHeaderSpec, WritesKnownBytes) {
  TcpHeaderSpec spec{.src_port = 0xc001,
                     .dst_port = 80,
                     .seq = 0x01020304,
                     .flags = tcp_flag::kSyn,
                     .window = 0xfaf0,
                     .checksum = 0x1234,
                     .options = {}};
  spec.options.mss = 1460;
  spec.options.window_scale = 7;
  spec.options.sack_permitted = true;
  spec.options.timestamps = {1, 0};
  EXPECT_EQ(written(spec), syn());
  EXPECT_EQ(parse_tcp_options(hex("0402 080a 0000 0001 0000 0000 0204 05b4 0103 0307")),
            spec.options);
}

struct TcpOptionList {
  const char* what;
  const char* bytes;
  bool accepted;
};

TEST(TcpOptions, JudgesEveryLength) {
  const TcpOptionList table[] = {
      {"no options", "", true},
      {"only padding", "01010100", true},
      {"behind End nothing counts", "0002ff08", true},
      {"no length byte", "01010102", false},
      {"length 0 would loop", "02000000", false},
      {"length 1", "02010000", false},
      {"unknown, length 0", "fd000000", false},
      {"unknown, length 2", "fd020101", true},
      {"unknown, to the end", "fd040000", true},
      {"unknown, beyond the end", "fd050000", false},
      {"MSS of 3 bytes", "02030500", false},
      {"MSS of 5 bytes", "020505b4 00000000", false},
      {"MSS beyond the end", "01020405", false},
      {"window scale of 2", "03020000", false},
      {"window scale of 4", "03040707", false},
      {"SACK permitted of 3", "04030000", false},
      {"timestamps of 9", "08090000 00010000 00000000", false},
      {"timestamps of 11", "080b0000 00010000 00020000", false},
      {"timestamps beyond the end", "0101080a 00000001 000000", false},
      {"no SACK block", "05020101", false},
      {"half a SACK block", "05060000 00010000", false},
      {"one SACK block", "0101050a 00000001 00000002", true},
      {"SACK block beyond the end", "0101050a 00000001 000000", false},
      {"a SACK block and a half", "050e0000 00010000 00020000 00030000", false},
      {"five SACK blocks",
       "052a 00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 00000009 "
       "0000000a",
       false},
  };
  for (const auto& row : table) {
    const Bytes list = hex(row.bytes);
    EXPECT_EQ(parse_tcp_options(list).has_value(), row.accepted) << row.what;
  }
}

TEST(TcpOptions, ReadsTheSameThroughTheFastPath) {
  const auto fast = parse_tcp_options(hex("0101080a 01020304 0a0b0c0d"));
  ASSERT_TRUE(fast);
  EXPECT_EQ(fast->timestamps, (TcpTimestamps{0x01020304, 0x0a0b0c0d}));
  EXPECT_EQ(parse_tcp_options(hex("080a0102 03040a0b 0c0d0101")), fast);
}

TEST(TcpOptions, TakesTheLastOfTwo) {
  EXPECT_EQ(parse_tcp_options(hex("02040100 02040200"))->mss, 0x200);
  const auto sack =
      parse_tcp_options(hex("0512 00000001 00000002 00000003 00000004 050a 00000005 00000006"));
  ASSERT_TRUE(sack);
  ASSERT_EQ(sack->sack_blocks().size(), 1u);
  EXPECT_EQ(sack->sack_blocks()[0], (TcpSackBlock{5, 6}));
}

TEST(TcpOptions, KeepsAWindowScaleThatIsTooLarge) {
  EXPECT_EQ(parse_tcp_options(hex("0303ff"))->window_scale, 255);
}

TEST(TcpHeaderSpec, WritesAsManySackBlocksAsFit) {
  TcpOptions options;
  options.sack_count = 4;
  for (std::uint32_t i = 0; i < 4; ++i) options.sack[i] = {10 * i, 10 * i + 5};
  const auto blocks = [](const TcpOptions& o) {
    const Bytes bytes = written(TcpHeaderSpec{.options = o});
    EXPECT_LE(bytes.size(), TcpView::kMaxHeader);
    const auto again = parse_tcp_options(TcpView::parse(bytes)->options());
    EXPECT_EQ(again->sack_blocks()[0], o.sack[0]);  // the newest is in front and stays
    return again->sack_blocks().size();
  };
  EXPECT_EQ(blocks(options), 4u);
  options.timestamps = {1, 2};
  EXPECT_EQ(blocks(options), 3u);
  options.mss = 1460;
  EXPECT_EQ(blocks(options), 2u);
  options.window_scale = 7;
  options.sack_permitted = true;
  EXPECT_EQ(blocks(options), 2u);
}

RC_GTEST_PROP(TcpHeaderSpec, IsReadBackAsItWasWritten, ()) {
  TcpHeaderSpec spec{.src_port = *rc::gen::arbitrary<std::uint16_t>(),
                     .dst_port = *rc::gen::arbitrary<std::uint16_t>(),
                     .seq = *rc::gen::arbitrary<std::uint32_t>(),
                     .ack = *rc::gen::arbitrary<std::uint32_t>(),
                     .flags = *rc::gen::arbitrary<std::uint8_t>(),
                     .window = *rc::gen::arbitrary<std::uint16_t>(),
                     .checksum = *rc::gen::arbitrary<std::uint16_t>(),
                     .urgent = *rc::gen::arbitrary<std::uint16_t>(),
                     .options = {}};
  if (*rc::gen::arbitrary<bool>()) spec.options.mss = *rc::gen::arbitrary<std::uint16_t>();
  if (*rc::gen::arbitrary<bool>()) spec.options.window_scale = *rc::gen::arbitrary<std::uint8_t>();
  if (*rc::gen::arbitrary<bool>()) spec.options.timestamps = {spec.seq, spec.ack};
  spec.options.sack_permitted = *rc::gen::arbitrary<bool>();
  spec.options.sack_count = *rc::gen::inRange<std::uint8_t>(0, 3);  // two fit beside all others
  for (std::uint8_t i = 0; i < spec.options.sack_count; ++i) spec.options.sack[i] = {i, spec.seq};
  const Bytes bytes = written(spec);
  const auto view = TcpView::parse(bytes);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->header_length() == bytes.size());
  RC_ASSERT(view->src_port() == spec.src_port && view->dst_port() == spec.dst_port);
  RC_ASSERT(view->seq() == spec.seq && view->ack() == spec.ack);
  RC_ASSERT(view->flags() == spec.flags && view->window() == spec.window);
  RC_ASSERT(view->checksum() == spec.checksum && view->urgent() == spec.urgent);
  RC_ASSERT(parse_tcp_options(view->options()) == spec.options);
}

TEST(TcpOptions, RandomListsThatParseSurviveARoundTrip) {
  Random random(2);
  for (int round = 0; round < 100000; ++round) {
    Bytes list(random.below(41));
    for (auto& b : list) b = static_cast<std::byte>(random.below(12));
    const auto options = parse_tcp_options(list);
    if (!options) continue;
    const Bytes out = written(TcpHeaderSpec{.options = *options});
    const auto view = TcpView::parse(out);
    ASSERT_TRUE(view);
    const auto again = parse_tcp_options(view->options());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->timestamps, options->timestamps);
    EXPECT_EQ(again->mss, options->mss);
    EXPECT_EQ(again->window_scale, options->window_scale);
    EXPECT_EQ(again->sack_permitted, options->sack_permitted);
    EXPECT_LE(again->sack_count, options->sack_count);
  }
}

TEST(FastOpenOption, is_read_as_it_was_written) {
  for (const int n : {0, 4, 8, 14, 16}) {
    const auto length = static_cast<std::uint8_t>(n);
    TcpHeaderSpec spec;
    spec.flags = tcp_flag::kSyn;
    spec.options.mss = 1460;
    spec.options.window_scale = 7;
    spec.options.sack_permitted = true;
    spec.options.timestamps = TcpTimestamps{1, 2};
    FastOpenCookie& cookie = spec.options.fast_open.emplace();
    cookie.length = length;
    for (std::size_t i = 0; i < length; ++i) cookie.bytes[i] = static_cast<std::byte>(i + 1);
    std::vector<std::byte> bytes(spec.size());
    EXPECT_LE(bytes.size(), TcpView::kMaxHeader);
    spec.write(bytes);
    const auto view = TcpView::parse(bytes);
    ASSERT_TRUE(view);
    const auto options = parse_tcp_options(view->options());
    ASSERT_TRUE(options);
    EXPECT_EQ(*options, spec.options);
  }
}

TEST(FastOpenOption, of_a_wrong_length_is_none) {
  for (const std::size_t length : {1u, 2u, 3u, 5u, 17u, 18u}) {
    std::vector<std::byte> bytes(2 + length, std::byte{1});
    bytes[0] = std::byte{34};
    bytes[1] = static_cast<std::byte>(2 + length);
    const auto options = parse_tcp_options(bytes);
    ASSERT_TRUE(options);
    EXPECT_FALSE(options->fast_open) << length;
  }
}

}  // namespace
}  // namespace zs::wire
