#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "buf/chain.hpp"
#include "sim/world.hpp"

// Applications over the zero-copy calls, to be run in World::run_until()'s condition.
namespace zs::sim::test {

using Bytes = std::vector<std::byte>;

/// Byte `i` of the stream that `salt` names.
inline std::byte pattern(std::uint64_t i, std::uint64_t salt) {
  return static_cast<std::byte>(((i + salt * 0x1234'5677) * 0x9e37'79b9'7f4a'7c15ull) >> 56);
}
inline Bytes pattern_bytes(std::uint64_t from, std::size_t n, std::uint64_t salt) {
  Bytes b(n);
  for (std::size_t i = 0; i < n; ++i) b[i] = pattern(from + i, salt);
  return b;
}

/// Makes a message out of bytes; an empty chain when there are no buffers.
using Shape = std::function<buf::Chain(std::span<const std::byte>, buf::Pools)>;

/// Buffers of at most `segment_bytes` each: one for a message that is no longer.
inline Shape in_buffers_of(std::size_t segment_bytes) {
  return [segment_bytes](std::span<const std::byte> bytes, buf::Pools pools) {
    buf::Chain chain;
    while (!bytes.empty()) {
      const std::size_t n = std::min(segment_bytes, bytes.size());
      auto one = buf::Chain::copy_of(bytes.first(n), *pools.data);
      if (!one) return buf::Chain{};
      chain.append(*std::move(one));
      bytes = bytes.subspan(n);
    }
    return chain;
  };
}

/// The application's own memory, which it overwrites as soon as it has it back.
inline buf::Chain in_external_memory(std::span<const std::byte> bytes, buf::Pools pools) {
  auto* const lent = std::make_unique<Bytes>(bytes.begin(), bytes.end()).release();
  rte_mbuf* const m = buf::make_external(
      pools, *lent,
      [](void*, void* opaque) {
        const std::unique_ptr<Bytes> back{static_cast<Bytes*>(opaque)};
        back->assign(back->size(), std::byte{0xdb});
      },
      lent);
  if (m == nullptr) {
    delete lent;
    return {};
  }
  return buf::Chain{buf::Mbuf::adopt(m)};
}

/// Descriptors over bytes that somebody else holds too, for as long as the function lives.
inline Shape shared_with_another_holder() {
  auto kept = std::make_shared<std::vector<buf::Chain>>();
  return [kept](std::span<const std::byte> bytes, buf::Pools pools) {
    auto original = buf::Chain::copy_of(bytes, *pools.data);
    if (!original) return buf::Chain{};
    auto clone = original->clone(*pools.indirect);
    if (!clone) return buf::Chain{};
    kept->push_back(*std::move(original));
    return *std::move(clone);
  };
}

/// What is written and not yet taken, oldest first.
class Outbox {
 public:
  void push(buf::Chain chain) { waiting_.push_back(std::move(chain)); }
  bool empty() const { return waiting_.empty(); }
  void flush(sock::SocketTable& sockets, int fd) {
    while (!waiting_.empty() && sockets.write(fd, waiting_.front())) waiting_.pop_front();
  }

 private:
  std::deque<buf::Chain> waiting_;
};

inline int listen_on(Host& host, std::uint16_t port, IpFamily family = IpFamily::kV4) {
  auto& sockets = host.sockets();
  const int fd = *sockets.socket(sock::Type::kStream, family);
  ZS_CHECK(sockets.bind(fd, {IpAddress::any(family), port}).has_value());
  ZS_CHECK(sockets.listen(fd, 64).has_value());
  return fd;
}

inline int connect_to(Host& host, const Host& peer, std::uint16_t port,
                      IpFamily family = IpFamily::kV4) {
  auto& sockets = host.sockets();
  const int fd = *sockets.socket(sock::Type::kStream, family);
  const auto begun = sockets.connect(fd, {peer.address(family), port});
  ZS_CHECK(begun || begun.error() == Errc::kInProgress);
  return fd;
}

/// Writes back the very buffers that it read.
class Echo {
 public:
  explicit Echo(Host& host, std::uint16_t port = 7, IpFamily family = IpFamily::kV4)
      : sockets_(host.sockets()), listener_(listen_on(host, port, family)) {}

  void run() {
    while (const auto fd = sockets_.accept(listener_)) clients_.push_back({*fd, {}});
    for (Client& c : clients_) {
      if (c.fd < 0) continue;
      c.outbox.flush(sockets_, c.fd);
      while (c.outbox.empty()) {
        auto chain = sockets_.read(c.fd, 64 * 1024);
        if (!chain) break;
        if (chain->empty()) {
          (void)sockets_.close(c.fd);
          c.fd = -1;
          break;
        }
        c.outbox.push(*std::move(chain));
        c.outbox.flush(sockets_, c.fd);
      }
    }
  }
  void stop() { (void)sockets_.close(listener_); }

 private:
  struct Client {
    int fd;
    Outbox outbox;
  };
  sock::SocketTable& sockets_;
  int listener_;
  std::deque<Client> clients_;
};

/// Reads a pattern and compares; frees what it reads at once.
class Checker {
 public:
  Checker(Host& host, int fd, std::uint64_t salt)
      : sockets_(host.sockets()), fd_(fd), salt_(salt) {}

  void run() {
    while (auto chain = sockets_.read(fd_, 64 * 1024)) {
      if (chain->empty()) return;
      Bytes bytes(chain->size());
      chain->copy_out(0, bytes);
      ok_ = ok_ && bytes == pattern_bytes(received_, bytes.size(), salt_);
      received_ += bytes.size();
    }
  }
  std::uint64_t received() const { return received_; }
  bool ok() const { return ok_; }
  int fd() const { return fd_; }

 private:
  sock::SocketTable& sockets_;
  int fd_;
  std::uint64_t salt_;
  std::uint64_t received_ = 0;
  bool ok_ = true;
};

/// Sends a message, waits until all of it has come back, sends the next.
class PingPong {
 public:
  PingPong(Host& host, const Host& peer, std::uint32_t message_bytes, std::uint32_t messages,
           Shape shape, IpFamily family = IpFamily::kV4)
      : host_(host),
        fd_(connect_to(host, peer, 7, family)),
        answers_(host, fd_, 1),
        message_bytes_(message_bytes),
        total_(std::uint64_t{message_bytes} * messages),
        shape_(std::move(shape)) {}

  void run() {
    if (is_over_) return;
    answers_.run();
    if (answers_.received() == total_) {
      is_over_ = true;
      (void)host_.sockets().close(fd_);
      return;
    }
    if (sent_ == answers_.received() && outbox_.empty()) {
      buf::Chain message = shape_(pattern_bytes(sent_, message_bytes_, 1), host_.pools());
      if (message.empty()) return;
      sent_ += message_bytes_;
      outbox_.push(std::move(message));
    }
    outbox_.flush(host_.sockets(), fd_);
  }
  bool is_over() const { return is_over_; }
  bool ok() const { return answers_.ok(); }
  std::uint64_t received() const { return answers_.received(); }

 private:
  Host& host_;
  int fd_;
  Checker answers_;
  std::uint32_t message_bytes_;
  std::uint64_t total_;
  std::uint64_t sent_ = 0;
  Shape shape_;
  Outbox outbox_;
  bool is_over_ = false;
};

}  // namespace zs::sim::test
