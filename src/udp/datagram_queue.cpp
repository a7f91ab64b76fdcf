#include "udp/datagram_queue.hpp"

#include <utility>

#include "base/assert.hpp"

namespace zs::udp {

DatagramStore::DatagramStore(std::uint32_t capacity) : nodes_(capacity) {
  for (Index i = capacity; i > 0; --i) give_back(i - 1);
}

DatagramStore::Index DatagramStore::take() {
  if (free_ == kNone) return kNone;
  --free_count_;
  return std::exchange(free_, nodes_[free_].next);
}

void DatagramStore::give_back(Index index) {
  nodes_[index].next = std::exchange(free_, index);
  ++free_count_;
}

bool DatagramQueue::push(Datagram& datagram, DatagramStore& store) {
  const std::uint32_t size = datagram.payload.size();
  if (count_ >= bounds_.datagrams) return false;
  if (count_ > 0 && (size > bounds_.bytes || bytes_ > bounds_.bytes - size)) return false;
  const DatagramStore::Index i = store.take();
  if (i == DatagramStore::kNone) return false;
  store.nodes_[i].datagram = std::move(datagram);
  store.nodes_[i].next = DatagramStore::kNone;
  if (tail_ == DatagramStore::kNone) {
    head_ = i;
  } else {
    store.nodes_[tail_].next = i;
  }
  tail_ = i;
  ++count_;
  bytes_ += size;
  return true;
}

Datagram DatagramQueue::pop(DatagramStore& store) {
  ZS_ASSERT(!empty());
  const DatagramStore::Index i = head_;
  Datagram out = std::move(store.nodes_[i].datagram);
  head_ = store.nodes_[i].next;
  if (head_ == DatagramStore::kNone) tail_ = DatagramStore::kNone;
  --count_;
  bytes_ -= out.payload.size();
  store.give_back(i);
  return out;
}

void DatagramQueue::clear(DatagramStore& store) {
  while (!empty()) pop(store);
}

}  // namespace zs::udp
