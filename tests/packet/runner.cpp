#include "packet/runner.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "buf/chain.hpp"
#include "packet/options.hpp"
#include "packet/world.hpp"
#include "tcp/cc/algorithm.hpp"

namespace zs::packet {

namespace flag = wire::tcp_flag;
using namespace std::chrono_literals;

namespace {

constexpr Duration kTolerance = 1500us;  ///< the timing wheel's resolution, and rounding in scripts
constexpr Duration kRoundTrip = 10ms;    ///< of `establish`
constexpr Duration kPatience = 3h;       ///< how long '*' waits

using Words = std::vector<std::string>;
using Complaint = std::optional<std::string>;

const std::map<std::string, std::function<void(tcp::Config&, std::uint32_t)>> kNumberSettings{
    {"send_buffer", [](auto& c, auto v) { c.send_buffer_bytes = v; }},
    {"send_buffer_max", [](auto& c, auto v) { c.send_buffer_max_bytes = v; }},
    {"receive_buffer", [](auto& c, auto v) { c.receive_buffer_bytes = v; }},
    {"receive_buffer_max", [](auto& c, auto v) { c.receive_buffer_max_bytes = v; }},
    {"timestamps", [](auto& c, auto v) { c.timestamps = v != 0; }},
    {"sack", [](auto& c, auto v) { c.sack = v != 0; }},
    {"window_scaling", [](auto& c, auto v) { c.window_scaling = v != 0; }},
    {"nodelay", [](auto& c, auto v) { c.nodelay = v != 0; }},
    {"keepalive", [](auto& c, auto v) { c.keepalive = v != 0; }},
    {"keepalive_probes",
     [](auto& c, auto v) { c.keepalive_probes = static_cast<std::uint8_t>(v); }},
    {"initial_window", [](auto& c, auto v) { c.initial_window_segments = v; }},
    {"syn_retries", [](auto& c, auto v) { c.syn_retries = static_cast<std::uint8_t>(v); }},
    {"syn_ack_retries", [](auto& c, auto v) { c.syn_ack_retries = static_cast<std::uint8_t>(v); }},
    {"data_retries", [](auto& c, auto v) { c.data_retries = static_cast<std::uint8_t>(v); }},
    {"syn_cache", [](auto& c, auto v) { c.syn_cache_entries = v; }},
    {"syn_cookies",
     [](auto& c, auto v) { c.syn_cookies = static_cast<tcp::SynCookiePolicy>(std::min(v, 2u)); }},
    {"max_connections", [](auto& c, auto v) { c.max_connections = v; }},
    {"mtu_probing", [](auto& c, auto v) { c.mtu_probing = static_cast<tcp::MtuProbing>(v); }},
    {"pacing", [](auto& c, auto v) { c.pacing = v != 0; }},
    {"bbr", [](auto& c, auto) { c.congestion = tcp::CongestionAlgorithm::kBbr; }},
    {"newreno", [](auto& c, auto) { c.congestion = tcp::CongestionAlgorithm::kNewReno; }},
    {"dctcp", [](auto& c, auto) { c.congestion = tcp::CongestionAlgorithm::kDctcp; }},
    // Linux' numbers.
    {"ecn",
     [](auto& c, auto v) {
       c.ecn = v == 0 ? tcp::EcnMode::kOff : v == 1 ? tcp::EcnMode::kOn : tcp::EcnMode::kPassive;
     }},
    {"ecn_alternative_backoff", [](auto& c, auto v) { c.ecn_alternative_backoff = v != 0; }},
};

/// Buffers of scripts grow only in those that say so.
tcp::Config with_buffers_that_stay() {
  tcp::Config config;
  config.send_buffer_max_bytes = config.receive_buffer_max_bytes = 0;
  return config;
}

const std::map<std::string, Duration tcp::Config::*> kTimeSettings{
    {"min_rto", &tcp::Config::min_rto},
    {"max_rto", &tcp::Config::max_rto},
    {"delayed_ack", &tcp::Config::delayed_ack},
    {"time_wait", &tcp::Config::time_wait},
    {"fin_wait_2", &tcp::Config::fin_wait_2},
    {"user_timeout", &tcp::Config::user_timeout},
    {"keepalive_idle", &tcp::Config::keepalive_idle},
    {"keepalive_interval", &tcp::Config::keepalive_interval},
};

const std::map<std::string, std::uint64_t tcp::Counters::*> kCounters{
    {"challenge_acks", &tcp::Counters::challenge_acks},
    {"syn_cookies_sent", &tcp::Counters::syn_cookies_sent},
    {"syn_cookies_received", &tcp::Counters::syn_cookies_received},
    {"syn_cookies_failed", &tcp::Counters::syn_cookies_failed},
    {"retransmitted_segments", &tcp::Counters::retransmitted_segments},
    {"timeouts", &tcp::Counters::timeouts},
    {"loss_probes", &tcp::Counters::loss_probes},
    {"loss_probe_recoveries", &tcp::Counters::loss_probe_recoveries},
    {"spurious_recoveries", &tcp::Counters::spurious_recoveries},
    {"duplicate_reports_in", &tcp::Counters::duplicate_reports_in},
    {"duplicate_reports_out", &tcp::Counters::duplicate_reports_out},
    {"sack_renegings", &tcp::Counters::sack_renegings},
    {"congestion_marks_in", &tcp::Counters::congestion_marks_in},
    {"congestion_reductions", &tcp::Counters::congestion_reductions},
    {"ecn_fallbacks", &tcp::Counters::ecn_fallbacks},
    {"mtu_black_holes", &tcp::Counters::mtu_black_holes},
    {"mtu_probes", &tcp::Counters::mtu_probes},
    {"mtu_probes_lost", &tcp::Counters::mtu_probes_lost},
    {"fast_recoveries", &tcp::Counters::fast_recoveries},
    {"resets_out", &tcp::Counters::resets_out},
    {"attempt_fails", &tcp::Counters::attempt_fails},
    {"syn_ack_retransmits", &tcp::Counters::syn_ack_retransmits},
    {"zero_window_probes", &tcp::Counters::zero_window_probes},
    {"keepalive_probes", &tcp::Counters::keepalive_probes},
    {"fast_opens_active", &tcp::Counters::fast_opens_active},
    {"fast_opens_passive", &tcp::Counters::fast_opens_passive},
    {"fast_opens_refused", &tcp::Counters::fast_opens_refused},
    {"fast_open_overflows", &tcp::Counters::fast_open_overflows},
    {"duplicate_bytes_in", &tcp::Counters::duplicate_bytes_in},
};

const std::map<std::string, Errc> kErrors{
    {"none", Errc{}},
    {"EAGAIN", Errc::kAgain},
    {"EPIPE", Errc::kPipe},
    {"EMSGSIZE", Errc::kMessageSize},
    {"ECONNRESET", Errc::kConnReset},
    {"ECONNREFUSED", Errc::kConnRefused},
    {"ECONNABORTED", Errc::kConnAborted},
    {"ETIMEDOUT", Errc::kTimedOut},
    {"EHOSTUNREACH", Errc::kHostUnreachable},
    {"ENETUNREACH", Errc::kNoRoute},
    {"ENOBUFS", Errc::kNoBuffers},
    {"EADDRINUSE", Errc::kAddrInUse},
};

std::string name_of(Errc error) {
  for (const auto& [name, code] : kErrors) {
    if (code == error) return name;
  }
  return "errno " + std::to_string(static_cast<int>(error));
}

Complaint differ(const std::string& what, const std::string& wanted, const std::string& got) {
  if (wanted == got) return std::nullopt;
  return what + ": expected " + wanted + ", got " + got;
}

class Player {
 public:
  Player(const Script& script, Sleepers sleepers) : script_(script) {
    if (sleepers == Sleepers::kAll) config_.awake_connections = 0;
  }

