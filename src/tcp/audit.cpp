// What must be true of a connection whenever nobody works on it: the order of the sequence spaces
// of RFC 9293 §3.3.1 and §3.4, buffers that agree with them, and a timer for whatever is waited
// for.

#include "tcp/audit.hpp"

#include "tcp/connection.hpp"

namespace zs::tcp {

const char* Connection::audit(Audit& last) const {
  if (state_ == State::kClosed) return nullptr;
  const bool known = last.begun && last.iss == snd_.iss && last.irs == rcv_.irs;
  const char* broken = audit_sending();
  if (broken == nullptr && is_synchronized(state_)) broken = audit_receiving();
  if (broken == nullptr && known) broken = audit_progress(last);
  last = {.begun = true,
          .iss = snd_.iss,
          .irs = rcv_.irs,
          .una = snd_.una,
          .max = snd_.max,
          .rcv_nxt = rcv_.nxt,
          .advertised = rcv_.advertised};
  return broken;
}

const char* Connection::audit_sending() const {
  if (snd_.una.after(snd_.nxt)) return "SND.UNA lies behind SND.NXT";
  if (snd_.nxt.after(snd_.max)) return "SND.NXT lies behind all that was ever sent";
  if (!is_synchronized(state_)) return nullptr;
  const std::uint32_t flight = snd_.max.raw() - snd_.una.raw();
  // A byte that probes a closed window, and a FIN, may lie beyond it.
  if (flight > snd_.max_wnd + 2) return "more is in flight than the peer ever had room for";
  if (snd_.max.after(data_end() + (fin_queued_ ? 1u : 0u))) return "more was sent than was written";
  if (snd_.una_data != SeqNum::earlier(snd_.una, data_end())) {
    return "the send buffer does not begin at SND.UNA";
  }
  if (recovery_.sacked_bytes() > flight) return "more is SACKed than is in flight";
  if (congestion_->window_bytes() == 0) return "the congestion window is closed";
  // Whoever waits to be polled has not been asked yet.
  const bool asked = !static_cast<const ListHook<TransmitTag>&>(*this).is_linked();
  const bool waits = has_outstanding() || unsent_bytes() > 0 || (fin_queued_ && !fin_sent());
  const bool wakes = !timers_.earliest().is_never() || (pacing_ && pacing_->is_armed());
  if (asked && waits && !wakes) return "it waits, but for no timer";
  return nullptr;
}

const char* Connection::audit_receiving() const {
  if (rcv_.nxt.after(rcv_.advertised)) return "RCV.NXT lies beyond the window that was promised";
  if (rcv_.last_ack_sent.after(rcv_.nxt)) return "what has not arrived was acknowledged";
  if (reassembly_.empty()) return nullptr;
  if (reassembly_.end().at_or_before(rcv_.nxt)) return "what is in order waits out of order";
  if (reassembly_.end().after(rcv_.advertised)) return "what lies beyond the window was kept";
  if (reassembly_.bytes() > rcv_.advertised.raw() - rcv_.nxt.raw()) {
    return "more waits out of order than the window holds";
  }
  return nullptr;
}

const char* Connection::audit_progress(const Audit& last) const {
  if (snd_.una.before(last.una)) return "SND.UNA went back";
  if (snd_.max.before(last.max)) return "what was sent is forgotten";
  if (rcv_.nxt.before(last.rcv_nxt)) return "RCV.NXT went back";
  // RFC 9293 §3.8.6: a window is not taken back.
  if (rcv_.advertised.before(last.advertised)) return "the window shrank";
  return nullptr;
}

}  // namespace zs::tcp
