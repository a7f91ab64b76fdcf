#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/result.hpp"
#include "buf/mbuf.hpp"
#include "ip/incoming.hpp"

namespace zs::ip {

/// What an ICMP error of either version means to a transport.
enum class ErrorMeaning : std::uint8_t {
  kUnreachable,      ///< host, policy: perhaps only for now (RFC 1122 §4.2.3.9 "soft")
  kNetUnreachable,   ///< the same of its network
  kPortUnreachable,  ///< nobody there speaks to us: port or protocol ("hard")
  kPacketTooBig,
  kTimeExceeded,
};

/// An ICMP error about a packet that we sent, if the peer is honest.
struct ErrorReport {
  ErrorMeaning meaning = ErrorMeaning::kUnreachable;
  FlowKey flow;               ///< local is who sent the quoted packet
  std::uint8_t protocol = 0;  ///< of the quoted packet
  std::uint32_t tcp_seq = 0;  ///< TCP only
  std::uint32_t mtu = 0;      ///< kPacketTooBig: the next hop's; 0 from very old routers
};

/// `message` is a checksum-verified ICMP or ICMPv6 message, or as much of it as is contiguous.
/// nullopt when it is not an error that a host acts upon (redirects and source quench included).
std::optional<ErrorReport> parse_error(IpFamily family, std::span<const std::byte> message);

/// The flow of a packet of our own that could not be delivered; `packet` begins at its IP header.
std::optional<ErrorReport> make_local_report(std::span<const std::byte> packet,
                                             ErrorMeaning meaning);

/// Turns a checksum-verified echo request, trimmed to its ICMP header, into the reply, sent from
/// `source` to `peer`: in its own buffer where nobody else sees that, else behind a fresh header.
/// kNoBuffers: no buffer for that header.
Result<buf::Mbuf> make_echo_reply(buf::Mbuf request, const IpAddress& source, const IpAddress& peer,
                                  buf::Pools pools);

enum class ErrorKind : std::uint8_t {
  kPortUnreachable,
  kProtocolUnreachable,
  kParameterProblem,
  kReassemblyTime
};

struct ErrorSpec {
  ErrorKind kind = ErrorKind::kPortUnreachable;
  IpAddress source;  ///< ours; also says which ICMP
  IpAddress peer;
  ParameterProblem problem;  ///< kParameterProblem only, which is IPv6 only
};

/// How a packet reached us, as far as answering with an error goes.
enum class Delivery : std::uint8_t { kToUs, kToMany };

/// Whether an error about this packet may be sent at all (RFC 1122 §3.2.2, RFC 4443 §2.4(e)): not
/// about ICMP errors, not about what went to many, not to an address that is not one host's.
/// `transport` is the contiguous beginning of the transport header.
bool may_answer_with_error(const Incoming& packet, Delivery delivery,
                           std::span<const std::byte> transport);

/// An ICMP message without an IP header, quoting as much of `offender` (from its IP header on) as
/// keeps the packet within what every path carries: 576 bytes (RFC 1812 §4.3.2.3) or 1280
/// (RFC 4443 §2.4(c)).
Result<buf::Mbuf> make_error(const ErrorSpec& spec, const buf::Mbuf& offender, buf::Pools pools);

}  // namespace zs::ip
