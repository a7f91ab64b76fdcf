#include "packet/world.hpp"

#include <algorithm>
#include <cstdio>

#include "buf/mbuf.hpp"

namespace zs::packet {

namespace flag = wire::tcp_flag;

namespace {
constexpr int kMaxStepsAtOnce = 10'000;
const IpAddress kOurs = IpAddress::v4(192, 0, 2, 1);
const IpAddress kPeers = IpAddress::v4(192, 0, 2, 2);
const IpAddress kOursV6 = *IpAddress::parse("2001:db8::1");
const IpAddress kPeersV6 = *IpAddress::parse("2001:db8::2");
}  // namespace

std::byte stream_byte(std::uint64_t i) {
  return static_cast<std::byte>((i * 0x9e3779b97f4a7c15ull) >> 56);
}

std::string format_time(Duration d) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4f", static_cast<double>(d.count()) / 1e9);
  return text.data();
}

std::string describe_flags(std::uint8_t flags) {
  std::string text;
  if ((flags & flag::kSyn) != 0) text += 'S';
  if ((flags & flag::kFin) != 0) text += 'F';
  if ((flags & flag::kRst) != 0) text += 'R';
  if ((flags & flag::kPsh) != 0) text += 'P';
  if ((flags & flag::kUrg) != 0) text += 'U';
  if ((flags & flag::kEce) != 0) text += 'E';
  if ((flags & flag::kCwr) != 0) text += 'W';
  if ((flags & flag::kAck) != 0) text += '.';
  return text.empty() ? "-" : text;
}

std::string describe_ecn(wire::EcnField ecn) {
  switch (ecn) {
    case wire::EcnField::kNotEct:
      return "[noect]";
    case wire::EcnField::kEct1:
      return "[ect1]";
    case wire::EcnField::kEct0:
      return "[ect0]";
    case wire::EcnField::kCongested:
      return "[ce]";
  }
  return "[?]";
}

EngineWorld::EngineWorld(const tcp::Config& config, Duration hold, IpFamily family)
    : data_(*buf::Pool::create({.name = "data", .count = 4096, .data_room = 2048})),
      indirect_(*buf::Pool::create({.name = "indirect", .count = 4096, .data_room = 0})),
      hold_(hold),
      family_(family) {
  engine_ = std::make_unique<tcp::Engine>(tcp::EngineDependencies{
      .config = config, .pools = pools(), .secret = {}, .seed = 1, .drops = &drops_});
}

EngineWorld::~EngineWorld() { engine_.reset(); }

bool EngineWorld::finish() {
  engine_.reset();  // what the driver still holds outlives whoever sent it
  release(Instant::never());
  return data_->in_use() == 0 && indirect_->in_use() == 0;
}

