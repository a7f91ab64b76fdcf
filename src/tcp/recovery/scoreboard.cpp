#include "tcp/recovery/scoreboard.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace zs::tcp::recovery {
namespace {

/// First range that ends behind `seq`.
template <typename Ranges>
auto first_behind(Ranges& ranges, SeqNum seq) noexcept {
  return std::partition_point(ranges.begin(), ranges.end(),
                              [seq](const SeqRange& r) { return r.end.at_or_before(seq); });
}

bool covers(const SeqRange& outer, const SeqRange& inner) noexcept {
  return outer.begin.at_or_before(inner.begin) && inner.end.at_or_before(outer.end);
}

}  // namespace

/// RFC 2883 §4: a first block below the cumulative acknowledgement, or inside the second block,
/// reports a duplicate.
std::optional<SeqRange> Scoreboard::duplicate_report(std::span<const wire::TcpSackBlock> blocks,
                                                     SeqNum segment_ack) noexcept {
  if (blocks.empty()) return std::nullopt;
  const SeqRange first{SeqNum{blocks[0].begin}, SeqNum{blocks[0].end}};
  if (!first.end.after(first.begin)) return std::nullopt;
  if (first.end.at_or_before(segment_ack)) return first;
  if (blocks.size() > 1 && first.begin.after(segment_ack) &&
      covers({SeqNum{blocks[1].begin}, SeqNum{blocks[1].end}}, first)) {
    return first;
  }
  return std::nullopt;
}

std::size_t Scoreboard::select(std::span<const wire::TcpSackBlock> blocks,
                               const SeqRange& outstanding, Ranges& out) noexcept {
  std::size_t count = 0;
  for (const wire::TcpSackBlock& block : blocks.first(std::min(blocks.size(), out.size()))) {
    const SeqRange range{SeqNum{block.begin}, SeqNum{block.end}};
    // A truthful block begins behind the cumulative acknowledgement, which would cover it else.
    if (!range.begin.after(outstanding.begin) || !range.end.after(range.begin) ||
        range.end.after(outstanding.end)) {
      continue;
    }
    std::size_t at = count++;
    for (; at > 0 && range.begin.before(out[at - 1].begin); --at) out[at] = out[at - 1];
    out[at] = range;
  }
  return count;
}

bool Scoreboard::has_room_for(const SeqRange& range) const noexcept {
  if (sacked_.size() < kMaxRanges) return true;
  const auto low = first_behind(sacked_, range.begin - 1);
  return low != sacked_.end() && low->begin.at_or_before(range.end);
}

std::uint32_t Scoreboard::add(const SeqRange& range) {
  // [low, high) are the ranges that overlap or touch the new one.
  const auto low = first_behind(sacked_, range.begin - 1);
  auto high = low;
  SeqRange merged = range;
  std::uint32_t known = 0;
  for (; high != sacked_.end() && high->begin.at_or_before(range.end); ++high) {
    merged.begin = SeqNum::earlier(merged.begin, high->begin);
    merged.end = SeqNum::later(merged.end, high->end);
    known += high->length();
  }
  if (low == high) {
    sacked_.insert(low, merged);
  } else {
    *low = merged;
    sacked_.erase(low + 1, high);
  }
  const std::uint32_t added = merged.length() - known;
  sacked_bytes_ += added;
  return added;
}

std::uint32_t Scoreboard::on_cumulative_ack(SeqNum una) noexcept {
  std::uint32_t covered = 0;
  const auto keep = first_behind(sacked_, una);
  for (auto it = sacked_.begin(); it != keep; ++it) covered += it->length();
  if (keep != sacked_.end() && keep->begin.before(una)) {
    covered += static_cast<std::uint32_t>(una.since(keep->begin));
    keep->begin = una;
  }
  sacked_.erase(sacked_.begin(), keep);
  sacked_bytes_ -= covered;
  return covered;
}

bool Scoreboard::is_sacked(SeqNum seq) const noexcept {
  const auto it = first_behind(sacked_, seq);
  return it != sacked_.end() && it->begin.at_or_before(seq);
}

std::uint32_t Scoreboard::unsacked_between(SeqNum from, SeqNum to) const noexcept {
  if (!to.after(from)) return 0;
  auto unsacked = static_cast<std::uint32_t>(to.since(from));
  for (auto it = first_behind(sacked_, from); it != sacked_.end() && it->begin.before(to); ++it) {
    unsacked -= static_cast<std::uint32_t>(
        SeqNum::earlier(it->end, to).since(SeqNum::later(it->begin, from)));
  }
  return unsacked;
}

std::optional<SeqRange> Scoreboard::hole_between(SeqNum from, SeqNum to,
                                                 std::uint32_t max_bytes) const noexcept {
  auto it = first_behind(sacked_, from);
  if (it != sacked_.end() && it->begin.at_or_before(from)) {  // ranges don't touch: a hole follows
    from = it->end;
    ++it;
  }
  if (it != sacked_.end()) to = SeqNum::earlier(to, it->begin);
  if (!to.after(from)) return std::nullopt;
  const auto length = std::min(max_bytes, static_cast<std::uint32_t>(to.since(from)));
  return SeqRange{from, from + length};
}

void Scoreboard::clear() noexcept {
  sacked_.clear();
  sacked_bytes_ = 0;
}

}  // namespace zs::tcp::recovery
