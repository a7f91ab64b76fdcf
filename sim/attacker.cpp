#include "sim/attacker.hpp"

#include "buf/mbuf.hpp"
#include "wire/icmp.hpp"
#include "wire/protocol.hpp"

namespace zs::sim {

namespace {

namespace flag = wire::tcp_flag;

constexpr std::size_t kRecordings = 24;
constexpr std::uint32_t kMostNoise = 300;
constexpr std::uint32_t kMostPayload = 1'200;
/// No window and no flight of the simulator's is nearly as large.
constexpr std::uint32_t kFarAway = 1u << 30;
constexpr std::uint8_t kIcmpv6TooBig = 2;
constexpr std::uint8_t kIcmpv6Unreachable = 1;
constexpr std::uint8_t kIcmpv6Echo = 128;

std::uint32_t later(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0 ? a : b;
}
bool is_v4(const Endpoint& e) { return e.address.family() == IpFamily::kV4; }

}  // namespace

Attacker::Attacker(Wiretap& tap, const Forger& forger, std::uint64_t seed)
    : tap_(tap), forger_(forger), random_(seed) {
  tap.add_listener(
      [this](Instant, Heading heading, const rte_mbuf& frame) { observe(heading, frame); });
}

Attacker::Target& Attacker::target_of(const Endpoint& victim, const Endpoint& peer) {
  const auto it = std::find_if(targets_.begin(), targets_.end(), [&](const Target& t) {
    return t.victim == victim && t.peer == peer;
  });
  if (it != targets_.end()) return *it;
  targets_.push_back({.victim = victim, .peer = peer});
  return targets_.back();
}

void Attacker::observe(Heading heading, const rte_mbuf& frame) {
  const auto seen = heading == Heading::kForged ? std::nullopt : see_segment(frame);
  if (!seen) return;
  const bool begins = seen->has(flag::kSyn);
  if (heading == Heading::kOut) {
    Target& t = target_of(seen->source, seen->destination);
    t.our_end = t.our_end == 0 || begins ? seen->end() : later(t.our_end, seen->end());
    t.window = seen->window;
    if (!seen->has(flag::kAck)) return;
    t.our_ack = seen->ack;
    t.heard_both = t.heard_both || !begins;
    return;
  }
  Target& t = target_of(seen->destination, seen->source);
  t.peer_end = t.peer_end == 0 || begins ? seen->end() : later(t.peer_end, seen->end());
  if (seen->has(flag::kAck)) t.peer_ack = seen->ack;
  if (seen->options.timestamps) t.stamps = seen->options.timestamps;
  Recording recording{*seen, std::vector<std::byte>(seen->payload_bytes)};
  buf::copy_out(&frame, seen->payload_offset, recording.payload);
  recordings_.push_back(std::move(recording));
  if (recordings_.size() > kRecordings) recordings_.pop_front();
}

const Attacker::Target* Attacker::pick() {
  if (targets_.empty()) return nullptr;
  const Target& t = targets_[below(static_cast<std::uint32_t>(targets_.size()))];
  return t.heard_both && t.peer_end != 0 ? &t : nullptr;
}

void Attacker::strike() {
  const Target* const target = pick();
  if (target == nullptr) return;
  if (tap_.inject(forge(*target))) ++strikes_;
}

Attacker::Frame Attacker::forge(const Target& t) {
  switch (below(14)) {
    case 0:
      return blind_reset(t);
    case 1:
      return reset_in_window(t);
    case 2:
      return syn(t);
    case 3:
      return old_data(t);
    case 4:
      return data_with_wild_ack(t);
    case 5:
    case 6:
      return wild_ack(t);
    case 7:
      return fragment(t);
    case 8:
      return icmp_error(t);
    case 9:
      return echo(t);
    case 10:
      return flood_syn(t);
    case 11:
      return garbage(t);
    case 12:
      return replay(kMostPayload);
    default:
      return replay(8);
  }
}

std::vector<std::byte> Attacker::noise(std::uint32_t most) {
  std::vector<std::byte> bytes(below(most) + 1);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random_() >> 56);
  return bytes;
}

