#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "buf/mbuf.hpp"

namespace zs::sim {

/// What drivers do to the packet that they were given, shared or not, and leave so: a VLAN tag is
/// inserted (the first 12 bytes move 4 to the front, as rte_vlan_insert() has it) and a virtio-net
/// header is put in front of everything.
inline void mangle_like_a_driver(rte_mbuf* m) {
  constexpr std::uint16_t kTag = 4;
  constexpr std::uint16_t kMacs = 12;
  constexpr std::uint16_t kVirtioHeader = 12;
  const auto take_headroom = [m](std::uint16_t n) {
    m->data_off = static_cast<std::uint16_t>(m->data_off - n);
    m->data_len = static_cast<std::uint16_t>(m->data_len + n);
    m->pkt_len += n;
  };
  if (!buf::is_direct(m)) return;
  if (buf::headroom(m) >= kTag && m->data_len >= kMacs) {
    take_headroom(kTag);
    std::memmove(buf::data(m), buf::data(m) + kTag, kMacs);
    std::memset(buf::data(m) + kMacs, 0x81, kTag);
    m->ol_flags |= RTE_MBUF_F_TX_VLAN;
  }
  if (buf::headroom(m) >= kVirtioHeader) {
    take_headroom(kVirtioHeader);
    std::memset(buf::data(m), 0xee, kVirtioHeader);
  }
}

/// A packet in a driver's hands. It remembers all that the driver would read of it, descriptors and
/// bytes, and can tell later whether somebody has touched anything.
class HeldFrame {
 public:
  explicit HeldFrame(buf::Mbuf frame) : frame_(std::move(frame)) {
    for (rte_mbuf* m = frame_.get(); m != nullptr; m = m->next) {
      segments_.push_back({m, Descriptor::of(m), {buf::data(m), buf::data(m) + m->data_len}});
    }
  }

  /// What was changed since, or nothing.
  std::string touched() const {
    for (const Segment& s : segments_) {
      const Descriptor now = Descriptor::of(s.mbuf);
      if (!(now == s.descriptor)) return describe(s.descriptor, now);
      if (!std::equal(s.bytes.begin(), s.bytes.end(), buf::data(s.mbuf))) return "its bytes";
    }
    return {};
  }
  const rte_mbuf* get() const { return frame_.get(); }
  bool holds(const rte_mbuf* m) const {
    return std::any_of(segments_.begin(), segments_.end(),
                       [m](const Segment& s) { return s.mbuf == m; });
  }

 private:
  struct Descriptor {
    const void* buf_addr;
    const rte_mbuf* next;
    std::uint64_t ol_flags, tx_offload;
    std::uint32_t pkt_len;
    std::uint16_t data_off, data_len, nb_segs;

    static Descriptor of(const rte_mbuf* m) {
      return {m->buf_addr, m->next,     m->ol_flags, m->tx_offload,
              m->pkt_len,  m->data_off, m->data_len, m->nb_segs};
    }
    bool operator==(const Descriptor&) const = default;
  };
  struct Segment {
    const rte_mbuf* mbuf;
    Descriptor descriptor;
    std::vector<std::byte> bytes;
  };

  static std::string describe(const Descriptor& was, const Descriptor& is) {
    const auto change = [](const char* name, std::uint64_t a, std::uint64_t b) {
      return a == b
                 ? std::string{}
                 : std::string{name} + ' ' + std::to_string(a) + " -> " + std::to_string(b) + ' ';
    };
    return change("data_off", was.data_off, is.data_off) +
           change("data_len", was.data_len, is.data_len) +
           change("pkt_len", was.pkt_len, is.pkt_len) + change("nb_segs", was.nb_segs, is.nb_segs) +
           change("ol_flags", was.ol_flags, is.ol_flags) +
           change("tx_offload", was.tx_offload, is.tx_offload) +
           (was.next == is.next ? "" : "next ") + (was.buf_addr == is.buf_addr ? "" : "buf_addr ");
  }

  buf::Mbuf frame_;
  std::vector<Segment> segments_;
};

}  // namespace zs::sim
