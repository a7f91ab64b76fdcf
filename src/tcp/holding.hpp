#pragma once

#include <optional>

#include "tcp/seq.hpp"

namespace zs::tcp {

/// What keeps the tail of the stream, less than a segment, back besides Nagle's algorithm, and what
/// lets it go all the same: TCP_CORK, MSG_MORE and TCP_NODELAY together, as Linux has them.
///
/// - A corked socket, or a write with MSG_MORE, holds the tail. MSG_MORE is over with the next
///   write without it, or with the next segment from the peer.
/// - Setting TCP_NODELAY pushes what is there at that time, corked or not; so does the time limit.
class Holding {
 public:
  void on_write(bool more) noexcept { holds_more_ = unfinished_ = more; }
  void on_segment() noexcept { holds_more_ = false; }
  /// What lies before `end` waits no longer.
  void push(SeqNum end) noexcept {
    pushed_ = end;
    holds_more_ = unfinished_ = false;
  }

  /// A write with MSG_MORE was the last thing that happened.
  bool holds_more() const noexcept { return holds_more_; }
  /// The last write was with MSG_MORE: its end is not the end of a message (no PSH).
  bool is_unfinished() const noexcept { return unfinished_; }
  bool is_pushed(SeqNum next) const noexcept { return pushed_ && next.before(*pushed_); }
  /// Whether the tail that begins at `next` is to wait.
  bool holds(bool corked, SeqNum next) const noexcept {
    return (corked || holds_more_) && !is_pushed(next);
  }

 private:
  std::optional<SeqNum> pushed_;
  bool holds_more_ = false;
  bool unfinished_ = false;
};

}  // namespace zs::tcp
