#include "tcp/recovery/sent_log.hpp"

#include <algorithm>

namespace zs::tcp::recovery {

bool SentLog::append(SeqNum una, SeqNum end, Instant at) {
  if (empty()) {
    clear();
    begin_ = una;
  } else if (size() >= kMaxRecords) {
    Record& last = records_.back();
    last = {.end = end, .retransmitted = last.retransmitted, .at = at};
    return false;
  }
  // Moving the live half to the front is cheaper than growing, and happens as rarely.
  if (records_.size() == records_.capacity() && first_ > size()) {
    records_.erase(records_.begin(), records_.begin() + first_);
    first_ = 0;
  }
  records_.push_back({.end = end, .at = at});
  return true;
}

void SentLog::drop(SeqNum una) noexcept {
  if (const std::uint32_t last = find(una - 1); last < size()) {
    forgotten_end_ = una;
    forgotten_at_ = (*this)[last].retransmitted ? Instant::never() : (*this)[last].at;
  }
  while (first_ < records_.size() && records_[first_].end.at_or_before(una)) ++first_;
  begin_ = SeqNum::later(begin_, una);
  if (empty()) clear();
}

void SentLog::clear() noexcept {
  if (records_.capacity() > kKept) {
    records_ = {};
  } else {
    records_.clear();
  }
  first_ = 0;
}

std::uint32_t SentLog::find(SeqNum seq) const noexcept {
  const auto live = records_.begin() + first_;
  const auto at = std::partition_point(live, records_.end(),
                                       [seq](const Record& r) { return r.end.at_or_before(seq); });
  return static_cast<std::uint32_t>(at - live);
}

bool SentLog::split(SeqNum seq) {
  const std::uint32_t i = find(seq);
  if (i == size() || seq.at_or_before(begin_of(i))) return true;
  if (size() >= kMaxRecords) return false;
  Record front = (*this)[i];
  front.end = seq;
  records_.insert(records_.begin() + first_ + i, front);
  return true;
}

bool SentLog::rewrite(const SeqRange& range, Instant at) {
  bool exact = split(range.begin);
  exact = split(range.end) && exact;
  const std::uint32_t low = find(range.begin);
  const std::uint32_t high = find(range.end - 1);
  if (high == size()) return exact;
  Record& last = (*this)[high];
  last.retransmitted = true;
  last.lost = last.sacked = false;
  last.at = at;
  const auto live = records_.begin() + first_;
  records_.erase(live + low, live + high);
  return exact;
}

}  // namespace zs::tcp::recovery
