#include "dev/coalescing.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/byte_order.hpp"
#include "buf/mbuf.hpp"
#include "dev/checksum_offload.hpp"
#include "dev/frame_layout.hpp"
#include "wire/protocol.hpp"
#include "wire/tcp.hpp"

namespace zs::dev {
namespace {

namespace flag = wire::tcp_flag;

/// Smaller frames are hardly ever parts of a run; requests and answers of a few bytes must not pay
/// for a look at their headers.
constexpr std::uint32_t kLeastFrame = 576;
constexpr std::uint32_t kLargestFrame = 65'000;  ///< below what an IPv4 length field can say
constexpr std::size_t kOpenRuns = 8;             ///< flows at once; a burst rarely has more
constexpr std::uint16_t kIpv4Header = 20;
constexpr std::uint16_t kIpv6Header = 40;
constexpr std::uint16_t kTcpSeq = 4;
constexpr std::uint16_t kTcpFlags = 13;

/// A packet whose headers lie in one piece and that might belong to a run.
struct Segment {
  rte_mbuf* frame;
  FrameLayout at;

  const std::byte* l3() const { return buf::data(frame) + at.l3; }
  const std::byte* l4() const { return buf::data(frame) + at.l4; }
  std::uint32_t seq() const { return load_be<std::uint32_t>(l4() + kTcpSeq); }
  std::uint8_t flags() const { return std::to_integer<std::uint8_t>(l4()[kTcpFlags]); }
};

struct Run {
  Segment first;
  rte_mbuf* tail;
  std::uint32_t next_seq;
  std::uint32_t segment_bytes;
  bool open = true;
  bool joined = false;
  bool pushed = false;
};

/// Fit to begin or continue a run, whatever the others are.
bool is_plain_data(const Segment& s) noexcept {
  const std::uint16_t ip_bytes = s.at.family == IpFamily::kV4 ? kIpv4Header : kIpv6Header;
  const std::uint8_t flags = s.flags();
  return s.at.end == s.frame->pkt_len && s.at.payload_bytes() > 0 &&
         s.at.l4 - s.at.l3 == ip_bytes && (flags & flag::kAck) != 0 &&
         (flags & ~(flag::kAck | flag::kPsh)) == 0 && (s.frame->ol_flags & RTE_MBUF_F_RX_LRO) == 0;
}

bool same_bytes(const std::byte* a, const std::byte* b, std::size_t from, std::size_t to) noexcept {
  return std::memcmp(a + from, b + from, to - from) == 0;
}

bool is_same_flow(const Segment& a, const Segment& b) noexcept {
  if (a.at.family != b.at.family || a.at.l3 != b.at.l3 || a.at.l4 != b.at.l4) return false;
  const bool addresses = a.at.family == IpFamily::kV4 ? same_bytes(a.l3(), b.l3(), 12, 20)
                                                      : same_bytes(a.l3(), b.l3(), 8, 40);
  return addresses && same_bytes(a.l4(), b.l4(), 0, 4);
}

/// Everything but lengths, IPv4's identification, sequence number, checksums and PSH. What the
/// device says beside the bytes (a VLAN tag that it took off) counts too.
bool has_equal_headers(const Segment& a, const Segment& b) noexcept {
  constexpr std::uint64_t kSaid = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
  if (a.at.payload != b.at.payload || a.frame->vlan_tci != b.frame->vlan_tci ||
      ((a.frame->ol_flags ^ b.frame->ol_flags) & kSaid) != 0) {
    return false;
  }
  if (!same_bytes(buf::data(a.frame), buf::data(b.frame), 0, a.at.l3)) return false;
  const bool ip = a.at.family == IpFamily::kV4
                      ? same_bytes(a.l3(), b.l3(), 0, 2) && same_bytes(a.l3(), b.l3(), 6, 10)
                      : same_bytes(a.l3(), b.l3(), 0, 4) && same_bytes(a.l3(), b.l3(), 6, 8);
  return ip && same_bytes(a.l4(), b.l4(), 8, 13) && same_bytes(a.l4(), b.l4(), 14, 16) &&
         same_bytes(a.l4(), b.l4(), wire::TcpView::kMinHeader,
                    static_cast<std::size_t>(a.at.payload - a.at.l4));
}

/// Remembers the verdict in the flags, so that nobody sums the packet twice.
bool is_intact(const Segment& s) noexcept {
  rte_mbuf& m = *s.frame;
  const std::uint64_t ip = m.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
  const std::uint64_t l4 = m.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  if (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD || l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD) return false;
  if (ip == RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN && s.at.family == IpFamily::kV4) {
    if (!is_ip_checksum_ok(m, s.at)) return false;
    m.ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  }
  if (l4 == RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN) {
    if (!is_l4_checksum_ok(m, s.at)) return false;
    m.ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  }
  return true;
}

Run begin_run(const Segment& s) noexcept {
  const std::uint32_t bytes = s.at.payload_bytes();
  rte_mbuf* tail = s.frame;
  while (tail->next != nullptr) tail = tail->next;
  // The first segment's headers will be rewritten: they must be ours alone.
  const bool open = (s.flags() & flag::kPsh) == 0 && buf::is_exclusive(s.frame);
  return {
      .first = s, .tail = tail, .next_seq = s.seq() + bytes, .segment_bytes = bytes, .open = open};
}

bool fits(const Run& run, const Segment& s) noexcept {
  return run.open && s.seq() == run.next_seq && s.at.payload_bytes() <= run.segment_bytes &&
         run.first.frame->pkt_len + s.at.payload_bytes() <= kLargestFrame &&
         run.first.frame->nb_segs + s.frame->nb_segs <= RTE_MBUF_MAX_NB_SEGS &&
         has_equal_headers(run.first, s);
}

void join(Run& run, const Segment& s) noexcept {
  const std::uint32_t bytes = s.at.payload_bytes();
  run.pushed = (s.flags() & flag::kPsh) != 0;
  run.open = !run.pushed && bytes == run.segment_bytes;
  run.joined = true;
  run.next_seq += bytes;
  buf::Mbuf payload = buf::Mbuf::adopt(s.frame);
  payload.trim_front(s.at.payload);
  rte_mbuf* const more = std::move(payload).release();
  rte_mbuf& head = *run.first.frame;
  head.pkt_len += bytes;
  head.nb_segs = static_cast<std::uint16_t>(head.nb_segs + more->nb_segs);
  run.tail->next = more;
  run.tail = more;
  while (run.tail->next != nullptr) run.tail = run.tail->next;
}

/// Makes the headers say what the packet now is.
void finish(const Run& run) noexcept {
  if (!run.joined) return;
  rte_mbuf& m = *run.first.frame;
  FrameLayout at = run.first.at;
  at.end = m.pkt_len;
  std::byte* const ip = buf::data(&m) + at.l3;
  if (at.family == IpFamily::kV4) {
    store_be(ip + 2, static_cast<std::uint16_t>(at.end - at.l3));
    store_ip_checksum(m, at);
  } else {
    store_be(ip + 4, static_cast<std::uint16_t>(at.end - at.l3 - kIpv6Header));
  }
  if (run.pushed) buf::data(&m)[at.l4 + kTcpFlags] |= std::byte{flag::kPsh};
  m.ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
  m.ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO;
  m.tso_segsz = static_cast<std::uint16_t>(run.segment_bytes);
}

class Runs {
 public:
  /// True if the packet became a part of an earlier one.
  bool take(rte_mbuf* frame) noexcept;
  ~Runs() {
    for (const Run& run : std::span{runs_}.first(count_)) finish(run);
  }

