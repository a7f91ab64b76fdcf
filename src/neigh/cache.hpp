#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/drop.hpp"
#include "base/intrusive_list.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "buf/mbuf.hpp"

namespace zs::neigh {

using namespace std::chrono_literals;

/// RFC 4861 §7.3.2, applied to ARP as well; kFree is an unused slot, kFailed remembers for
/// `zstack show` that nobody answered (the next packet starts anew).
enum class State : std::uint8_t {
  kFree,
  kIncomplete,
  kReachable,
  kStale,
  kDelay,
  kProbe,
  kFailed,
};
inline constexpr std::size_t kStates = 7;
std::string_view to_string(State state);

struct CacheConfig {
  std::uint32_t entries = 1'024;  ///< at most 65,535
  /// Packets that wait for one neighbour; RFC 4861 §7.2.2 asks for at least one, RFC 1122 §2.3.2.2
  /// for the latest. Linux allows 64 KB a neighbour.
  std::uint16_t queue_packets = 16;
  /// Of all neighbours together: someone who makes us answer a whole subnet of spoofed sources must
  /// not tie up the buffer pool.
  std::uint16_t total_queue_packets = 512;
  std::uint8_t solicitations = 3;  ///< RFC 4861 §10 MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT
  Duration retransmit = 1s;        ///< RFC 4861 §10 RETRANS_TIMER; also RFC 1122's ARP flood limit
  Duration reachable = 30s;        ///< RFC 4861 §10 REACHABLE_TIME
  Duration delay_first_probe = 5s;  ///< RFC 4861 §10 DELAY_FIRST_PROBE_TIME
  Duration stale_lifetime = 600s;   ///< Linux' gc_stale_time is 60 s, FreeBSD's 20 min
  Duration failed_lifetime = 60s;   ///< only a memory of the failure
};

/// Names an entry; stays valid until the generation() of the cache changes.
using EntryIndex = std::uint16_t;

/// A solicitation to be sent: ARP request or neighbour solicitation.
struct Request {
  std::uint16_t interface = 0;
  IpAddress target;
  std::optional<MacAddress> unicast;  ///< probe of a known neighbour; none: ask everybody
};

/// A packet whose neighbour has become known; begins at its IP header.
struct Released {
  std::uint16_t interface = 0;
  MacAddress mac;
  buf::Mbuf packet;
};

/// What a message said about a neighbour.
enum class Evidence : std::uint8_t {
  kClaim,  ///< it spoke of itself (request, gratuitous, unsolicited): a MAC, not reachability
  kConfirmation,  ///< it answered us: reachable (RFC 4861 §7.2.5 Solicited flag; an ARP reply)
};
/// Whether somebody unknown gets an entry.
enum class Unknown : std::uint8_t { kIgnore, kLearn };
/// Whether a different MAC replaces the known one (RFC 4861 §7.2.5 Override flag; ARP always does).
enum class Override : std::uint8_t { kNo, kYes };

/// The neighbours of all interfaces: which MAC an on-link address has. ARP and ND are two ways of
/// asking the same question, so one cache serves both. Sans-I/O; bounded in entries and packets.
///
/// Sending: find_or_start(), then usable() or enqueue(). After every call that takes a time, drain
/// poll_request(), poll_released() and poll_undeliverable().
class Cache {
 public:
  Cache(const CacheConfig& config, SipKey key, DropCounters& drops);
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  /// The entry of an on-link unicast address; makes one, and asks, when there is none. nullopt when
  /// the table is full of neighbours in use (the caller counts kNeighborTableFull).
  ///
  /// Who gives way when it is full: failed ones; the oldest unanswered one if these fill more than
  /// half of the table, which is what a scan looks like; the stalest; the oldest unanswered one.
  std::optional<EntryIndex> find_or_start(std::uint16_t interface, const IpAddress& address,
                                          Instant now);
  /// The MAC to send to now, or nullptr: wait. Using a stale entry starts its verification.
  const MacAddress* usable(EntryIndex index, Instant now) {
    Entry& e = entries_[index];
    if (e.state == State::kReachable) [[likely]] {
      return &e.mac;
    }
    return usable_slowly(e, now);
  }
  /// Lets a packet wait for the entry; the oldest is displaced (Drop::kNeighborQueueFull).
  /// Precondition: usable() said nullptr just now.
  void enqueue(EntryIndex index, buf::Mbuf packet);

