#include <ff_api.h>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class FfMbufTest : public ApiTest {};

TEST_F(FfMbufTest, WritesPieceByPieceAndSendsWithoutACopy) {
  const auto p = w.connected();
  const std::string page = pattern(9'700);
  ff_zc_mbuf m{};
  ASSERT_EQ(ff_zc_mbuf_get(&m, static_cast<int>(page.size())), 0);
  for (std::size_t off = 0; off < page.size();) {
    const int n = static_cast<int>(std::min<std::size_t>(1'440, page.size() - off));
    ASSERT_EQ(ff_zc_mbuf_write(&m, page.data() + off, n), n);
    off += static_cast<std::size_t>(n);
  }
  EXPECT_EQ(errno_of(ff_zc_mbuf_write(&m, "x", 1)), EINVAL);
  const auto before = z_copied_bytes();
  ASSERT_EQ(ff_write(p.client, m.bsd_mbuf, page.size()), static_cast<ssize_t>(page.size()));
  w.settle();
  std::string got;
  for (std::string part; (part = read_text(p.server, 1u << 20)).rfind("errno", 0) != 0;) {
    got += part;
    w.settle();
  }
  EXPECT_EQ(got, page);
  EXPECT_EQ(z_copied_bytes(), before);
  expect_all_back();
}

TEST_F(FfMbufTest, PlainBytesAreNoChain) {
  const auto p = w.connected();
  ff_zc_mbuf m{};
  ASSERT_EQ(ff_zc_mbuf_get(&m, 10), 0);
  EXPECT_EQ(ff_write(p.client, "plain", 5), 5);
  w.settle();
  EXPECT_EQ(read_text(p.server), "plain");
  EXPECT_EQ(errno_of(ff_write(p.client, m.bsd_mbuf, 11)), EINVAL);
  ASSERT_EQ(ff_zc_mbuf_write(&m, "0123456789", 10), 10);
  EXPECT_EQ(ff_send(p.client, m.bsd_mbuf, 4, 0), 4);
  w.settle();
  EXPECT_EQ(read_text(p.server), "0123");
  expect_all_back();
}

TEST_F(FfMbufTest, ARefusedChainStaysTheCallers) {
  ff_zc_mbuf m{};
  ASSERT_EQ(ff_zc_mbuf_get(&m, 100), 0);
  EXPECT_EQ(errno_of(ff_write(w.stream(), m.bsd_mbuf, 100)), ENOTCONN);
  EXPECT_EQ(errno_of(ff_write(60, m.bsd_mbuf, 100)), EBADF);
  ff_mbuf_free(m.bsd_mbuf);
  ff_mbuf_free(nullptr);
  expect_all_back();
}

TEST_F(FfMbufTest, ThePapersWayOfSending) {
  const auto p = w.connected();
  rte_mbuf* const raw = w.data->alloc();
  char* const data = static_cast<char*>(z_data(raw));
  std::memcpy(data, "Your data here", 14);
  raw->data_len = 14;
  raw->pkt_len = 14;
  void* const mb = ff_mbuf_get(nullptr, raw, data, raw->data_len);
  ASSERT_NE(mb, nullptr);
  EXPECT_EQ(errno_of(z_write(p.client, mb, 13)), EINVAL);
  ASSERT_EQ(z_write(p.client, mb, 14), 14);
  w.settle();
  void* got = nullptr;
  ASSERT_EQ(z_read(p.server, &got, 4'096), 14);
  EXPECT_EQ(std::string(static_cast<char*>(ff_mbuf_mtod(got)), 14), "Your data here");
  char copy[4];
  EXPECT_EQ(ff_mbuf_copydata(got, copy, 5, 4), 0);
  EXPECT_EQ(std::string(copy, 4), "data");
  EXPECT_EQ(errno_of(ff_mbuf_copydata(got, copy, 12, 4)), EINVAL);
  void* next = got;
  void* at = nullptr;
  unsigned length = 0;
  EXPECT_EQ(ff_next_mbuf(&next, &at, &length), 0);
  EXPECT_EQ(next, nullptr);
  EXPECT_EQ(length, 14u);
  EXPECT_EQ(errno_of(ff_next_mbuf(&next, &at, &length)), EINVAL);
  ff_mbuf_free(got);
  expect_all_back();
}

TEST_F(FfMbufTest, ADetachedBufferOutlivesItsChain) {
  const auto p = w.connected();
  rte_mbuf* const first = w.data->alloc();
  void* const got = ff_mbuf_get(nullptr, first, z_data(first), 7);
  auto* const raw = static_cast<rte_mbuf*>(ff_rte_frm_extcl(got));
  ff_mbuf_detach_rte(got);
  ff_mbuf_free(got);
  EXPECT_EQ(z_writable(raw), 1);
  std::memcpy(z_data(raw), "REPLY", 5);
  void* const mb = ff_mbuf_get(nullptr, raw, z_data(raw), 5);
  ASSERT_EQ(ff_write(p.server, mb, 5), 5);
  w.settle();
  EXPECT_EQ(read_text(p.client), "REPLY");
  expect_all_back();
}

TEST_F(FfMbufTest, ReadsAChainPieceByPiece) {
  const auto p = w.connected();
  const std::string sent = pattern(5'000);
  ASSERT_EQ(ff_write(p.client, sent.data(), sent.size()), 5'000);
  w.settle();
  void* got = nullptr;
  const ssize_t n = z_read(p.server, &got, 1u << 20);
  ASSERT_GT(n, 0);
  ff_zc_mbuf m{.bsd_mbuf = got, .bsd_mbuf_off = got, .off = 0, .len = static_cast<int>(n)};
  std::string all;
  char room[700];
  for (int r = 0; (r = ff_zc_mbuf_read(&m, room, sizeof(room))) > 0;) {
    all.append(room, static_cast<std::size_t>(r));
  }
  EXPECT_EQ(all, sent.substr(0, static_cast<std::size_t>(n)));
  ff_mbuf_free(got);
}

TEST_F(FfMbufTest, ChainsByHandAndWrongCalls) {
  rte_mbuf* const a = w.data->alloc();
  rte_mbuf* const b = w.data->alloc();
  void* const head = ff_mbuf_get(nullptr, a, z_data(a), 10);
  EXPECT_EQ(ff_mbuf_get(head, b, z_data(b), 20), b);
  EXPECT_EQ(z_pktlen(a), 30u);
  ff_mbuf_free(head);
  rte_mbuf* const c = w.data->alloc();
  char elsewhere = 0;
  EXPECT_EQ(ff_mbuf_get(nullptr, c, &elsewhere, 1), nullptr);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(ff_mbuf_get(nullptr, c, z_data(c), 65'000), nullptr);
  EXPECT_EQ(ff_mbuf_get(nullptr, nullptr, &elsewhere, 1), nullptr);
  z_free(c);
  ff_zc_mbuf m{};
  EXPECT_EQ(errno_of(ff_zc_mbuf_get(nullptr, 1)), EINVAL);
  EXPECT_EQ(errno_of(ff_zc_mbuf_get(&m, 0)), EINVAL);
  EXPECT_EQ(errno_of(ff_zc_mbuf_get(&m, INT32_MAX)), EMSGSIZE);
  EXPECT_EQ(errno_of(ff_zc_mbuf_write(&m, "x", 1)), EINVAL);
  EXPECT_EQ(errno_of(ff_zc_mbuf_read(nullptr, "x", 1)), EINVAL);
  EXPECT_EQ(ff_mbuf_mtod(nullptr), nullptr);
  ff_mbuf_detach_rte(nullptr);
  expect_all_back();
}

}  // namespace
}  // namespace zs::api