  std::optional<Mismatch> play() {
    for (const ScriptLine& line : script_.lines) {
      if (auto complaint = step(line)) return mismatch(line.number, *complaint);
    }
    const int last = script_.lines.empty() ? 0 : script_.lines.back().number;
    if (!world_) return mismatch(last, "the script does nothing");
    world_->collect();
    if (auto complaint = nothing_waits()) return mismatch(last, *complaint);
    if (!world_->finish()) return mismatch(last, "a buffer was not given back");
    if (auto complaint = driver_complaint()) return mismatch(last, *complaint);
    return std::nullopt;
  }

 private:
  std::optional<Mismatch> mismatch(int line, const std::string& what) {
    return Mismatch{line, what, world_ ? world_->trace() : std::string{}};
  }

  Complaint step(const ScriptLine& line) {
    if (line.kind == LineKind::kCommand && line.words[0] == "set") return do_set(line.words);
    if (!world_) {
      world_ = std::make_unique<EngineWorld>(config_, hold_, family_);
      options_ = tcp::ConnectionOptions::from(config_);
      flow_ = &world_->flow(1);
      at_ = world_->now();
      start_ = at_;
    }
    const Instant when = time_of(line);
    if (line.kind == LineKind::kExpect) return expect_packet(line, when);
    world_->advance(when);
    if (world_->is_spinning()) return "the engine is busy without end";
    if (auto complaint = driver_complaint()) return complaint;
    if (auto complaint = nothing_waits()) return complaint;
    at_ = std::max(at_, when);
    world_->trace() += "  " + format_time(world_->elapsed()) + ' ' + line.text + '\n';
    if (line.kind == LineKind::kInject) {
      world_->inject(*flow_, line.segment);
      return std::nullopt;
    }
    auto complaint =
        line.words[0] == "establish" ? do_establish(line.segment) : command(line.words);
    world_->collect();
    return complaint;
  }

