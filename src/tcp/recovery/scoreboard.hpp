#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tcp/seq.hpp"
#include "wire/tcp.hpp"

namespace zs::tcp::recovery {

/// Which of RFC 6675 §4 NextSeg()'s rules to ask for. Rule (2), new data, is the caller's.
enum class HoleRule : std::uint8_t {
  kLost,    ///< rule (1): a hole deemed lost and not yet retransmitted
  kUnsure,  ///< rule (3): a hole below SACKed data that is not deemed lost yet
  kRescue,  ///< rule (4): the last unSACKed bytes below the recovery point, once
};

/// What the peer holds of [SND.UNA, SND.NXT), by its SACK options (RFC 6675 §3-§4).
///
/// SACKed ranges are kept disjoint and sorted, at most kMaxRanges of them; every call costs at most
/// that many steps, whatever the peer sends. Reports that do not fit are ignored, which costs a
/// needless retransmission at worst.
class Scoreboard {
 public:
  static constexpr std::uint32_t kMaxRanges = 512;
  static constexpr std::uint32_t kDupThresh = 3;  ///< RFC 5681 §3.2

  struct Update {
    std::uint32_t newly_sacked_bytes = 0;
    std::optional<SeqRange> dsack;  ///< first block, by RFC 2883 §4's two rules
  };

  /// `una` is the acknowledgement number of the segment that brought the blocks, `nxt` is SND.NXT
  /// (its largest value so far). Blocks that are empty, begin at or before `una` or end behind
  /// `nxt` are ignored. Call on_cumulative_ack(una) first.
  Update on_sack(std::span<const wire::TcpSackBlock> blocks, SeqNum una, SeqNum nxt);
  /// Forgets what lies below `una`; returns how many of these bytes had been SACKed before.
  std::uint32_t on_cumulative_ack(SeqNum una) noexcept;
  /// True when the peer has SACKed the byte at `una` itself, and so must have dropped what it
  /// reported (RFC 2018 §8). Answer it like a timeout: clear() and send from `una`.
  bool is_reneged(SeqNum una) const noexcept {
    return !sacked_.empty() && sacked_.front().begin.at_or_before(una);
  }

  /// Begins a recovery episode: nothing counts as retransmitted.
  void on_recovery_start(SeqNum una) noexcept;
  /// [begin, end) was sent again (HighRxt).
  void on_retransmit(const SeqRange& range) noexcept;
  /// The rescue retransmission was sent; there will be no second one before `recovery_point` is
  /// acknowledged.
  void on_rescue(SeqNum recovery_point) noexcept { rescue_rxt_ = recovery_point; }

  bool empty() const noexcept { return sacked_.empty(); }
  /// Nothing is SACKed, and no mark has to follow SND.UNA: a cumulative ACK changes nothing.
  bool is_blank() const noexcept { return sacked_.empty() && !high_rxt_ && !rescue_rxt_; }
  std::uint32_t sacked_bytes() const noexcept { return sacked_bytes_; }
  std::uint32_t ranges() const noexcept { return static_cast<std::uint32_t>(sacked_.size()); }
  /// One past the highest SACKed byte (HighSACK). Precondition: !empty().
  SeqNum high_sack() const noexcept { return sacked_.back().end; }
  /// One past the highest byte retransmitted in this episode; `una` where nothing was. (Before the
  /// first recovery there is no mark: a sequence number picked at random may lie ahead of any.)
  SeqNum high_rxt(SeqNum una) const noexcept {
    return high_rxt_ ? SeqNum::later(*high_rxt_, una) : una;
  }
  bool is_sacked(SeqNum seq) const noexcept;
  /// RFC 6675 §4 IsLost() for an unSACKed byte.
  bool is_lost(SeqNum seq, std::uint32_t mss) const noexcept;
  /// RFC 6675 §4 SetPipe(): the bytes of [una, nxt) that are estimated to be in the network.
  std::uint32_t pipe(SeqNum una, SeqNum nxt, std::uint32_t mss) const noexcept;
  /// Bytes of [una, nxt) that are deemed lost (whether or not sent again).
  std::uint32_t lost_bytes(SeqNum una, std::uint32_t mss) const noexcept;
  /// The next bytes to retransmit, contiguous, at most `max_bytes`. `recovery_point` matters to
  /// kRescue only.
  std::optional<SeqRange> next_hole(HoleRule rule, SeqNum una, SeqNum recovery_point,
                                    std::uint32_t mss, std::uint32_t max_bytes) const noexcept;

  /// Bytes of [from, to) that are not SACKed.
  std::uint32_t unsacked_between(SeqNum from, SeqNum to) const noexcept;
  /// The first contiguous unSACKed bytes of [from, to), at most `max_bytes`.
  std::optional<SeqRange> hole_between(SeqNum from, SeqNum to,
                                       std::uint32_t max_bytes) const noexcept;

  /// Forgets everything (reneging, or a timeout where the caller trusts nothing).
  void clear() noexcept;

 private:
  /// All unSACKed bytes before this edge are lost; nullopt: none is.
  std::optional<SeqNum> lost_edge(std::uint32_t mss) const noexcept;
  std::optional<SeqRange> rescue(SeqNum una, SeqNum recovery_point,
                                 std::uint32_t max_bytes) const noexcept;
  std::uint32_t add(const SeqRange& range);

  std::vector<SeqRange> sacked_;
  std::uint32_t sacked_bytes_ = 0;
  std::optional<SeqNum> high_rxt_;  ///< none before the first recovery
  std::optional<SeqNum> rescue_rxt_;
};

}  // namespace zs::tcp::recovery
