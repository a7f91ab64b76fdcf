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

FlowTable::FlowTable(const SipKey& secret) : slots_(kInitialSlots), secret_(secret) {}

// Two products of secrets and what the peer can choose; an IPv4 address varies in its last word
// only, and the ports go with ours, so that each product has bits that an attacker moves on both
// sides of it.
std::uint64_t FlowTable::hash(const FlowKey& flow) const noexcept {
  const std::uint64_t ports =
      std::uint64_t{flow.local.port} << 16 | std::uint64_t{flow.remote.port};
  const IpAddress& remote = flow.remote.address;
  const IpAddress& local = flow.local.address;
  const std::uint64_t far =
      mix(remote.last_word() ^ secret_.k0, remote.first_word() ^ ports ^ secret_.k1);
  return mix(far ^ local.first_word() ^ secret_.k0, local.last_word() ^ secret_.k1);
}

[[gnu::flatten]] Connection* FlowTable::find(const FlowKey& flow) const noexcept {
  const std::uint64_t h = hash(flow);
  for (std::size_t i = h & mask(); slots_[i].connection != nullptr; i = (i + 1) & mask()) {
    if (slots_[i].hash == h && slots_[i].connection->flow() == flow) return slots_[i].connection;
  }
  return nullptr;
}

void FlowTable::insert(const FlowKey& flow, Connection& connection) {
  if ((size_ + 1) * 2 > slots_.size()) grow();
  const std::uint64_t h = hash(flow);
  std::size_t i = h & mask();
  while (slots_[i].connection != nullptr) i = (i + 1) & mask();
  slots_[i] = {h, &connection};
  ++size_;
}

bool FlowTable::erase(const FlowKey& flow, const Connection& connection) noexcept {
  std::size_t hole = hash(flow) & mask();
  while (slots_[hole].connection != &connection) {
    if (slots_[hole].connection == nullptr) return false;
    hole = (hole + 1) & mask();
  }
  // Close the hole: whatever lies behind it and may move nearer to its own slot does.
  for (std::size_t i = (hole + 1) & mask(); slots_[i].connection != nullptr; i = (i + 1) & mask()) {
    const std::size_t home = slots_[i].hash & mask();
    if (((i - home) & mask()) >= ((i - hole) & mask())) {
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
  for (const Slot& slot : old) {
    if (slot.connection == nullptr) continue;
    std::size_t i = slot.hash & mask();
    while (slots_[i].connection != nullptr) i = (i + 1) & mask();
    slots_[i] = slot;
  }
}

}  // namespace zs::tcp
