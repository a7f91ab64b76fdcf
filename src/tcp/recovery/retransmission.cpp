// What to send again, when, and how much of it. What is lost in the first place:
// loss_recovery.cpp.

#include <algorithm>

#include "base/assert.hpp"
#include "tcp/recovery/loss_recovery.hpp"
#include "tcp/recovery/trouble.hpp"

namespace zs::tcp::recovery {

LossRecovery::Mode LossRecovery::mode_in_trouble() const { return trouble_->mode; }

/// RFC 6675 §4 SetPipe(): a byte that was sent again is in flight once if its first copy is deemed
/// lost, else twice (a loss probe).
std::uint32_t LossRecovery::pipe_in_trouble(SeqNum una, SeqNum nxt) const {
  const Trouble& t = *trouble_;
  const std::uint32_t outstanding = nxt.raw() - una.raw();
  if (outstanding == 0) return 0;
  if (t.sack) {
    const std::uint32_t left = t.scoreboard.sacked_bytes() + t.lost_bytes;
    return outstanding - std::min(outstanding, left) + t.probe.copy_bytes;
  }
  if (t.mode == Mode::kLoss) {
    const SeqNum resent_to = SeqNum::later(t.duplicates.next_resend, una);
    const std::uint32_t news =
        nxt.after(*t.recovery_point) ? nxt.raw() - t.recovery_point->raw() : 0;
    // A duplicate says that something new has arrived (RFC 5682 §2.1 step 3a).
    return resent_to.raw() - una.raw() + news - std::min(news, t.duplicates.count * t.mss);
  }
  return outstanding - std::min(outstanding, t.duplicates.count * t.mss);
}

bool LossRecovery::is_retransmission_urgent() const {
  if (!trouble_) return false;
  return trouble_->first || (trouble_->mode == Mode::kRecovery && trouble_->duplicates.resend_una);
}

std::optional<SeqRange> LossRecovery::next_retransmission(SeqNum una,
                                                          std::uint32_t max_bytes) const {
  if (mode() == Mode::kOpen) return std::nullopt;
  const Trouble& t = *trouble_;
  if (t.sack) return next_lost(una, max_bytes);
  if (t.mode == Mode::kRecovery) {
    if (!t.duplicates.resend_una) return std::nullopt;
    const std::uint32_t left = t.recovery_point->raw() - una.raw();
    return SeqRange{una, una + std::min({max_bytes, left, t.mss})};
  }
  const SeqNum from = SeqNum::later(t.duplicates.next_resend, una);
  if (!from.before(*t.recovery_point)) return std::nullopt;
  return SeqRange{from, from + std::min(max_bytes, t.recovery_point->raw() - from.raw())};
}

/// RFC 6675 §4 NextSeg() rule (1). RACK needs no rules (3) and (4): what is sent again proves, when
/// it arrives, what else of that time did not.
std::optional<SeqRange> LossRecovery::next_lost(SeqNum una, std::uint32_t max_bytes) const {
  const Trouble& t = *trouble_;
  if (t.lost_bytes == 0) return std::nullopt;
  std::optional<SeqRange> found;
  for (std::uint32_t i = log_.find(SeqNum::later(t.search_from, una)); i < log_.size(); ++i) {
    const SentLog::Record& record = log_[i];
    if (found && (!record.lost || found->length() == max_bytes)) break;
    if (!record.lost) continue;
    const SeqNum begin = found ? found->end : SeqNum::later(log_.begin_of(i), una);
    const std::uint32_t room = max_bytes - (found ? found->length() : 0);
    const auto hole = t.scoreboard.hole_between(begin, record.end, room);
    if (!hole) {
      if (found) break;
      continue;
    }
    if (!found) {
      found = hole;
    } else if (hole->begin == found->end) {
      found->end = hole->end;
    }
    if (found->end != record.end) break;
  }
  return found;
}

bool LossRecovery::on_retransmitted(const SeqRange& range, Instant now) {
  Trouble& t = *trouble_;
  t.first = false;
  t.undo.on_retransmitted((range.length() + t.mss - 1) / t.mss, now);
  if (t.mode == Mode::kRecovery) t.prr.on_sent(range.length());
  if (!t.sack) {
    t.duplicates.resend_una = false;
    if (t.mode == Mode::kLoss) {
      t.duplicates.next_resend = SeqNum::later(t.duplicates.next_resend, range.end);
    }
    return true;
  }
  t.search_from = range.end;
  t.copies_end = SeqNum::later(t.copies_end, range.end);
  const bool exact = log_.rewrite(range, now);
  if (exact) {
    t.lost_bytes -= std::min(t.lost_bytes, range.length());
  } else {
    count_lost();
  }
  return exact;
}

void LossRecovery::on_taken_back() {
  log_.clear();
  if (trouble_) trouble_->lost_bytes = 0;
}

void LossRecovery::count_lost() {
  Trouble& t = *trouble_;
  t.lost_bytes = 0;
  for (std::uint32_t i = 0; i < log_.size(); ++i) {
    if (log_[i].lost) t.lost_bytes += t.scoreboard.unsacked_between(log_.begin_of(i), log_[i].end);
  }
}

bool LossRecovery::has_copies_out(SeqNum una) const {
  for (std::uint32_t i = log_.find(una); i < log_.size(); ++i) {
    const SeqNum begin = SeqNum::later(log_.begin_of(i), una);
    if (begin.at_or_after(trouble_->copies_end)) return false;
    if (log_[i].retransmitted && trouble_->scoreboard.unsacked_between(begin, log_[i].end) > 0) {
      return true;
    }
  }
  return false;
}

void LossRecovery::start_reduction(std::uint32_t ssthresh, std::uint32_t flight_size) {
  trouble_->prr.start(ssthresh, flight_size);
}

void LossRecovery::reduce(const Verdict& verdict, bool una_advanced, const Flight& flight) {
  if (mode() != Mode::kRecovery) return;
  trouble_->prr.on_ack({.delivered = verdict.delivered_bytes,
                        .una_advanced = una_advanced,
                        .found_loss = verdict.lost_bytes > 0,
                        .pipe = pipe_in_trouble(flight.una, flight.nxt),
                        .mss = flight.mss});
}

std::uint32_t LossRecovery::reduced_window() const { return trouble_->prr.window(); }

void LossRecovery::note_sent_in_trouble(std::uint32_t bytes) {
  Trouble& t = *trouble_;
  if (t.mode == Mode::kRecovery) t.prr.on_sent(bytes);
  if (t.frto.try_new) t.frto.tried = true;
}

bool LossRecovery::tries_new_data() const { return trouble_ && trouble_->frto.try_new; }

void LossRecovery::give_up_new_data() {
  FRto& frto = trouble_->frto;
  if (frto.tried) return;  // what came of it is seen from the next acknowledgement
  frto = {};
}

bool LossRecovery::may_probe_in_trouble() const {
  const Trouble& t = *trouble_;
  return t.mode == Mode::kOpen && t.scoreboard.empty() && !t.probe.end && !t.probe.due &&
         !t.probe.needs_sample;
}

void LossRecovery::on_probe_timeout(const Flight& flight) { open_trouble(flight).probe.due = true; }

bool LossRecovery::is_probe_due_in_trouble() const { return trouble_->probe.due; }

SeqRange LossRecovery::last_segment(const Flight& flight, bool has_fin) {
  cover(flight.una, flight.nxt, flight.last_sent);
  const std::uint32_t last = log_.size() - 1;
  const SeqNum begin = SeqNum::later(log_.begin_of(last), flight.una);
  const std::uint32_t fin = has_fin ? 1 : 0;
  const std::uint32_t bytes = log_[last].end.raw() - begin.raw() - fin;
  const std::uint32_t tail = bytes % flight.mss;
  const std::uint32_t length = std::min(bytes, tail == 0 ? flight.mss : tail) + fin;
  return {log_[last].end - length, log_[last].end};
}

bool LossRecovery::on_probe_sent(const SeqRange& range, bool again, Instant now) {
  Trouble& t = *trouble_;
  t.probe = {};
  t.probe.end = range.end;
  t.probe.again = again;
  t.probe.needs_sample = true;
  if (!again) return true;
  t.probe.copy_bytes = range.length();
  t.copies_end = SeqNum::later(t.copies_end, range.end);
  return log_.rewrite(range, now);
}

void LossRecovery::note_sample_in_trouble() { trouble_->probe.needs_sample = false; }

}  // namespace zs::tcp::recovery
