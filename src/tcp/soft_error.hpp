#pragma once

#include "base/result.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp {

/// What ICMP has said of the way to the peer ("soft" errors). It ends no connection, but when
/// nothing comes through for so long that the connection ends, it is the reason (RFC 1122
/// §4.2.3.9).
class SoftError {
 public:
  void note(Errc error, SeqNum una) noexcept {
    error_ = error;
    una_ = una;
  }
  /// Why nothing was acknowledged since. What was, came through: the trouble is over then, and
  /// acknowledgements need not look here to say so.
  Errc reason(SeqNum una) const noexcept { return una == una_ ? error_ : Errc::kTimedOut; }

 private:
  Errc error_ = Errc::kTimedOut;
  SeqNum una_;
};

}  // namespace zs::tcp
