#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "tcp/recovery/rack.hpp"
#include "tcp/recovery/sent_log.hpp"
#include "tcp/seq.hpp"
#include "wire/tcp.hpp"

namespace zs::tcp::recovery {

struct Trouble;

/// Finds out what was lost and says what to send again: RACK-TLP (RFC 8985) with SACK, NewReno
/// (RFC 6582) without, and after a timeout F-RTO (RFC 5682) and RFC 6298. It also tells which
/// recovery was no need (RFC 3522, RFC 3708). It decides nothing about the congestion window but
/// how it is spent during fast recovery (RFC 9937): it reports episodes, and the connection tells
/// the controller.
///
/// A connection without trouble has no more of this than the times at which it sent.
class LossRecovery {
 public:
  enum class Mode : std::uint8_t {
    kOpen,      ///< nothing known to be lost
    kRecovery,  ///< fast recovery
    kLoss,      ///< after a timeout
  };

  /// What is outstanding, and how long the path takes.
  struct Flight {
    SeqNum una;
    SeqNum nxt;         ///< highest SND.NXT
    Instant last_sent;  ///< when the newest data was sent
    Instant now;
    PathTimes path;
    std::uint32_t mss = 0;
    bool sack = false;  ///< negotiated
  };
  /// One acknowledgement of what `flight` (before it) has in [una, nxt].
  struct Ack {
    Flight flight;
    SeqNum ack;              ///< SEG.ACK, or SND.UNA where that is older
    SeqNum segment_ack;      ///< SEG.ACK
    bool duplicate = false;  ///< by RFC 5681 §2
    std::span<const wire::TcpSackBlock> sack_blocks;
    /// It answers a segment that was sent before this (RFC 7323's echo).
    std::optional<Instant> echoed_before;
    bool wants_newest = false;  ///< Verdict::newest also where all is well
  };
  /// A transmission, by its time.
  struct Transmission {
    Instant at;
    bool again = false;  ///< not the first of these bytes
  };
  struct Verdict {
    std::uint32_t delivered_bytes = 0;  ///< acknowledged or SACKed for the first time
    std::uint32_t lost_bytes = 0;       ///< found to be lost just now
    bool entered_recovery = false;
    bool exited_recovery = false;   ///< from kRecovery or kLoss, for better or worse
    bool spurious = false;          ///< the last episode was a mistake
    bool probe_repaired = false;    ///< a loss probe was the repair: RFC 8985 §7.4.2
    bool reneged = false;           ///< RFC 2018 §8: what was SACKed is not there
    bool duplicate_report = false;  ///< D-SACK
    /// Round trip of what was sent only once, if any such was delivered.
    std::optional<Duration> rtt;
    std::optional<Transmission> newest;     ///< of what it delivered
    std::optional<Instant> newest_lost_at;  ///< when the newest of lost_bytes was sent
    /// When to look again: RFC 8985 §6.2 step 5.
    std::optional<Instant> reordering_deadline;
  };

  LossRecovery();
  ~LossRecovery();

  Verdict on_ack(const Ack& ack);
  /// Something may be late no longer, but lost.
  Verdict on_reordering_timeout(const Flight& flight);
  /// The retransmission timer expired; `repeated`: nothing was acknowledged since it last did.
  void on_timeout(const Flight& flight, bool repeated);
  /// All that is outstanding was too big for the path.
  void on_packet_too_big(const Flight& flight);

  /// New data is about to follow what is outstanding. False: a bound was met (SentLog).
  bool before_send(SeqNum una, SeqNum nxt, Instant last_sent) { return cover(una, nxt, last_sent); }
  /// New data was sent.
  void on_sent(std::uint32_t bytes) {
    if (trouble_) [[unlikely]] {
      note_sent_in_trouble(bytes);
    }
  }
  /// False: a bound was met (SentLog).
  bool on_retransmitted(const SeqRange& range, Instant now);
  /// All that was sent is taken back (a probe that a closed window refused).
  void on_taken_back();
  /// In order, and nothing is amiss.
  void on_predicted_ack(SeqNum ack) { log_.forget(ack); }

  /// Right after the acknowledgement of all below `una`, of a flight with SACK that nothing is
  /// amiss with: when the last byte of that was sent. `last_sent`: when the newest data was.
  std::optional<Instant> sent_at(SeqNum una, Instant last_sent) const {
    if (!is_quiet()) return std::nullopt;
    const Instant at = log_.forgotten_at(una).value_or(last_sent);
    return at.is_never() ? std::nullopt : std::optional{at};
  }

