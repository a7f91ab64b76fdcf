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

/// RFC 2883 §4: a first block below the cumulative acknowledgement, or inside the second block,
/// reports a duplicate.
std::optional<SeqRange> duplicate_report(std::span<const wire::TcpSackBlock> blocks, SeqNum una) {
  const SeqRange first{SeqNum{blocks[0].begin}, SeqNum{blocks[0].end}};
  if (!first.end.after(first.begin)) return std::nullopt;
  if (first.end.at_or_before(una)) return first;
  if (blocks.size() > 1 && first.begin.after(una) &&
      covers({SeqNum{blocks[1].begin}, SeqNum{blocks[1].end}}, first)) {
    return first;
  }
  return std::nullopt;
}

}  // namespace

Scoreboard::Update Scoreboard::on_sack(std::span<const wire::TcpSackBlock> blocks, SeqNum una,
                                       SeqNum nxt) {
  Update update;
  if (blocks.empty()) return update;
  update.dsack = duplicate_report(blocks, una);
  for (const wire::TcpSackBlock& block : blocks) {
    const SeqRange range{SeqNum{block.begin}, SeqNum{block.end}};
    // A truthful block begins behind the cumulative acknowledgement, which would cover it else.
    if (!range.begin.after(una) || !range.end.after(range.begin) || range.end.after(nxt)) continue;
    update.newly_sacked_bytes += add(range);
  }
  return update;
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
    if (sacked_.size() >= kMaxRanges) return 0;
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
  if (high_rxt_) high_rxt_ = SeqNum::later(*high_rxt_, una);
  if (rescue_rxt_ && rescue_rxt_->at_or_before(una)) rescue_rxt_.reset();
  return covered;
}

void Scoreboard::on_recovery_start(SeqNum una) noexcept {
  high_rxt_ = una;
  rescue_rxt_.reset();
}

void Scoreboard::on_retransmit(const SeqRange& range) noexcept {
  high_rxt_ = SeqNum::later(high_rxt_.value_or(range.end), range.end);
}

bool Scoreboard::is_sacked(SeqNum seq) const noexcept {
  const auto it = first_behind(sacked_, seq);
  return it != sacked_.end() && it->begin.at_or_before(seq);
}

// RFC 6675 §4 IsLost(): DupThresh ranges lie above, or more than (DupThresh - 1) segments in bytes.
// Both only grow towards lower sequence numbers, so there is one edge, and DupThresh ranges from
// the top decide where.
std::optional<SeqNum> Scoreboard::lost_edge(std::uint32_t mss) const noexcept {
  std::uint32_t ranges = 0;
  std::uint64_t bytes = 0;
  for (auto it = sacked_.rbegin(); it != sacked_.rend(); ++it) {
    bytes += it->length();
    if (++ranges >= kDupThresh || bytes > std::uint64_t{kDupThresh - 1} * mss) return it->begin;
  }
  return std::nullopt;
}

bool Scoreboard::is_lost(SeqNum seq, std::uint32_t mss) const noexcept {
  const std::optional<SeqNum> edge = lost_edge(mss);
  return edge && seq.before(*edge) && !is_sacked(seq);
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

std::uint32_t Scoreboard::lost_bytes(SeqNum una, std::uint32_t mss) const noexcept {
  const std::optional<SeqNum> edge = lost_edge(mss);
  return edge ? unsacked_between(una, *edge) : 0;
}

//= https://www.rfc-editor.org/rfc/rfc6675#section-4
//# (a) If IsLost (S1) returns false:
//#       Pipe is incremented by 1 octet.
//# (b) If S1 <= HighRxt:
//#       Pipe is incremented by 1 octet.
std::uint32_t Scoreboard::pipe(SeqNum una, SeqNum nxt, std::uint32_t mss) const noexcept {
  const SeqNum edge = lost_edge(mss).value_or(una);
  return unsacked_between(SeqNum::later(una, edge), nxt) +
         unsacked_between(una, SeqNum::earlier(high_rxt(una), nxt));
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

std::optional<SeqRange> Scoreboard::next_hole(HoleRule rule, SeqNum una, SeqNum recovery_point,
                                              std::uint32_t mss,
                                              std::uint32_t max_bytes) const noexcept {
  ZS_ASSERT(max_bytes > 0);
  if (sacked_.empty() && rule != HoleRule::kRescue) return std::nullopt;
  const SeqNum from = high_rxt(una);
  switch (rule) {
    case HoleRule::kLost: {
      const std::optional<SeqNum> edge = lost_edge(mss);
      return edge ? hole_between(from, *edge, max_bytes) : std::nullopt;
    }
    case HoleRule::kUnsure:
      return hole_between(from, high_sack(), max_bytes);
    case HoleRule::kRescue:
      return rescue(una, recovery_point, max_bytes);
  }
  return std::nullopt;
}

// RFC 6675 §4 NextSeg() (4): one segment, "which MUST include the highest unSACKed sequence
// number".
std::optional<SeqRange> Scoreboard::rescue(SeqNum una, SeqNum recovery_point,
                                           std::uint32_t max_bytes) const noexcept {
  if (rescue_rxt_) return std::nullopt;
  SeqNum end = recovery_point;
  SeqNum begin = una;
  for (auto it = sacked_.rbegin(); it != sacked_.rend(); ++it) {
    if (it->begin.at_or_after(end)) continue;
    if (it->end.before(end)) {
      begin = it->end;
      break;
    }
    end = it->begin;
  }
  // What was sent again in this episode is most likely still on its way.
  begin = SeqNum::later(begin, high_rxt(una));
  if (!end.after(begin)) return std::nullopt;
  if (static_cast<std::uint32_t>(end.since(begin)) > max_bytes) begin = end - max_bytes;
  return SeqRange{begin, end};
}

void Scoreboard::clear() noexcept {
  sacked_.clear();
  sacked_bytes_ = 0;
  high_rxt_.reset();
  rescue_rxt_.reset();
}

}  // namespace zs::tcp::recovery
