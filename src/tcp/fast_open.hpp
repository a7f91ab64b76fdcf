#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/address.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "wire/tcp.hpp"

namespace zs::tcp {

/// The server's cookies (RFC 7413 §4.1.2): a keyed hash of both addresses, so that nothing is
/// remembered of who has one. The key changes with time; the one before is honoured a while longer.
class FastOpenCookies {
 public:
  static constexpr Duration kKeyLife = std::chrono::hours{12};
  enum class Verdict : std::uint8_t { kForged, kOld, kCurrent };

  explicit FastOpenCookies(const SipKey& secret) noexcept : secret_(secret) {}

  wire::FastOpenCookie make(const FlowKey& flow, Instant now) const noexcept;
  Verdict judge(const wire::FastOpenCookie& cookie, const FlowKey& flow,
                Instant now) const noexcept;

 private:
  wire::FastOpenCookie of_epoch(const FlowKey& flow, std::int64_t epoch) const noexcept;

  SipKey secret_;
};

/// How many connections of a listener may have been opened by a SYN with data before their peer has
/// shown that it hears us (RFC 7413 §5.1). A reset that such a SYN provoked counts for a while: a
/// forged SYN costs its sender that much of the queue.
class FastOpenQueue {
 public:
  static constexpr Duration kResetPenalty = std::chrono::seconds{60};  ///< as Linux
  static constexpr std::uint32_t kMostResets = 16;  ///< remembered at once; the oldest gives way

  void set_limit(std::uint32_t limit) noexcept { limit_ = limit; }
  std::uint32_t limit() const noexcept { return limit_; }
  std::uint32_t pending() const noexcept { return pending_; }
  bool has_room(Instant now) const noexcept {
    const auto recent = std::count_if(resets_.begin(), resets_.end(),
                                      [=](Instant at) { return now < at + kResetPenalty; });
    return pending_ + static_cast<std::uint32_t>(recent) < limit_;
  }
  void enter() noexcept { ++pending_; }
  void leave() noexcept { --pending_; }
  void on_reset(Instant now) noexcept {
    resets_[next_reset_] = now;
    next_reset_ = (next_reset_ + 1) % kMostResets;
  }

 private:
  static constexpr Instant kNever = Instant::from_ns(INT64_MIN / 2);
  static constexpr std::array<Instant, kMostResets> none() {
    std::array<Instant, kMostResets> all{};
    all.fill(kNever);
    return all;
  }

  std::uint32_t limit_ = 0;  ///< 0: no fast open
  std::uint32_t pending_ = 0;
  std::uint32_t next_reset_ = 0;
  std::array<Instant, kMostResets> resets_ = none();
};

/// What a client knows of servers (RFC 7413 §4.1.3): cookie and MSS, and whether SYNs with data get
/// lost on the way. Bounded: who was used longest ago is forgotten.
class FastOpenCache {
 public:
  static constexpr std::size_t kMostServers = 1'024;
  static constexpr std::uint16_t kUnknownMss = 536;

  struct Known {
    wire::FastOpenCookie cookie;  ///< empty: to be asked for
    std::uint16_t mss = kUnknownMss;
  };

  /// What to put into a SYN to `server`; nullopt: nothing for now, since such SYNs got lost.
  std::optional<Known> look_up(const IpAddress& server, Instant now);
  void store(const IpAddress& server, const wire::FastOpenCookie& cookie, std::uint16_t mss);
  /// A SYN with the option had to be repeated, or what followed it got stuck.
  void on_loss(const IpAddress& server, Instant now);
  /// The server took data on a SYN: nobody in between minds.
  void on_success(const IpAddress& server) noexcept;
  std::size_t size() const noexcept { return by_address_.size(); }

 private:
  struct Entry {
    IpAddress server;
    Known known;
    std::uint8_t losses = 0;  ///< in a row
    Instant lost_at;
  };
  struct Hash {
    std::size_t operator()(const IpAddress& a) const noexcept {
      return std::hash<std::uint64_t>{}(a.first_word() * 0x9e37'79b9'7f4a'7c15u ^ a.last_word());
    }
  };
  /// Makes it the latest used.
  Entry* find(const IpAddress& server) noexcept;
  Entry& find_or_make(const IpAddress& server);

  std::list<Entry> entries_;  ///< latest used first
  std::unordered_map<IpAddress, std::list<Entry>::iterator, Hash> by_address_;
};

/// What a connection needs to know of its fast open, until the handshake is over.
class FastOpen {
 public:
  /// A client's, with what is known of the server.
  explicit FastOpen(const FastOpenCache::Known& known) noexcept : known_(known) {}
  /// A server's: a place in the listener's queue, held until the handshake ends.
  FastOpen(std::shared_ptr<FastOpenQueue> queue, std::optional<wire::FastOpenCookie> fresh) noexcept
      : queue_(std::move(queue)), fresh_cookie_(fresh) {
    queue_->enter();
  }
  FastOpen(const FastOpen&) = delete;
  FastOpen& operator=(const FastOpen&) = delete;
  ~FastOpen() {
    if (queue_) queue_->leave();
  }

  bool is_server() const noexcept { return queue_ != nullptr; }
  FastOpenQueue& queue() noexcept { return *queue_; }
  /// A server's new cookie for a client whose own is old.
  const std::optional<wire::FastOpenCookie>& fresh_cookie() const noexcept { return fresh_cookie_; }

  const FastOpenCache::Known& known() const noexcept { return known_; }
  /// The client waits for its first data, since it can go with the SYN.
  bool waits_for_data() const noexcept { return !queue_ && known_.cookie.length > 0 && !asked_; }
  /// The SYN may leave now.
  void on_data() noexcept { asked_ = true; }

 private:
  std::shared_ptr<FastOpenQueue> queue_;
  std::optional<wire::FastOpenCookie> fresh_cookie_;
  FastOpenCache::Known known_;
  bool asked_ = false;
};

}  // namespace zs::tcp