  Mode mode() const { return trouble_ ? mode_in_trouble() : Mode::kOpen; }
  /// Nothing is known to be lost or out of order, and nothing remembered: an acknowledgement
  /// without SACK blocks that is not a duplicate leaves all as it is.
  bool is_quiet() const { return !trouble_; }
  /// Out of order at the peer, as it says.
  std::uint32_t sacked_bytes() const;
  /// Outstanding bytes that are deemed lost, and those of which a copy is on the way (TCP_INFO).
  struct Losses {
    std::uint32_t lost = 0;  ///< with those of `copies` that are no probe
    std::uint32_t copies = 0;
  };
  Losses losses() const;
  /// Bytes estimated to be in the network.
  std::uint32_t pipe(SeqNum una, SeqNum nxt) const {
    if (!trouble_) [[likely]] {
      return nxt.raw() - una.raw();
    }
    return pipe_in_trouble(una, nxt);
  }
  /// The first retransmission of an episode does not wait for the window (RFC 6675 §5 step 4.3),
  /// nor does, without SACK, the one that a partial acknowledgement asks for (RFC 6582 §3.2 step
  /// 3).
  bool is_retransmission_urgent() const;
  /// The next bytes to send again, at most `max_bytes`, or nullopt.
  std::optional<SeqRange> next_retransmission(SeqNum una, std::uint32_t max_bytes) const;

  /// Gives back what was kept for the next flight. Precondition: is_quiet(), nothing in flight.
  void release_memory() { log_.release_memory(); }

  // Fast recovery's window (RFC 9937).
  void start_reduction(std::uint32_t ssthresh, std::uint32_t flight_size);
  void reduce(const Verdict& verdict, bool una_advanced, const Flight& flight);
  /// Precondition: mode() == kRecovery.
  std::uint32_t reduced_window() const;

  // F-RTO (RFC 5682 §2.1 step 2b): new data goes first, and without any the question stays open.
  bool tries_new_data() const;
  void give_up_new_data();

  // The tail loss probe (RFC 8985 §7).
  /// Nothing speaks against arming its timer: §7.2.
  bool may_probe() const { return !trouble_ || may_probe_in_trouble(); }
  /// What is outstanding, up to `nxt`, was sent at once (with SACK).
  bool is_single(SeqNum nxt) const {
    return log_.empty() || (log_.size() == 1 && log_.end() == nxt);
  }
  void on_probe_timeout(const Flight& flight);
  bool is_probe_due() const { return trouble_ && is_probe_due_in_trouble(); }
  /// The last segment of what is outstanding: what a probe repeats without new data. A FIN takes no
  /// room in it.
  SeqRange last_segment(const Flight& flight, bool has_fin);
  /// `range` was sent as the probe, again or for the first time.
  bool on_probe_sent(const SeqRange& range, bool again, Instant now);
  void on_rtt_sample() {
    if (trouble_) [[unlikely]] {
      note_sample_in_trouble();
    }
  }

 private:
  bool cover(SeqNum una, SeqNum nxt, Instant at) {
    if (una == nxt || (!log_.empty() && log_.end() == nxt)) return true;
    return log_.append(una, nxt, at);
  }
  Trouble& open_trouble(const Flight& flight);
  void close_trouble_after(const Ack& ack);
  void on_sack_ack(const Ack& ack, Verdict& verdict);
  void on_plain_ack(const Ack& ack, Verdict& verdict);
  void deliver(const SeqRange& range, const Ack& ack, Verdict& verdict, bool& original);
  void judge_probe(const Ack& ack, Verdict& verdict, const std::optional<SeqRange>& dsack,
                   bool sacked);
  void leave(Verdict& verdict);
  void take_back(Verdict& verdict);
  void on_ack_in_recovery(const Ack& ack, Verdict& verdict);
  void on_ack_in_loss(const Ack& ack, Verdict& verdict, bool original);
  void count_duplicates(const Ack& ack, std::uint32_t newly_acked);
  void detect(const Flight& flight, Verdict& verdict);
  void mark_lost(std::uint32_t record, SeqNum una);
  bool has_copies_out(SeqNum una) const;
  std::optional<SeqRange> next_lost(SeqNum una, std::uint32_t max_bytes) const;
  void count_lost();
  bool is_dup_threshold_met(std::uint32_t mss) const;
  void enter_recovery(const Flight& flight, Verdict& verdict);
  void enter_loss(const Flight& flight);

  Mode mode_in_trouble() const;
  std::uint32_t pipe_in_trouble(SeqNum una, SeqNum nxt) const;
  void note_sent_in_trouble(std::uint32_t bytes);
  bool may_probe_in_trouble() const;
  bool is_probe_due_in_trouble() const;
  void note_sample_in_trouble();

  SentLog log_;
  std::unique_ptr<Trouble> trouble_;
  Reordering reordering_;
};

}  // namespace zs::tcp::recovery
