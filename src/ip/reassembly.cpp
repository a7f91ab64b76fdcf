#include "ip/reassembly.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "buf/chain.hpp"
#include "wire/checksum.hpp"
#include "wire/ipv6.hpp"

namespace zs::ip {
namespace {

constexpr std::uint8_t kNotEct = 1u << 0;
constexpr std::uint8_t kCongested = 1u << 3;

/// A share of a bound, for one source: a quarter, but never less than one datagram may need.
std::uint32_t share_of(std::uint32_t bound, std::uint32_t least) {
  return std::min(bound, std::max(bound / 4, least));
}

/// The packet with its first `bytes` writable: where they are, or in a buffer of their own.
Result<buf::Mbuf> own_header(buf::Mbuf packet, std::uint16_t bytes, buf::Pool& pool) {
  if (buf::is_exclusive(packet.get())) return packet;
  buf::Mbuf fresh = buf::Mbuf::adopt(pool.alloc());
  if (!fresh) return Errc::kNoBuffers;
  ZS_TRY_ASSIGN(const std::span<std::byte> room, fresh.append(bytes));
  packet.copy_out(0, room);
  packet.trim_front(bytes);
  if (packet.length() > 0) fresh.append_chain(std::move(packet));
  return fresh;
}

/// `header` becomes that of an IPv4 packet that was never cut.
void mend_v4(std::span<std::byte> header, std::uint32_t payload_bytes, bool congested) {
  store_be(&header[2], static_cast<std::uint16_t>(header.size() + payload_bytes));
  store_be(&header[6], std::uint16_t{0});
  if (congested) header[1] |= std::byte{3};
  store_be(&header[10], std::uint16_t{0});
  store_be(&header[10], wire::checksum_finish(wire::checksum_add(header)));
}

/// The same for IPv6: the fragment header, which ends `header`, goes, so that the packet begins
/// kHeader bytes later (RFC 8200 §4.5).
void mend_v6(std::span<std::byte> header, std::uint32_t payload_bytes, std::uint8_t protocol,
             std::uint32_t protocol_pointer, bool congested) {
  const std::size_t kept = header.size() - wire::Ipv6Fragment::kHeader;
  header[protocol_pointer] = std::byte{protocol};
  store_be(&header[4], static_cast<std::uint16_t>(kept - wire::Ipv6View::kHeader + payload_bytes));
  if (congested) header[1] |= std::byte{0x30};
  std::memmove(&header[wire::Ipv6Fragment::kHeader], header.data(), kept);
}

}  // namespace

Reassembler::Reassembler(const ReassemblyLimits& limits, SipKey key, buf::Pools pools,
                         DropCounters& drops)
    : limits_(limits), key_(key), pools_(pools), drops_(drops) {
  limits_.datagrams = std::clamp<std::uint32_t>(limits_.datagrams, 1, kNil - 1);
  limits_.buffers = std::clamp<std::uint32_t>(limits_.buffers, 1, kNil - 1);
  // However small the pool, most of it is for others.
  limits_.buffers = std::min(limits_.buffers, std::max(pools.data->capacity() / 8, 1u));
  datagrams_ = std::make_unique<Datagram[]>(limits_.datagrams);
  for (std::uint32_t i = limits_.datagrams; i > 0; --i) {
    free_datagrams_.push_back(static_cast<Index>(i - 1));
  }
  buckets_.assign(std::bit_ceil(std::size_t{limits_.datagrams}), kNil);
  parts_.resize(limits_.buffers);  // a part has a buffer at least
  for (std::uint32_t i = limits_.buffers; i > 0; --i) {
    parts_[i - 1].next = std::exchange(free_parts_, static_cast<Index>(i - 1));
  }
  sources_ = std::make_unique<Source[]>(kSources);
}

Reassembler::~Reassembler() {
  while (Datagram* const d = oldest()) release(*d, std::nullopt);
}

std::optional<buf::Mbuf> Reassembler::add(const Incoming& addresses, const Fragment& fragment,
                                          buf::Mbuf packet, const FragmentArrival& arrival,
                                          Instant now) {
  Key key{addresses.src, addresses.dst, fragment.identification, 0};
  if (key.src.is_v4()) key.protocol = fragment.protocol;
  Datagram* d = find(key);
  if (d == nullptr) d = start(key, arrival, now);
  if (d->condemned) {
    drops_ += Drop::kFragmentOverlap;
    return std::nullopt;
  }
  const Found found = find_place(*d, parts_.data(), fragment);
  if (found.place == Place::kDuplicate) {
    drops_ += Drop::kFragmentDuplicate;
    return std::nullopt;
  }
  if (found.place == Place::kConflict) {
    drops_ += Drop::kFragmentOverlap;
    condemn(*d);
    return std::nullopt;
  }
  if (d->parts >= limits_.fragments_each) {
    drops_ += Drop::kFragmentTooMany;
    release(*d, Drop::kFragmentTooMany);
    return std::nullopt;
  }
  if (!make_room(sources_[d->source], d, packet->nb_segs, fragment.part_bytes)) {
    drops_ += Drop::kFragmentDisplaced;
    release(*d, Drop::kFragmentDisplaced);
    return std::nullopt;
  }
  if (fragment.offset == 0) note_first(*d, addresses, fragment);
  insert(*d, found.before, fragment, std::move(packet));
  if (d->bytes != d->total) return std::nullopt;
  return assemble(*d);
}

Reassembler::Found Reassembler::find_place(const Datagram& d, const Part* parts,
                                           const Fragment& f) {
  const std::uint32_t end = f.offset + f.part_bytes;
  const Found conflict{Place::kConflict, kNil};
  // The last part says where all end, and nothing else may end there or go on behind it.
  if (d.total != kUnknown && (f.more ? end >= d.total : end != d.total)) return conflict;
  if (!f.more && d.tail != kNil && parts[d.tail].end > end) return conflict;
  Found found;
  if (d.tail != kNil && parts[d.tail].end <= f.offset) {  // the usual case: they come in order
    found.before = d.tail;
    return found;
  }
  for (Index i = d.head; i != kNil; i = parts[i].next) {
    const Part& p = parts[i];
    if (p.end <= f.offset) {
      found.before = i;
      continue;
    }
    if (p.begin >= end) break;
    const bool same = p.begin == f.offset && p.end == end && (f.more || d.total == end);
    return same ? Found{Place::kDuplicate, kNil} : conflict;
  }
  return found;
}

void Reassembler::note_first(Datagram& d, const Incoming& addresses, const Fragment& f) {
  d.header_bytes = f.header_bytes;
  d.protocol = f.protocol;
  d.protocol_pointer = f.protocol_pointer;
  d.hop_limit = addresses.hop_limit;
}

void Reassembler::insert(Datagram& d, Index before, const Fragment& f, buf::Mbuf packet) {
  if (f.offset != 0) packet.trim_front(f.header_bytes);
  const std::uint32_t buffers = packet->nb_segs;
  const Index i = std::exchange(free_parts_, parts_[free_parts_].next);
  Part& part = parts_[i];
  part.packet = std::move(packet).release();
  part.begin = f.offset;
  part.end = f.offset + f.part_bytes;
  part.next = before == kNil ? d.head : parts_[before].next;
  (before == kNil ? d.head : parts_[before].next) = i;
  if (part.next == kNil) d.tail = i;
  ++d.parts;
  d.bytes += f.part_bytes;
  d.buffers += buffers;
  d.ecn_seen = static_cast<std::uint8_t>(d.ecn_seen | 1u << (f.ecn & 3));
  if (!f.more) d.total = part.end;
  sources_[d.source].buffers += buffers;
  buffers_ += buffers;
  bytes_ += f.part_bytes;
}

std::optional<buf::Mbuf> Reassembler::assemble(Datagram& d) {
  const bool v4 = d.key.src.is_v4();
  const bool congested = (d.ecn_seen & kCongested) != 0;
  const std::uint32_t dropped_header = v4 ? 0 : wire::Ipv6View::kHeader + 8;
  // RFC 3168 §5.3: a mark on what cannot be marked is somebody's mistake.
  if ((congested && (d.ecn_seen & kNotEct) != 0) ||
      d.header_bytes - dropped_header + d.total > 0xffff) {
    release(d, Drop::kFragmentMalformed);
    return std::nullopt;
  }
  const Part& first = parts_[d.head];
  auto owned = own_header(buf::Mbuf::adopt(std::exchange(parts_[d.head].packet, nullptr)),
                          d.header_bytes, *pools_.data);
  if (!owned) {
    drops_ += Drop::kNoBuffers;
    release(d, Drop::kNoBuffers);
    return std::nullopt;
  }
  const std::span<std::byte> header{buf::data(owned->get()), d.header_bytes};
  if (v4) {
    mend_v4(header, d.total, congested);
  } else {
    mend_v6(header, d.total, d.protocol, d.protocol_pointer, congested);
    owned->trim_front(wire::Ipv6Fragment::kHeader);
  }
  // What the devices said of the pieces' checksums says nothing of the whole's: a Chain forgets it.
  buf::Chain whole{std::move(*owned)};
  for (Index i = first.next; i != kNil; i = parts_[i].next) {
    whole.append(buf::Mbuf::adopt(std::exchange(parts_[i].packet, nullptr)));
  }
  release(d, std::nullopt);
  return std::move(whole).release();
}

std::optional<ExpiredDatagram> Reassembler::poll_expired(Instant now) {
  for (AgeList& list : ages_) {
    if (list.empty() || list.front().since + lifetime(list.front()) > now) continue;
    Datagram& d = list.front();
    ExpiredDatagram out{.ip = {.src = d.key.src,
                               .dst = d.key.dst,
                               .protocol = d.protocol,
                               .hop_limit = d.hop_limit,
                               .header_bytes = d.header_bytes},
                        .first = {},
                        .arrival = d.arrival};
    if (d.head != kNil && parts_[d.head].begin == 0) {
      out.first = buf::Mbuf::adopt(std::exchange(parts_[d.head].packet, nullptr));
      drops_ += Drop::kFragmentTimeout;
    }
    release(d, Drop::kFragmentTimeout);
    return out;
  }
  return std::nullopt;
}

Instant Reassembler::next_deadline() const {
  Instant next = Instant::never();
  for (const AgeList& list : ages_) {
    if (!list.empty()) next = std::min(next, list.front().since + lifetime(list.front()));
  }
  return next;
}

Reassembler::Datagram* Reassembler::find(const Key& key) const {
  for (Index i = buckets_[bucket_of(key)]; i != kNil; i = datagrams_[i].hash_next) {
    if (datagrams_[i].key == key) return &datagrams_[i];
  }
  return nullptr;
}

Reassembler::Datagram* Reassembler::start(const Key& key, const FragmentArrival& arrival,
                                          Instant now) {
  const auto source = static_cast<std::uint16_t>(siphash(key_, key.src.bytes()) % kSources);
  if (sources_[source].count >= share_of(limits_.datagrams, 1)) {
    release(sources_[source].datagrams.front(), Drop::kFragmentDisplaced);
  }
  if (free_datagrams_.empty()) release(*oldest(), Drop::kFragmentDisplaced);
  const Index i = free_datagrams_.back();
  free_datagrams_.pop_back();
  Datagram& d = datagrams_[i];
  d.key = key;
  d.since = now;
  d.arrival = arrival;
  d.total = kUnknown;
  d.bytes = d.buffers = d.protocol_pointer = 0;
  d.header_bytes = d.parts = 0;
  d.source = source;
  d.protocol = d.hop_limit = d.ecn_seen = 0;
  d.condemned = false;
  d.head = d.tail = kNil;
  d.hash_next = std::exchange(buckets_[bucket_of(key)], i);
  age_list(key).push_back(d);
  sources_[source].datagrams.push_back(d);
  ++sources_[source].count;
  return &d;
}

bool Reassembler::make_room(const Source& source, const Datagram* keep, std::uint32_t buffers,
                            std::uint32_t bytes) {
  const std::uint32_t share = share_of(limits_.buffers, limits_.fragments_each);
  Source& own = sources_[static_cast<std::size_t>(&source - sources_.get())];
  while (own.buffers + buffers > share) {
    Datagram& victim = own.datagrams.front();
    if (&victim == keep) return false;
    release(victim, Drop::kFragmentDisplaced);
  }
  while (buffers_ + buffers > limits_.buffers || bytes_ + bytes > limits_.bytes) {
    Datagram* const victim = oldest();
    if (victim == keep || victim == nullptr) return false;
    release(*victim, Drop::kFragmentDisplaced);
  }
  return true;
}

Reassembler::Datagram* Reassembler::oldest() {
  if (ages_[0].empty()) return ages_[1].empty() ? nullptr : &ages_[1].front();
  if (ages_[1].empty()) return &ages_[0].front();
  return ages_[0].front().since <= ages_[1].front().since ? &ages_[0].front() : &ages_[1].front();
}

void Reassembler::condemn(Datagram& d) {
  release_parts(d, Drop::kFragmentOverlap);
  d.condemned = true;
}

void Reassembler::release_parts(Datagram& d, std::optional<Drop> reason) {
  for (Index i = d.head; i != kNil;) {
    Part& part = parts_[i];
    if (part.packet != nullptr) {
      buf::free_chain(std::exchange(part.packet, nullptr));
      if (reason) drops_ += *reason;
    }
    const Index next = part.next;
    part.next = std::exchange(free_parts_, i);
    i = next;
  }
  sources_[d.source].buffers -= d.buffers;
  buffers_ -= d.buffers;
  bytes_ -= d.bytes;
  d.head = d.tail = kNil;
  d.parts = 0;
  d.bytes = d.buffers = 0;
}

void Reassembler::release(Datagram& d, std::optional<Drop> reason) {
  release_parts(d, reason);
  Index* link = &buckets_[bucket_of(d.key)];
  while (*link != index_of(d)) link = &datagrams_[*link].hash_next;
  *link = d.hash_next;
  age_list(d.key).erase(d);
  sources_[d.source].datagrams.erase(d);
  --sources_[d.source].count;
  free_datagrams_.push_back(index_of(d));
}

Duration Reassembler::lifetime(const Datagram& d) const {
  return d.key.src.is_v4() ? limits_.lifetime_v4 : limits_.lifetime_v6;
}

std::size_t Reassembler::bucket_of(const Key& key) const {
  // Keyed: strangers choose all of it.
  std::array<std::byte, 37> bytes;
  std::copy(key.src.bytes().begin(), key.src.bytes().end(), bytes.begin());
  std::copy(key.dst.bytes().begin(), key.dst.bytes().end(), bytes.begin() + 16);
  store_be(&bytes[32], key.identification);
  bytes[36] = std::byte{key.protocol};
  return siphash(key_, bytes) & (buckets_.size() - 1);
}

}  // namespace zs::ip
