#include "wire/ipv6.hpp"

namespace zs::wire {
namespace {

constexpr std::ptrdiff_t kFixedNextHeaderField = 6 - static_cast<std::ptrdiff_t>(Ipv6View::kHeader);

struct OptionsEnd {
  Ipv6WalkEnd end = Ipv6WalkEnd::kUpperLayer;  ///< kUpperLayer: nothing stands in the way
  std::size_t at = 0;
};

/// Looks at the options of one hop-by-hop or destination header (RFC 8200 §4.2), which begin two
/// bytes into `header`.
OptionsEnd check_options(std::span<const std::byte> header) {
  constexpr std::uint8_t kPad1 = 0;
  constexpr std::uint8_t kPadN = 1;
  constexpr std::uint8_t kRouterAlert = 5;  // RFC 2711: for routers, nothing to do for a host
  for (std::size_t at = 2; at < header.size();) {
    const std::uint8_t type = byte_at(header, at);
    if (type == kPad1) {
      ++at;
      continue;
    }
    if (header.size() - at < 2 || header.size() - at - 2 < byte_at(header, at + 1)) {
      return {Ipv6WalkEnd::kMalformed, at};
    }
    if (type != kPadN && type != kRouterAlert) {
      // The two highest bits say what a host does with an option that it does not know.
      switch (type >> 6) {
        case 0:
          break;
        case 1:
          return {Ipv6WalkEnd::kOptionDiscard, at};
        case 2:
          return {Ipv6WalkEnd::kOptionReport, at};
        default:
          return {Ipv6WalkEnd::kOptionReportUnlessMulticast, at};
      }
    }
    at += std::size_t{2} + byte_at(header, at + 1);
  }
  return {};
}

bool is_extension(std::uint8_t protocol) {
  return protocol == ip_protocol::kHopByHop || protocol == ip_protocol::kRouting ||
         protocol == ip_protocol::kFragment || protocol == ip_protocol::kDestination ||
         protocol == ip_protocol::kAuthentication;
}

/// Length of the header in bytes: in units of 8 beyond the first 8 (RFC 8200 §4), but AH counts
/// units of 4 beyond the first 8 (RFC 4302 §2.2).
std::size_t header_length(std::uint8_t protocol, std::span<const std::byte> header) {
  if (protocol == ip_protocol::kFragment) return Ipv6Fragment::kHeader;
  const std::size_t units = byte_at(header, 1);
  return protocol == ip_protocol::kAuthentication ? (units + 2) * 4 : (units + 1) * 8;
}

/// Judges one whole extension header; false when the walk ends here.
bool step(Ipv6Extensions& walk, std::span<const std::byte> header) {
  const auto here = static_cast<std::ptrdiff_t>(walk.offset);
  const auto stop = [&walk](Ipv6WalkEnd end, std::ptrdiff_t pointer) {
    walk.end = end;
    walk.pointer = pointer;
    return false;
  };
  if (walk.protocol == ip_protocol::kHopByHop && walk.offset != 0) {
    return stop(Ipv6WalkEnd::kBadHopByHop, walk.pointer);
  }
  if (walk.protocol == ip_protocol::kHopByHop || walk.protocol == ip_protocol::kDestination) {
    const OptionsEnd options = check_options(header);
    if (options.end != Ipv6WalkEnd::kUpperLayer) {
      return stop(options.end, here + static_cast<std::ptrdiff_t>(options.at));
    }
  } else if (walk.protocol == ip_protocol::kRouting && byte_at(header, 3) != 0) {
    return stop(Ipv6WalkEnd::kRouting, here + 2);
  } else if (walk.protocol == ip_protocol::kAuthentication) {
    walk.authenticated = true;
  } else if (walk.protocol == ip_protocol::kFragment) {
    walk.fragment_pointer = walk.pointer;
    const auto field = load_be<std::uint16_t>(&header[2]);
    walk.fragment = Ipv6Fragment{.offset = field & 0xfff8u,
                                 .more = (field & 1) != 0,
                                 .identification = load_be<std::uint32_t>(&header[4])};
  }
  walk.pointer = here;  // where the next protocol number stands
  walk.protocol = byte_at(header, 0);
  walk.offset += header.size();
  if (walk.fragment && (walk.fragment->more || walk.fragment->offset != 0)) {
    return stop(Ipv6WalkEnd::kFragment, walk.pointer);
  }
  return true;
}

}  // namespace

Ipv6Extensions walk_ipv6_extensions(std::uint8_t next_header, std::span<const std::byte> payload) {
  Ipv6Extensions walk;
  walk.protocol = next_header;
  walk.pointer = kFixedNextHeaderField;
  for (std::size_t count = 0; is_extension(walk.protocol); ++count) {
    walk.end = Ipv6WalkEnd::kTooMany;
    if (count == kIpv6MaxExtensions) return walk;
    const auto rest = payload.subspan(walk.offset);
    walk.end = Ipv6WalkEnd::kMalformed;
    if (rest.size() < 8) return walk;
    const std::size_t length = header_length(walk.protocol, rest);
    if (length > rest.size()) return walk;
    if (!step(walk, rest.first(length))) return walk;
  }
  walk.end =
      walk.protocol == ip_protocol::kNoNext ? Ipv6WalkEnd::kNoNext : Ipv6WalkEnd::kUpperLayer;
  return walk;
}

}  // namespace zs::wire
