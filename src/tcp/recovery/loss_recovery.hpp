#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tcp/recovery/scoreboard.hpp"
#include "tcp/seq.hpp"
#include "wire/tcp.hpp"

namespace zs::tcp::recovery {

/// Finds out what was lost and says what to send again: RFC 6675 with SACK, RFC 6582 without, and
/// the go-back of RFC 6298 after a timeout. It decides nothing about the congestion window: it
/// reports episodes, and the connection tells the controller.
class LossRecovery {
 public:
  enum class Mode : std::uint8_t {
    kOpen,      ///< nothing known to be lost
    kRecovery,  ///< fast recovery
    kLoss,      ///< after a timeout: everything unSACKed below the recovery point is sent again
  };
  /// Which bytes a pull may ask for; see next_retransmission().
  enum class Urgency : std::uint8_t {
    kLost,    ///< deemed lost: goes before new data
    kRescue,  ///< RFC 6675 §4 rules (3) and (4): only if there is no new data to send
  };

  /// Bytes to send again, and why.
  struct Resend {
    SeqRange range;
    HoleRule rule = HoleRule::kLost;
  };

  /// One acknowledgement in [una, nxt].
  struct Ack {
    SeqNum una;              ///< SND.UNA before it
    SeqNum ack;              ///< SEG.ACK
    SeqNum nxt;              ///< highest SND.NXT
    bool duplicate = false;  ///< by RFC 5681 §2
    std::span<const wire::TcpSackBlock> sack_blocks;
    bool sack_negotiated = false;
    std::uint32_t mss = 0;
  };
  struct Verdict {
    std::uint32_t newly_sacked_bytes = 0;
    bool entered_recovery = false;
    bool exited_recovery = false;  ///< from kRecovery or kLoss
    std::optional<SeqRange> dsack;
  };

  Verdict on_ack(const Ack& ack);
  /// The retransmission timer expired with [una, nxt) outstanding.
  void on_timeout(SeqNum una, SeqNum nxt);
  void on_retransmitted(const Resend& resend);

  Mode mode() const { return mode_; }
  /// Nothing is known to be lost or out of order, and nothing remembered: an acknowledgement
  /// without SACK blocks that is not a duplicate leaves all as it is.
  bool is_quiet() const {
    return mode_ == Mode::kOpen && !recovery_point_ && duplicates_ == 0 && scoreboard_.is_blank();
  }
  /// Bytes estimated to be in the network.
  std::uint32_t pipe(SeqNum una, SeqNum nxt) const {
    if (mode_ == Mode::kOpen && duplicates_ == 0 && scoreboard_.empty()) [[likely]] {
      return nxt.raw() - una.raw();
    }
    return pipe_with_losses(una, nxt);
  }
  /// The first retransmission of an episode does not wait for the window (RFC 6675 §5 step 4.3),
  /// nor does, without SACK, the one that a partial acknowledgement asks for (RFC 6582 §3.2 step
  /// 3).
  bool is_retransmission_urgent() const {
    return mode_ == Mode::kRecovery && (first_ || (!sack_ && resend_una_));
  }
  /// The next bytes to send again, at most `max_bytes`, or nullopt.
  std::optional<Resend> next_retransmission(SeqNum una, std::uint32_t max_bytes,
                                            Urgency urgency) const;
  std::uint32_t sacked_bytes() const { return scoreboard_.sacked_bytes(); }
  std::uint32_t lost_bytes(SeqNum una) const;

 private:
  std::uint32_t pipe_with_losses(SeqNum una, SeqNum nxt) const;
  std::optional<Resend> by_rule(HoleRule rule, SeqNum una, std::uint32_t max_bytes) const;
  void enter_recovery(SeqNum una, SeqNum nxt);
  void enter_loss(SeqNum una, SeqNum nxt);
  void count_duplicates(const Ack& ack, std::uint32_t newly_acked);

  Scoreboard scoreboard_;
  Mode mode_ = Mode::kOpen;
  bool sack_ = false;
  bool first_ = false;
  bool resend_una_ = false;       ///< NewReno: the segment at SND.UNA is to go again
  std::uint32_t duplicates_ = 0;  ///< NewReno: segments known to have left the network
  std::uint32_t mss_ = 536;
  std::optional<SeqNum> recovery_point_;  ///< SND.NXT when the latest episode began
  SeqNum next_resend_;                    ///< kLoss: how far the going back has come
};

}  // namespace zs::tcp::recovery
