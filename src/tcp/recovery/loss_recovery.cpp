#include "tcp/recovery/loss_recovery.hpp"

#include <algorithm>

namespace zs::tcp::recovery {

LossRecovery::Verdict LossRecovery::on_ack(const Ack& ack) {
  Verdict verdict;
  sack_ = ack.sack_negotiated;
  mss_ = ack.mss;
  const std::uint32_t newly_acked = ack.ack.raw() - ack.una.raw();
  if (!sack_) {
    count_duplicates(ack, newly_acked);
  } else if (!scoreboard_.is_blank() || !ack.sack_blocks.empty()) {
    scoreboard_.on_cumulative_ack(ack.ack);
    const auto update = scoreboard_.on_sack(ack.sack_blocks, ack.ack, ack.nxt);
    verdict.newly_sacked_bytes = update.newly_sacked_bytes;
    verdict.dsack = update.dsack;
    if (scoreboard_.is_reneged(ack.ack)) {
      enter_loss(ack.ack, ack.nxt);
      return verdict;
    }
  }
  switch (mode_) {
    case Mode::kOpen: {
      const bool lost =
          sack_ ? scoreboard_.is_lost(ack.ack, mss_) : duplicates_ >= Scoreboard::kDupThresh;
      // RFC 6582 §3.2 step 2: duplicates of an episode that is over start no new one.
      const bool repeats = recovery_point_ && ack.ack.before(*recovery_point_);
      if (lost && ack.ack != ack.nxt && !repeats) {
        enter_recovery(ack.ack, ack.nxt);
        verdict.entered_recovery = true;
      }
      break;
    }
    case Mode::kRecovery:
    case Mode::kLoss:
      if (ack.ack.at_or_after(*recovery_point_)) {
        mode_ = Mode::kOpen;
        duplicates_ = 0;
        resend_una_ = false;
        verdict.exited_recovery = true;
      } else if (mode_ == Mode::kRecovery && !sack_ && newly_acked > 0) {
        resend_una_ = true;  // RFC 6582 §3.2 step 3: a partial acknowledgement shows the next hole
      }
      next_resend_ = SeqNum::later(next_resend_, ack.ack);
      break;
  }
  if (mode_ == Mode::kOpen && newly_acked > 0 && recovery_point_ &&
      ack.ack.at_or_after(*recovery_point_)) {
    recovery_point_.reset();  // so that it never is half the sequence space away
  }
  return verdict;
}

void LossRecovery::count_duplicates(const Ack& ack, std::uint32_t newly_acked) {
  if (newly_acked == 0) {
    if (ack.duplicate) ++duplicates_;
    return;
  }
  if (mode_ != Mode::kRecovery) {
    duplicates_ = 0;
    return;
  }
  // RFC 6582 §3.2 step 3: deflate by what was acknowledged, less the segment that goes out now.
  const std::uint32_t segments = newly_acked / mss_;
  duplicates_ -= std::min(duplicates_, segments > 0 ? segments - 1 : 0);
}

void LossRecovery::enter_recovery(SeqNum una, SeqNum nxt) {
  mode_ = Mode::kRecovery;
  recovery_point_ = nxt;
  first_ = true;
  resend_una_ = true;
  scoreboard_.on_recovery_start(una);
}

void LossRecovery::enter_loss(SeqNum una, SeqNum nxt) {
  if (scoreboard_.is_reneged(una)) scoreboard_.clear();
  mode_ = Mode::kLoss;
  recovery_point_ = nxt;
  next_resend_ = una;
  duplicates_ = 0;
  resend_una_ = false;
}

void LossRecovery::on_timeout(SeqNum una, SeqNum nxt) { enter_loss(una, nxt); }

void LossRecovery::on_retransmitted(const Resend& resend) {
  first_ = false;
  resend_una_ = false;
  if (mode_ == Mode::kLoss) next_resend_ = SeqNum::later(next_resend_, resend.range.end);
  if (!sack_ || mode_ != Mode::kRecovery) return;
  // RFC 6675 §4 rule (4): once an episode, and HighRxt stays, for what lies before may be lost too.
  if (resend.rule == HoleRule::kRescue) {
    scoreboard_.on_rescue(*recovery_point_);
  } else {
    scoreboard_.on_retransmit(resend.range);
  }
}

std::uint32_t LossRecovery::pipe_with_losses(SeqNum una, SeqNum nxt) const {
  if (una == nxt) return 0;
  if (mode_ == Mode::kLoss) {
    const SeqNum resent_to = SeqNum::later(next_resend_, una);
    return scoreboard_.unsacked_between(una, resent_to) +
           (nxt.after(*recovery_point_) ? nxt.raw() - recovery_point_->raw() : 0);
  }
  const std::uint32_t outstanding = nxt.raw() - una.raw();
  if (sack_) return scoreboard_.empty() ? outstanding : scoreboard_.pipe(una, nxt, mss_);
  return outstanding - std::min(outstanding, duplicates_ * mss_);
}

std::optional<LossRecovery::Resend> LossRecovery::by_rule(HoleRule rule, SeqNum una,
                                                          std::uint32_t max_bytes) const {
  const auto hole = scoreboard_.next_hole(rule, una, *recovery_point_, mss_, max_bytes);
  if (!hole || hole->empty()) return std::nullopt;
  return Resend{*hole, rule};
}

std::optional<LossRecovery::Resend> LossRecovery::next_retransmission(SeqNum una,
                                                                      std::uint32_t max_bytes,
                                                                      Urgency urgency) const {
  switch (mode_) {
    case Mode::kOpen:
      return std::nullopt;
    case Mode::kLoss: {
      if (urgency != Urgency::kLost) return std::nullopt;
      const SeqNum from = SeqNum::later(next_resend_, una);
      if (!from.before(*recovery_point_)) return std::nullopt;
      const auto hole = scoreboard_.hole_between(from, *recovery_point_, max_bytes);
      return hole ? std::optional{Resend{*hole}} : std::nullopt;
    }
    case Mode::kRecovery:
      break;
  }
  if (!sack_) {
    if (urgency != Urgency::kLost || !resend_una_) return std::nullopt;
    const std::uint32_t left = recovery_point_->raw() - una.raw();
    return Resend{{una, una + std::min({max_bytes, left, mss_})}};
  }
  if (urgency == Urgency::kLost) return by_rule(HoleRule::kLost, una, max_bytes);
  if (auto unsure = by_rule(HoleRule::kUnsure, una, max_bytes)) return unsure;
  return by_rule(HoleRule::kRescue, una, std::min(max_bytes, mss_));
}

std::uint32_t LossRecovery::lost_bytes(SeqNum una) const {
  switch (mode_) {
    case Mode::kOpen:
      return 0;
    case Mode::kLoss: {
      const SeqNum from = SeqNum::later(next_resend_, una);
      return from.before(*recovery_point_) ? scoreboard_.unsacked_between(from, *recovery_point_)
                                           : 0;
    }
    case Mode::kRecovery:
      return sack_ ? scoreboard_.lost_bytes(una, mss_) : (resend_una_ ? mss_ : 0);
  }
  return 0;
}

}  // namespace zs::tcp::recovery
