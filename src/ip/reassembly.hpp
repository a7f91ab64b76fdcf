#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/drop.hpp"
#include "base/intrusive_list.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "buf/mbuf.hpp"
#include "ip/incoming.hpp"

namespace zs::ip {

using namespace std::chrono_literals;

struct ReassemblyLimits {
  std::uint32_t datagrams = 256;
  /// Of all datagrams together. What costs is the buffer, however few bytes lie in it.
  std::uint32_t buffers = 1'024;
  std::uint32_t bytes = 1u << 20;
  /// 64 KB over the smallest path that we believe in (PathMtuCache::kFloorV4) is 124 fragments.
  std::uint16_t fragments_each = 128;
  Duration lifetime_v4 = 30s;  ///< as Linux; RFC 1122 §3.3.2 would have 60 s
  Duration lifetime_v6 = 60s;  ///< RFC 8200 §4.5
};

/// How a fragment reached us, as far as an error about its datagram has to know.
struct FragmentArrival {
  std::uint16_t interface = 0;
  bool to_many = false;
};

/// A datagram whose time was up.
struct ExpiredDatagram {
  Incoming ip;      ///< of the first fragment; header_bytes says where its part begins
  buf::Mbuf first;  ///< begins at its IP header; empty if the first fragment never came
  FragmentArrival arrival;
};

/// Puts fragments of both IP versions together again (RFC 791 §3.2, RFC 8200 §4.5), without copying
/// payload: a datagram is the chain of the buffers that its parts came in.
///
/// Overlapping fragments condemn their datagram, and what still comes of it is dropped as well
/// (RFC 5722 §4; for IPv4 too, where nothing honest overlaps either). Exact duplicates are dropped.
///
/// Bounded in datagrams, buffers and bytes. At a bound the oldest datagram gives way, for the parts
/// of an honest one come within moments of each other; a source (by keyed hash) that has more than
/// its share makes room by itself. So a flood costs each of its packets a constant and can only
/// push out what is older than the flood's last few hundred packets.
class Reassembler {
 public:
  Reassembler(const ReassemblyLimits& limits, SipKey key, buf::Pools pools, DropCounters& drops);
  ~Reassembler();
  Reassembler(const Reassembler&) = delete;
  Reassembler& operator=(const Reassembler&) = delete;

  /// Takes a fragment, trimmed of link padding; `addresses` are its source and destination. The
  /// whole datagram, as if it had never been cut, when this was the last part to come.
  std::optional<buf::Mbuf> add(const Incoming& addresses, const Fragment& fragment,
                               buf::Mbuf packet, const FragmentArrival& arrival, Instant now);
  /// The next datagram whose time is up at `now`.
  std::optional<ExpiredDatagram> poll_expired(Instant now);
  Instant next_deadline() const;

  std::size_t datagrams() const { return limits_.datagrams - free_datagrams_.size(); }
  std::uint32_t buffers() const { return buffers_; }

 private:
  struct AgeTag;
  struct SourceTag;
  using Index = std::uint16_t;
  static constexpr Index kNil = UINT16_MAX;
  static constexpr std::size_t kSources = 64;
  static constexpr std::uint32_t kUnknown = UINT32_MAX;

  struct Key {
    IpAddress src;
    IpAddress dst;
    std::uint32_t identification = 0;
    std::uint8_t protocol = 0;  ///< IPv4 only: in IPv6 it is the first fragment's to say
    friend bool operator==(const Key&, const Key&) = default;
  };
  /// A part: its bytes without headers, but the first, which keeps its own.
  struct Part {
    rte_mbuf* packet = nullptr;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    Index next = kNil;
  };
  struct Datagram : ListHook<AgeTag>, ListHook<SourceTag> {
    Key key;
    Instant since;
    FragmentArrival arrival;
    std::uint32_t total = kUnknown;  ///< bytes of all parts, known from the last one
    std::uint32_t bytes = 0;         ///< of the parts that are here
    std::uint32_t buffers = 0;
    std::uint32_t protocol_pointer = 0;
    std::uint16_t header_bytes = 0;  ///< of the first fragment, once it is here
    std::uint16_t source = 0;
    std::uint8_t protocol = 0;
    std::uint8_t hop_limit = 0;
    std::uint8_t ecn_seen = 0;  ///< a bit a codepoint
    bool condemned = false;
    Index head = kNil;
    Index tail = kNil;
    Index hash_next = kNil;
    std::uint16_t parts = 0;
  };
  using AgeList = IntrusiveList<Datagram, AgeTag>;
  struct Source {
    IntrusiveList<Datagram, SourceTag> datagrams;
    std::uint32_t count = 0;  ///< of these
    std::uint32_t buffers = 0;
  };
  enum class Place : std::uint8_t { kFree, kDuplicate, kConflict };
  struct Found {
    Place place = Place::kFree;
    Index before = kNil;  ///< the part that it follows
  };

  Datagram* find(const Key& key) const;
  Datagram* start(const Key& key, const FragmentArrival& arrival, Instant now);
  /// Evicts until `buffers` more fit. False: it would have to be `keep` itself.
  bool make_room(const Source& source, const Datagram* keep, std::uint32_t buffers,
                 std::uint32_t bytes);
  Datagram* oldest();
  static Found find_place(const Datagram& d, const Part* parts, const Fragment& f);
  void insert(Datagram& d, Index before, const Fragment& f, buf::Mbuf packet);
  void note_first(Datagram& d, const Incoming& addresses, const Fragment& f);
  std::optional<buf::Mbuf> assemble(Datagram& d);
  void condemn(Datagram& d);
  void release_parts(Datagram& d, std::optional<Drop> reason);
  void release(Datagram& d, std::optional<Drop> reason);
  Duration lifetime(const Datagram& d) const;
  AgeList& age_list(const Key& key) { return ages_[key.src.is_v4() ? 0 : 1]; }
  std::size_t bucket_of(const Key& key) const;
  Index index_of(const Datagram& d) const { return static_cast<Index>(&d - datagrams_.get()); }

  ReassemblyLimits limits_;
  SipKey key_;
  buf::Pools pools_;
  DropCounters& drops_;
  std::unique_ptr<Datagram[]> datagrams_;
  std::vector<Index> free_datagrams_;
  std::vector<Index> buckets_;  ///< heads of chains through Datagram::hash_next
  std::vector<Part> parts_;
  Index free_parts_ = kNil;
  std::array<AgeList, 2> ages_;  ///< IPv4, IPv6: each has one lifetime, so each is sorted
  std::unique_ptr<Source[]> sources_;
  std::uint32_t buffers_ = 0;
  std::uint32_t bytes_ = 0;
};

}  // namespace zs::ip