  /// A message that binds `address` to `mac`. Only an existing entry is touched unless `unknown`
  /// says otherwise: unsolicited answers make no entries, so nobody can fill the table with them.
  void on_message(std::uint16_t interface, const IpAddress& address, const MacAddress& mac,
                  Evidence evidence, Override override, Unknown unknown, Instant now);
  /// A layer above saw the neighbour make progress (RFC 4861 §7.3.1). Precondition: the entry
  /// exists.
  void on_progress(EntryIndex index, Instant now) {
    const Entry& e = entries_[index];
    // Moving it to the list's end costs two cache lines; a fresh entry has no need of it.
    if (e.state == State::kReachable && now - e.since < config_.reachable / 2) [[likely]] {
      return;
    }
    confirm(index, now);
  }
  /// What a router says of its link (RFC 4861 §6.3.4); 0: leave it. Holds for all neighbours from
  /// the next look at the time on.
  void set_times(Duration reachable, Duration retransmit);
  /// The state of a neighbour, kFree for an unknown one.
  State state_of(std::uint16_t interface, const IpAddress& address) const;
  /// Where a neighbour is, as far as known.
  std::optional<MacAddress> mac_of(std::uint16_t interface, const IpAddress& address) const;
  /// How many neighbours have not answered, ever.
  std::uint32_t failures() const { return failures_; }
  /// The link went away: forget everything learned there. Waiting packets become undeliverable.
  void flush(std::uint16_t interface);

  void on_deadline(Instant now);
  Instant next_deadline() const;

  std::optional<Request> poll_request();
  std::optional<Released> poll_released();
  /// A packet whose neighbour did not answer (counted already); begins at its IP header.
  std::optional<buf::Mbuf> poll_undeliverable();

  /// Changes when an index may have come to mean another neighbour. Never 0.
  std::uint32_t generation() const { return generation_; }

  struct Info {
    std::uint16_t interface = 0;
    IpAddress address;
    MacAddress mac;
    State state = State::kFree;
  };
  std::vector<Info> snapshot() const;
  std::size_t size() const { return used_; }
  std::size_t waiting_packets() const { return waiting_; }

 private:
  struct TimerTag;
  struct RequestTag;
  static constexpr std::uint16_t kNil = UINT16_MAX;

  struct Entry : ListHook<TimerTag>, ListHook<RequestTag> {
    IpAddress address;
    MacAddress mac;
    std::uint16_t interface = 0;
    State state = State::kFree;
    std::uint8_t sent = 0;  ///< solicitations in this state
    bool is_named = false;  ///< find_or_start() has told its index to somebody
    Instant since;          ///< when the state, or its latest solicitation, began
    std::uint16_t hash_next = kNil;
    std::uint16_t head = kNil;  ///< waiting packets
    std::uint16_t tail = kNil;
    std::uint16_t queued = 0;
  };
  /// A waiting packet. All are allocated at the start; `next` links a queue or the free ones.
  struct Node {
    rte_mbuf* packet = nullptr;
    MacAddress mac;
    std::uint16_t interface = 0;
    std::uint16_t next = kNil;
  };
  struct NodeQueue {
    std::uint16_t head = kNil;
    std::uint16_t tail = kNil;
  };
  using TimerList = IntrusiveList<Entry, TimerTag>;

  const MacAddress* usable_slowly(Entry& e, Instant now);
  void confirm(EntryIndex index, Instant now);
  Entry* find(std::uint16_t interface, const IpAddress& address) const;
  Entry* allocate(std::uint16_t interface, const IpAddress& address);
  Entry* choose_victim();
  void release(Entry& e);
  void enter(Entry& e, State state, Instant now);
  void solicit(Entry& e, Instant now);
  void on_timer(Entry& e, Instant now);
  void learn(Entry& e, const MacAddress& mac, Evidence evidence, Instant now);
  void release_packets(Entry& e);
  void fail_packets(Entry& e);
  void displace_oldest(Entry& e);
  std::size_t bucket_of(std::uint16_t interface, const IpAddress& address) const;
  Duration lifetime(State state) const;
  TimerList& timers(State state) { return timers_[static_cast<std::size_t>(state)]; }
  EntryIndex index_of(const Entry& e) const { return static_cast<EntryIndex>(&e - entries_.get()); }
  void push(NodeQueue& queue, std::uint16_t node);
  std::uint16_t pop(NodeQueue& queue);

  CacheConfig config_;
  SipKey key_;
  DropCounters& drops_;
  std::unique_ptr<Entry[]> entries_;
  std::vector<std::uint16_t> buckets_;
  std::vector<std::uint16_t> free_entries_;
  std::unique_ptr<Node[]> nodes_;
  NodeQueue free_nodes_;
  NodeQueue released_;
  NodeQueue undeliverable_;
  /// One list a state. A state has one lifetime, so each list is sorted by deadline by itself, and
  /// its front is also the oldest: timers and eviction are O(1).
  std::array<TimerList, kStates> timers_;
  IntrusiveList<Entry, RequestTag> requests_;
  std::size_t used_ = 0;
  std::size_t incomplete_ = 0;  ///< entries in that state
  std::size_t waiting_ = 0;
  std::uint32_t generation_ = 1;
  std::uint32_t failures_ = 0;
};

}  // namespace zs::neigh
