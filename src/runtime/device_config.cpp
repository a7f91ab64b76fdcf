// What names a device, in both directions.

#include <algorithm>
#include <cctype>

#include "runtime/settings.hpp"

namespace zs::runtime {
namespace {

/// dev_valid_name() of the kernel: 1 to 15 characters, no slash, colon or space.
bool is_interface_name(std::string_view name) {
  constexpr std::size_t kMaxName = 15;  // IFNAMSIZ - 1
  if (name.empty() || name.size() > kMaxName || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return std::isgraph(static_cast<unsigned char>(c)) != 0 && c != '/' && c != ':';
  });
}

}  // namespace

std::optional<DeviceConfig> parse_device(std::string_view text, std::string& why) {
  const auto colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string_view rest =
      colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  DeviceConfig device;
  if (kind == "tap" || kind == "packet") {
    device.kind = kind == "tap" ? DeviceKind::kTap : DeviceKind::kPacket;
    const bool may_be_unnamed = kind == "tap" && colon == std::string_view::npos;
    if (!may_be_unnamed && !is_interface_name(rest)) {
      why = "an interface name of 1 to 15 characters after \"" + std::string(kind) + ":\"";
      return std::nullopt;
    }
    device.target = rest;
    return device;
  }
  if (kind == "dpdk" || kind == "pci") {
    const auto comma = rest.find(',');
    device.kind = DeviceKind::kDpdk;
    device.target = rest.substr(0, comma);
    if (comma != std::string_view::npos) device.arguments = rest.substr(comma + 1);
    if (device.target.empty() || rest.find(' ') != std::string_view::npos) {
      why = "a PCI address or a vdev after \"" + std::string(kind) + ":\"";
      return std::nullopt;
    }
    return device;
  }
  return std::nullopt;
}

std::string DeviceConfig::to_string() const {
  switch (kind) {
    case DeviceKind::kTap:
      return target.empty() ? "tap" : "tap:" + target;
    case DeviceKind::kPacket:
      return "packet:" + target;
    case DeviceKind::kDpdk:
      return "dpdk:" + target + (arguments.empty() ? "" : "," + arguments);
  }
  return target;
}

bool DeviceConfig::is_pci() const {
  // "0000:00:05.0" or "00:05.0"; every vdev begins with the name of its driver.
  return kind == DeviceKind::kDpdk && target.find(':') != std::string::npos &&
         target.find('.') != std::string::npos && !target.starts_with("net_") &&
         !target.starts_with("eth_");
}

}  // namespace zs::runtime
