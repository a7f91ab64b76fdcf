#include "tcp/recovery/rack.hpp"

#include <algorithm>
#include <limits>

namespace zs::tcp::recovery {

void Rack::on_delivered(const Delivery& delivery, const Arrival& arrival,
                        Reordering& reordering) noexcept {
  // RFC 8985 §6.2 step 3: something never sent again arrived after what was sent later.
  if (delivery.range.end.after(fack_)) {
    fack_ = delivery.range.end;
  } else if (delivery.range.end.before(fack_) && !delivery.retransmitted) {
    reordering.seen = true;
  }
  const Duration rtt = arrival.now - delivery.sent_at;
  if (delivery.retransmitted) {
    // Step 2: either says that it was the first copy that arrived.
    if (arrival.echoed_before && *arrival.echoed_before <= delivery.sent_at) return;
    if (rtt < arrival.min_rtt) return;
  }
  rtt_ = rtt;
  const bool later = delivery.sent_at > latest_at_ ||
                     (delivery.sent_at == latest_at_ && delivery.range.end.after(latest_end_));
  if (!later) return;
  latest_at_ = delivery.sent_at;
  latest_end_ = delivery.range.end;
}

void Rack::on_dsack(SeqNum una, SeqNum nxt, Reordering& reordering) noexcept {
  if (dsack_round_ && una.before(*dsack_round_)) return;
  dsack_round_ = nxt;
  if (reordering.window_mult < std::numeric_limits<std::uint8_t>::max()) ++reordering.window_mult;
  reordering.persist = kPersist;
}

void Rack::on_recovery_exit(Reordering& reordering) noexcept {
  if (reordering.persist > 0) --reordering.persist;
  if (reordering.persist == 0) reordering.window_mult = 1;
}

Duration Rack::window(const Situation& situation, const Reordering& reordering) noexcept {
  if (!reordering.seen && (situation.in_recovery || situation.dup_threshold_met)) return {};
  return std::min(reordering.window_mult * (situation.path.min_rtt / 4), situation.path.srtt);
}

}  // namespace zs::tcp::recovery
