#include <gtest/gtest.h>

#include <array>
#include <new>
#include <vector>

#include "tcp/engine.hpp"
#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class TransferTest : public ApiTest {
 protected:
  /// What can be read from `fd` until nothing more comes.
  std::string read_until_quiet(int fd) {
    std::string all;
    for (std::string some = "x"; !some.empty() && some.rfind("errno", 0) != 0;) {
      w.settle(50ms);
      some = read_text(fd);
      if (some.rfind("errno", 0) != 0) all += some;
    }
    return all;
  }
};

TEST_F(TransferTest, APartialReadSharesTheBufferThatItCuts) {
  const auto p = w.connected();
  ASSERT_EQ(z_write(p.client, chain_of(pattern(3'000))), 3'000);
  w.settle();
  rte_mbuf* first = nullptr;
  ASSERT_EQ(z_read(p.server, &first, 100), 100);
  rte_mbuf* second = nullptr;
  ASSERT_EQ(z_read(p.server, &second, 100), 100);
  EXPECT_EQ(static_cast<char*>(z_data(first)) + 100, z_data(second));
  rte_mbuf* rest = nullptr;
  ASSERT_EQ(z_read(p.server, &rest, SIZE_MAX), 2'800);
  EXPECT_EQ(text_of(first) + text_of(second) + text_of(rest), pattern(3'000));
  EXPECT_EQ(errno_of(z_read(p.server, &rest, 1)), EAGAIN);
  for (rte_mbuf* m : {first, second, rest}) z_free(m);
  EXPECT_EQ(z_copied_bytes(), 0u);
  expect_all_back();
}

TEST_F(TransferTest, TheEndOfTheStreamIsZeroAndNoBuffer) {
  const auto p = w.connected();
  ASSERT_EQ(z_close(p.client), 0);
  w.settle();
  rte_mbuf* m = chain_of("x");
  rte_mbuf* const mine = m;
  EXPECT_EQ(z_peek(p.server, &m, 10), 0);
  EXPECT_EQ(m, nullptr);
  EXPECT_EQ(z_read(p.server, &m, 10), 0);
  EXPECT_EQ(m, nullptr);
  z_free(mine);
}

TEST_F(TransferTest, PeekLeavesTheBytesInTheSocket) {
  const auto p = w.connected();
  rte_mbuf* seen = nullptr;
  EXPECT_EQ(errno_of(z_peek(p.server, &seen, 10)), EAGAIN);
  ASSERT_EQ(z_write(p.client, chain_of(pattern(3'000))), 3'000);
  w.settle();
  ASSERT_EQ(z_peek(p.server, &seen, 2'500), 2'500);
  EXPECT_EQ(text_of(seen), pattern(3'000).substr(0, 2'500));
  rte_mbuf* got = nullptr;
  ASSERT_EQ(z_read(p.server, &got, 3'000), 3'000);
  EXPECT_EQ(z_data(seen), z_data(got));
  EXPECT_EQ(z_writable(got), 0);
  z_free(seen);
  EXPECT_EQ(text_of(got), pattern(3'000));
  z_free(got);
  w.indirect->fail_after_for_test(0);
  w.data->fail_after_for_test(0);
  EXPECT_EQ(errno_of(z_peek(p.server, &got, 10)), EAGAIN);
  w.indirect->fail_after_for_test(UINT32_MAX);
  w.data->fail_after_for_test(UINT32_MAX);
  EXPECT_EQ(z_copied_bytes(), 0u);
  expect_all_back();
}

TEST_F(TransferTest, AGatherWriteTakesAllOrNothing) {
  const auto p = w.connected();
  const int small = 8'192;
  ASSERT_EQ(z_setsockopt(p.client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
  const std::array head{chain_of("head,"), chain_of(pattern(5'000)), chain_of(",tail")};
  ASSERT_EQ(z_writev(p.client, head.data(), 3), 5'010);
  const std::array more{chain_of("more,"), chain_of(pattern(5'000))};
  EXPECT_EQ(errno_of(z_writev(p.client, more.data(), 2)), EAGAIN);
  EXPECT_EQ(text_of(more[0]), "more,");
  EXPECT_EQ(text_of(more[1]), pattern(5'000));
  const std::array twice{more[0], more[0]};
  EXPECT_EQ(errno_of(z_writev(p.client, twice.data(), 2)), EINVAL);
  EXPECT_EQ(errno_of(z_writev(p.client, more.data(), 0)), EINVAL);
  EXPECT_EQ(errno_of(z_writev(p.client, more.data(), Z_IOV_MAX + 1)), EINVAL);
  EXPECT_EQ(errno_of(z_writev(p.client, nullptr, 1)), EINVAL);
  w.settle(100ms);
  ASSERT_EQ(z_writev(p.client, more.data(), 2), 5'005);
  EXPECT_EQ(read_until_quiet(p.server),
            "head," + pattern(5'000) + ",tail" + "more," + pattern(5'000));
  EXPECT_EQ(z_copied_bytes(), 0u);
  expect_all_back();
}

TEST_F(TransferTest, ARefusedWriteLeavesTheChainUntouched) {
  const auto p = w.connected();
  const int small = 4'096;
  ASSERT_EQ(z_setsockopt(p.client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
  rte_mbuf* const never = chain_of(pattern(4'097));
  EXPECT_EQ(errno_of(z_write(p.client, never)), EMSGSIZE);
  EXPECT_EQ(text_of(never), pattern(4'097));
  ASSERT_EQ(z_write(p.client, chain_of(pattern(4'000))), 4'000);
  rte_mbuf* const later = chain_of(pattern(200, 9));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(errno_of(z_write(p.client, later)), EAGAIN);
    EXPECT_EQ(text_of(later), pattern(200, 9));
    EXPECT_EQ(z_pktlen(later), 200u);
    EXPECT_EQ(z_writable(later), 1);
  }
  w.settle(100ms);
  EXPECT_EQ(z_write(p.client, later), 200);
  EXPECT_EQ(read_until_quiet(p.server), pattern(4'000) + pattern(200, 9));
  ASSERT_EQ(z_shutdown(p.client, SHUT_WR), 0);
  EXPECT_EQ(errno_of(z_write(p.client, never)), EPIPE);
  EXPECT_EQ(text_of(never), pattern(4'097));
  z_free(never);
  expect_all_back();
}

TEST_F(TransferTest, OneBufferGoesToManySockets) {
  const auto a = w.connected({kOurs, 80});
  const auto b = w.connected({kOurs, 81});
  const auto c = w.connected({kOurs6, 82});
  rte_mbuf* const m = chain_of(pattern(6'000));
  for (const auto& p : {a, b, c}) {
    ASSERT_EQ(z_write(p.client, z_ref(m)), 6'000);
  }
  z_free(m);
  for (const auto& p : {a, b, c}) EXPECT_EQ(read_until_quiet(p.server), pattern(6'000));
  EXPECT_EQ(z_copied_bytes(), 0u);
  expect_all_back();
}

TEST_F(TransferTest, WhatWasReadIsForwarded) {
  const auto in = w.connected({kOurs, 80});
  const auto out = w.connected({kOurs, 81});
  ASSERT_EQ(z_write(in.client, chain_of(pattern(5'000))), 5'000);
  w.settle();
  rte_mbuf* m = nullptr;
  ASSERT_EQ(z_read(in.server, &m, 4'000), 4'000);
  ASSERT_EQ(z_write(out.client, m), 4'000);
  ASSERT_EQ(z_read(in.server, &m, 4'000), 1'000);
  // Shared with somebody who keeps it: read-only, so headers must go elsewhere.
  rte_mbuf* const kept = z_ref(m);
  ASSERT_EQ(z_write(out.client, m), 1'000);
  EXPECT_EQ(read_until_quiet(out.server), pattern(5'000));
  EXPECT_EQ(text_of(kept), pattern(5'000).substr(4'000));
  z_free(kept);
  EXPECT_EQ(z_copied_bytes(), 0u);
  expect_all_back();
}

TEST_F(TransferTest, ABufferWithoutHeadroomIsForwarded) {
  const auto p = w.connected();
  rte_mbuf* const m = chain_of(pattern(1'000));
  // As of a device that puts the frame at the very beginning of its buffer.
  std::memmove(m->buf_addr, z_data(m), 1'000);
  m->data_off = 0;
  ASSERT_EQ(z_write(p.client, m), 1'000);
  EXPECT_EQ(read_until_quiet(p.server), pattern(1'000));
  EXPECT_EQ(z_copied_bytes(), 0u);
  expect_all_back();
}

TEST_F(TransferTest, ExternalMemoryComesBackOnceAfterItsAcknowledgement) {
  constexpr std::size_t kBytes = 65'536;
  void* const memory = ::operator new (kBytes, std::align_val_t{4'096});
  std::memcpy(memory, pattern(kBytes).data(), kBytes);
  const auto p = w.connected();
  int freed = 0;
  rte_mbuf* const m = z_ext(
      z_extmem_register(memory, kBytes), 0, 40'000,
      [](void*, void* times) { ++*static_cast<int*>(times); }, &freed);
  ASSERT_EQ(z_write(p.client, m), 40'000);
  EXPECT_EQ(freed, 0);
  rte_mbuf* got = nullptr;
  std::string all;
  for (int i = 0; i < 20 && all.size() < 40'000; ++i) {
    w.settle(50ms);
    while (z_read(p.server, &got, 7'000) > 0) {
      all += text_of(got);
      if (all.size() < 40'000) z_free(got);
    }
  }
  EXPECT_EQ(all, pattern(kBytes).substr(0, 40'000));
  w.settle(100ms);
  EXPECT_EQ(freed, 0);  // acknowledged, but the reader has a piece of it
  z_free(got);
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(z_copied_bytes(), 0u);
  expect_all_back();
  EXPECT_EQ(freed, 1);
  ::operator delete (memory, std::align_val_t{4'096});
}

TEST_F(TransferTest, DatagramsKeepTheirBounds) {
  const int server = z_socket(AF_INET, SOCK_DGRAM, 0);
  const int client = z_socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to = at4(kOurs, 53), from{};
  socklen_t from_size = sizeof(from);
  ASSERT_EQ(z_bind(server, any(to), sizeof(to)), 0);
  rte_mbuf* got = nullptr;
  EXPECT_EQ(errno_of(z_recvfrom(server, &got, nullptr, nullptr)), EAGAIN);
  ASSERT_EQ(z_sendto(client, chain_of("one"), any(to), sizeof(to)), 3);
  ASSERT_EQ(z_sendto(client, z_alloc(0), any(to), sizeof(to)), 0);
  rte_mbuf* const shared = chain_of("three");
  ASSERT_EQ(z_sendto(client, z_ref(shared), any(to), sizeof(to)), 5);
  w.settle();
  ASSERT_EQ(z_recvfrom(server, &got, any(from), &from_size), 3);
  EXPECT_EQ(text_of(got), "one");
  EXPECT_EQ(from_size, sizeof(from));
  // The buffer that came goes back.
  ASSERT_EQ(z_sendto(server, got, any(from), sizeof(from)), 3);
  EXPECT_EQ(z_recvfrom(server, &got, any(from), &from_size), 0);
  EXPECT_EQ(got, nullptr);
  ASSERT_EQ(z_recvfrom(server, &got, nullptr, nullptr), 5);
  EXPECT_EQ(text_of(got), "three");
  z_free(got);
  z_free(shared);
  w.settle();
  ASSERT_EQ(z_connect(client, any(to), sizeof(to)), 0);
  EXPECT_EQ(read_text(client), "one");
  ASSERT_EQ(z_write(client, chain_of("four")), 4);
  w.settle();
  EXPECT_EQ(read_text(server, 2), "fo");  // the rest of a datagram is lost
  EXPECT_EQ(errno_of(z_read(server, &got, 10)), EAGAIN);
  rte_mbuf* const big = chain_of(pattern(65'508));
  EXPECT_EQ(errno_of(z_write(client, big)), EMSGSIZE);
  EXPECT_EQ(text_of(big), pattern(65'508));
  z_free(big);
  EXPECT_EQ(z_copied_bytes(), 0u);
  expect_all_back();
}

TEST_F(TransferTest, TheCopyingTwinsAreCounted) {
  const auto p = w.connected();
  char place[8];
  EXPECT_EQ(errno_of(z_recv(p.server, place, sizeof(place))), EAGAIN);
  ASSERT_EQ(z_send(p.client, "hello", 5), 5);
  EXPECT_EQ(z_copied_bytes(), 5u);
  w.settle();
  ASSERT_EQ(z_recv(p.server, place, 4), 4);
  EXPECT_EQ(std::string(place, 4), "hell");
  EXPECT_EQ(z_copied_bytes(), 9u);
  EXPECT_EQ(read_text(p.server), "o");

  const int datagram = z_socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in self = at4(kOurs, 53);
  ASSERT_EQ(z_bind(datagram, any(self), sizeof(self)), 0);
  ASSERT_EQ(z_connect(datagram, any(self), sizeof(self)), 0);
  ASSERT_EQ(z_send(datagram, "abc", 3), 3);
  w.settle();
  ASSERT_EQ(z_recv(datagram, place, sizeof(place)), 3);
  EXPECT_EQ(z_copied_bytes(), 15u);
}

TEST_F(TransferTest, WrongCallsAreRefused) {
  const auto p = w.connected();
  const int fresh = z_socket(AF_INET, SOCK_STREAM, 0);
  const int datagram = z_socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to = at4(kOurs, 53);
  rte_mbuf* m = nullptr;
  rte_mbuf* const mine = chain_of("mine");
  char byte = 0;
  for (const int bad : {-1, 60, 64, INT_MAX}) {
    EXPECT_EQ(errno_of(z_read(bad, &m, 1)), EBADF);
    EXPECT_EQ(errno_of(z_peek(bad, &m, 1)), EBADF);
    EXPECT_EQ(errno_of(z_write(bad, mine)), EBADF);
    EXPECT_EQ(errno_of(z_writev(bad, &mine, 1)), EBADF);
    EXPECT_EQ(errno_of(z_recvfrom(bad, &m, nullptr, nullptr)), EBADF);
    EXPECT_EQ(errno_of(z_sendto(bad, mine, any(to), sizeof(to))), EBADF);
    EXPECT_EQ(errno_of(z_recv(bad, &byte, 1)), EBADF);
    EXPECT_EQ(errno_of(z_send(bad, &byte, 1)), EBADF);
  }
  rte_mbuf** const nowhere = nullptr;
  EXPECT_EQ(errno_of(z_read(p.server, nowhere, 1)), EINVAL);
  EXPECT_EQ(errno_of(z_read(p.server, &m, 0)), EINVAL);
  EXPECT_EQ(errno_of(z_peek(p.server, nullptr, 1)), EINVAL);
  EXPECT_EQ(errno_of(z_peek(p.server, &m, 0)), EINVAL);
  EXPECT_EQ(errno_of(z_peek(datagram, &m, 1)), EOPNOTSUPP);
  EXPECT_EQ(errno_of(z_write(p.client, nullptr)), EINVAL);
  rte_mbuf* const empty = z_alloc(0);
  EXPECT_EQ(errno_of(z_write(p.client, empty)), EINVAL);
  z_free(empty);
  EXPECT_EQ(errno_of(z_recv(p.server, nullptr, 1)), EINVAL);
  EXPECT_EQ(errno_of(z_recv(p.server, &byte, 0)), EINVAL);
  EXPECT_EQ(errno_of(z_send(p.server, nullptr, 1)), EINVAL);
  EXPECT_EQ(errno_of(z_read(fresh, &m, 1)), ENOTCONN);
  EXPECT_EQ(errno_of(z_write(fresh, mine)), ENOTCONN);
  EXPECT_EQ(errno_of(z_recvfrom(p.server, &m, nullptr, nullptr)), EOPNOTSUPP);
  EXPECT_EQ(errno_of(z_sendto(p.server, mine, any(to), sizeof(to))), EOPNOTSUPP);
  EXPECT_EQ(errno_of(z_sendto(datagram, mine, nullptr, 0)), EINVAL);
  EXPECT_EQ(errno_of(z_sendto(datagram, nullptr, any(to), sizeof(to))), EINVAL);
  EXPECT_EQ(errno_of(z_recvfrom(datagram, nullptr, nullptr, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(z_write(datagram, mine)), EDESTADDRREQ);
  to.sin_port = 0;
  EXPECT_EQ(errno_of(z_sendto(datagram, mine, any(to), sizeof(to))), EINVAL);
  EXPECT_EQ(text_of(mine), "mine");
  z_free(mine);
  EXPECT_EQ(m, nullptr);
}

TEST(Retransmission, IsByteExactWhileTheApplicationSharesTheBuffer) {
  TwoShards two;
  const auto p = two.connect(80);
  const std::string bytes = pattern(20'000);
  rte_mbuf* kept = nullptr;
  {
    const Turn turn(two.left.instance);
    rte_mbuf* const m = chain_of(bytes);
    kept = z_ref(m);
    ASSERT_EQ(z_write(p.left, m), 20'000);
  }
  int lost = 0;
  two.lose = [&](const Bytes& frame) { return frame.size() > 500 && ++lost <= 3; };
  two.pass(5s);
  EXPECT_GE(lost, 3);
  EXPECT_GT(two.left.shard->tcp().counters().retransmitted_segments, 0u);
  {
    const Turn turn(two.right.instance);
    EXPECT_EQ(read_text(p.right), bytes);
    EXPECT_EQ(z_copied_bytes(), 0u);
  }
  EXPECT_EQ(text_of(kept), bytes);
  const Turn turn(two.left.instance);
  EXPECT_EQ(z_copied_bytes(), 0u);
  z_free(kept);
}

TEST(Retransmission, IsByteExactFromExternalMemoryAndForwardedBuffers) {
  TwoShards two;
  const auto there = two.connect(80);
  const auto back = two.connect(81);
  constexpr std::size_t kBytes = 65'536;
  void* const memory = ::operator new (kBytes, std::align_val_t{4'096});
  std::memcpy(memory, pattern(kBytes).data(), kBytes);
  int freed = 0;
  int seen = 0;
  two.lose = [&](const Bytes& frame) { return frame.size() > 500 && ++seen % 3 == 1; };
  {
    const Turn turn(two.left.instance);
    rte_mbuf* const m = z_ext(
        z_extmem_register(memory, kBytes), 0, kBytes,
        [](void*, void* times) { ++*static_cast<int*>(times); }, &freed);
    ASSERT_EQ(z_write(there.left, m), static_cast<ssize_t>(kBytes));
  }
  // The right side sends each piece back over the same connection; the left forwards what comes to
  // another one.
  std::string got;
  for (int i = 0; i < 200 && got.size() < kBytes; ++i) {
    two.pass(200ms);
    rte_mbuf* m = nullptr;
    {
      const Turn turn(two.right.instance);
      while (z_read(there.right, &m, 3'333) > 0) ASSERT_GT(z_write(there.right, m), 0);
      std::string some = read_text(back.right);
      if (some.rfind("errno", 0) != 0) got += some;
    }
    const Turn turn(two.left.instance);
    while (z_read(there.left, &m, 5'000) > 0) ASSERT_GT(z_write(back.left, m), 0);
  }
  EXPECT_EQ(got, pattern(kBytes));
  EXPECT_EQ(freed, 1);
  ::operator delete (memory, std::align_val_t{4'096});
}

}  // namespace
}  // namespace zs::api
