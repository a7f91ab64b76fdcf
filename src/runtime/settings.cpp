#include "runtime/settings.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "dev/capabilities.hpp"
#include "runtime/units.hpp"
#include "tcp/cc/algorithm.hpp"

namespace zs::runtime {
namespace {

using Type = Value::Type;

/// Where a field lives: a function from Config& to the field.
template <typename Section, typename Field>
auto in(Section Config::*section, Field Section::*field) {
  return [=](Config& c) -> Field& { return c.*section.*field; };
}

std::string flag_of(std::string_view path) {
  const auto dot = path.find('.');
  const std::string_view section = path.substr(0, dot);
  // The everyday sections have short options; the others keep their name in front.
  std::string_view name = path;
  if (section == "device" || section == "interface" || section == "runtime") {
    name = path.substr(dot + 1);
  }
  std::string flag = "--" + std::string(name);
  for (char& c : flag) {
    if (c == '_' || c == '.') c = '-';
  }
  return flag;
}

Setting make(std::string path, std::string help, std::string expected,
             std::function<Verdict(Config&, const Value&)> apply) {
  std::string flag = flag_of(path);
  return {std::move(path),     std::move(flag), std::move(help),
          std::move(expected), false,           std::move(apply)};
}

template <typename Where>
Setting whole_number(std::string path, Where where, std::int64_t low, std::int64_t high,
                     std::string help) {
  const std::string expected =
      "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  return make(std::move(path), std::move(help), expected,
              [=](Config& c, const Value& v) -> Verdict {
                const auto n = v.is(Type::kInteger) ? parse_integer(v.text) : std::nullopt;
                if (!n || *n < low || *n > high) return Refusal{expected, {}};
                where(c) = static_cast<std::remove_reference_t<decltype(where(c))>>(*n);
                return std::nullopt;
              });
}

template <typename Where>
Setting byte_count(std::string path, Where where, std::uint64_t low, std::uint64_t high,
                   std::string help) {
  const std::string expected = "bytes such as 65536 or \"1MiB\", from " + std::to_string(low) +
                               " to " + std::to_string(high);
  return make(std::move(path), std::move(help), expected,
              [=](Config& c, const Value& v) -> Verdict {
                const bool fits = v.is(Type::kInteger) || v.is(Type::kText);
                const auto n = fits ? parse_bytes(v.text) : std::nullopt;
                if (!n || *n < low || *n > high) return Refusal{expected, {}};
                where(c) = static_cast<std::remove_reference_t<decltype(where(c))>>(*n);
                return std::nullopt;
              });
}

template <typename Where>
Setting duration(std::string path, Where where, Duration low, Duration high, std::string help) {
  const std::string expected =
      "a duration such as \"200ms\", from " + format_duration(low) + " to " + format_duration(high);
  return make(std::move(path), std::move(help), expected,
              [=](Config& c, const Value& v) -> Verdict {
                const bool zero = v.type == Type::kInteger && v.text == "0";
                const auto d = v.is(Type::kText) || zero ? parse_duration(v.text) : std::nullopt;
                if (!d || *d < low || *d > high) return Refusal{expected, {}};
                where(c) = *d;
                return std::nullopt;
              });
}

template <typename Where>
Setting boolean(std::string path, Where where, std::string help) {
  return make(std::move(path), std::move(help), "true or false",
              [=](Config& c, const Value& v) -> Verdict {
                if (!v.is(Type::kBoolean) || (v.text != "true" && v.text != "false")) {
                  return Refusal{"true or false", {}};
                }
                where(c) = v.text == "true";
                return std::nullopt;
              });
}

template <typename Where>
Setting probability(std::string path, Where where, std::string help) {
  const std::string expected = "a probability from 0 to 1";
  return make(std::move(path), std::move(help), expected,
              [=](Config& c, const Value& v) -> Verdict {
                const bool fits = v.is(Type::kReal) || v.is(Type::kInteger);
                const auto p = fits ? parse_real(v.text) : std::nullopt;
                if (!p || *p < 0 || *p > 1) return Refusal{expected, {}};
                where(c) = *p;
                return std::nullopt;
              });
}

/// One of a few words.
template <typename Where, typename Enum>
Setting choice(std::string path, Where where, std::vector<std::pair<std::string, Enum>> words,
               std::string help) {
  std::string expected = "one of";
  for (const auto& [word, value] : words) expected += " \"" + word + "\"";
  return make(std::move(path), std::move(help), expected,
              [=](Config& c, const Value& v) -> Verdict {
                for (const auto& [word, value] : words) {
                  if (v.is(Type::kText) && v.text == word) {
                    where(c) = value;
                    return std::nullopt;
                  }
                }
                return Refusal{expected, {}};
              });
}

/// Something that T::parse() understands.
template <typename T, typename Where>
Setting parsed(std::string path, Where where, std::string expected, std::string help) {
  return make(std::move(path), std::move(help), expected,
              [=](Config& c, const Value& v) -> Verdict {
                const auto value = v.is(Type::kText) ? T::parse(v.text) : std::nullopt;
                if (!value) return Refusal{expected, {}};
                where(c) = *value;
                return std::nullopt;
              });
}

Setting network_namespace_setting() {
  const std::string expected = "the name of a network namespace, or a path to one";
  return make("device.network_namespace",
              "tap, packet: the namespace of the kernel's end (default: ours)", expected,
              [=](Config& c, const Value& v) -> Verdict {
                if (!v.is(Type::kText) || v.text.empty()) return Refusal{expected, {}};
                c.device.network_namespace = v.text;
                return std::nullopt;
              });
}

Setting device_setting() {
  const std::string expected =
      "tap, tap:NAME, packet:INTERFACE, dpdk:PCI-ADDRESS or dpdk:VDEV[,ARGUMENTS]";
  Setting s = make("device.name", "the link: " + expected, expected,
                   [=](Config& c, const Value& v) -> Verdict {
                     if (!v.is(Type::kText)) return Refusal{expected, {}};
                     std::string why;
                     auto device = parse_device(v.text, why);
                     if (!device) return Refusal{why.empty() ? expected : why, {}};
                     c.device.kind = device->kind;
                     c.device.target = std::move(device->target);
                     c.device.arguments = std::move(device->arguments);
                     return std::nullopt;
                   });
  s.flag = "--device";
  return s;
}

/// Several, or one alone; `take_all` gets what `parse` makes of each text that is understood.
template <typename Parse, typename TakeAll>
Setting list(std::string path, std::string expected, std::string help, Parse parse,
             TakeAll take_all) {
  Setting s =
      make(std::move(path), std::move(help), expected, [=](Config& c, const Value& v) -> Verdict {
        const Value alone{Type::kList, {}, {v}};
        std::vector<typename decltype(parse(v.text))::value_type> all;
        for (const Value& item : (v.type == Type::kList ? v : alone).items) {
          const auto one = item.is(Type::kText) ? parse(item.text) : std::nullopt;
          if (!one) return Refusal{expected, item.describe()};
          all.push_back(*one);
        }
        take_all(c, all);
        return std::nullopt;
      });
  s.is_list = true;
  return s;
}

Setting addresses_setting() {
  // Without its prefix an address has no neighbours, which nobody means.
  const auto parse = [](const std::string& text) {
    return text.find('/') == std::string::npos ? std::nullopt : IpPrefix::parse(text);
  };
  Setting s = list("interface.addresses", "addresses with prefix such as \"10.77.0.2/24\"",
                   "our addresses with their prefixes", parse,
                   [](Config& c, const auto& all) { c.interface.addresses = all; });
  s.flag = "--address";
  return s;
}

Setting without_setting() {
  const dev::Offload all{UINT32_MAX};
  return list(
      "device.without", "offloads such as \"tso\", of " + dev::describe(all),
      "offloads of the device that are not to be used",
      [](const std::string& text) { return dev::offload_named(text); },
      [](Config& c, const auto& offloads) {
        c.device.without = dev::Offload::kNone;
        for (const dev::Offload o : offloads) c.device.without = c.device.without | o;
      });
}

Setting lcores_setting() {
  const std::string expected = "CPUs such as 1, \"0,2\" or [1, 2], none of them twice";
  return make("runtime.lcores", "one shard on each of these CPUs (default: the last one)", expected,
              [=](Config& c, const Value& v) -> Verdict {
                std::string text = v.text;
                for (const Value& item : v.items) {
                  if (!item.is(Type::kInteger)) return Refusal{expected, item.describe()};
                  text += (text.empty() ? "" : ",") + item.text;
                }
                const bool fits =
                    v.is(Type::kText) || v.type == Type::kInteger || v.type == Type::kList;
                auto cpus = fits ? parse_cpu_list(text) : std::nullopt;
                if (!cpus) return Refusal{expected, {}};
                c.runtime.lcores = std::move(*cpus);
                return std::nullopt;
              });
}

Setting rate_setting() {
  const std::string expected = "bits per second such as \"100M\" or \"2.5Gbit/s\"";
  return make("fault.rate", "limit the rate", expected, [=](Config& c, const Value& v) -> Verdict {
    const bool fits = v.is(Type::kInteger) || v.is(Type::kText);
    const auto rate = fits ? parse_rate(v.text) : std::nullopt;
    if (!rate) return Refusal{expected, {}};
    c.fault.rate_bps = *rate;
    return std::nullopt;
  });
}

void add_link_settings(std::vector<Setting>& all) {
  all.push_back(device_setting());
  all.push_back(whole_number("device.mtu", in(&Config::device, &DeviceConfig::mtu), 576, 65'000,
                             "largest IP packet on the link"));
  all.push_back(network_namespace_setting());
  all.push_back(boolean("device.share_mac", in(&Config::device, &DeviceConfig::share_mac),
                        "packet: use the interface's MAC address"));
  all.push_back(without_setting());
  all.push_back(addresses_setting());
  all.push_back(parsed<IpAddress>("interface.gateway",
                                  in(&Config::interface, &InterfaceConfig::gateway),
                                  "an address such as \"10.77.0.1\"", "default gateway"));
  all.push_back(parsed<MacAddress>("interface.mac", in(&Config::interface, &InterfaceConfig::mac),
                                   "a MAC address such as \"02:00:00:00:00:01\"",
                                   "our MAC address (default: the device's)"));
  all.push_back(boolean("interface.autoconf", in(&Config::interface, &InterfaceConfig::autoconf),
                        "IPv6 routers may tell us routes, prefixes and addresses"));
  all.push_back(choice(
      "interface.identifier", in(&Config::interface, &InterfaceConfig::identifier),
      std::vector<std::pair<std::string, neigh::IdentifierKind>>{
          {"eui64", neigh::IdentifierKind::kEui64}, {"opaque", neigh::IdentifierKind::kOpaque}},
      "IPv6 addresses that we make: from the MAC, or RFC 7217's secret"));
  all.push_back(whole_number("interface.vlan", in(&Config::interface, &InterfaceConfig::vlan), 0,
                             4'094, "the VLAN that we live in (IEEE 802.1Q); 0: none"));
  all.push_back(parsed<IpPrefix>(
      "interface.kernel_address", in(&Config::interface, &InterfaceConfig::kernel_address),
      "an address with prefix such as \"10.77.0.1/24\"", "tap: the address of the kernel's end"));
}

void add_runtime_settings(std::vector<Setting>& all) {
  const auto at = [](auto field) { return in(&Config::runtime, field); };
  all.push_back(lcores_setting());
  all.push_back(whole_number("runtime.memory_mb", at(&LoopConfig::memory_mb), 0, 1'048'576,
                             "memory of all shards in MiB; 0: 256 a shard"));
  all.push_back(choice(
      "runtime.hugepages", at(&LoopConfig::hugepages),
      std::vector<std::pair<std::string, Hugepages>>{
          {"auto", Hugepages::kAuto}, {"never", Hugepages::kNever}, {"always", Hugepages::kAlways}},
      "auto: when enough are free; never; always"));
  all.push_back(
      choice("runtime.log_level", at(&LoopConfig::log_level),
             std::vector<std::pair<std::string, LogLevel>>{{"trace", LogLevel::kTrace},
                                                           {"debug", LogLevel::kDebug},
                                                           {"info", LogLevel::kInfo},
                                                           {"warning", LogLevel::kWarning},
                                                           {"error", LogLevel::kError},
                                                           {"off", LogLevel::kOff}},
             "trace, debug, info, warning, error or off"));
  all.push_back(choice("runtime.idle", at(&LoopConfig::idle),
                       std::vector<std::pair<std::string, IdlePolicy>>{
                           {"sleep", IdlePolicy::kSleep}, {"spin", IdlePolicy::kSpin}},
                       "sleep: when idle, where the device can wake us; spin: never"));
  all.push_back(duration("runtime.spin", at(&LoopConfig::spin), 0ns, 1s,
                         "how long an idle shard polls before it sleeps, at most"));
  all.push_back(
      duration("runtime.nap", at(&LoopConfig::nap), 0ns, 100ms,
               "longest sleep on a device that cannot wake us: latency for CPU; 0: poll"));
  all.push_back(duration("runtime.drain", at(&LoopConfig::drain), 0ns, 300s,
                         "how long connections may take to close at the end"));
  all.push_back(whole_number("runtime.burst", at(&LoopConfig::burst), 1, 256,
                             "most packets a turn of the loop takes"));
  all.push_back(whole_number("runtime.descriptors", at(&LoopConfig::descriptors), 16, 1'048'576,
                             "sockets a shard"));
  all.push_back(whole_number("runtime.neighbor_entries", at(&LoopConfig::neighbor_entries), 16,
                             1'048'576, "neighbours a shard remembers"));
  all.push_back(whole_number("runtime.udp_sockets", at(&LoopConfig::udp_sockets), 1, 65'536,
                             "UDP sockets a shard"));
}

std::vector<std::pair<std::string, tcp::CongestionAlgorithm>> congestion_choices() {
  std::vector<std::pair<std::string, tcp::CongestionAlgorithm>> choices;
  choices.reserve(tcp::cc::kAlgorithms.size());
  for (const auto& [name, algorithm] : tcp::cc::kAlgorithms) choices.emplace_back(name, algorithm);
  return choices;
}

/// What a connection makes of its path: how much may be on it, and how long the packets may be.
void add_tcp_path_settings(std::vector<Setting>& all) {
  using C = tcp::Config;
  const auto at = [](auto field) { return in(&Config::tcp, field); };
  all.push_back(choice("tcp.congestion", at(&C::congestion), congestion_choices(),
                       "congestion control of sockets that do not choose (TCP_CONGESTION)"));
  all.push_back(
      choice("tcp.ecn", at(&C::ecn),
             std::vector<std::pair<std::string, tcp::EcnMode>>{{"off", tcp::EcnMode::kOff},
                                                               {"passive", tcp::EcnMode::kPassive},
                                                               {"on", tcp::EcnMode::kOn}},
             "explicit congestion notification: never, for peers that ask, asked for"));
  all.push_back(boolean("tcp.ecn_alternative_backoff", at(&C::ecn_alternative_backoff),
                        "RFC 8511: a mark costs a window less than a loss does"));
  all.push_back(choice(
      "tcp.hystart", at(&C::hystart),
      std::vector<std::pair<std::string, tcp::HyStartUse>>{{"off", tcp::HyStartUse::kNobody},
                                                           {"cubic", tcp::HyStartUse::kCubic},
                                                           {"all", tcp::HyStartUse::kEverybody}},
      "HyStart++: nobody's, CUBIC's, or NewReno's first slow start as well"));
  all.push_back(choice("tcp.mtu_probing", at(&C::mtu_probing),
                       std::vector<std::pair<std::string, tcp::MtuProbing>>{
                           {"off", tcp::MtuProbing::kOff},
                           {"blackhole", tcp::MtuProbing::kBlackHole},
                           {"on", tcp::MtuProbing::kOn}},
                       "path MTU by what arrives (RFC 4821): off, blackhole or on"));
  all.push_back(boolean("tcp.pacing", at(&C::pacing), "spread what is sent over the round trip"));
}

void add_tcp_buffer_settings(std::vector<Setting>& all) {
  using C = tcp::Config;
  const auto at = [](auto field) { return in(&Config::tcp, field); };
  all.push_back(byte_count("tcp.send_buffer_bytes", at(&C::send_buffer_bytes), 4'096, 1u << 30,
                           "send buffer of a connection, to begin with"));
  all.push_back(byte_count("tcp.send_buffer_max_bytes", at(&C::send_buffer_max_bytes), 4'096,
                           1u << 30, "what it grows to, with the congestion window"));
  all.push_back(byte_count("tcp.receive_buffer_bytes", at(&C::receive_buffer_bytes), 4'096,
                           1u << 30, "receive buffer of a connection, to begin with"));
  all.push_back(byte_count("tcp.receive_buffer_max_bytes", at(&C::receive_buffer_max_bytes), 4'096,
                           1u << 30, "what it grows to, with what is read in a round trip"));
}

void add_tcp_connection_settings(std::vector<Setting>& all) {
  using C = tcp::Config;
  const auto at = [](auto field) { return in(&Config::tcp, field); };
  add_tcp_buffer_settings(all);
  all.push_back(whole_number("tcp.receive_buffer_segments", at(&C::receive_buffer_segments), 16,
                             1'048'576, "most buffers a connection holds"));
  add_tcp_path_settings(all);
  all.push_back(boolean("tcp.timestamps", at(&C::timestamps), "RFC 7323 timestamps"));
  all.push_back(boolean("tcp.sack", at(&C::sack), "RFC 2018 selective acknowledgements"));
  all.push_back(boolean("tcp.window_scaling", at(&C::window_scaling), "RFC 7323 window scaling"));
  all.push_back(boolean("tcp.nodelay", at(&C::nodelay), "send small segments at once"));
  all.push_back(whole_number("tcp.initial_window_segments", at(&C::initial_window_segments), 1,
                             1'000, "initial congestion window in segments"));
  all.push_back(duration("tcp.min_rto", at(&C::min_rto), 1ms, 60s, "least retransmission timeout"));
  all.push_back(
      duration("tcp.max_rto", at(&C::max_rto), 1s, 3600s, "largest retransmission timeout"));
  all.push_back(duration("tcp.initial_rto", at(&C::initial_rto), 10ms, 60s,
                         "retransmission timeout before the first measurement"));
  // RFC 9293 §3.8.6.3: an ACK may wait for less than 0.5 s.
  all.push_back(duration("tcp.delayed_ack", at(&C::delayed_ack), 0ns, 500ms,
                         "longest delay of an acknowledgement"));
  all.push_back(duration("tcp.time_wait", at(&C::time_wait), 0ns, 600s, "length of TIME-WAIT"));
  all.push_back(duration("tcp.fin_wait_2", at(&C::fin_wait_2), 1s, 3600s,
                         "patience with a peer that never closes"));
  all.push_back(whole_number("tcp.syn_retries", at(&C::syn_retries), 0, 127, "SYN retries"));
  all.push_back(
      whole_number("tcp.syn_ack_retries", at(&C::syn_ack_retries), 0, 127, "SYN-ACK retries"));
  all.push_back(whole_number("tcp.data_retries", at(&C::data_retries), 1, 255, "data retries"));
  all.push_back(duration("tcp.user_timeout", at(&C::user_timeout), 0ns, 86'400s,
                         "RFC 5482 user timeout; 0: tcp.data_retries decides"));
  all.push_back(boolean("tcp.keepalive", at(&C::keepalive), "probe idle connections"));
  all.push_back(duration("tcp.keepalive_idle", at(&C::keepalive_idle), 1s, 32'767s,
                         "idle time before the first probe"));
  all.push_back(duration("tcp.keepalive_interval", at(&C::keepalive_interval), 1s, 32'767s,
                         "time between probes"));
  all.push_back(whole_number("tcp.keepalive_probes", at(&C::keepalive_probes), 1, 127,
                             "probes before giving up"));
}

void add_tcp_shard_settings(std::vector<Setting>& all) {
  using C = tcp::Config;
  const auto at = [](auto field) { return in(&Config::tcp, field); };
  all.push_back(whole_number("tcp.max_connections", at(&C::max_connections), 1, 16'777'216,
                             "connections a shard"));
  all.push_back(whole_number("tcp.awake_connections", at(&C::awake_connections), 0, 16'777'216,
                             "connections a shard beyond which idle ones are packed"));
  all.push_back(whole_number("tcp.syn_cache_entries", at(&C::syn_cache_entries), 16, 16'777'216,
                             "half-open connections a shard"));
  all.push_back(choice("tcp.syn_cookies", at(&C::syn_cookies),
                       std::vector<std::pair<std::string, tcp::SynCookiePolicy>>{
                           {"off", tcp::SynCookiePolicy::kOff},
                           {"on-overflow", tcp::SynCookiePolicy::kOnOverflow},
                           {"always", tcp::SynCookiePolicy::kAlways}},
                       "when a SYN costs no memory: off, on-overflow or always"));
  all.push_back(whole_number("tcp.time_wait_entries", at(&C::time_wait_entries), 16, 16'777'216,
                             "TIME-WAIT records a shard"));
  all.push_back(whole_number("tcp.max_backlog", at(&C::max_backlog), 1, 65'535,
                             "bound of listen()'s backlog"));
  all.push_back(byte_count("tcp.max_tso_bytes", at(&C::max_tso_bytes), 1'460, 65'000,
                           "largest unit handed to the device"));
  all.push_back(whole_number("tcp.ephemeral_low", at(&C::ephemeral_low), 1'024, 65'535,
                             "first local port for outgoing connections"));
  all.push_back(whole_number("tcp.ephemeral_high", at(&C::ephemeral_high), 1'024, 65'535,
                             "last local port for outgoing connections"));
}

void add_fault_settings(std::vector<Setting>& all) {
  const auto at = [](auto field) { return in(&Config::fault, field); };
  all.push_back(probability("fault.loss", at(&FaultSettings::loss), "packets lost"));
  all.push_back(
      probability("fault.duplicate", at(&FaultSettings::duplicate), "packets duplicated"));
  all.push_back(probability("fault.reorder", at(&FaultSettings::reorder), "packets held back"));
  all.push_back(probability("fault.mark", at(&FaultSettings::mark),
                            "packets marked as congested (CE), of those that may be"));
  all.push_back(probability("fault.corrupt", at(&FaultSettings::corrupt), "packets damaged"));
  all.push_back(duration("fault.delay", at(&FaultSettings::delay), 0ns, 60s, "delay each packet"));
  all.push_back(
      duration("fault.jitter", at(&FaultSettings::jitter), 0ns, 60s, "random extra delay"));
  all.push_back(rate_setting());
  all.push_back(whole_number("fault.seed", at(&FaultSettings::seed), 0, INT64_MAX,
                             "seed of the fault device's dice"));
}

std::vector<Setting> make_settings() {
  std::vector<Setting> all;
  add_link_settings(all);
  add_runtime_settings(all);
  add_tcp_connection_settings(all);
  add_tcp_shard_settings(all);
  add_fault_settings(all);
  return all;
}

}  // namespace

std::string Value::describe() const {
  switch (type) {
    case Type::kText:
    case Type::kUntyped:
      return '"' + text + '"';
    case Type::kList:
      return "a list";
    case Type::kOther:
    case Type::kInteger:
    case Type::kReal:
    case Type::kBoolean:
      return text;
  }
  return text;
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = make_settings();
  return all;
}

const Setting* find_setting(std::string_view path) {
  const auto& all = settings();
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const Setting& s) { return s.path == path; });
  return it == all.end() ? nullptr : &*it;
}

std::optional<RouteConfig> parse_route(std::string_view text) {
  constexpr std::string_view kVia = " via ";
  const auto via = text.find(kVia);
  const auto destination = IpPrefix::parse(text.substr(0, via));
  if (!destination) return std::nullopt;
  if (via == std::string_view::npos) return RouteConfig{*destination, std::nullopt};
  const auto gateway = IpAddress::parse(text.substr(via + kVia.size()));
  if (!gateway) return std::nullopt;
  return RouteConfig{*destination, gateway};
}

}  // namespace zs::runtime