 private:
  Run* find(const Segment& s) noexcept {
    for (Run& run : std::span{runs_}.first(count_)) {
      if (run.open && is_same_flow(run.first, s)) return &run;
    }
    return nullptr;
  }
  void begin(const Segment& s) noexcept;
  void close_all() noexcept {
    for (Run& run : std::span{runs_}.first(count_)) run.open = false;
  }

  std::array<Run, kOpenRuns> runs_;
  std::size_t count_ = 0;
};

void Runs::begin(const Segment& s) noexcept {
  const Run run = begin_run(s);
  if (!run.open) return;
  if (count_ < kOpenRuns) {
    runs_[count_++] = run;
    return;
  }
  for (Run& old : runs_) {
    if (old.open) continue;
    finish(old);
    old = run;
    return;
  }
}

bool Runs::take(rte_mbuf* frame) noexcept {
  const bool small = frame->pkt_len < kLeastFrame;
  if (small && count_ == 0) return false;
  const auto at = parse_layout(*frame);
  if (at && !at->is_fragment && at->protocol != wire::ip_protocol::kTcp) return false;
  if (!at || at->is_fragment || frame->data_len < at->payload) {
    close_all();  // whose it is cannot be told
    return false;
  }
  const Segment segment{frame, *at};
  Run* const run = find(segment);
  if (run != nullptr) {
    if (is_plain_data(segment) && fits(*run, segment) && is_intact(segment) &&
        is_intact(run->first)) {
      join(*run, segment);
      return true;
    }
    run->open = false;  // nothing may overtake this packet
  }
  if (!small && is_plain_data(segment)) begin(segment);
  return false;
}

}  // namespace

std::size_t coalesce(std::span<rte_mbuf*> burst) noexcept {
  // A burst of requests and answers costs no more than this look.
  const auto first = std::find_if(burst.begin(), burst.end(), [](const rte_mbuf* m) noexcept {
    return m->pkt_len >= kLeastFrame;
  });
  if (burst.end() - first < 2) return burst.size();
  Runs runs;
  auto left = static_cast<std::size_t>(first - burst.begin());
  for (rte_mbuf* const frame : burst.subspan(left)) {
    if (!runs.take(frame)) burst[left++] = frame;
  }
  return left;
}

}  // namespace zs::dev
