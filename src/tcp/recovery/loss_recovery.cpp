// What acknowledgements and timers say about losses. What to send, when and how much of it:
// retransmission.cpp.

#include "tcp/recovery/loss_recovery.hpp"

#include <algorithm>

#include "tcp/recovery/trouble.hpp"

namespace zs::tcp::recovery {

LossRecovery::LossRecovery() = default;
LossRecovery::~LossRecovery() = default;

Trouble& LossRecovery::open_trouble(const Flight& flight) {
  if (!trouble_) trouble_ = std::make_unique<Trouble>(flight.una, flight.path.latest, flight.sack);
  trouble_->over_after = flight.nxt;
  trouble_->mss = flight.mss;
  if (flight.sack) cover(flight.una, flight.nxt, flight.last_sent);
  return *trouble_;
}

/// Late reports (D-SACK) come within one flight. A sequence number that nobody compares with stays
/// behind by half the sequence space else.
void LossRecovery::close_trouble_after(const Ack& ack) {
  const Trouble& t = *trouble_;
  const bool troubled = t.mode != Mode::kOpen || !ack.sack_blocks.empty() ||
                        !t.scoreboard.empty() || t.probe.end || t.probe.due ||
                        t.duplicates.count > 0;
  if (troubled) {
    trouble_->over_after = ack.flight.nxt;
  } else if (ack.ack.after(t.over_after)) {
    trouble_.reset();
  }
}

LossRecovery::Verdict LossRecovery::on_ack(const Ack& ack) {
  Verdict verdict;
  const bool amiss = ack.flight.sack ? !ack.sack_blocks.empty() : ack.duplicate;
  if (!trouble_ && !amiss) {
    verdict.delivered_bytes = ack.ack.raw() - ack.flight.una.raw();
    if (ack.wants_newest && verdict.delivered_bytes > 0) {
      const std::uint32_t i = log_.find(ack.ack - 1);
      verdict.newest = {i < log_.size() ? log_[i].at : ack.flight.last_sent, false};
    }
    log_.forget(ack.ack);
    return verdict;
  }
  const SeqNum over_after = trouble_ ? trouble_->over_after : ack.flight.nxt;
  open_trouble(ack.flight).over_after = over_after;
  trouble_->frto.try_new = false;
  if (trouble_->sack) {
    on_sack_ack(ack, verdict);
  } else {
    on_plain_ack(ack, verdict);
  }
  close_trouble_after(ack);
  return verdict;
}

void LossRecovery::on_sack_ack(const Ack& ack, Verdict& verdict) {
  Trouble& t = *trouble_;
  const SeqNum una = ack.flight.una;
  bool original = false;
  const auto deliver_each = [&](const SeqRange& range) { deliver(range, ack, verdict, original); };
  if (ack.ack.after(una)) {
    t.scoreboard.for_each_hole({una, ack.ack}, deliver_each);
    t.scoreboard.on_cumulative_ack(ack.ack);
    log_.forget(ack.ack);
    t.search_from = SeqNum::later(t.search_from, ack.ack);
    t.probe.due = false;
  }
  const auto update = t.scoreboard.on_sack(ack.sack_blocks, ack.segment_ack,
                                           {ack.ack, ack.flight.nxt}, deliver_each);
  if (update.dsack) {
    verdict.duplicate_report = true;
    t.undo.on_dsack(*update.dsack, ack.flight.mss);
    // A probe that arrived twice speaks of a short timer, not of reordering.
    if (update.dsack->end != t.probe.end) {
      t.rack.on_dsack(ack.ack, ack.flight.nxt, reordering_);
    }
  }
  judge_probe(ack, verdict, update.dsack, update.newly_sacked_bytes > 0);
  if (t.scoreboard.is_reneged(ack.ack)) {
    verdict.reneged = ack.ack.after(una);
    return;
  }
  switch (t.mode) {
    case Mode::kOpen:
      if (t.undo.has_every_copy_arrived_twice()) take_back(verdict);
      break;
    case Mode::kRecovery:
      on_ack_in_recovery(ack, verdict);
      break;
    case Mode::kLoss:
      if (t.frto.on && t.frto.tried && (update.newly_sacked_bytes > 0 || ack.duplicate)) {
        t.frto.on = false;  // RFC 5682 §3.1 step 3a: the loss was real
      }
      on_ack_in_loss(ack, verdict, original);
      break;
  }
  Flight after = ack.flight;
  after.una = ack.ack;
  detect(after, verdict);
}

/// `range`, all of it news, has arrived.
void LossRecovery::deliver(const SeqRange& range, const Ack& ack, Verdict& verdict,
                           bool& original) {
  Trouble& t = *trouble_;
  const Rack::Arrival arrival{ack.flight.now, ack.flight.path.min_rtt, ack.echoed_before};
  verdict.delivered_bytes += range.length();
  for (std::uint32_t i = log_.find(range.begin); i < log_.size(); ++i) {
    const SentLog::Record& record = log_[i];
    const SeqRange part{SeqNum::later(log_.begin_of(i), range.begin),
                        SeqNum::earlier(record.end, range.end)};
    if (!part.end.after(part.begin)) break;
    t.rack.on_delivered({part, record.at, record.retransmitted}, arrival, reordering_);
    if (!verdict.newest || record.at >= verdict.newest->at) {
      verdict.newest = {record.at, record.retransmitted};
    }
    if (record.lost) t.lost_bytes -= std::min(t.lost_bytes, part.length());
    if (record.retransmitted) continue;
    verdict.rtt = ack.flight.now - record.at;
    if (t.recovery_point && part.end.at_or_before(*t.recovery_point)) original = true;
  }
}

//= https://www.rfc-editor.org/rfc/rfc8985#section-7.4.2
//# *  SEG.ACK >= TLP.end_seq
void LossRecovery::judge_probe(const Ack& ack, Verdict& verdict,
                               const std::optional<SeqRange>& dsack, bool sacked) {
  TailProbe& probe = trouble_->probe;
  if (!probe.end || ack.ack.before(*probe.end)) return;
  probe.copy_bytes = 0;
  if (probe.again) {
    const bool arrived_twice = dsack && dsack->end == *probe.end;
    const bool repeated = ack.ack == ack.flight.una && ack.duplicate && !sacked;
    if (!arrived_twice && ack.ack.after(*probe.end)) {
      verdict.probe_repaired = true;
    } else if (!arrived_twice && !repeated) {
      return;  // the other copy may still be acknowledged
    }
  }
  probe.end.reset();
}

void LossRecovery::leave(Verdict& verdict) {
  Trouble& t = *trouble_;
  t.mode = Mode::kOpen;
  t.duplicates.count = 0;
  t.duplicates.resend_una = false;
  t.frto = {};
  verdict.exited_recovery = true;
  Rack::on_recovery_exit(reordering_);
}

/// Nothing was lost: what was to be sent again is on its way after all.
void LossRecovery::take_back(Verdict& verdict) {
  Trouble& t = *trouble_;
  for (std::uint32_t i = 0; t.lost_bytes > 0 && i < log_.size(); ++i) log_[i].lost = false;
  t.lost_bytes = 0;
  t.undo.end();
  verdict.spurious = true;
  if (t.mode != Mode::kOpen) leave(verdict);
}

void LossRecovery::on_ack_in_recovery(const Ack& ack, Verdict& verdict) {
  Trouble& t = *trouble_;
  const bool advanced = ack.ack.after(ack.flight.una);
  const bool delayed = advanced && t.undo.is_answer_to_original(ack.echoed_before);
  if (ack.ack.at_or_after(*t.recovery_point)) {
    if (delayed || t.undo.has_every_copy_arrived_twice()) return take_back(verdict);
    return leave(verdict);
  }
  if (t.undo.has_every_copy_arrived_twice()) return take_back(verdict);
  if (!delayed) return;
  // The hole was filled by what was late, not by its copy. As Linux does, wait for copies that are
  // still out.
  reordering_.seen = true;
  if (!has_copies_out(ack.ack)) take_back(verdict);
}

void LossRecovery::on_ack_in_loss(const Ack& ack, Verdict& verdict, bool original) {
  Trouble& t = *trouble_;
  const bool advanced = ack.ack.after(ack.flight.una);
  const bool over = ack.ack.at_or_after(*t.recovery_point);
  // RFC 5682 §3.1 step 3b. As in Linux, with SACK the first such acknowledgement will do.
  if (t.frto.on && original) return take_back(verdict);
  if (t.frto.on && advanced && !over) {
    if (t.frto.tried) {
      t.frto.on = false;
    } else {
      t.frto.try_new = true;
    }
  }
  if ((advanced && t.undo.is_answer_to_original(ack.echoed_before)) ||
      t.undo.has_every_copy_arrived_twice()) {
    return take_back(verdict);
  }
  if (over) leave(verdict);
}

/// RFC 6582, and RFC 5682 §2.1: all that there is without SACK.
void LossRecovery::on_plain_ack(const Ack& ack, Verdict& verdict) {
  Trouble& t = *trouble_;
  DuplicateAcks& d = t.duplicates;
  const std::uint32_t newly_acked = ack.ack.raw() - ack.flight.una.raw();
  const std::uint32_t counted = d.count * ack.flight.mss;
  // RFC 9937 §6.2: a duplicate stands for one segment, which the acknowledgement then includes.
  verdict.delivered_bytes = newly_acked > 0 ? newly_acked - std::min(newly_acked, counted)
                                            : (ack.duplicate ? ack.flight.mss : 0);
  log_.forget(ack.ack);
  const bool beyond_copies = ack.ack.after(d.next_resend);
  count_duplicates(ack, newly_acked);
  switch (t.mode) {
    case Mode::kOpen: {
      // RFC 6582 §3.2 step 2: duplicates of an episode that is over start no new one, not even at
      // its very end.
      const bool repeats = t.recovery_point && ack.ack.at_or_before(*t.recovery_point);
      if (d.count >= Scoreboard::kDupThresh && ack.ack != ack.flight.nxt && !repeats) {
        Flight after = ack.flight;
        after.una = ack.ack;
        enter_recovery(after, verdict);
        d.resend_una = true;
      }
      break;
    }
    case Mode::kRecovery:
      // RFC 6582 §3.2 step 3: a partial acknowledgement shows the next hole.
      d.resend_una = d.resend_una || newly_acked > 0;
      on_ack_in_recovery(ack, verdict);
      break;
    case Mode::kLoss: {
      if (t.frto.on && ack.duplicate) t.frto.on = false;  // RFC 5682 §2.1 steps 2a and 3a
      const bool original = t.frto.tried && beyond_copies && newly_acked > 0;
      on_ack_in_loss(ack, verdict, original);
      break;
    }
  }
  d.next_resend = SeqNum::later(d.next_resend, ack.ack);
}

void LossRecovery::count_duplicates(const Ack& ack, std::uint32_t newly_acked) {
  DuplicateAcks& d = trouble_->duplicates;
  if (newly_acked == 0) {
    if (ack.duplicate) ++d.count;
    return;
  }
  if (trouble_->mode != Mode::kRecovery) {
    d.count = 0;
    return;
  }
  // RFC 6582 §3.2 step 3: deflate by what was acknowledged, less the segment that goes out now.
  const std::uint32_t segments = newly_acked / ack.flight.mss;
  d.count -= std::min(d.count, segments > 0 ? segments - 1 : 0);
}

/// RFC 8985 §6.2 step 4 counts segments, whatever their size.
bool LossRecovery::is_dup_threshold_met(std::uint32_t mss) const {
  std::uint32_t segments = 0;
  for (const SeqRange& range : trouble_->scoreboard.sacked()) {
    for (std::uint32_t i = log_.find(range.begin); i < log_.size(); ++i) {
      const SeqNum begin = SeqNum::later(log_.begin_of(i), range.begin);
      const SeqNum end = SeqNum::earlier(log_[i].end, range.end);
      if (!end.after(begin)) break;
      segments += (end.raw() - begin.raw() + mss - 1) / mss;
      if (segments >= Scoreboard::kDupThresh) return true;
    }
  }
  return false;
}

void LossRecovery::mark_lost(std::uint32_t record, SeqNum una) {
  SentLog::Record& r = log_[record];
  if (r.lost) return;
  r.lost = true;
  const SeqNum begin = SeqNum::later(log_.begin_of(record), una);
  trouble_->lost_bytes += trouble_->scoreboard.unsacked_between(begin, r.end);
  trouble_->search_from = SeqNum::earlier(trouble_->search_from, begin);
}

/// RFC 8985 §6.2 step 5: RACK_detect_loss().
void LossRecovery::detect(const Flight& flight, Verdict& verdict) {
  Trouble& t = *trouble_;
  const bool recovers = t.mode != Mode::kOpen;
  const std::uint32_t lost_before = t.lost_bytes;
  const bool many = !reordering_.seen && !recovers && is_dup_threshold_met(flight.mss);
  const Duration patience = t.rack.rtt() + Rack::window({recovers, many, flight.path}, reordering_);
  for (std::uint32_t i = 0; i < log_.size(); ++i) {
    const SeqNum begin = log_.begin_of(i);
    if (!t.rack.is_sent_before(log_[i].at, begin)) {
      if (begin.at_or_after(t.copies_end)) break;  // and what follows was sent later still
      continue;
    }
    if (log_[i].lost || log_[i].sacked) continue;
    // Of the transmission that the latest arrival belongs to, only what lies before that.
    if (log_[i].at == t.rack.latest_at() && log_[i].end.after(t.rack.latest_end()) &&
        !log_.split(t.rack.latest_end())) {
      continue;
    }
    if (t.scoreboard.unsacked_between(begin, log_[i].end) == 0) {
      log_[i].sacked = true;  // so that the next walk, and a peer may ask for many, is cheap
      continue;
    }
    const Instant due = log_[i].at + patience;
    if (due <= flight.now) {
      mark_lost(i, flight.una);
      verdict.newest_lost_at = std::max(verdict.newest_lost_at.value_or(log_[i].at), log_[i].at);
    } else {
      verdict.reordering_deadline = std::max(verdict.reordering_deadline.value_or(due), due);
    }
  }
  verdict.lost_bytes += t.lost_bytes - lost_before;
  if (t.lost_bytes > 0 && t.mode == Mode::kOpen) enter_recovery(flight, verdict);
}

LossRecovery::Verdict LossRecovery::on_reordering_timeout(const Flight& flight) {
  Verdict verdict;
  if (!trouble_ || !trouble_->sack || flight.una == flight.nxt) return verdict;
  cover(flight.una, flight.nxt, flight.last_sent);
  detect(flight, verdict);
  return verdict;
}

void LossRecovery::enter_recovery(const Flight& flight, Verdict& verdict) {
  Trouble& t = *trouble_;
  t.undo.begin(flight.una, t.probe.end && t.probe.again ? 1 : 0);
  t.probe = {};
  t.mode = Mode::kRecovery;
  t.recovery_point = flight.nxt;
  t.first = true;
  verdict.entered_recovery = true;
}

void LossRecovery::enter_loss(const Flight& flight) {
  Trouble& t = *trouble_;
  t.mode = Mode::kLoss;
  t.recovery_point = flight.nxt;
  t.first = true;
  const bool needs_sample = t.probe.needs_sample;
  t.probe = {};
  t.probe.needs_sample = needs_sample;
  t.duplicates = {};
  t.duplicates.next_resend = flight.una;
  t.search_from = flight.una;
}

void LossRecovery::on_timeout(const Flight& flight, bool repeated) {
  Trouble& t = open_trouble(flight);
  const bool reneged = t.scoreboard.is_reneged(flight.una);
  // RFC 5682 §1: a timeout that ends a fast recovery is none to doubt.
  t.frto = {};
  t.frto.on = t.mode != Mode::kRecovery && !reneged;
  if (!repeated && t.mode != Mode::kRecovery) t.undo.begin(flight.una, 0);
  if (reneged) {
    t.scoreboard.clear();
    t.lost_bytes = 0;
    for (std::uint32_t i = 0; i < log_.size(); ++i) log_[i].lost = log_[i].sacked = false;
  }
  enter_loss(flight);
  // RFC 8985 §6.3: the first one, and all that had the time to be acknowledged.
  const Duration patience = t.rack.rtt() + Rack::window({true, true, flight.path}, reordering_);
  for (std::uint32_t i = 0; i < log_.size(); ++i) {
    if (reneged || i == 0 || log_[i].at + patience <= flight.now) mark_lost(i, flight.una);
  }
}

void LossRecovery::on_packet_too_big(const Flight& flight) {
  Trouble& t = open_trouble(flight);
  t.frto = {};
  t.undo.end();
  enter_loss(flight);
  for (std::uint32_t i = 0; i < log_.size(); ++i) mark_lost(i, flight.una);
}

std::uint32_t LossRecovery::sacked_bytes() const {
  return trouble_ ? trouble_->scoreboard.sacked_bytes() : 0;
}

LossRecovery::Losses LossRecovery::losses() const {
  if (!trouble_) return {};
  const Trouble& t = *trouble_;
  Losses all{.lost = t.lost_bytes};
  for (std::uint32_t i = 0; i < log_.size(); ++i) {
    const SentLog::Record& r = log_[i];
    if (!r.retransmitted || r.lost || r.sacked) continue;
    all.copies += t.scoreboard.unsacked_between(log_.begin_of(i), r.end);
  }
  all.lost += all.copies - std::min(all.copies, t.probe.copy_bytes);
  return all;
}

}  // namespace zs::tcp::recovery