  Instant time_of(const ScriptLine& line) const {
    switch (line.timing) {
      case Timing::kAbsolute:
        return start_ + line.time;
      case Timing::kRelative:
        return at_ + line.time;
      case Timing::kAnyTime:
        return at_ + kPatience;
      case Timing::kNow:
        break;
    }
    return at_;
  }

  Complaint driver_complaint() const {
    if (world_->touched().empty()) return std::nullopt;
    return "a packet that the driver holds was touched: " + world_->touched();
  }

  Complaint nothing_waits() {
    if (world_->sent().empty()) return std::nullopt;
    const Sent& packet = world_->sent().front();
    return "expected nothing, got at " + format_time(packet.at - start_) + ": " +
           world_->describe(packet);
  }

  Complaint expect_packet(const ScriptLine& line, Instant when) {
    const bool any_time = line.timing == Timing::kAnyTime;
    if (world_->sent().empty()) {
      world_->advance(any_time ? when : when + kTolerance, EngineWorld::Until::kPacket);
    }
    if (world_->is_spinning()) return "the engine is busy without end";
    if (world_->sent().empty()) return "expected" + line.text + ", got nothing";
    const Sent packet = std::move(world_->sent().front());
    world_->sent().pop_front();
    if (!any_time && (packet.at - when > kTolerance || when - packet.at > kTolerance)) {
      return "expected at " + format_time(when - start_) + ", got at " +
             format_time(packet.at - start_) + ": " + world_->describe(packet);
    }
    at_ = std::max(at_, packet.at);
    if (auto complaint = compare(line.segment, packet)) {
      return *complaint + "\n  expected" + line.text + "\n  got " + world_->describe(packet);
    }
    return std::nullopt;
  }

  Complaint compare(const ScriptSegment& wanted, const Sent& got) {
    const auto text = [](std::uint32_t n) { return std::to_string(n); };
    if (!(got.flow == flow_->key)) return "the packet belongs to another flow";
    if (auto c = differ("flags", describe_flags(wanted.flags), describe_flags(got.flags))) return c;
    if (wanted.seq) {
      if (auto c = differ("sequence", text(*wanted.seq), text(got.seq - flow_->our_isn))) return c;
      const auto length = static_cast<std::uint32_t>(got.payload.size());
      if (auto c = differ("length", text(wanted.payload_bytes), text(length))) return c;
    }
    if (wanted.ack) {
      if (auto c = differ("ack", text(*wanted.ack), text(got.ack - flow_->peer_isn))) return c;
    }
    if (wanted.ecn) {
      if (auto c = differ("mark", describe_ecn(*wanted.ecn), describe_ecn(got.ecn))) return c;
    }
    if (wanted.window) {
      if (auto c = differ("window", text(*wanted.window), text(got.window))) return c;
    }
    for (std::size_t i = 0; i < got.payload.size(); ++i) {
      const bool syn = (got.flags & flag::kSyn) != 0;  // its data follows it
      const std::uint64_t position = got.seq + (syn ? 1u : 0u) - flow_->our_isn - 1 + i;
      if (got.payload[i] != stream_byte(position)) return "wrong byte at " + text(got.seq + 1);
    }
    return wanted.options ? compare_options(*wanted.options, got.options) : std::nullopt;
  }

