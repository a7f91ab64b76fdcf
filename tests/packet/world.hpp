#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "buf/pool.hpp"
#include "packet/script.hpp"
#include "sim/held_frame.hpp"
#include "tcp/engine.hpp"

namespace zs::packet {

/// A wire segment that the engine sent.
struct Sent {
  Instant at;
  FlowKey flow;
  std::uint8_t flags = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t window = 0;
  wire::EcnField ecn = wire::EcnField::kNotEct;
  wire::TcpOptions options;
  std::vector<std::byte> payload;
};

/// One connection as the script sees it: where its relative numbers begin. In its seat until
/// released.
struct Flow : tcp::Seat {
  FlowKey key;
  std::uint32_t peer_isn = 0;
  std::uint32_t our_isn = 0;
  bool our_isn_known = false;
  std::uint32_t timestamp_base = 0;  ///< our TSval at script time 0
  bool timestamps_seen = false;
  bool peer_sent_timestamp = false;
  std::uint32_t last_timestamp = 0;  ///< our latest TSval
  std::uint64_t written = 0;
  std::uint64_t read = 0;
};

/// Byte `i` of the stream that either side sends.
std::byte stream_byte(std::uint64_t i);

/// A TCP engine, its buffers and a virtual clock; what it sends is decoded and queued.
class EngineWorld {
 public:
  /// `hold`: how long the driver keeps each packet that it was given, after it has put its own
  /// headers into it.
  EngineWorld(const tcp::Config& config, Duration hold, IpFamily family);
  ~EngineWorld();

  Instant now() const { return now_; }
  Duration elapsed() const { return now_ - kStart; }
  /// Runs every deadline on the way. Stops early at the first packet if asked to.
  enum class Until : bool { kTime, kPacket };
  void advance(Instant to, Until until = Until::kTime);
  void inject(Flow& flow, const ScriptSegment& segment);
  /// Takes what the engine has to send now.
  void collect();

  tcp::Engine& engine() { return *engine_; }
  buf::Pools pools() const { return {data_.get(), indirect_.get()}; }
  std::deque<Sent>& sent() { return sent_; }
  DropCounters& drops() { return drops_; }
  std::string& trace() { return trace_; }
  Flow& flow(std::uint32_t number);
  /// What the application calls is awake.
  void wake(Flow& flow) {
    if (flow.dormant != nullptr) engine_->wake(*flow.dormant, now_);
  }
  Flow& flow_of(const FlowKey& key);
  /// The engine polls on and on without time passing.
  bool is_spinning() const { return spinning_; }
  /// What somebody touched while the driver held it, or nothing.
  const std::string& touched() const { return touched_; }
  /// Ends the engine; true if every buffer came back.
  bool finish();

  std::string describe(const Sent& packet);

 private:
  static constexpr Instant kStart = Instant::from_ns(1'000'000'000'000);

  struct Held {
    Instant due;
    sim::HeldFrame frame;
  };
  void decode(const tcp::OutPacket& out);
  void hold(buf::Mbuf packet);
  void release(Instant until);
  wire::TcpOptions peer_options(Flow& flow, const ScriptSegment& segment) const;

  std::unique_ptr<buf::Pool> data_;
  std::unique_ptr<buf::Pool> indirect_;
  DropCounters drops_;
  std::unique_ptr<tcp::Engine> engine_;
  std::map<std::uint32_t, Flow> flows_;
  std::deque<Sent> sent_;
  std::string trace_;
  std::deque<Held> held_;
  std::string touched_;
  wire::FastOpenCookie cookie_;  ///< the last one that we gave out
  Duration hold_;
  IpFamily family_;
  Instant now_ = kStart;
  bool spinning_ = false;
};

std::string describe_flags(std::uint8_t flags);
std::string describe_ecn(wire::EcnField ecn);
std::string format_time(Duration d);

}  // namespace zs::packet
