#include "tcp/recovery/prr.hpp"

#include <algorithm>

namespace zs::tcp::recovery {

void Prr::start(std::uint32_t ssthresh, std::uint32_t flight) noexcept {
  ssthresh_ = ssthresh;
  recover_fs_ = std::max(flight, 1u);
  delivered_ = out_ = 0;
  window_ = 0;
}

void Prr::on_ack(const Ack& ack) noexcept {
  if (ack.delivered == 0) return;
  delivered_ += ack.delivered;
  const std::uint64_t earned = delivered_ - std::min(delivered_, out_);
  std::uint64_t may_send = 0;
  if (ack.pipe > ssthresh_) {
    // RFC 9937 §6.2, the proportional part. Whole segments, rounded up as in Linux: nothing less
    // is sent.
    const std::uint64_t share = (delivered_ * ssthresh_ + recover_fs_ - 1) / recover_fs_;
    const std::uint64_t whole = (share + ack.mss - 1) / ack.mss * ack.mss;
    may_send = whole - std::min(whole, out_);
  } else {
    // Slow start reduction bound (SSRB): one segment more than what arrived, if nothing speaks
    // against it (SafeACK).
    const bool safe = ack.una_advanced && !ack.found_loss;
    may_send = std::max<std::uint64_t>(earned, ack.delivered) + (safe ? ack.mss : 0);
    may_send = std::min<std::uint64_t>(may_send, ssthresh_ - ack.pipe);
  }
  // The first retransmission goes at once.
  if (out_ == 0) may_send = std::max<std::uint64_t>(may_send, ack.mss);
  window_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(ack.pipe + may_send, UINT32_MAX));
}

}  // namespace zs::tcp::recovery