  Complaint compare_options(const ScriptOptions& wanted, const wire::TcpOptions& got) {
    if (wanted.mss != got.mss) return "option mss differs";
    if (wanted.window_scale != got.window_scale) return "option wscale differs";
    if (wanted.sack_permitted != got.sack_permitted) return "option sackOK differs";
    if (wanted.timestamp.has_value() != got.timestamps.has_value()) return "option TS differs";
    if (!same_cookie(wanted.fast_open, got.fast_open)) return "option FO differs";
    if (wanted.timestamp) {
      const std::uint32_t value = got.timestamps->value - flow_->timestamp_base;
      const std::uint32_t tick = value - wanted.timestamp->value.value_or(value);
      if (tick + 1 > 2) return "TS val differs";
      if (wanted.timestamp->echo.value_or(got.timestamps->echo) != got.timestamps->echo) {
        return "TS ecr differs";
      }
    }
    if (wanted.sack.size() != got.sack_count) return "number of SACK blocks differs";
    for (std::size_t i = 0; i < wanted.sack.size(); ++i) {
      if (wanted.sack[i].first + flow_->peer_isn != got.sack[i].begin ||
          wanted.sack[i].second + flow_->peer_isn != got.sack[i].end) {
        return "SACK block " + std::to_string(i) + " differs";
      }
    }
    return std::nullopt;
  }

  // Commands.
  Complaint do_set(const Words& words) {
    if (world_) return "'set' comes before everything else";
    if (words.size() != 3) return "set NAME VALUE";
    if (words[1] == "v6") {
      family_ = words[2] == "1" ? IpFamily::kV6 : IpFamily::kV4;
      return std::nullopt;
    }
    if (words[1] == "hold") {
      hold_ = parse_seconds(words[2]).value_or(Duration{});
      return hold_ > Duration{} ? Complaint{} : "not a time";
    }
    if (const auto it = kTimeSettings.find(words[1]); it != kTimeSettings.end()) {
      const auto value = parse_seconds(words[2]);
      if (!value) return "not a time";
      config_.*(it->second) = *value;
      return std::nullopt;
    }
    const auto it = kNumberSettings.find(words[1]);
    const auto value = parse_number(words[2]);
    if (it == kNumberSettings.end() || !value) return "unknown setting or bad value";
    it->second(config_, *value);
    return std::nullopt;
  }

  Complaint command(const Words& w) {
    const std::string& name = w[0];
    if (flow_ != nullptr) world_->wake(*flow_);
    if (name == "nothing") return std::nullopt;  // step() has seen to it
    if (name == "flow") return do_flow(w);
    if (name == "listen") return do_listen(w);
    if (name == "connect") return do_connect(w);
    if (name == "accept") return do_accept(w);
    if (name == "expect") return do_expect(w);
    if (name == "option") return do_option(w);
    if (name == "icmp") return do_icmp(w);
    if (name == "close-listener") return do_close_listener();
    if (flow_->connection == nullptr) return "no connection for '" + name + "'";
    if (name == "write") return do_write(w);
    if (name == "read") return do_read(w);
    if (name == "forward") return do_forward(w);
    if (name == "close") return do_close(w);
    if (name == "congestion") return do_congestion(w);
    if (name == "shutdown") return do_shutdown(w);
    if (name == "pace") {
      const std::uint32_t rate = argument(w, 1);
      flow_->connection->options().max_pacing_rate = rate == 0 ? tcp::Pacer::kUnlimited : rate;
      flow_->connection->on_options_changed(world_->now());
      return std::nullopt;
    }
    if (name == "abort") {
      flow_->connection->abort();
      return std::nullopt;
    }
    return "unknown command '" + name + "'";
  }

  std::uint32_t argument(const Words& w, std::size_t i, std::uint32_t otherwise = 0) const {
    return w.size() > i ? parse_number(w[i]).value_or(otherwise) : otherwise;
  }

  Complaint do_flow(const Words& w) {
    flow_ = &world_->flow(argument(w, 1, 1));
    return std::nullopt;
  }

  Complaint do_option(const Words& w) {
    const auto value = w.size() == 3 ? parse_signed(w[2]) : std::nullopt;
    if (!value) return "option NAME NUMBER";
    if (flow_->connection == nullptr) return set_option(w[1], *value, options_);
    return set_option(w[1], *value, *flow_->connection, world_->now());
  }

