#include "tcp/reassembly.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "tcp/packing.hpp"

namespace zs::tcp {

std::size_t Reassembly::first_reaching(SeqNum seq) const noexcept {
  const auto it = std::partition_point(ranges_.begin(), ranges_.end(),
                                       [seq](const Range& r) { return r.end().before(seq); });
  return static_cast<std::size_t>(it - ranges_.begin());
}

// The payload and all ranges that it overlaps or touches become one range. It is built from left to
// right: the queued bytes where there are some, the payload's in the gaps between them.
Reassembly::Inserted Reassembly::insert(SeqNum seq, buf::Chain payload, buf::Pools pools) {
  Inserted result;
  if (payload.empty()) return result;
  const SeqNum end = seq + payload.size();
  const std::size_t low = first_reaching(seq);
  std::size_t high = low;
  Range merged{.begin = seq, .changed = ++generation_, .data = {}};

  const auto join_queued = [&](Range& queued) {
    const SeqNum from = SeqNum::later(queued.begin, seq);
    const std::uint32_t duplicate =
        static_cast<std::uint32_t>(std::max(0, SeqNum::earlier(queued.end(), end).since(from)));
    if (duplicate > 0 && !result.duplicate) result.duplicate = SeqRange{from, from + duplicate};
    payload.drop_front(duplicate);
    segments_ -= queued.data.segments();
    merged.data.append(std::move(queued.data));
    ++high;
  };

  if (low < ranges_.size() && ranges_[low].begin.at_or_before(seq)) {
    merged.begin = ranges_[low].begin;
    join_queued(ranges_[low]);
  }
  while (!payload.empty() && high < ranges_.size() && ranges_[high].begin.at_or_before(end)) {
    const auto gap = static_cast<std::uint32_t>(ranges_[high].begin.since(merged.end()));
    auto piece = payload.take_front(gap, *pools.indirect);
    if (!piece) {
      result.displaced_bytes += payload.size();
      payload.clear();
      break;
    }
    result.stored_bytes += gap;
    result.copied_bytes += put(merged.data, std::move(*piece), *pools.data);
    join_queued(ranges_[high]);
  }
  result.stored_bytes += payload.size();
  result.copied_bytes += put(merged.data, std::move(payload), *pools.data);
  if (merged.data.empty()) return result;

  bytes_ += result.stored_bytes;
  segments_ += merged.data.segments();
  replace(low, high, std::move(merged));
  result.displaced_bytes += enforce_limits(*pools.data);
  return result;
}

// The buffers of `range` are not counted in segments_ meanwhile.
std::uint32_t Reassembly::put(buf::Chain& range, buf::Chain more, buf::Pool& data) const noexcept {
  const bool wasteful =
      data.supply() != buf::Supply::kPlenty &&
      is_wasteful(bytes_ + more.size(), segments_ + range.segments() + more.segments(),
                  kPlainBuffersOutOfOrder, data);
  if (wasteful) return append_packed(range, std::move(more), data);
  range.append(std::move(more));
  return 0;
}

std::uint32_t Reassembly::most_ranges(const buf::Pool& data) const noexcept {
  return std::min(limits_.ranges, kPlainBuffersOutOfOrder + bytes_ / tiny_segment_bytes(data));
}

std::uint32_t Reassembly::most_segments(const buf::Pool& data) const noexcept {
  if (data.supply() == buf::Supply::kPlenty) return limits_.segments;
  return std::min(limits_.segments, kPlainBuffersOutOfOrder + bytes_ / tiny_segment_bytes(data));
}

void Reassembly::replace(std::size_t low, std::size_t high, Range merged) {
  const auto at = ranges_.begin() + static_cast<std::ptrdiff_t>(low);
  if (low == high) {
    ranges_.insert(at, std::move(merged));
  } else {
    *at = std::move(merged);
    ranges_.erase(at + 1, ranges_.begin() + static_cast<std::ptrdiff_t>(high));
  }
}

// From the far end, because that data is needed last. Halving the last range keeps the cost of a
// peer that sits at a bound low: what was dropped at once need not be dropped again soon.
std::uint32_t Reassembly::enforce_limits(const buf::Pool& data) noexcept {
  std::uint32_t dropped = 0;
  while (ranges_.size() > most_ranges(data) || bytes_ > limits_.bytes ||
         segments_ > most_segments(data)) {
    Range& last = ranges_.back();
    const std::uint32_t before = last.data.size();
    std::uint32_t keep = 0;
    if (ranges_.size() <= most_ranges(data)) {
      const std::uint32_t excess = bytes_ > limits_.bytes ? bytes_ - limits_.bytes : before / 2;
      keep = before - std::clamp(excess, 1u, before);
    }
    bytes_ -= before - keep;
    dropped += before - keep;
    segments_ -= last.data.segments();
    last.data.truncate(keep);
    segments_ += last.data.segments();
    if (keep == 0) ranges_.pop_back();
  }
  return dropped;
}

buf::Chain Reassembly::take_in_order(SeqNum rcv_nxt) noexcept {
  std::size_t done = 0;
  buf::Chain in_order;
  while (done < ranges_.size() && ranges_[done].begin.at_or_before(rcv_nxt)) {
    Range& range = ranges_[done++];
    bytes_ -= range.data.size();
    segments_ -= range.data.segments();
    if (range.end().after(rcv_nxt)) {
      range.data.drop_front(static_cast<std::uint32_t>(rcv_nxt.since(range.begin)));
      in_order = std::move(range.data);
      break;  // ranges don't touch, so the next one begins behind a gap
    }
  }
  ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<std::ptrdiff_t>(done));
  return in_order;
}

void Reassembly::report_duplicate(const SeqRange& range) noexcept {
  if (duplicate_ && duplicate_->end == range.begin) {
    duplicate_->end = range.end;
  } else {
    duplicate_ = range;
  }
}

void Reassembly::clear() noexcept {
  ranges_.clear();
  duplicate_.reset();
  bytes_ = 0;
  segments_ = 0;
}

// One walk that keeps the youngest few in order: this runs for every segment that arrives out of
// order, and a hostile peer decides how many ranges there are.
std::size_t Reassembly::sack_blocks(std::span<wire::TcpSackBlock> out) const noexcept {
  std::array<const Range*, wire::TcpOptions::kMaxSackBlocks> youngest{};
  const std::size_t room = std::min(out.size(), youngest.size());
  std::size_t count = 0;
  const auto age = [this](const Range& range) { return generation_ - range.changed; };
  for (const Range& range : ranges_) {
    std::size_t at = count;
    while (at > 0 && age(range) < age(*youngest[at - 1])) --at;
    if (at == room) continue;
    count = std::min(count + 1, room);
    std::move_backward(youngest.begin() + at, youngest.begin() + count - 1,
                       youngest.begin() + count);
    youngest[at] = &range;
  }
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = {youngest[i]->begin.raw(), youngest[i]->end().raw()};
  }
  return count;
}

}  // namespace zs::tcp