/// What passes every look at timestamps (RFC 7323 §5.3): as recent as the peer's latest.
wire::TcpHeaderSpec Attacker::header(const Target& t, std::uint32_t seq, std::uint32_t ack,
                                     std::uint8_t flags) const {
  wire::TcpHeaderSpec spec;
  spec.seq = seq;
  spec.ack = ack;
  spec.flags = flags;
  spec.window = 100;
  spec.options.timestamps = t.stamps;
  return spec;
}

std::uint32_t Attacker::never_sent(const Target& t) {
  return t.our_end + kFarAway + below(kFarAway / 2);
}

Attacker::Frame Attacker::blind_reset(const Target& t) {
  const auto seq = static_cast<std::uint32_t>(random_());
  // By 2^-32 it would be right.
  const std::uint32_t wrong = seq - t.our_ack <= t.peer_end - t.our_ack ? t.our_ack - 1 : seq;
  const bool acks = random_.chance(0.5);
  const auto flags = static_cast<std::uint8_t>(flag::kRst | (acks ? flag::kAck : 0));
  return forger_.segment(t.peer, t.victim, header(t, wrong, never_sent(t), flags), {});
}

/// RFC 5961 §3.2: behind all that the peer has sent, so that it cannot be RCV.NXT.
Attacker::Frame Attacker::reset_in_window(const Target& t) {
  const std::uint32_t seq = t.peer_end + 1 + below(t.window / 2);
  return forger_.segment(t.peer, t.victim, header(t, seq, t.peer_ack, flag::kRst | flag::kAck), {});
}

/// RFC 5961 §4.2.
Attacker::Frame Attacker::syn(const Target& t) {
  const std::uint32_t seq =
      random_.chance(0.5) ? static_cast<std::uint32_t>(random_()) : t.our_ack + below(t.window);
  const auto flags = static_cast<std::uint8_t>(flag::kSyn | (random_.chance(0.3) ? flag::kAck : 0));
  return forger_.segment(t.peer, t.victim, header(t, seq, never_sent(t), flags), {});
}

Attacker::Frame Attacker::old_data(const Target& t) {
  const auto payload = noise(kMostNoise);
  const std::uint32_t seq =
      t.our_ack - static_cast<std::uint32_t>(payload.size()) - below(kMostNoise);
  return forger_.segment(t.peer, t.victim, header(t, seq, t.peer_ack, flag::kAck), payload);
}

/// RFC 5961 §5.2: injected data needs an acknowledgement number in a narrow range.
Attacker::Frame Attacker::data_with_wild_ack(const Target& t) {
  const auto flags = static_cast<std::uint8_t>(flag::kAck | (random_.chance(0.2) ? flag::kFin : 0));
  return forger_.segment(t.peer, t.victim,
                         header(t, t.our_ack + below(t.window), never_sent(t), flags),
                         noise(kMostNoise));
}

