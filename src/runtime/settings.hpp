#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/config.hpp"

namespace zs::runtime {

/// One value as it was found, in the file or on the command line.
struct Value {
  enum class Type : std::uint8_t { kUntyped, kText, kInteger, kReal, kBoolean, kList, kOther };
  Type type = Type::kUntyped;  ///< kUntyped: from the command line, where all is text
  std::string text;
  std::vector<Value> items;  ///< of a kList

  bool is(Type t) const { return type == t || type == Type::kUntyped; }
  /// For messages: `"fast"`, `12`, `a list`.
  std::string describe() const;
};

/// Why a value was not taken.
struct Refusal {
  std::string expected;
  std::string found;  ///< empty: the value's own description
};
using Verdict = std::optional<Refusal>;  ///< none: taken

/// One key of zstack.toml, which is one option of the command line too.
struct Setting {
  std::string path;      ///< "tcp.min_rto"
  std::string flag;      ///< "--tcp-min-rto"
  std::string help;      ///< one line
  std::string expected;  ///< "a duration such as \"200ms\""
  bool is_list = false;
  std::function<Verdict(Config&, const Value&)> apply;
};

/// All keys but [[route]], in the order of the documentation.
const std::vector<Setting>& settings();
const Setting* find_setting(std::string_view path);

/// "10.0.0.0/8 via 10.0.0.1" or "10.0.0.0/8".
std::optional<RouteConfig> parse_route(std::string_view text);
/// "tap", "tap:zs0", "packet:veth0", "dpdk:0000:00:05.0", "dpdk:net_af_xdp0,iface=eth1".
std::optional<DeviceConfig> parse_device(std::string_view text, std::string& why);

}  // namespace zs::runtime
