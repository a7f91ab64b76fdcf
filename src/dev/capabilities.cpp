#include "dev/capabilities.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace zs::dev {
namespace {

constexpr std::array<std::pair<Offload, std::string_view>, 9> kOffloadNames{{
    {Offload::kRxIpChecksum, "rx-ip-checksum"},
    {Offload::kRxL4Checksum, "rx-checksum"},
    {Offload::kTxIpChecksum, "tx-ip-checksum"},
    {Offload::kTxL4Checksum, "tx-checksum"},
    {Offload::kTso, "tso"},
    {Offload::kLro, "lro"},
    {Offload::kMultiSegment, "multi-segment"},
    {Offload::kVlan, "vlan"},
    {Offload::kRss, "rss"},
}};

}  // namespace

std::string describe(const Capabilities& c) {
  std::string line = c.name + " " + c.mac.to_string() + " mtu " + std::to_string(c.mtu) + ":";
  bool any = false;
  for (const auto& [bit, name] : kOffloadNames) {
    if (!has(c.offloads, bit)) continue;
    any = true;
    line.append(" ").append(name);
    if (bit == Offload::kTso) line += "=" + std::to_string(c.max_tso_bytes);
    if (bit == Offload::kMultiSegment) line += "=" + std::to_string(c.max_tx_segments);
  }
  if (!any) line += " no offloads, all in software";
  return line;
}

std::string describe(Offload offloads) {
  std::string text;
  for (const auto& [bit, name] : kOffloadNames) {
    if (has(offloads, bit)) text.append(text.empty() ? "" : " ").append(name);
  }
  return text.empty() ? "none" : text;
}

std::optional<Offload> offload_named(std::string_view name) {
  for (const auto& [bit, known] : kOffloadNames) {
    if (known == name) return bit;
  }
  return std::nullopt;
}

}  // namespace zs::dev
