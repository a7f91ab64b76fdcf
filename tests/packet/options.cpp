#include "packet/options.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

#include "tcp/defer_accept.hpp"

namespace zs::packet {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Setter = std::function<void(tcp::ConnectionOptions&, int)>;

const std::map<std::string, Setter> kSetters{
    {"nodelay", [](auto& o, int v) { o.nodelay = v != 0; }},
    {"cork", [](auto& o, int v) { o.cork = v != 0; }},
    {"quick_ack", [](auto& o, int v) { o.quick_ack = v != 0; }},
    {"keepalive", [](auto& o, int v) { o.keepalive = v != 0; }},
    {"keepalive_idle", [](auto& o, int v) { o.keepalive_idle = seconds{v}; }},
    {"keepalive_interval", [](auto& o, int v) { o.keepalive_interval = seconds{v}; }},
    {"keepalive_probes", [](auto& o, int v) { o.keepalive_probes = static_cast<std::uint8_t>(v); }},
    {"user_timeout_ms", [](auto& o, int v) { o.user_timeout = milliseconds{v}; }},
    {"max_segment", [](auto& o, int v) { o.max_segment = static_cast<std::uint16_t>(v); }},
    {"window_clamp", [](auto& o, int v) { o.window_clamp = static_cast<std::uint32_t>(v); }},
    {"read_low_water", [](auto& o, int v) { o.read_low_water = static_cast<std::uint32_t>(v); }},
    {"unsent_low_water",
     [](auto& o, int v) { o.unsent_low_water = static_cast<std::uint32_t>(v); }},
    {"defer_accept", [](auto& o, int v) { o.defer_accept = tcp::deferred_timeouts(v); }},
    {"syn_retries", [](auto& o, int v) { o.syn_retries = static_cast<std::uint8_t>(v); }},
    {"orphan_fin_wait_2",
     [](auto& o, int v) {
       o.orphan_fin_wait_2 = v < 0 ? tcp::ConnectionOptions::kNoFinWait2 : zs::Duration{seconds{v}};
     }},
    {"fast_open", [](auto& o, int v) { o.fast_open = v != 0; }},
    {"fast_open_queue", [](auto& o, int v) { o.fast_open_queue = static_cast<std::uint32_t>(v); }},
    {"receive_buffer",
     [](auto& o, int v) {
       o.receive_buffer_bytes = static_cast<std::uint32_t>(v);
       o.receive_buffer_fixed = true;
     }},
    {"send_buffer",
     [](auto& o, int v) {
       o.send_buffer_bytes = static_cast<std::uint32_t>(v);
       o.send_buffer_fixed = true;
     }},
};

}  // namespace

std::optional<std::string> set_option(const std::string& name, int value,
                                      tcp::ConnectionOptions& options) {
  const auto it = kSetters.find(name);
  if (it == kSetters.end()) return "unknown option '" + name + "'";
  it->second(options, value);
  return std::nullopt;
}

std::optional<std::string> set_option(const std::string& name, int value,
                                      tcp::Connection& connection, Instant now) {
  if (auto complaint = set_option(name, value, connection.options())) return complaint;
  connection.on_options_changed(now);
  if (name == "nodelay" && value != 0) connection.push();
  if (name == "quick_ack") connection.set_quick_ack(value);
  return std::nullopt;
}

bool same_cookie(const std::optional<ScriptCookie>& wanted,
                 const std::optional<wire::FastOpenCookie>& got) {
  if (!wanted || !got) return wanted.has_value() == got.has_value();
  if (wanted->any) return got->length > 0;
  return wanted->bytes.size() == got->length &&
         std::equal(wanted->bytes.begin(), wanted->bytes.end(), got->bytes.begin());
}

std::optional<int> parse_signed(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace zs::packet
