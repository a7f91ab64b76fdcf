#include "runtime/fstack_config.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <map>
#include <optional>

namespace zs::runtime {
namespace {

std::string_view trim(std::string_view s) {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = s.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(kBlank) - first + 1);
}

std::optional<std::uint64_t> number(std::string_view text, int base = 10) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// A key that is one of ours by another name. `unit` is put behind the number.
struct Same {
  std::string_view theirs, ours, unit;
};
constexpr auto kSame = std::to_array<Same>({
    {"dpdk.memory", "runtime.memory_mb", ""},
    {"dpdk.max_mtu", "device.mtu", ""},
    {"freebsd.sysctl.kern.ipc.somaxconn", "tcp.max_backlog", ""},
    {"freebsd.sysctl.net.inet.tcp.cc.algorithm", "tcp.congestion", ""},
    {"freebsd.sysctl.net.inet.tcp.delacktime", "tcp.delayed_ack", "ms"},
    {"freebsd.sysctl.net.inet.tcp.finwait2_timeout", "tcp.fin_wait_2", "ms"},
    {"freebsd.sysctl.net.inet.tcp.keepidle", "tcp.keepalive_idle", "ms"},
    {"freebsd.sysctl.net.inet.tcp.keepintvl", "tcp.keepalive_interval", "ms"},
    {"freebsd.sysctl.net.inet.tcp.keepcnt", "tcp.keepalive_probes", ""},
    {"freebsd.sysctl.net.inet.tcp.initcwnd_segments", "tcp.initial_window_segments", ""},
    {"freebsd.sysctl.net.inet.ip.portrange.first", "tcp.ephemeral_low", ""},
    {"freebsd.sysctl.net.inet.ip.portrange.last", "tcp.ephemeral_high", ""},
});
/// 0 or 1 there, false or true here.
constexpr auto kSwitches = std::to_array<Same>({
    {"freebsd.sysctl.net.inet.tcp.sack.enable", "tcp.sack", ""},
    {"freebsd.sysctl.net.inet.tcp.always_keepalive", "tcp.keepalive", ""},
    {"freebsd.boot.net.inet6.ip6.accept_rtadv", "interface.autoconf", ""},
    {"freebsd.sysctl.net.inet6.ip6.accept_rtadv", "interface.autoconf", ""},
});

class Translator {
 public:
  Translator(const FileText& file, std::uint32_t process) : file_(file), process_(process) {}

  FstackConfig run() {
    read_lines();
    translate_cores();
    translate_device();
    translate_port();
    translate_tcp();
    translate_rest();
    return std::move(out_);
  }

 private:
  struct Entry {
    std::string value;
    std::size_t line = 0;
    bool is_used = false;
  };

  void read_lines();
  void translate_cores();
  void translate_device();
  void translate_port();
  void translate_addresses();
  void translate_tcp();
  void translate_rest();

  std::string where(std::size_t line) const { return file_.name + ":" + std::to_string(line); }
  void report(const std::string& key, const Entry& entry, const std::string& expected) {
    out_.problems.push_back(
        {where(entry.line), key, "found \"" + entry.value + "\", expected " + expected});
  }
  /// The value of a key, which has a meaning then. nullptr: it is not there, or empty.
  Entry* take(const std::string& key) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return nullptr;
    at->second.is_used = true;
    return at->second.value.empty() ? nullptr : &at->second;
  }
  std::optional<std::uint64_t> take_number(const std::string& key) {
    const Entry* const entry = take(key);
    if (entry == nullptr) return std::nullopt;
    const auto value = number(entry->value);
    if (!value) report(key, *entry, "a number");
    return value;
  }
  void set(std::string path, std::string text) {
    out_.overrides.push_back({std::move(path), {Value::Type::kUntyped, std::move(text), {}}});
  }

  const FileText& file_;
  std::uint32_t process_;
  std::map<std::string, Entry> entries_;
  FstackConfig out_;
};

