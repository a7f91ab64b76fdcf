#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp::recovery {

/// When each outstanding byte was last sent, and what has become of it since: the per-segment state
/// of RFC 8985 §5.1, one record a transmission.
///
/// The records tile [SND.UNA, end()) without gaps. What was sent last needs no record as long as
/// nothing follows it, since its time is known anyway: a connection with one message in flight
/// leaves the log empty. Over the bound a record covers more than one transmission, with the time
/// of the later one: losses are then found later, never wrongly.
class SentLog {
 public:
  static constexpr std::uint32_t kMaxRecords = 4096;

  struct Record {
    SeqNum end;  ///< it begins where the one before it ends
    bool retransmitted = false;
    bool lost = false;    ///< deemed lost, and not sent again since
    bool sacked = false;  ///< all of it, as somebody has found out
    Instant at;           ///< of the latest transmission
  };

  bool empty() const noexcept { return first_ == records_.size(); }
  std::uint32_t size() const noexcept {
    return static_cast<std::uint32_t>(records_.size() - first_);
  }
  /// Where the last record ends. Precondition: !empty().
  SeqNum end() const noexcept { return records_.back().end; }
  Record& operator[](std::uint32_t i) noexcept { return records_[first_ + i]; }
  const Record& operator[](std::uint32_t i) const noexcept { return records_[first_ + i]; }
  SeqNum begin_of(std::uint32_t i) const noexcept {
    return i == 0 ? begin_ : records_[first_ + i - 1].end;
  }

  /// [end(), end) was sent at `at`; in an empty log, [una, end). False: the bound was met.
  bool append(SeqNum una, SeqNum end, Instant at);
  /// Everything below `una` is acknowledged.
  void forget(SeqNum una) noexcept {
    if (!empty()) [[unlikely]] {
      drop(una);
    }
  }
  /// Index of the record that holds the byte at `seq`; size() if none does. Not below SND.UNA.
  std::uint32_t find(SeqNum seq) const noexcept;
  /// Lets a record end at `seq`. False where the bound forbids it.
  bool split(SeqNum seq);
  /// `range` was sent again at `at`. False: the bound was met, and its neighbourhood with it.
  bool rewrite(const SeqRange& range, Instant at);
  void clear() noexcept;
  /// When the byte before `una` was sent, for whoever asks right after forget(una); never() if more
  /// than once. nullopt: it was sent last of all.
  std::optional<Instant> forgotten_at(SeqNum una) const noexcept {
    if (forgotten_end_ != una) return std::nullopt;
    return forgotten_at_;
  }
  /// The same, and the memory is given back.
  void release_memory() noexcept {
    std::vector<Record>{}.swap(records_);
    first_ = 0;
  }

 private:
  /// An emptied log keeps so much memory, and no more: its connection may be idle from now on.
  static constexpr std::size_t kKept = 16;

  [[gnu::noinline]] void drop(SeqNum una) noexcept;

  std::vector<Record> records_;
  std::uint32_t first_ = 0;  ///< records before it are done with
  SeqNum begin_;             ///< of the first record
  SeqNum forgotten_end_;
  Instant forgotten_at_;
};

}  // namespace zs::tcp::recovery
