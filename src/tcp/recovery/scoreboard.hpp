#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tcp/seq.hpp"
#include "wire/tcp.hpp"

namespace zs::tcp::recovery {

/// What the peer holds of [SND.UNA, SND.NXT), by its SACK options (RFC 2018, RFC 6675 §3).
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

  /// `segment_ack` is the acknowledgement number of the segment that brought the blocks, [una, nxt)
  /// what is outstanding. Blocks that are empty, begin at or before `una` or end behind `nxt` are
  /// ignored. Calls `newly(SeqRange)` for each part that is news, in the order of sequence numbers.
  /// Call on_cumulative_ack(una) first.
  template <typename F>
  Update on_sack(std::span<const wire::TcpSackBlock> blocks, SeqNum segment_ack,
                 SeqRange outstanding, F&& newly) {
    Update update;
    update.dsack = duplicate_report(blocks, segment_ack);
    Ranges ranges{};
    const std::size_t count = select(blocks, outstanding, ranges);
    for (const SeqRange& range : std::span{ranges}.first(count)) {
      if (!has_room_for(range)) continue;
      for_each_hole(range, newly);
      update.newly_sacked_bytes += add(range);
    }
    return update;
  }
  /// Forgets what lies below `una`; returns how many of these bytes had been SACKed before.
  std::uint32_t on_cumulative_ack(SeqNum una) noexcept;
  /// True when the peer has SACKed the byte at `una` itself, and so must have dropped what it
  /// reported (RFC 2018 §8). Answer it like a timeout: clear() and send from `una`.
  bool is_reneged(SeqNum una) const noexcept {
    return !sacked_.empty() && sacked_.front().begin.at_or_before(una);
  }

  bool empty() const noexcept { return sacked_.empty(); }
  std::uint32_t sacked_bytes() const noexcept { return sacked_bytes_; }
  std::uint32_t ranges() const noexcept { return static_cast<std::uint32_t>(sacked_.size()); }
  /// One past the highest SACKed byte (HighSACK). Precondition: !empty().
  SeqNum high_sack() const noexcept { return sacked_.back().end; }
  bool is_sacked(SeqNum seq) const noexcept;
  /// Bytes of [from, to) that are not SACKed.
  std::uint32_t unsacked_between(SeqNum from, SeqNum to) const noexcept;
  /// The first contiguous unSACKed bytes of [from, to), at most `max_bytes`.
  std::optional<SeqRange> hole_between(SeqNum from, SeqNum to,
                                       std::uint32_t max_bytes) const noexcept;

  /// Calls `f(SeqRange)` for each contiguous unSACKed part of `range`, from the left.
  template <typename F>
  void for_each_hole(SeqRange range, F&& f) const {
    while (const auto hole = hole_between(range.begin, range.end, range.length())) {
      f(*hole);
      range.begin = hole->end;
    }
  }
  std::span<const SeqRange> sacked() const noexcept { return sacked_; }

  /// Forgets everything (reneging).
  void clear() noexcept;

 private:
  using Ranges = std::array<SeqRange, wire::TcpOptions::kMaxSackBlocks>;

  static std::optional<SeqRange> duplicate_report(std::span<const wire::TcpSackBlock> blocks,
                                                  SeqNum segment_ack) noexcept;
  /// The credible ones of `blocks`, in the order of sequence numbers; returns their number.
  static std::size_t select(std::span<const wire::TcpSackBlock> blocks, const SeqRange& outstanding,
                            Ranges& out) noexcept;
  bool has_room_for(const SeqRange& range) const noexcept;
  std::uint32_t add(const SeqRange& range);

  std::vector<SeqRange> sacked_;
  std::uint32_t sacked_bytes_ = 0;
};

}  // namespace zs::tcp::recovery