void Translator::read_lines() {
  std::string section;
  std::string_view rest = file_.text;
  for (std::size_t line = 1; !rest.empty(); ++line) {
    const auto end = rest.find('\n');
    std::string_view text = trim(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    // A remark may also follow a value, behind a blank.
    for (const std::string_view mark : {" ;", " #", "\t;", "\t#"})
      text = text.substr(0, text.find(mark));
    text = trim(text);
    if (text.empty() || text.front() == '#' || text.front() == ';') continue;
    if (text.front() == '[') {
      const auto close = text.find(']');
      if (close == std::string_view::npos) {
        out_.problems.push_back({where(line), {}, "a section without ]"});
        continue;
      }
      section = trim(text.substr(1, close - 1));
      continue;
    }
    const auto equals = text.find_first_of("=:");
    if (equals == std::string_view::npos) {
      out_.problems.push_back(
          {where(line), {}, "found \"" + std::string(text) + "\", expected key=value"});
      continue;
    }
    const std::string key = section + "." + std::string(trim(text.substr(0, equals)));
    entries_[key] = {std::string(trim(text.substr(equals + 1))), line, false};
  }
}

/// lcore_mask: a shard on the core of this process, or with thread_mode on each.
void Translator::translate_cores() {
  const bool all = take_number("dpdk.thread_mode").value_or(0) != 0;
  const Entry* const mask = take("dpdk.lcore_mask");
  if (mask == nullptr) return;
  std::string_view digits = mask->value;
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  std::vector<std::string> cores;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const auto digit = number(digits.substr(digits.size() - 1 - i, 1), 16);
    if (!digit) return report("dpdk.lcore_mask", *mask, "hexadecimal digits");
    for (std::size_t bit = 0; bit < 4; ++bit) {
      if ((*digit >> bit & 1) != 0) cores.push_back(std::to_string(4 * i + bit));
    }
  }
  out_.process_count = static_cast<std::uint32_t>(cores.size());
  if (process_ >= cores.size()) {
    return report("dpdk.lcore_mask", *mask, "a bit for process " + std::to_string(process_));
  }
  std::string list = cores[process_];
  if (all) {
    list.clear();
    for (const std::string& core : cores) list += (list.empty() ? "" : ",") + core;
  }
  set("runtime.lcores", list);
}

/// A PCI address of `allow`, a virtio-user port of [vdev0], or what [zstack] says; else a TAP.
void Translator::translate_device() {
  (void)take("dpdk.port_list");
  (void)take("dpdk.nb_vdev");
  const Entry* pci = take("dpdk.allow");
  for (const char* const older : {"dpdk.pci_whitelist"}) {
    const Entry* const other = take(older);
    if (pci == nullptr) pci = other;
  }
  if (pci != nullptr) {
    if (pci->value.find(',') != std::string::npos) {
      return report("dpdk.allow", *pci, "one device: a stack has one link");
    }
    return set("device.name", "dpdk:" + pci->value);
  }
  const Entry* const path = take("vdev0.path");
  if (path == nullptr) return;
  std::string vdev = "dpdk:net_virtio_user0,path=" + path->value;
  for (const char* const key : {"queues", "queue_size", "mac", "cq"}) {
    const Entry* const value = take(std::string("vdev0.") + key);
    if (value != nullptr) vdev += std::string(",") + key + "=" + value->value;
  }
  set("device.name", vdev);
}

void Translator::translate_port() {
  translate_addresses();
  const Entry* const gateway = take("port0.gateway");
  if (gateway != nullptr && gateway->value != "0.0.0.0") set("interface.gateway", gateway->value);
  if (const Entry* const gateway6 = take("port0.gateway6")) {
    set(gateway == nullptr ? "interface.gateway" : "route",
        gateway == nullptr ? gateway6->value : "::/0 via " + gateway6->value);
  }
  (void)take("port0.broadcast");  // follows from the netmask
  if (const auto vlan = take_number("port0.vlan_id")) set("interface.vlan", std::to_string(*vlan));
}

