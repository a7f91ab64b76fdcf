#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "sim/forgery.hpp"

namespace zs::sim {

/// The other end of one connection, played by hand: it opens, sends what it is told to, and
/// acknowledges what comes in order. Nothing is sent again.
class HandPeer {
 public:
  HandPeer(const Forger& forger, const Endpoint& self, const Endpoint& host, std::uint32_t isn)
      : forger_(forger), self_(self), host_(host), isn_(isn), snd_nxt_(isn + 1) {}

  Forger::Frame syn() const;
  /// A frame that the host sent, to whomever. What there is to answer.
  std::optional<Forger::Frame> hear(std::span<const std::byte> frame);
  /// The next bytes of the stream.
  Forger::Frame data(std::span<const std::byte> bytes);
  /// Bytes that follow the next `ahead` ones: out of order.
  Forger::Frame data_ahead(std::uint32_t ahead, std::span<const std::byte> bytes) const;
  /// Exactly what RFC 5961 §3.2 asks for.
  Forger::Frame reset() const;

  bool is_open() const { return is_open_; }
  bool is_broken() const { return is_broken_; }
  std::uint64_t heard_bytes() const { return heard_bytes_; }
  const Endpoint& self() const { return self_; }

 private:
  Forger::Frame segment(std::uint8_t flags, std::uint32_t seq,
                        std::span<const std::byte> bytes) const;

  Forger forger_;
  Endpoint self_;
  Endpoint host_;
  std::uint32_t isn_;
  std::uint32_t snd_nxt_;
  std::uint32_t rcv_nxt_ = 0;
  bool is_open_ = false;
  bool is_broken_ = false;
  std::uint64_t heard_bytes_ = 0;
};

}  // namespace zs::sim
