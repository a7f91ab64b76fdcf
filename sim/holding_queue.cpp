#include "sim/holding_queue.hpp"

#include <algorithm>
#include <utility>

namespace zs::sim {

void HoldingQueue::advance(Instant now) {
  now_ = std::max(now_, now);
  for (; !held_.empty() && held_.front().due <= now_; held_.pop_front()) {
    look_at(held_.front().frame);
  }
}

void HoldingQueue::inspect() {
  for (const Held& h : held_) look_at(h.frame);
}

void HoldingQueue::look_at(const HeldFrame& frame) {
  if (!violation_.empty()) return;
  if (const std::string what = frame.touched(); !what.empty()) {
    violation_ = "a packet that the driver holds was touched: " + what;
  }
}

std::size_t HoldingQueue::rx_burst(std::span<rte_mbuf*> out) noexcept {
  const std::size_t arrived = inner_.rx_burst(out);
  std::size_t kept = 0;
  for (rte_mbuf* const m : out.first(arrived)) {
    const buf::Mbuf theirs = buf::Mbuf::adopt(m);
    if (auto ours = theirs.copy(*pools_.data)) {
      out[kept++] = std::move(*ours).release();
    } else {
      ++lost_;
    }
  }
  return kept;
}

std::size_t HoldingQueue::tx_burst(std::span<rte_mbuf* const> packets) noexcept {
  std::size_t taken = 0;
  for (; taken < packets.size() && !stuck_ && held_.size() < config_.ring; ++taken) {
    buf::Mbuf frame = buf::Mbuf::adopt(packets[taken]);
    auto copy = frame.copy(*pools_.data);
    rte_mbuf* const travels = copy ? std::move(*copy).release() : nullptr;
    if (travels == nullptr || inner_.tx_burst({&travels, 1}) == 0) {
      buf::free_chain(travels);
      static_cast<void>(std::move(frame).release());  // still the caller's
      break;
    }
    ++accepted_;
    mangle_like_a_driver(frame.get());
    held_.push_back({now_ + config_.hold, HeldFrame{std::move(frame)}});
  }
  if (taken < packets.size()) ++refusals_;
  return taken;
}

}  // namespace zs::sim