void Translator::translate_addresses() {
  Value list{Value::Type::kList, {}, {}};
  const auto add = [&](const std::string& text) {
    list.items.push_back({Value::Type::kUntyped, text, {}});
  };
  const Entry* const address = take("port0.addr");
  const Entry* const mask = take("port0.netmask");
  std::string prefix = "/24";
  if (mask != nullptr) {
    const auto parsed = IpAddress::parse(mask->value);
    if (!parsed || !parsed->is_v4()) return report("port0.netmask", *mask, "an IPv4 netmask");
    const std::uint32_t bits = parsed->v4_value();
    // F-Stack's own sample has a mask with a hole: what stands before it is meant.
    prefix = "/" + std::to_string(std::countl_one(bits));
  }
  if (address != nullptr) add(address->value + prefix);
  const auto add_all = [&](const std::string& key, const std::string& length) {
    const Entry* const several = take(key);
    for (std::string_view rest = several != nullptr ? several->value : std::string_view{};
         !rest.empty();) {
      const auto end = rest.find(';');
      add(std::string(trim(rest.substr(0, end))) + length);
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
  };
  add_all("port0.vip_addr", "/32");
  const auto length6 = take_number("port0.prefix_len").value_or(64);
  const auto vip6 = take_number("port0.vip_prefix_len").value_or(64);
  add_all("port0.addr6", "/" + std::to_string(length6));
  add_all("port0.vip_addr6", "/" + std::to_string(vip6));
  if (!list.items.empty()) out_.overrides.push_back({"interface.addresses", list});
  // On a TAP, the gateway is the kernel's end of it.
  const Entry* const gateway = take("port0.gateway");
  const bool is_tap = std::none_of(out_.overrides.begin(), out_.overrides.end(),
                                   [](const auto& o) { return o.path == "device.name"; });
  const Entry* const device = take("zstack.device");
  if (device != nullptr) set("device.name", device->value);
  const bool stays_tap = device == nullptr ? is_tap : device->value.starts_with("tap");
  if (address != nullptr && gateway != nullptr && stays_tap) {
    set("interface.kernel_address", gateway->value + prefix);
  }
}

void Translator::translate_tcp() {
  const std::string tcp = "freebsd.sysctl.net.inet.tcp.";
  // With F-Stack's automatic buffers these are what a buffer begins with: ours begin larger.
  const auto translate_buffer = [&](const char* automatic, const char* size,
                                    const std::string& ours) {
    const auto grows = take_number(tcp + automatic);
    const auto bytes = take_number(tcp + size);
    if (grows.value_or(1) != 0) return;
    if (bytes) set(ours + "_bytes", std::to_string(*bytes));
    set(ours + "_max_bytes", "4096");  // less than it begins with: it does not grow
  };
  translate_buffer("sendbuf_auto", "sendspace", "tcp.send_buffer");
  translate_buffer("recvbuf_auto", "recvspace", "tcp.receive_buffer");
  if (const auto delays = take_number(tcp + "delayed_ack"); delays == 0)
    set("tcp.delayed_ack", "0");
  if (const auto msl = take_number(tcp + "msl")) {
    set("tcp.time_wait", std::to_string(2 * std::min<std::uint64_t>(*msl, 300'000)) + "ms");
  }
  if (const auto on = take_number(tcp + "rfc1323")) {
    set("tcp.timestamps", *on != 0 ? "true" : "false");
    set("tcp.window_scaling", *on != 0 ? "true" : "false");
  }
}

void Translator::translate_rest() {
  if (const auto first = take_number("freebsd.boot.fd_reserve")) {
    out_.first_descriptor = static_cast<std::uint32_t>(std::min<std::uint64_t>(*first, 1u << 20));
  }
  if (const auto most = take_number("freebsd.boot.kern.ipc.maxsockets")) {
    set("runtime.descriptors", std::to_string(std::clamp<std::uint64_t>(*most, 16, 1'048'576)));
  }
  if (take_number("dpdk.no_huge").value_or(0) != 0) set("runtime.hugepages", "never");
  if (const auto nap = take_number("dpdk.idle_sleep"); nap.value_or(0) > 0) {
    set("runtime.nap", std::to_string(std::min<std::uint64_t>(*nap, 100'000)) + "us");
  }
  if (const Entry* const prefix = take("dpdk.fstack_log_file_prefix"))
    out_.log_prefix = prefix->value;
  for (const Same& same : kSame) {
    if (const Entry* const e = take(std::string(same.theirs))) {
      set(std::string(same.ours), e->value + std::string(same.unit));
    }
  }
  for (const Same& same : kSwitches) {
    if (const Entry* const e = take(std::string(same.theirs))) {
      set(std::string(same.ours), e->value == "0" ? "false" : "true");
    }
  }
  for (const auto& [key, entry] : entries_) {
    if (entry.is_used) continue;
    // Our own keys, for what F-Stack has no word for.
    if (key.starts_with("zstack.")) {
      set(key.substr(7), entry.value);
    } else {
      out_.ignored.push_back(key);
    }
  }
}

}  // namespace

FstackOptions read_fstack_options(std::span<char* const> arguments) {
  FstackOptions out;
  const auto value_of = [&](std::size_t& i, std::string_view longer,
                            std::string_view shorter) -> std::optional<std::string_view> {
    const std::string_view text = arguments[i];
    if (text.starts_with(longer) && text.size() > longer.size() && text[longer.size()] == '=') {
      return text.substr(longer.size() + 1);
    }
    if (text.starts_with(shorter) && text.size() > shorter.size() && !text.starts_with("--")) {
      return text.substr(shorter.size());
    }
    if (text != longer && text != shorter) return std::nullopt;
    if (i + 1 == arguments.size() || arguments[i + 1] == nullptr) {
      out.problems.push_back({std::string(text), {}, "needs a value"});
      return std::nullopt;
    }
    return arguments[++i];
  };
  for (std::size_t i = 1; i < arguments.size() && arguments[i] != nullptr; ++i) {
    if (std::string_view(arguments[i]) == "--") break;
    if (const auto file = value_of(i, "--conf", "-c")) {
      out.file = *file;
    } else if (const auto type = value_of(i, "--proc-type", "-t")) {
      out.is_secondary = *type == "secondary";
      if (*type != "primary" && *type != "secondary" && *type != "auto") {
        out.problems.push_back({"--proc-type", {}, "expected primary, secondary or auto"});
      }
    } else if (const auto id = value_of(i, "--proc-id", "-p")) {
      const auto process = number(*id);
      if (!process || *process > 127)
        out.problems.push_back({"--proc-id", {}, "expected 0 to 127"});
      out.process = static_cast<std::uint32_t>(process.value_or(0));
    }
  }
  return out;
}

FstackConfig read_fstack_config(const FileText& file, std::uint32_t process) {
  return Translator(file, process).run();
}

}  // namespace zs::runtime