Flow& EngineWorld::flow(std::uint32_t number) {
  const auto [it, fresh] = flows_.try_emplace(number);
  if (fresh) {
    const bool v4 = family_ == IpFamily::kV4;
    it->second.key = {{v4 ? kOurs : kOursV6, 80},
                      {v4 ? kPeers : kPeersV6, static_cast<std::uint16_t>(40'000 + number)}};
    it->second.peer_isn = 0xffff'f000u + number * 0x1000'0000u;  // near the wrap on purpose
  }
  return it->second;
}

Flow& EngineWorld::flow_of(const FlowKey& key) {
  for (auto& [number, flow] : flows_) {
    if (flow.key == key) return flow;
  }
  return flow(0);
}

void EngineWorld::advance(Instant to, Until until) {
  collect();
  int steps = 0;
  while (!(until == Until::kPacket && !sent_.empty())) {
    const Instant deadline = engine_->next_deadline();
    if (deadline > to) {
      now_ = std::max(now_, to);
      release(now_);
      return;
    }
    if (deadline > now_) steps = 0;
    if (++steps > kMaxStepsAtOnce) {
      spinning_ = true;
      return;
    }
    now_ = std::max(now_, deadline);
    release(now_);
    engine_->on_deadline(now_);
    collect();
  }
}

void EngineWorld::collect() {
  for (int i = 0; i < kMaxStepsAtOnce; ++i) {
    tcp::OutPacket out;
    if (!engine_->poll_transmit(out, now_)) {
      engine_->make_room(now_);
      return;
    }
    decode(out);
    hold(std::move(out.packet));
  }
  spinning_ = true;
}

/// The lower layers' headers go into the headroom, then the driver does what it does.
void EngineWorld::hold(buf::Mbuf packet) {
  if (hold_ == Duration{}) return;
  constexpr std::uint16_t kEthernetAndIpv4 = 34;
  if (auto room = packet.prepend(kEthernetAndIpv4)) std::ranges::fill(*room, std::byte{0x11});
  sim::mangle_like_a_driver(packet.get());
  held_.push_back({now_ + hold_, sim::HeldFrame{std::move(packet)}});
}

void EngineWorld::release(Instant until) {
  for (; !held_.empty() && held_.front().due <= until; held_.pop_front()) {
    if (touched_.empty()) touched_ = held_.front().frame.touched();
  }
}

/// A device cuts what is larger than a segment; so does this one.
void EngineWorld::decode(const tcp::OutPacket& out) {
  std::vector<std::byte> bytes(out.packet.length());
  out.packet.copy_out(0, bytes);
  const auto view = wire::TcpView::parse(bytes);
  if (!view || view->header_length() != out.header_bytes) {
    trace_ += "  (a malformed packet was sent)\n";
    return;
  }
  Sent whole;
  whole.at = now_;
  whole.flow = {{out.flow->local.address, view->src_port()},
                {out.flow->remote.address, view->dst_port()}};
  whole.seq = view->seq();
  whole.ack = view->ack();
  whole.flags = view->flags();
  whole.window = view->window();
  whole.ecn = out.ecn;
  whole.options = wire::parse_tcp_options(view->options()).value_or(wire::TcpOptions{});
  const std::span payload{bytes.data() + view->header_length(),
                          bytes.size() - view->header_length()};
  Flow& flow = flow_of(whole.flow);
  const bool answers = (whole.flags & flag::kAck) != 0;
  if (whole.options.fast_open && answers) cookie_ = *whole.options.fast_open;
  if ((whole.flags & flag::kSyn) != 0) {
    flow.our_isn = whole.seq;
    flow.our_isn_known = true;
  }
  const std::size_t step = out.tso_segment == 0 ? payload.size() : out.tso_segment;
  std::size_t offset = 0;
  do {
    Sent piece = whole;
    const std::size_t n = std::min(step, payload.size() - offset);
    piece.seq += static_cast<std::uint32_t>(offset);
    piece.payload.assign(payload.begin() + static_cast<std::ptrdiff_t>(offset),
                         payload.begin() + static_cast<std::ptrdiff_t>(offset + n));
    if (offset > 0) piece.flags = static_cast<std::uint8_t>(piece.flags & ~flag::kCwr);
    offset += n;
    if (offset < payload.size()) {
      piece.flags = static_cast<std::uint8_t>(piece.flags & ~(flag::kFin | flag::kPsh));
    }
    if (piece.options.timestamps) {
      if (!flow.timestamps_seen) {
        flow.timestamps_seen = true;
        flow.timestamp_base = piece.options.timestamps->value -
                              static_cast<std::uint32_t>(elapsed().count() / 1'000'000);
      }
      flow.last_timestamp = piece.options.timestamps->value;
    }
    trace_ += "  " + format_time(elapsed()) + " > " + describe(piece) + '\n';
    sent_.push_back(std::move(piece));
  } while (offset < payload.size());
}

std::string EngineWorld::describe(const Sent& packet) {
  const Flow& flow = flow_of(packet.flow);
  const std::uint32_t begin = packet.seq - flow.our_isn;
  const auto length = static_cast<std::uint32_t>(packet.payload.size());
  std::string text = describe_flags(packet.flags) + ' ' + std::to_string(begin) + ':' +
                     std::to_string(begin + length) + '(' + std::to_string(length) + ')';
  if ((packet.flags & flag::kAck) != 0) {
    text += " ack " + std::to_string(packet.ack - flow.peer_isn);
  }
  if (packet.ecn != wire::EcnField::kNotEct) text += ' ' + describe_ecn(packet.ecn);
  text += " win " + std::to_string(packet.window) + " <";
  const wire::TcpOptions& o = packet.options;
  std::string separator;
  const auto add = [&](const std::string& item) {
    text += separator + item;
    separator = ", ";
  };
  if (o.mss) add("mss " + std::to_string(*o.mss));
  if (o.sack_permitted) add("sackOK");
  if (o.timestamps) {
    add("TS val " + std::to_string(o.timestamps->value - flow.timestamp_base) + " ecr " +
        std::to_string(o.timestamps->echo));
  }
  if (o.window_scale) add("wscale " + std::to_string(*o.window_scale));
  if (o.fast_open) add(o.fast_open->length > 0 ? "FO cookie" : "FO");
  if (o.sack_count > 0) {
    std::string blocks = "sack";
    for (const auto& b : o.sack_blocks()) {
      blocks += ' ' + std::to_string(b.begin - flow.peer_isn) + '-' +
                std::to_string(b.end - flow.peer_isn);
    }
    add(blocks);
  }
  return text + '>';
}

wire::TcpOptions EngineWorld::peer_options(Flow& flow, const ScriptSegment& segment) const {
  wire::TcpOptions o;
  const ScriptOptions wanted = segment.options.value_or(ScriptOptions{});
  o.mss = wanted.mss;
  o.window_scale = wanted.window_scale;
  o.sack_permitted = wanted.sack_permitted;
  const bool syn = (segment.flags & flag::kSyn) != 0;
  if (syn && wanted.timestamp) flow.peer_sent_timestamp = true;
  const bool agreed = flow.peer_sent_timestamp && flow.timestamps_seen && !wanted.no_timestamp;
  if (wanted.timestamp || (agreed && !syn)) {
    const ScriptTimestamp stamp = wanted.timestamp.value_or(ScriptTimestamp{});
    wire::TcpTimestamps t;
    t.value = stamp.value.value_or(static_cast<std::uint32_t>(elapsed().count() / 1'000'000) + 1);
    const bool has_ack = (segment.flags & flag::kAck) != 0;
    t.echo = stamp.echo ? *stamp.echo + flow.timestamp_base : (has_ack ? flow.last_timestamp : 0);
    o.timestamps = t;
  }
  if (wanted.fast_open && wanted.fast_open->any) {
    o.fast_open = cookie_;
  } else if (wanted.fast_open) {
    const auto& bytes = wanted.fast_open->bytes;
    o.fast_open.emplace().length = static_cast<std::uint8_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), o.fast_open->bytes.begin());
  }
  for (const auto& [begin, end] : wanted.sack) {
    if (o.sack_count == wire::TcpOptions::kMaxSackBlocks) break;
    o.sack[o.sack_count++] = {begin + flow.our_isn, end + flow.our_isn};
  }
  return o;
}

void EngineWorld::inject(Flow& flow, const ScriptSegment& s) {
  tcp::Segment segment;
  segment.flow = flow.key;
  segment.seq = tcp::SeqNum{flow.peer_isn + s.seq.value_or(0)};
  segment.ack = tcp::SeqNum{s.ack ? flow.our_isn + *s.ack : 0};
  segment.window = static_cast<std::uint16_t>(s.window.value_or(65'535));
  segment.flags = s.flags;
  segment.congested = s.ecn == wire::EcnField::kCongested;
  segment.options = peer_options(flow, s);
  segment.payload_bytes = s.payload_bytes;
  segment.segment_size = static_cast<std::uint16_t>(s.payload_bytes);
  if (s.payload_bytes > 0) {
    std::vector<std::byte> payload(s.payload_bytes);
    const bool syn = (s.flags & flag::kSyn) != 0;  // text comes behind it
    const std::uint64_t first = std::uint64_t{s.seq.value_or(0)} - (syn ? 0 : 1);
    for (std::uint32_t i = 0; i < s.payload_bytes; ++i) payload[i] = stream_byte(first + i);
    segment.payload = *buf::Mbuf::copy_of(payload, *data_);
  }
  engine_->on_segment(std::move(segment), now_);
  collect();
}

}  // namespace zs::packet
