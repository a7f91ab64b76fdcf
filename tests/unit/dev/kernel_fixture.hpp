#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_order.hpp"
#include "buf/mbuf.hpp"
#include "dev/kernel_interface.hpp"
#include "dev/queue.hpp"
#include "dev/unique_fd.hpp"
#include "dev/virtio_net.hpp"
#include "wire/checksum.hpp"

namespace zs::dev {

/// Generous, because a loaded machine stalls for hundreds of milliseconds; only failures wait.
inline constexpr int kPatienceMs = 5'000;

inline bool wait_readable(int fd) {
  pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&p, 1, kPatienceMs) == 1;
}

/// The kernel's side of an interface, frame by frame with virtio headers.
class RawSocket {
 public:
  explicit RawSocket(const std::string& interface)
      : fd_{::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL))} {
    const int on = 1;
    EXPECT_EQ(0, ::setsockopt(fd_.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on));
    sockaddr_ll at{};
    at.sll_family = AF_PACKET;
    at.sll_protocol = htons(ETH_P_ALL);
    at.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    const auto* address = static_cast<const void*>(&at);
    EXPECT_EQ(0, ::bind(fd_.get(), static_cast<const sockaddr*>(address), sizeof at));
  }
  bool send(const std::vector<std::byte>& frame, const VirtioNetHeader& header = {}) {
    std::vector<std::byte> bytes(sizeof header + frame.size());
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(bytes.data() + sizeof header, frame.data(), frame.size());
    return ::send(fd_.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  }
  struct Frame {
    VirtioNetHeader header;
    std::vector<std::byte> bytes;
  };
  /// The next frame that `wanted` accepts; none when patience ends.
  std::optional<Frame> receive(const std::function<bool(const Frame&)>& wanted) {
    std::vector<std::byte> buffer(70'000);
    while (wait_readable(fd_.get())) {
      const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (n < static_cast<ssize_t>(sizeof(VirtioNetHeader))) continue;
      Frame f;
      std::memcpy(&f.header, buffer.data(), sizeof f.header);
      f.bytes.assign(buffer.begin() + sizeof f.header, buffer.begin() + n);
      if (wanted(f)) return f;
    }
    return std::nullopt;
  }

 private:
  UniqueFd fd_;
};

/// A test inside a network namespace of its own; skipped where that is not allowed.
class KernelTest : public testing::Test {
 protected:
  /// For local experiments (IEEE 802): no protocol of the kernel answers.
  static constexpr std::uint16_t kExperimental = 0x88b5;

  void SetUp() override {
    home_ = UniqueFd{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (::unshare(CLONE_NEWNET) != 0) {
      GTEST_SKIP() << "needs a network namespace of its own (root or CAP_SYS_ADMIN): "
                   << std::strerror(errno);
    }
    write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");  // else it talks by itself
    pool_ = std::move(*buf::Pool::create({.name = "kernel", .count = 4096, .data_room = 2048}));
    pools_ = {buf::Pools{.data = pool_.get(), .indirect = nullptr},
              buf::Pools{.data = pool_.get(), .indirect = nullptr}};
  }
  void TearDown() override {
    if (!pool_) return;  // skipped before it left home
    ASSERT_EQ(0, ::setns(home_.get(), CLONE_NEWNET));
    EXPECT_EQ(pool_->in_use(), 0u) << "buffers leaked";
  }
  static void write_file(const char* path, const char* text) {
    const UniqueFd fd{::open(path, O_WRONLY | O_CLOEXEC)};
    if (fd) static_cast<void>(::write(fd.get(), text, std::strlen(text)) == 0);
  }
  static std::vector<std::byte> frame_of(const MacAddress& to, std::size_t length,
                                         std::uint16_t type = kExperimental) {
    std::vector<std::byte> f(length);
    for (std::size_t i = 0; i < length; ++i) f[i] = static_cast<std::byte>(i * 13 + i / 509);
    std::copy(to.bytes.begin(), to.bytes.end(), f.begin());
    f[6] = std::byte{0x06};
    store_be(&f[12], type);
    return f;
  }
  static constexpr std::size_t kTcpHeaders = 14 + 20 + 20;
  /// Ethernet, IPv4 10.99.0.2 -> 10.99.0.1, TCP; the checksums as the transmit contract has them.
  static std::vector<std::byte> tcp_frame_of(const MacAddress& to, std::size_t payload) {
    auto f = frame_of(to, kTcpHeaders + payload, ETH_P_IP);
    std::fill(f.begin() + 14, f.begin() + kTcpHeaders, std::byte{0});
    f[14] = std::byte{0x45};
    store_be(&f[16], static_cast<std::uint16_t>(40 + payload));
    f[22] = std::byte{64};
    f[23] = std::byte{6};
    store_be(&f[26], 0x0a630002u);
    store_be(&f[30], 0x0a630001u);
    store_be(&f[34], std::uint16_t{1'234});
    store_be(&f[36], std::uint16_t{80});
    f[46] = std::byte{0x50};
    f[47] = std::byte{0x10};
    store_be(&f[50], wire::checksum_fold(wire::pseudo_header_sum(
                         IpAddress::v4(10, 99, 0, 2), IpAddress::v4(10, 99, 0, 1), 6, 0)));
    return f;
  }
  static buf::Mbuf with_segmentation(buf::Mbuf m, std::uint16_t segment_size) {
    m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG;
    m->l2_len = 14;
    m->l3_len = 20;
    m->l4_len = 20;
    m->tso_segsz = segment_size;
    return m;
  }
  /// Nothing, and a failure, for the packet that receive() did not get.
  static std::vector<std::byte> content(const buf::Mbuf& m) {
    EXPECT_TRUE(m) << "no packet";
    if (!m) return {};
    std::vector<std::byte> bytes(m.length());
    m.copy_out(0, bytes);
    return bytes;
  }
  /// The next packet of the queue that `wanted` accepts; the others are freed.
  static buf::Mbuf receive(PacketQueue& queue,
                           const std::function<bool(const buf::Mbuf&)>& wanted) {
    do {
      rte_mbuf* raw = nullptr;
      while (queue.rx_burst({&raw, 1}) == 1) {
        auto m = buf::Mbuf::adopt(raw);
        if (wanted(m)) return m;
      }
    } while (wait_readable(queue.wake_fd()));
    return {};
  }
  static bool is_experimental(const buf::Mbuf& m) {
    return load_be<std::uint16_t>(&m.first()[12]) == kExperimental;
  }
  static bool transmit(PacketQueue& queue, buf::Mbuf m) {
    rte_mbuf* raw = std::move(m).release();
    if (queue.tx_burst({&raw, 1}) == 1) return true;
    buf::free_chain(raw);
    return false;
  }
  static void set_flag(const std::string& interface, short flag, bool on) {
    const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    ifreq r{};
    std::memcpy(r.ifr_name, interface.data(), interface.size());
    ASSERT_EQ(0, ::ioctl(fd.get(), SIOCGIFFLAGS, &r));
    r.ifr_flags = static_cast<short>(on ? r.ifr_flags | flag : r.ifr_flags & ~flag);
    ASSERT_EQ(0, ::ioctl(fd.get(), SIOCSIFFLAGS, &r));
  }

  UniqueFd home_;
  std::unique_ptr<buf::Pool> pool_;
  std::array<buf::Pools, 2> pools_;
  std::string why_;
};

}  // namespace zs::dev
