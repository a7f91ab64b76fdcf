#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace zs::tcp {

/// How a data segment met the receive queue.
enum class Arrival : std::uint8_t {
  kInOrder,     ///< extended RCV.NXT, nothing is queued behind a gap
  kFilledHole,  ///< extended RCV.NXT while data was (or still is) queued out of order
  kOutOfOrder,  ///< left or made a gap
  kDuplicate,   ///< nothing in it was new, or it lay outside the window
};

/// When to acknowledge (RFC 9293 §3.8.6.3, RFC 5681 §4.2): every second full-sized segment and
/// everything unusual at once, the rest within the delay, so that the ACK can ride on a reply.
class AckPolicy {
 public:
  /// Linux' TCP_MAX_QUICKACKS: a sender in slow start lives on our ACKs.
  static constexpr std::uint8_t kQuickAcks = 16;
  /// Linux' TCP_MIN_MSS floor for "full-sized": tiny messages alone do not double the ACK rate.
  static constexpr std::uint32_t kMinFullSize = 536;

  explicit AckPolicy(Duration delay, std::uint8_t quick_acks = kQuickAcks) noexcept
      : delay_(delay), quick_acks_(quick_acks) {}

  /// Data arrived: `bytes` of payload in wire segments of up to `segment_size` (LRO brings several
  /// at once). Only payload that was accepted counts for kInOrder.
  void on_data(Arrival arrival, std::uint32_t bytes, std::uint32_t segment_size,
               Instant now) noexcept;
  /// on_data() of what is kInOrder, and not empty.
  void on_in_order(std::uint32_t bytes, std::uint32_t segment_size, Instant now) noexcept {
    full_size_ = std::max(full_size_, segment_size);
    unacked_bytes_ += bytes;  // cannot wrap: a peer may send no more than a window without an ACK
    // RFC 9293 §3.8.6.3: an ACK for at least every second full-sized segment.
    if (unacked_bytes_ / 2 >= full_size_ || quick_acks_ > 0) now_ = true;
    if (deadline_.is_never()) deadline_ = now.later_by(delay_);
  }
  /// FIN, challenge ACK, unacceptable segment, answer to a keepalive: acknowledge at once.
  void request_now() noexcept { now_ = true; }
  /// The acknowledgement owed need not leave before `at`: data is about to carry it.
  void postpone(Instant at) noexcept {
    now_ = false;
    deadline_ = at;
  }
  /// A segment of data left, with the current RCV.NXT. If it answers what came just before, so will
  /// the next ones: from now on acknowledgements wait for them (Linux' "pingpong").
  void on_reply_sent(Instant now) noexcept {
    if (quick_acks_ > 0 && (!deadline_.is_never() || now - answered_at_ < delay_)) {
      hold_quick_acks();
    }
    settle();
  }
  /// The same without data.
  void on_bare_ack_sent(Instant now) noexcept {
    if (is_pending()) {
      // The delay is over, and no reply came: the exchange is not so regular after all.
      if (!now_ && is_pingpong_) release_quick_acks();
      if (quick_acks_ > 0) --quick_acks_;
      if (!deadline_.is_never()) answered_at_ = now;
    }
    settle();
  }
  /// After a long idle time or a loss of ours the peer is in slow start again.
  void restart_quick_acks() noexcept { quick_acks_ = kQuickAcks; }

  /// TCP_QUICKACK: 0 lets acknowledgements wait for replies; another value stops that, and what is
  /// owed leaves at once; an even one goes back to waiting then.
  void set_quick(int value) noexcept {
    if (value == 0) return hold_quick_acks();
    release_quick_acks();
    if (!is_pending()) return;
    now_ = true;
    if (value % 2 == 0) hold_quick_acks();
  }
  bool is_quick() const noexcept { return !is_pingpong_; }

  /// An ACK should leave in this pass (unless data carries it).
  bool is_due_now() const noexcept { return now_; }
  /// When to send one at the latest; never() when none is owed. In the past if is_due_now().
  Instant deadline() const noexcept;
  /// True at or behind the deadline.
  bool is_due(Instant now) const noexcept { return deadline() <= now; }
  /// An acknowledgement is owed, now or later.
  bool is_pending() const noexcept { return now_ || !deadline_.is_never(); }
  /// Largest wire segment seen: our best guess of the peer's effective MSS, at least kMinFullSize.
  std::uint32_t full_size() const noexcept { return full_size_; }

  /// Whatever was owed has been said.
  void settle() noexcept {
    now_ = false;
    deadline_ = Instant::never();
    unacked_bytes_ = 0;
  }

 private:
  void hold_quick_acks() noexcept {
    if (is_pingpong_) return;
    is_pingpong_ = true;
    held_quick_acks_ = quick_acks_;
    quick_acks_ = 0;
  }
  void release_quick_acks() noexcept {
    if (!is_pingpong_) return;
    is_pingpong_ = false;
    quick_acks_ = held_quick_acks_;
  }

  Duration delay_;
  Instant deadline_ = Instant::never();
  Instant answered_at_ = Instant::from_ns(INT64_MIN / 2);  ///< when data was last, without any
  std::uint32_t unacked_bytes_ = 0;
  std::uint32_t full_size_ = kMinFullSize;
  std::uint8_t quick_acks_;
  std::uint8_t held_quick_acks_ = 0;  ///< those that is_pingpong_ withholds
  bool now_ = false;
  bool is_pingpong_ = false;
};

/// What the receive window is judged by; bytes, unscaled.
struct WindowState {
  std::uint32_t offered = 0;   ///< what is left of the window that the peer knows (RCV.WND)
  std::uint32_t free = 0;      ///< what could be offered now (ReceiveBuffer::window())
  std::uint32_t capacity = 0;  ///< of the receive buffer
  std::uint32_t mss = 0;       ///< of segments from the peer
};

/// The window to put into the next segment: receiver's silly-window avoidance (RFC 9293
/// §3.8.6.2.2). It grows by at least min(capacity / 2, mss) or not at all, and never shrinks
/// (§3.8.6: "strongly discouraged").
std::uint32_t window_to_offer(const WindowState& w) noexcept;
/// True when the application has read so much that the peer should be told without waiting for its
/// next segment.
bool is_window_update_due(const WindowState& w) noexcept;

}  // namespace zs::tcp
