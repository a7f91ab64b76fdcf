#include "tcp/time_wait.hpp"

#include "tcp/flow_hash.hpp"

namespace zs::tcp {

TimeWaitTable::TimeWaitTable(std::uint32_t capacity, Duration lifetime, const SipKey& secret)
    : slab_(capacity), secret_(secret), lifetime_(lifetime) {}

std::uint64_t TimeWaitTable::hash(const FlowKey& flow) const noexcept {
  return flow_hash(secret_, HashUse::kTimeWait, flow);
}

TimeWaitRecord* TimeWaitTable::find(const FlowKey& flow) noexcept {
  return slab_.size() == 0 ? nullptr : slab_.find(hash(flow), flow);
}

std::optional<TimeWaitRecord> TimeWaitTable::insert(const TimeWaitRecord& record, Instant now) {
  std::optional<TimeWaitRecord> displaced;
  if (TimeWaitRecord* const same = find(record.flow())) {
    erase(*same);
  } else if (slab_.full()) {
    TimeWaitRecord* const oldest = slab_.front(by_expiry_);
    displaced = *oldest;
    erase(*oldest);
  }
  TimeWaitRecord& stored = slab_.insert(hash(record.flow()), record);
  stored.expiry = now + lifetime_;
  slab_.push_back(by_expiry_, stored);
  return displaced;
}

void TimeWaitTable::erase(TimeWaitRecord& record) noexcept {
  slab_.unlink(by_expiry_, record);
  slab_.erase(hash(record.flow()), record);
}

void TimeWaitTable::restart(TimeWaitRecord& record, Instant now) noexcept {
  slab_.unlink(by_expiry_, record);
  record.expiry = now + lifetime_;
  slab_.push_back(by_expiry_, record);
}

std::uint32_t TimeWaitTable::expire(Instant now) noexcept {
  std::uint32_t expired = 0;
  for (TimeWaitRecord* r = slab_.front(by_expiry_); r != nullptr && r->expiry <= now;
       r = slab_.front(by_expiry_)) {
    erase(*r);
    ++expired;
  }
  return expired;
}

Instant TimeWaitTable::next_deadline() const noexcept {
  const TimeWaitRecord* const first = slab_.front(by_expiry_);
  return first == nullptr ? Instant::never() : first->expiry;
}

}  // namespace zs::tcp
