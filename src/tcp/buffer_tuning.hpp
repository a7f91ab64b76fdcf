#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp {

/// How large a receive buffer has to be, by what the application takes in a round trip (dynamic
/// right-sizing, as Linux and FreeBSD do it): a window that is the bound of the throughput is all
/// taken in each, and a reader that is slow takes little, whatever the window.
///
/// It is asked when a window is about to be offered that is news, so it costs no others anything.
class ReceiveTuning {
 public:
  /// A round trip begins; the application has taken all that lies before `taken`.
  void begin(SeqNum taken, Duration round_trip, Instant now) noexcept {
    from_ = taken;
    began_ = now;
    due_ = now + round_trip;
  }
  void stop() noexcept { due_ = Instant::never(); }
  /// Never, if nothing is measured.
  bool is_due(Instant now) const noexcept { return now >= due_; }
  /// It is due: the bytes of buffer that it takes to go on like this. What goes faster from round
  /// to round (slow start) gets room for the next.
  std::uint32_t finish(SeqNum taken, Instant now) noexcept;
  /// Bytes that were taken in the last round trip, 0 before its end.
  std::uint32_t taken_per_round_trip() const noexcept { return taken_; }

 private:
  Instant began_;
  Instant due_ = Instant::never();
  SeqNum from_;
  std::uint32_t taken_ = 0;
};

}  // namespace zs::tcp
