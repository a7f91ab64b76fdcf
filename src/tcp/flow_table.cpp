#include "tcp/flow_table.hpp"

#include "tcp/connection.hpp"

namespace zs::tcp {

namespace {
constexpr std::size_t kInitialSlots = 1024;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}
}  // namespace

FlowTable::FlowTable(const SipKey& secret)
    : slots_(kInitialSlots), mask_(kInitialSlots - 1), secret_(secret) {}

// A product of secrets and what the peer can choose: of IPv4's addresses, which vary in their last
// word only, one and a port on either side, so that an attacker moves bits of both factors and
// knows neither. IPv6's first words go through a product of their own.
std::uint64_t FlowTable::hash(const FlowKey& flow) const noexcept {
  const IpAddress& remote = flow.remote.address;
  const IpAddress& local = flow.local.address;
  std::uint64_t far = remote.last_word() ^ flow.local.port ^ secret_.k0;
  const std::uint64_t near = local.last_word() ^ flow.remote.port ^ secret_.k1;
  if ((remote.first_word() | local.first_word()) != 0) [[unlikely]] {
    far ^= mix(remote.first_word() ^ secret_.k1, local.first_word() ^ secret_.k0);
  }
  return mix(far, near);
}

[[gnu::flatten]] Connection* FlowTable::find(const FlowKey& flow) const noexcept {
  const std::uint64_t h = hash(flow);
  const Slot* const slots = slots_.data();
  for (std::size_t i = h & mask_; slots[i].connection != nullptr; i = (i + 1) & mask_) {
    if (slots[i].hash == h && slots[i].connection->flow() == flow) [[likely]] {
      return slots[i].connection;
    }
  }
  return nullptr;
}

void FlowTable::insert(const FlowKey& flow, Connection& connection) {
  if ((size_ + 1) * 2 > slots_.size()) grow();
  const std::uint64_t h = hash(flow);
  std::size_t i = h & mask_;
  while (slots_[i].connection != nullptr) i = (i + 1) & mask_;
  slots_[i] = {h, &connection};
  ++size_;
}

bool FlowTable::erase(const FlowKey& flow, const Connection& connection) noexcept {
  std::size_t hole = hash(flow) & mask_;
  while (slots_[hole].connection != &connection) {
    if (slots_[hole].connection == nullptr) return false;
    hole = (hole + 1) & mask_;
  }
  // Close the hole: whatever lies behind it and may move nearer to its own slot does.
  for (std::size_t i = (hole + 1) & mask_; slots_[i].connection != nullptr; i = (i + 1) & mask_) {
    const std::size_t home = slots_[i].hash & mask_;
    if (((i - home) & mask_) >= ((i - hole) & mask_)) {
      slots_[hole] = slots_[i];
      hole = i;
    }
  }
  slots_[hole] = {};
  --size_;
  return true;
}

void FlowTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.connection == nullptr) continue;
    std::size_t i = slot.hash & mask_;
    while (slots_[i].connection != nullptr) i = (i + 1) & mask_;
    slots_[i] = slot;
  }
}

}  // namespace zs::tcp