  Complaint do_listen(const Words& w) {
    auto made = world_->engine().listen({flow_->key.local.address, 80}, argument(w, 1, 16),
                                        options_, world_->now());
    if (!made) return "listen: " + name_of(made.error());
    listener_ = *made;
    return std::nullopt;
  }

  /// The peer opens the connection with these options, window and a round trip of 10 ms.
  Complaint do_establish(const ScriptSegment& given) {
    if (listener_ == nullptr) {
      if (auto complaint = do_listen({})) return complaint;
    }
    ScriptSegment segment = given;
    segment.flags = flag::kSyn | (given.flags & (flag::kEce | flag::kCwr));
    world_->inject(*flow_, segment);
    if (world_->sent().size() != 1) return "establish: expected one SYN-ACK";
    world_->sent().clear();
    world_->advance(at_ + kRoundTrip);
    at_ = world_->now();
    segment.flags = flag::kAck;
    segment.seq = segment.ack = 1;
    segment.options.reset();
    world_->inject(*flow_, segment);
    return do_accept({"accept"});
  }

  Complaint do_close_listener() {
    if (listener_ == nullptr) return "nobody listens";
    world_->engine().close(*listener_, world_->now());
    listener_ = nullptr;
    return std::nullopt;
  }

  Complaint do_connect(const Words& w) {
    flow_->key.remote.port = 7;
    flow_->key.local.port = static_cast<std::uint16_t>(50'000 + (flow_->peer_isn >> 28));
    auto made = world_->engine().connect(flow_->key.local, flow_->key.remote, 1500, options_,
                                         world_->now());
    if (!made) return "connect: " + name_of(made.error());
    flow_->connection = *made;
    const bool waits = w.size() > 1 && w[1] == "waits";
    if (waits != flow_->connection->waits_to_open()) return "connect: it does not wait, or it does";
    (*made)->set_seat(flow_);
    return std::nullopt;
  }

  Complaint do_accept(const Words& w) {
    if (listener_ == nullptr) return "nobody listens";
    tcp::Connection* connection = listener_->dequeue();
    if (w.size() > 1 && w[1] == "none") {
      return connection == nullptr ? Complaint{} : "somebody waited to be accepted";
    }
    if (connection == nullptr) return "accept: nobody waits";
    Flow& flow = world_->flow_of(connection->flow());
    flow.connection = connection;
    connection->set_seat(&flow);
    return std::nullopt;
  }

  Complaint do_write(const Words& w) {
    const std::uint32_t bytes = argument(w, 1);
    std::vector<std::byte> data(bytes);
    for (std::uint32_t i = 0; i < bytes; ++i) data[i] = stream_byte(flow_->written + i);
    auto chain = buf::Chain::copy_of(data, *world_->pools().data);
    if (!chain) return "write: no buffers";
    const bool more = w.size() > 2 && w[2] == "more";
    const auto result = flow_->connection->write(*chain, more);
    const std::string got = result ? "none" : name_of(result.error());
    if (result) flow_->written += bytes;
    return differ("write", w.size() > 3 && w[w.size() - 2] == "=" ? w.back() : "none", got);
  }

  /// read N: exactly N bytes; read N = M: M of them, an errno name, or 0 at the end of the stream.
  Complaint do_read(const Words& w) {
    auto result = flow_->connection->read(argument(w, 1));
    const std::string wanted = w.size() > 3 ? w[3] : w[1];
    if (!result) return differ("read", wanted, name_of(result.error()));
    std::vector<std::byte> data(result->size());
    result->copy_out(0, data);
    for (const std::byte b : data) {
      if (b != stream_byte(flow_->read++)) return "read: wrong byte";
    }
    return differ("read", wanted, std::to_string(data.size()));
  }

  /// forward N FLOW: the very buffers that are read there are written here.
  Complaint do_forward(const Words& w) {
    const std::uint32_t bytes = argument(w, 1);
    Flow& from = world_->flow(argument(w, 2));
    world_->wake(from);
    if (from.connection == nullptr || from.read != flow_->written) return "forward: no such flow";
    auto chain = from.connection->read(bytes);
    if (!chain || chain->size() != bytes) return "forward: too little has arrived";
    if (!flow_->connection->write(*chain)) return "forward: refused";
    from.read += bytes;
    flow_->written += bytes;
    return std::nullopt;
  }

  Complaint do_close(const Words& w) {
    if (w.size() > 2 && w[1] == "linger") {
      flow_->connection->options().linger = parse_seconds(w[2]);
    }
    world_->engine().release(*flow_->connection, world_->now());
    flow_->connection = nullptr;
    return std::nullopt;
  }

  /// TCP_CONGESTION
  Complaint do_congestion(const Words& w) {
    const auto algorithm = tcp::cc::algorithm_named(w.size() > 1 ? w[1] : "");
    if (!algorithm) return "no such algorithm";
    flow_->connection->options().congestion = *algorithm;
    flow_->connection->on_options_changed(world_->now());
    return std::nullopt;
  }

  Complaint do_shutdown(const Words& w) {
    if (w.size() > 1 && w[1] == "read") {
      flow_->connection->shutdown_read();
    } else {
      flow_->connection->shutdown_write();
    }
    return std::nullopt;
  }

  /// icmp unreachable|net-unreachable|port-unreachable|too-big SEQ [MTU]
  Complaint do_icmp(const Words& w) {
    if (w.size() < 3) return "icmp KIND SEQ [MTU]";
    auto error = tcp::IcmpError::kUnreachable;
    if (w[1] == "net-unreachable") error = tcp::IcmpError::kNetUnreachable;
    if (w[1] == "port-unreachable") error = tcp::IcmpError::kPortUnreachable;
    if (w[1] == "time-exceeded") error = tcp::IcmpError::kTimeExceeded;
    if (w[1] == "too-big") error = tcp::IcmpError::kPacketTooBig;
    world_->engine().on_icmp_error(flow_->key, error, tcp::SeqNum{flow_->our_isn + argument(w, 2)},
                                   static_cast<std::uint16_t>(argument(w, 3)), world_->now());
    return std::nullopt;
  }

  std::string state() {
    std::string found = "CLOSED";
    if (flow_->connection != nullptr) return std::string{to_string(flow_->connection->state())};
    world_->engine().for_each_connection([&](const tcp::Connection& c) {
      if (c.flow() == flow_->key) found = to_string(c.state());
    });
    return found;
  }

  Complaint do_expect(const Words& w) {
    if (w.size() < 3) return "expect WHAT VALUE";
    const auto text = [](auto n) { return std::to_string(n); };
    tcp::Engine& engine = world_->engine();
    if (w[1] == "state") return differ("state", w[2], state());
    if (w[1] == "connections") return differ(w[1], w[2], text(engine.connection_count()));
    if (w[1] == "half-open") return differ(w[1], w[2], text(engine.half_open_count()));
    if (w[1] == "time-wait") return differ(w[1], w[2], text(engine.time_wait_count()));
    if (w[1] == "counter" && w.size() > 3) {
      const auto it = kCounters.find(w[2]);
      if (it == kCounters.end()) return "unknown counter";
      return differ(w[2], w[3], text(engine.counters().*(it->second)));
    }
    if (w[1] == "drops" && w.size() > 3) {
      for (std::size_t i = 0; i < kDropCount; ++i) {
        if (kDropTexts[i].name == w[2]) {
          return differ(w[2], w[3], text(world_->drops()[static_cast<Drop>(i)]));
        }
      }
      return "unknown drop reason";
    }
    if (flow_->connection == nullptr) return "no connection to look at";
    if (w[1] == "error") return differ(w[1], w[2], name_of(flow_->connection->error()));
    const auto yes = [](bool b) { return std::string{b ? "yes" : "no"}; };
    if (w[1] == "readable") return differ(w[1], w[2], yes(flow_->connection->is_readable()));
    if (w[1] == "writable") return differ(w[1], w[2], yes(flow_->connection->is_writable()));
    return "unknown expectation '" + w[1] + "'";
  }

  const Script& script_;
  tcp::Config config_ = with_buffers_that_stay();
  tcp::ConnectionOptions options_;
  Duration hold_{};
  IpFamily family_ = IpFamily::kV4;
  std::unique_ptr<EngineWorld> world_;
  tcp::Listener* listener_ = nullptr;
  Flow* flow_ = nullptr;
  Instant at_;
  Instant start_;
};

}  // namespace

std::optional<Mismatch> run_script(const Script& script, Sleepers sleepers) {
  return Player{script, sleepers}.play();
}

}  // namespace zs::packet
