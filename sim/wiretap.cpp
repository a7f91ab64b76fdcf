#include "sim/wiretap.hpp"

#include "buf/mbuf.hpp"

namespace zs::sim {

Wiretap::~Wiretap() {
  for (rte_mbuf* frame : injected_) buf::free_chain(frame);
}

bool Wiretap::inject(std::span<const std::byte> frame) {
  auto copy = buf::Mbuf::copy_of(frame, *pools_.data);
  if (!copy) return false;
  injected_.push_back(std::move(*copy).release());
  return true;
}

std::size_t Wiretap::rx_burst(std::span<rte_mbuf*> out) noexcept {
  std::size_t count = 0;
  while (count < out.size() && !injected_.empty()) {
    out[count++] = injected_.front();
    injected_.pop_front();
    show(Heading::kForged, *out[count - 1]);
  }
  const std::size_t arrived = inner_.rx_burst(out.subspan(count));
  for (const rte_mbuf* frame : out.subspan(count, arrived)) show(Heading::kIn, *frame);
  return count + arrived;
}

// Shown before the device has it: afterwards it may be gone. One by one, since it may refuse.
std::size_t Wiretap::tx_burst(std::span<rte_mbuf* const> packets) noexcept {
  if (packets.empty() || listeners_.empty()) return inner_.tx_burst(packets);
  std::size_t taken = 0;
  for (; taken < packets.size(); ++taken) {
    rte_mbuf* const packet = packets[taken];
    show(Heading::kOut, *packet);
    if (inner_.tx_burst({&packet, 1}) == 0) break;
  }
  return taken;
}

void Wiretap::show(Heading heading, const rte_mbuf& frame) const {
  for (const Listener& listener : listeners_) listener(now_, heading, frame);
}

}  // namespace zs::sim