Attacker::Frame Attacker::wild_ack(const Target& t) {
  wire::TcpHeaderSpec spec = header(t, t.our_ack, never_sent(t), flag::kAck);
  if (random_.chance(0.3)) spec.ack = t.peer_ack - kFarAway - below(kFarAway / 2);
  if (random_.chance(0.3)) {  // a plausible one, too old to count, that would close the window
    spec.seq = t.our_ack - 1 - below(1'000);
    spec.ack = t.peer_ack;
    spec.window = 0;
  }
  spec.options.sack_count = static_cast<std::uint8_t>(below(3));
  for (auto& block : spec.options.sack) {
    block.begin = t.peer_ack + below(100'000);
    block.end = block.begin + below(100'000);
  }
  return forger_.segment(t.peer, t.victim, spec, {});
}

Attacker::Frame Attacker::fragment(const Target& t) {
  const std::uint32_t offset = below(random_.chance(0.1) ? 8'191 : 200) * 8;
  const bool more = random_.chance(0.7);
  auto piece = noise(kMostNoise);
  if (more) piece.resize((piece.size() + 7) / 8 * 8);
  return forger_.fragment(t.peer.address, t.victim.address, below(4), offset, more, piece);
}

/// RFC 5927: errors that quote what is not in flight, and sometimes what is. Of those that mean no
/// path any longer only the connection's first SYN would have to believe one.
Attacker::Frame Attacker::icmp_error(const Target& t) {
  const bool v4 = is_v4(t.victim);
  const bool guessed = random_.chance(0.3) && t.our_end != t.peer_ack;
  const std::uint32_t seq = guessed ? t.peer_ack : static_cast<std::uint32_t>(random_());
  const auto quoted = Forger::quotation(t.victim, t.peer, seq);
  if (random_.chance(0.5)) {
    const std::uint32_t mtu = random_.chance(0.2) ? below(70'000) : 1'280 + below(220);
    return v4 ? forger_.icmp(t.peer.address, t.victim.address, wire::icmp_type::kUnreachable,
                             wire::icmp_unreachable::kFragmentationNeeded, mtu & 0xffff, quoted)
              : forger_.icmp(t.peer.address, t.victim.address, kIcmpv6TooBig, 0, mtu, quoted);
  }
  const auto code = static_cast<std::uint8_t>(below(16));
  const bool other = code == wire::icmp_unreachable::kFragmentationNeeded;
  return forger_.icmp(t.peer.address, t.victim.address,
                      v4 ? wire::icmp_type::kUnreachable : kIcmpv6Unreachable,
                      other ? std::uint8_t{1} : code, 0, quoted);
}

Attacker::Frame Attacker::echo(const Target& t) {
  return forger_.icmp(t.peer.address, t.victim.address,
                      is_v4(t.victim) ? wire::icmp_type::kEcho : kIcmpv6Echo, 0,
                      static_cast<std::uint32_t>(random_()), noise(kMostNoise));
}

Attacker::Frame Attacker::flood_syn(const Target& t) {
  Endpoint source{IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(100 + below(100))),
                  static_cast<std::uint16_t>(1'024 + below(60'000))};
  if (!is_v4(t.victim)) {
    IpAddress::Bytes bytes{std::byte{0x20}, std::byte{0x01}, std::byte{0x0d}, std::byte{0xb8}};
    bytes[15] = static_cast<std::byte>(100 + below(100));
    source.address = IpAddress::v6(bytes);
  }
  wire::TcpHeaderSpec spec;
  spec.seq = static_cast<std::uint32_t>(random_());
  spec.flags = flag::kSyn;
  spec.window = 1'000;
  if (random_.chance(0.5)) spec.options.mss = static_cast<std::uint16_t>(below(2'000));
  if (random_.chance(0.5)) spec.options.timestamps = {spec.seq, 0};
  return forger_.segment(source, t.victim, spec, {});
}

Attacker::Frame Attacker::garbage(const Target& t) {
  const std::uint16_t right = is_v4(t.victim) ? wire::ether_type::kIpv4 : wire::ether_type::kIpv6;
  const std::uint32_t kind = below(4);
  if (kind == 0) return forger_.garbage(right, noise(kMostNoise));
  if (kind == 1) return forger_.garbage(static_cast<std::uint16_t>(random_()), noise(kMostNoise));
  Frame frame = replay(kMostPayload);
  if (kind == 2) {
    frame.resize(14 + below(static_cast<std::uint32_t>(frame.size() - 14)));
  } else {  // one byte of the IP packet is another: the checksums see to that
    const std::size_t at = 14 + below(static_cast<std::uint32_t>(frame.size() - 14));
    frame[at] ^= static_cast<std::byte>(1 + below(255));
  }
  return frame;
}

Attacker::Frame Attacker::replay(std::uint32_t most) {
  const Recording& r = recordings_[below(static_cast<std::uint32_t>(recordings_.size()))];
  const auto bytes = static_cast<std::uint32_t>(r.payload.size());
  const std::uint32_t piece = std::min(bytes, most);
  const std::uint32_t from = below(bytes - piece + 1);
  wire::TcpHeaderSpec spec;
  spec.seq = r.segment.seq + from;
  spec.ack = r.segment.ack;
  spec.flags = r.segment.flags;
  if (from + piece != bytes) {
    spec.flags = static_cast<std::uint8_t>(spec.flags & ~(flag::kFin | flag::kPsh));
  }
  spec.window = r.segment.window;
  spec.options = r.segment.options;
  return forger_.segment(r.segment.source, r.segment.destination, spec,
                         std::span{r.payload}.subspan(from, piece));
}

}  // namespace zs::sim
