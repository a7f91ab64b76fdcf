#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "buf/chain.hpp"
#include "buf/pool.hpp"
#include "tcp/seq.hpp"
#include "wire/tcp.hpp"

namespace zs::tcp {

/// Segments that arrived out of order, as disjoint ranges of sequence space.
///
/// What arrived first wins wherever segments overlap: data that the peer was told about (SACK) is
/// not exchanged for other data afterwards. Bounded in ranges, bytes and buffers; over a bound the
/// data farthest from RCV.NXT goes first, because the sender needs it last (RFC 2018 §8 lets a
/// receiver discard it). The bound is low where little is in the buffers: a peer of tiny segments
/// may not have more than kPlainBuffersOutOfOrder ranges, nor, once buffers run low, as many
/// buffers, that hold less than tiny_segment_bytes() on average.
class Reassembly {
 public:
  struct Limits {
    std::uint32_t ranges = 256;
    std::uint32_t bytes = 1u << 20;
    std::uint32_t segments = 2048;
  };
  struct Inserted {
    std::uint32_t stored_bytes = 0;     ///< of this segment that are new and were queued
    std::uint32_t displaced_bytes = 0;  ///< dropped for a bound or for want of a buffer, its own
                                        ///< or queued ones
    std::uint32_t copied_bytes = 0;     ///< so that tiny segments share a buffer (packing.hpp)
    std::optional<SeqRange> duplicate;  ///< first part that was here before: a D-SACK (RFC 2883 §4)
  };

  explicit Reassembly(const Limits& limits) noexcept : limits_(limits) {}

  /// Keeps what is new in `payload`, which begins at `seq`; consumes it. Cutting around what is
  /// queued already draws descriptors from pools.indirect.
  /// Precondition: all of it lies within 2^30 bytes of whatever is queued (inside the window).
  Inserted insert(SeqNum seq, buf::Chain payload, buf::Pools pools);
  /// Drops what lies before `rcv_nxt`, and takes the range that begins there: the bytes
  /// [rcv_nxt, rcv_nxt + size) in order. Empty while there is a gap.
  buf::Chain take_in_order(SeqNum rcv_nxt) noexcept;

  bool empty() const noexcept { return ranges_.empty(); }
  /// `range` came again: reported once, in front of all other blocks (D-SACK, RFC 2883 §4). Pieces
  /// that follow each other become one report; of others, the latest counts.
  void report_duplicate(const SeqRange& range) noexcept;
  std::optional<SeqRange> take_duplicate() noexcept { return std::exchange(duplicate_, {}); }
  /// Something for SACK blocks to say.
  bool has_report() const noexcept { return !ranges_.empty() || duplicate_; }
  /// Number of blocks that it takes to say everything.
  std::uint32_t reports() const noexcept { return ranges() + (duplicate_ ? 1 : 0); }
  std::uint32_t ranges() const noexcept { return static_cast<std::uint32_t>(ranges_.size()); }
  std::uint32_t bytes() const noexcept { return bytes_; }
  std::uint32_t segments() const noexcept { return segments_; }
  /// End of the farthest range. Precondition: !empty().
  SeqNum end() const noexcept { return ranges_.back().begin + ranges_.back().data.size(); }
  void clear() noexcept;
  /// The bound on bytes(); what is queued beyond it stays until there is more.
  void set_most_bytes(std::uint32_t bytes) noexcept { limits_.bytes = bytes; }
  /// Gives back what was kept for the next gap. Precondition: empty().
  void release_memory() noexcept { std::vector<Range>{}.swap(ranges_); }

  /// Fills a prefix of `out` and returns its length: the most recently changed range first, then
  /// by falling recency (RFC 2018 §4), so that each range is reported in several successive
  /// acknowledgements. A D-SACK block, if any, is put in front by the caller (RFC 2883 §4), with an
  /// `out` one block shorter.
  std::size_t sack_blocks(std::span<wire::TcpSackBlock> out) const noexcept;

 private:
  struct Range {
    SeqNum begin;
    std::uint32_t changed = 0;  ///< generation_ when it last grew or was hit by a duplicate
    buf::Chain data;

    SeqNum end() const noexcept { return begin + data.size(); }
  };

  /// Index of the first range that ends at or behind `seq`.
  std::size_t first_reaching(SeqNum seq) const noexcept;
  /// Puts `merged` in place of the ranges [low, high).
  void replace(std::size_t low, std::size_t high, Range merged);
  /// append(), or while buffers run low and what is queued is_wasteful() append_packed(); returns
  /// the bytes copied.
  std::uint32_t put(buf::Chain& range, buf::Chain more, buf::Pool& data) const noexcept;
  /// How many ranges there may be, and how many buffers.
  std::uint32_t most_ranges(const buf::Pool& data) const noexcept;
  std::uint32_t most_segments(const buf::Pool& data) const noexcept;
  std::uint32_t enforce_limits(const buf::Pool& data) noexcept;

  std::vector<Range> ranges_;  ///< disjoint, not touching, by rising sequence number
  Limits limits_;
  std::uint32_t bytes_ = 0;
  std::uint32_t segments_ = 0;
  std::uint32_t generation_ = 0;
  std::optional<SeqRange> duplicate_;
};

}  // namespace zs::tcp
