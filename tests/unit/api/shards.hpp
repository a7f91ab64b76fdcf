#pragma once

#include <zstack/zstack.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "api/instance.hpp"
#include "unit/sock/sockets.hpp"

namespace zs::api::test {

using namespace sock::test;

/// The sockets of one shard, for the C calls to act on. It must be its turn (api::Turn).
class CShard : public Sockets {
 public:
  explicit CShard(stack::ShardConfig config = default_config())
      : Sockets({.descriptors = 64}, std::move(config)), instance(*table) {}

  Instance instance;
};

inline sockaddr_in at4(const IpAddress& address, std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  a.sin_addr.s_addr = htonl(address.v4_value());
  return a;
}
inline sockaddr_in6 at6(const IpAddress& address, std::uint16_t port) {
  sockaddr_in6 a{};
  a.sin6_family = AF_INET6;
  a.sin6_port = htons(port);
  std::memcpy(&a.sin6_addr, address.bytes().data(), 16);
  return a;
}
template <typename T>
sockaddr* any(T& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

/// A chain of the application's with these bytes.
inline rte_mbuf* chain_of(std::string_view bytes) {
  rte_mbuf* const m = z_alloc(bytes.size());
  for (rte_mbuf* s = m; s != nullptr && !bytes.empty(); s = z_next(s)) {
    std::memcpy(z_data(s), bytes.data(), z_len(s));
    bytes.remove_prefix(z_len(s));
  }
  return m;
}
inline std::string text_of(const rte_mbuf* m) {
  std::string s;
  for (; m != nullptr; m = z_next(m)) s.append(static_cast<const char*>(z_data(m)), z_len(m));
  return s;
}
inline std::string pattern(std::size_t length, std::size_t seed = 0) {
  std::string s(length, ' ');
  for (std::size_t i = 0; i < length; ++i) s[i] = static_cast<char>((i * 7 + i / 251 + seed) & 255);
  return s;
}
/// Reads and frees what there is.
inline std::string read_text(int fd, std::size_t most = 1u << 20) {
  rte_mbuf* m = nullptr;
  const ssize_t n = z_read(fd, &m, most);
  if (n < 0) return "errno " + std::to_string(errno);
  std::string s = text_of(m);
  EXPECT_EQ(s.size(), static_cast<std::size_t>(n));
  z_free(m);
  return s;
}

/// Its turn, and a fresh errno, for a whole test.
class ApiTest : public testing::Test {
 protected:
  int errno_of(ssize_t result) const {
    EXPECT_EQ(result, -1);
    return errno;
  }
  int errno_of(const rte_mbuf* result) const {
    EXPECT_EQ(result, nullptr);
    return errno;
  }
  /// Everything the application and the sockets held has come back.
  void expect_all_back() {
    w.table->close_all();
    w.settle(300s);
    EXPECT_EQ(w.data->in_use(), 0u);
    EXPECT_EQ(w.indirect->in_use(), 0u);
  }

  CShard w;
  Turn turn{w.instance};
};

/// Two shards and the cable between them, which a test may cut: `lose` sees each frame of `left`.
class TwoShards {
 public:
  TwoShards() : right(config_of_right()) {}

  /// A connection from left to the right.
  struct Pair {
    int left, right;
  };
  Pair connect(std::uint16_t port) {
    Pair p{left.stream(), -1};
    const int listener = right.listener({kPeer, port});
    EXPECT_EQ(left.table->connect(p.left, {kPeer, port}).error(), Errc::kInProgress);
    pass(20ms);
    const auto accepted = right.table->accept(listener);
    EXPECT_TRUE(accepted);
    if (accepted) p.right = *accepted;
    return p;
  }
  void pass(Duration d) {
    for (Duration done{}; done < d; done += 1ms) {
      left.settle(1ms);
      right.settle(1ms);
      for (auto& frame : std::exchange(left.heard, {})) {
        if (lose && lose(frame.bytes)) continue;
        right.give(frame.bytes, kGood);
      }
      for (auto& frame : std::exchange(right.heard, {})) left.give(frame.bytes, kGood);
    }
  }

  CShard left;
  CShard right;
  std::function<bool(const Bytes& frame)> lose;

 private:
  static constexpr std::uint64_t kGood = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  static stack::ShardConfig config_of_right() {
    stack::ShardConfig c = World::default_config();
    c.interfaces[0].device.mac = kPeerMac;
    c.interfaces[0].addresses = {*IpPrefix::parse("10.0.0.2/24"),
                                 *IpPrefix::parse("2001:db8::2/64")};
    c.seed = 2;
    return c;
  }
};

}  // namespace zs::api::test
