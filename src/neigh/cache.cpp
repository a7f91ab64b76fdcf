#include "neigh/cache.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"
#include "base/byte_order.hpp"

namespace zs::neigh {

std::string_view to_string(State state) {
  switch (state) {
    case State::kFree:
      return "free";
    case State::kIncomplete:
      return "incomplete";
    case State::kReachable:
      return "reachable";
    case State::kStale:
      return "stale";
    case State::kDelay:
      return "delay";
    case State::kProbe:
      return "probe";
    case State::kFailed:
      return "failed";
  }
  return "?";
}

Cache::Cache(const CacheConfig& config, SipKey key, DropCounters& drops)
    : config_(config), key_(key), drops_(drops) {
  config_.entries = std::clamp<std::uint32_t>(config_.entries, 1, kNil);
  config_.total_queue_packets = std::clamp<std::uint16_t>(config_.total_queue_packets, 1, kNil - 1);
  config_.queue_packets =
      std::clamp<std::uint16_t>(config_.queue_packets, 1, config_.total_queue_packets);
  entries_ = std::make_unique<Entry[]>(config_.entries);
  buckets_.assign(std::bit_ceil(std::size_t{config_.entries}), kNil);
  free_entries_.reserve(config_.entries);
  for (std::uint32_t i = config_.entries; i > 0; --i) {
    free_entries_.push_back(static_cast<std::uint16_t>(i - 1));
  }
  nodes_ = std::make_unique<Node[]>(config_.total_queue_packets);
  for (std::uint16_t i = 0; i < config_.total_queue_packets; ++i) push(free_nodes_, i);
}

Cache::~Cache() {
  while (!requests_.empty()) requests_.pop_front();
  for (std::uint32_t i = 0; i < config_.entries; ++i) {
    if (entries_[i].state != State::kFree) release(entries_[i]);
  }
  while (poll_released()) {
  }
  while (poll_undeliverable()) {
  }
}

std::optional<EntryIndex> Cache::find_or_start(std::uint16_t interface, const IpAddress& address,
                                               Instant now) {
  Entry* e = find(interface, address);
  if (e == nullptr) {
    e = allocate(interface, address);
    if (e == nullptr) return std::nullopt;
    enter(*e, State::kIncomplete, now);
    solicit(*e, now);
  }
  e->is_named = true;
  return index_of(*e);
}

const MacAddress* Cache::usable_slowly(Entry& e, Instant now) {
  if (e.state == State::kProbe || e.state == State::kDelay) return &e.mac;
  if (e.state == State::kStale) {
    // RFC 4861 §7.3.3: use it, and verify it unless something above confirms it meanwhile.
    enter(e, State::kDelay, now);
    return &e.mac;
  }
  if (e.state == State::kFailed) {
    // A failed round took `solicitations` seconds, so asking anew at once still keeps to one
    // request a second (RFC 1122 §2.3.2.1).
    enter(e, State::kIncomplete, now);
    solicit(e, now);
  }
  return nullptr;
}

void Cache::enqueue(EntryIndex index, buf::Mbuf packet) {
  Entry& e = entries_[index];
  ZS_ASSERT(e.state == State::kIncomplete);
  if (e.queued >= config_.queue_packets) displace_oldest(e);
  if (free_nodes_.head == kNil) {
    // The shared bound. A neighbour with waiting packets gives up its own oldest; one without
    // loses the new packet, so that a flood cannot push out what others wait for.
    if (e.queued == 0) {
      drops_ += Drop::kNeighborQueueFull;
      return;
    }
    displace_oldest(e);
  }
  const std::uint16_t n = pop(free_nodes_);
  Node& node = nodes_[n];
  node.packet = std::move(packet).release();
  node.interface = e.interface;
  NodeQueue queue{e.head, e.tail};
  push(queue, n);
  e.head = queue.head;
  e.tail = queue.tail;
  ++e.queued;
  ++waiting_;
}

void Cache::displace_oldest(Entry& e) {
  NodeQueue queue{e.head, e.tail};
  const std::uint16_t n = pop(queue);
  e.head = queue.head;
  e.tail = queue.tail;
  --e.queued;
  --waiting_;
  buf::free_chain(std::exchange(nodes_[n].packet, nullptr));
  push(free_nodes_, n);
  drops_ += Drop::kNeighborQueueFull;
}

void Cache::on_message(std::uint16_t interface, const IpAddress& address, const MacAddress& mac,
                       Evidence evidence, Override override, Unknown unknown, Instant now) {
  if (mac.is_multicast() || mac.is_zero()) return;  // no station has such an address
  Entry* e = find(interface, address);
  if (e == nullptr) {
    if (unknown == Unknown::kIgnore) return;
    e = allocate(interface, address);
    if (e == nullptr) return;  // its table entry is worth less than those in use
    e->mac = mac;
    enter(*e, State::kStale, now);  // RFC 4861 §7.2.3
    return;
  }
  const bool known = e->state != State::kIncomplete && e->state != State::kFailed;
  if (known && e->mac != mac && override == Override::kNo) {
    // RFC 4861 §7.2.5: a rival claim without Override only makes us doubt.
    if (e->state == State::kReachable) enter(*e, State::kStale, now);
    return;
  }
  // An answer that we did not ask for proves nothing: its sender may be anybody.
  const bool asked = e->state == State::kIncomplete || e->state == State::kProbe;
  learn(*e, mac, asked ? evidence : Evidence::kClaim, now);
}

void Cache::learn(Entry& e, const MacAddress& mac, Evidence evidence, Instant now) {
  const bool same = e.state != State::kIncomplete && e.state != State::kFailed && e.mac == mac;
  e.mac = mac;
  if (evidence == Evidence::kConfirmation) {
    enter(e, State::kReachable, now);
  } else if (!same) {
    enter(e, State::kStale, now);
    if (e.queued > 0) enter(e, State::kDelay, now);  // about to be used
  }
  release_packets(e);
}

void Cache::confirm(EntryIndex index, Instant now) {
  Entry& e = entries_[index];
  switch (e.state) {
    case State::kReachable:
    case State::kStale:
    case State::kDelay:
    case State::kProbe:
      enter(e, State::kReachable, now);
      return;
    case State::kFree:
    case State::kIncomplete:
    case State::kFailed:
      return;
  }
}

void Cache::set_times(Duration reachable, Duration retransmit) {
  if (reachable > Duration{}) config_.reachable = reachable;
  if (retransmit > Duration{}) config_.retransmit = retransmit;
}

State Cache::state_of(std::uint16_t interface, const IpAddress& address) const {
  const Entry* const e = find(interface, address);
  return e == nullptr ? State::kFree : e->state;
}

std::optional<MacAddress> Cache::mac_of(std::uint16_t interface, const IpAddress& address) const {
  const Entry* const e = find(interface, address);
  if (e == nullptr || e->state == State::kIncomplete || e->state == State::kFailed) {
    return std::nullopt;
  }
  return e->mac;
}

void Cache::flush(std::uint16_t interface) {
  for (std::uint32_t i = 0; i < config_.entries; ++i) {
    Entry& e = entries_[i];
    if (e.state != State::kFree && e.interface == interface) release(e);
  }
}

void Cache::on_deadline(Instant now) {
  for (std::size_t s = 0; s < kStates; ++s) {
    TimerList& list = timers_[s];
    const Duration life = lifetime(static_cast<State>(s));
    // on_timer() moves the entry off the front: to another list, or to the end with a new time.
    while (!list.empty() && list.front().since + life <= now) on_timer(list.front(), now);
  }
}

void Cache::on_timer(Entry& e, Instant now) {
  switch (e.state) {
    case State::kIncomplete:
    case State::kProbe:
      if (e.sent < config_.solicitations) {
        solicit(e, now);
      } else {
        ++failures_;
        enter(e, State::kFailed, now);
        fail_packets(e);
      }
      return;
    case State::kReachable:
      return enter(e, State::kStale, now);
    case State::kDelay:
      enter(e, State::kProbe, now);
      return solicit(e, now);
    case State::kStale:
    case State::kFailed:
      return release(e);
    case State::kFree:
      return;
  }
}

Instant Cache::next_deadline() const {
  Instant next = Instant::never();
  for (std::size_t s = 0; s < kStates; ++s) {
    const TimerList& list = timers_[s];
    if (list.empty()) continue;
    next = std::min(next, list.front().since + lifetime(static_cast<State>(s)));
  }
  return next;
}

std::optional<Request> Cache::poll_request() {
  if (requests_.empty()) return std::nullopt;
  const Entry& e = requests_.pop_front();
  Request request{.interface = e.interface, .target = e.address, .unicast = std::nullopt};
  if (e.state == State::kProbe) request.unicast = e.mac;
  return request;
}

std::optional<Released> Cache::poll_released() {
  if (released_.head == kNil) return std::nullopt;
  const std::uint16_t n = pop(released_);
  Node& node = nodes_[n];
  Released out{node.interface, node.mac, buf::Mbuf::adopt(std::exchange(node.packet, nullptr))};
  push(free_nodes_, n);
  return out;
}

std::optional<buf::Mbuf> Cache::poll_undeliverable() {
  if (undeliverable_.head == kNil) return std::nullopt;
  const std::uint16_t n = pop(undeliverable_);
  auto out = buf::Mbuf::adopt(std::exchange(nodes_[n].packet, nullptr));
  push(free_nodes_, n);
  return out;
}

std::vector<Cache::Info> Cache::snapshot() const {
  std::vector<Info> out;
  for (std::uint32_t i = 0; i < config_.entries; ++i) {
    const Entry& e = entries_[i];
    if (e.state != State::kFree) out.push_back({e.interface, e.address, e.mac, e.state});
  }
  return out;
}

Cache::Entry* Cache::find(std::uint16_t interface, const IpAddress& address) const {
  for (std::uint16_t i = buckets_[bucket_of(interface, address)]; i != kNil;
       i = entries_[i].hash_next) {
    Entry& e = entries_[i];
    if (e.interface == interface && e.address == address) return &e;
  }
  return nullptr;
}

Cache::Entry* Cache::allocate(std::uint16_t interface, const IpAddress& address) {
  if (free_entries_.empty()) {
    Entry* const victim = choose_victim();
    if (victim == nullptr) return nullptr;
    release(*victim);
  }
  const std::uint16_t i = free_entries_.back();
  free_entries_.pop_back();
  Entry& e = entries_[i];
  e.address = address;
  e.interface = interface;
  e.mac = {};
  e.is_named = false;
  std::uint16_t& bucket = buckets_[bucket_of(interface, address)];
  e.hash_next = std::exchange(bucket, i);
  ++used_;
  return &e;
}

Cache::Entry* Cache::choose_victim() {
  TimerList& failed = timers(State::kFailed);
  TimerList& incomplete = timers(State::kIncomplete);
  TimerList& stale = timers(State::kStale);
  if (!failed.empty()) return &failed.front();
  if (incomplete_ > config_.entries / 2) return &incomplete.front();
  if (!stale.empty()) return &stale.front();
  if (!incomplete.empty()) return &incomplete.front();
  return nullptr;
}

void Cache::release(Entry& e) {
  fail_packets(e);
  if (static_cast<ListHook<RequestTag>&>(e).is_linked()) requests_.erase(e);
  timers(e.state).erase(e);
  if (e.state == State::kIncomplete) --incomplete_;
  e.state = State::kFree;
  std::uint16_t* link = &buckets_[bucket_of(e.interface, e.address)];
  while (*link != index_of(e)) link = &entries_[*link].hash_next;
  *link = e.hash_next;
  free_entries_.push_back(index_of(e));
  --used_;
  // Strangers who only spoke of themselves come and go without a flow losing its way.
  if (e.is_named && ++generation_ == 0) generation_ = 1;
}

void Cache::enter(Entry& e, State state, Instant now) {
  if (e.state != State::kFree) timers(e.state).erase(e);
  if (e.state == State::kIncomplete) --incomplete_;
  if (state == State::kIncomplete) ++incomplete_;
  // A question that has not been sent yet has no point once the answer is known.
  if (static_cast<ListHook<RequestTag>&>(e).is_linked()) requests_.erase(e);
  e.state = state;
  e.sent = 0;
  e.since = now;
  timers(state).push_back(e);
}

void Cache::solicit(Entry& e, Instant now) {
  ++e.sent;
  e.since = now;
  timers(e.state).erase(e);
  timers(e.state).push_back(e);
  requests_.push_back_once(e);
}

void Cache::release_packets(Entry& e) {
  for (std::uint16_t n = e.head; n != kNil;) {
    const std::uint16_t next = nodes_[n].next;
    nodes_[n].mac = e.mac;
    push(released_, n);
    n = next;
  }
  waiting_ -= e.queued;
  e.head = e.tail = kNil;
  e.queued = 0;
}

void Cache::fail_packets(Entry& e) {
  for (std::uint16_t n = e.head; n != kNil;) {
    const std::uint16_t next = nodes_[n].next;
    push(undeliverable_, n);
    drops_ += Drop::kNeighborFailed;
    n = next;
  }
  waiting_ -= e.queued;
  e.head = e.tail = kNil;
  e.queued = 0;
}

std::size_t Cache::bucket_of(std::uint16_t interface, const IpAddress& address) const {
  // Keyed: strangers choose the addresses that we answer to.
  std::array<std::byte, 18> key;
  std::copy(address.bytes().begin(), address.bytes().end(), key.begin());
  store_be(&key[16], interface);
  return siphash(key_, key) & (buckets_.size() - 1);
}

Duration Cache::lifetime(State state) const {
  switch (state) {
    case State::kIncomplete:
    case State::kProbe:
      return config_.retransmit;
    case State::kReachable:
      return config_.reachable;
    case State::kStale:
      return config_.stale_lifetime;
    case State::kDelay:
      return config_.delay_first_probe;
    case State::kFailed:
      return config_.failed_lifetime;
    case State::kFree:
      break;
  }
  return Duration::max();
}

void Cache::push(NodeQueue& queue, std::uint16_t node) {
  nodes_[node].next = kNil;
  if (queue.tail == kNil) {
    queue.head = node;
  } else {
    nodes_[queue.tail].next = node;
  }
  queue.tail = node;
}

std::uint16_t Cache::pop(NodeQueue& queue) {
  const std::uint16_t node = queue.head;
  queue.head = nodes_[node].next;
  if (queue.head == kNil) queue.tail = kNil;
  return node;
}

}  // namespace zs::neigh
