#pragma once

#include <cstdint>
#include <optional>

#include "tcp/config.hpp"
#include "tcp/seq.hpp"
#include "wire/ecn.hpp"
#include "wire/tcp.hpp"

namespace zs::tcp {

/// Explicit congestion notification of one connection (RFC 3168 §6.1; with DCTCP, RFC 8257 §3):
/// whether the two SYNs agreed on it, what the receiver echoes and the sender owes.
class Ecn {
 public:
  // The handshake (§6.1.1). Whoever sent one SYN or SYN-ACK without the bits must not use it.
  /// Flags of an ECN-setup SYN.
  static constexpr std::uint8_t kSetup = wire::tcp_flag::kEce | wire::tcp_flag::kCwr;
  static constexpr bool is_setup_syn(std::uint8_t flags) { return (flags & kSetup) == kSetup; }
  /// Both bits set is what a peer says that returns reserved bits as it got them.
  static constexpr bool is_setup_syn_ack(std::uint8_t flags) {
    return (flags & kSetup) == wire::tcp_flag::kEce;
  }
  void offer() { offered_ = true; }
  /// For good: the path, or the peer, cannot bear it.
  void withdraw() {
    withdrawn_ = true;
    offered_ = on_ = false;
    ipv4_start_ = wire::ipv4_start(wire::EcnField::kNotEct);
  }
  bool may_offer() const { return !withdrawn_; }
  bool is_offered() const { return offered_; }
  void agree() {
    on_ = true;
    ipv4_start_ = wire::ipv4_start(wire::EcnField::kEct0);
  }
  bool is_on() const { return on_; }
  /// The congestion control wants each mark of its own echoed, and each packet of ours markable
  /// (DCTCP).
  void set_exact(bool exact) { exact_ = exact; }
  bool is_exact() const { return on_ && exact_; }

  /// There is nothing to say or to hear in what comes next, but marks: the short ways may take it.
  bool is_quiet() const { return !on_ || !(echoes_ || owes_cwr_ || exact_ || reduced_until_); }
  /// wire::ipv4_start() of data.
  std::uint32_t ipv4_start() const { return ipv4_start_; }

  // The receiver.
  enum class Answer : std::uint8_t {
    kNone,
    kAtOnce,        ///< acknowledge now
    kFormerAtOnce,  ///< first what came before, as things were then, and then now
  };
  /// Data in the window arrived, with `flags` and marked or not. Not for empty segments (§6.1.4) or
  /// what lies outside the window (§6.1.5).
  Answer on_data(std::uint8_t flags, bool congested);
  /// To be put into every segment.
  std::uint8_t echo_flags() const { return echoes_ ? wire::tcp_flag::kEce : std::uint8_t{0}; }

  // The sender.
  /// What an acknowledgement says.
  enum class Echo : std::uint8_t {
    kNone,
    kHeard,   ///< congestion, but the window was reduced for it already (§6.1.2)
    kReduce,  ///< the window is to be reduced
  };
  /// `ack` is SEG.ACK, and not an old one.
  Echo on_ack(std::uint8_t flags, SeqNum ack) {
    if (!on_) [[likely]] {
      return Echo::kNone;
    }
    if (reduced_until_ && ack.after(*reduced_until_)) reduced_until_.reset();
    if ((flags & wire::tcp_flag::kEce) == 0) return Echo::kNone;
    return reduced_until_ ? Echo::kHeard : Echo::kReduce;
  }
  /// The window was reduced, for whatever reason, when `nxt` was SND.NXT.
  void on_window_reduced(SeqNum nxt) {
    if (!on_) return;
    reduced_until_ = nxt;
    owes_cwr_ = true;
  }
  /// The next segment of new data says so (CWR). A segment, and not several at once: not every
  /// device that cuts knows that the bit is for the first alone.
  bool owes_cwr() const { return owes_cwr_; }
  void on_cwr_sent() { owes_cwr_ = false; }

  /// The ECN field of a segment: new data alone may be marked (§6.1.4 to §6.1.6), with DCTCP
  /// everything (RFC 8257 §3.5).
  wire::EcnField field(bool is_new_data) const {
    return on_ && (is_new_data || exact_) ? wire::EcnField::kEct0 : wire::EcnField::kNotEct;
  }

  /// Of a SYN, before anything is agreed upon.
  wire::EcnField control_field(CongestionAlgorithm algorithm) const {
    const bool asks = offered_ || on_;
    return asks && algorithm == CongestionAlgorithm::kDctcp ? wire::EcnField::kEct0
                                                            : wire::EcnField::kNotEct;
  }

 private:
  std::optional<SeqNum> reduced_until_;
  std::uint32_t ipv4_start_ = wire::ipv4_start(wire::EcnField::kNotEct);
  bool withdrawn_ = false;
  bool offered_ = false;
  bool on_ = false;
  bool exact_ = false;
  bool echoes_ = false;  ///< with DCTCP: DCTCP.CE
  bool owes_cwr_ = false;
};

}  // namespace zs::tcp
