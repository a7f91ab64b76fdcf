#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"

namespace zs::apps {

/// What goes over the connections.
enum class LoadKind : std::uint8_t {
  kHttp,         ///< a GET and its response
  kEcho,         ///< some bytes, and the same back
  kBulkSend,     ///< bytes for as long as it lasts, to a server that swallows them
  kBulkReceive,  ///< bytes for as long as it lasts, from a server that sends them
};

constexpr bool is_bulk(LoadKind kind) {
  return kind == LoadKind::kBulkSend || kind == LoadKind::kBulkReceive;
}

/// The load that the user asked for.
struct LoadPlan {
  Endpoint target;
  LoadKind kind = LoadKind::kHttp;
  std::string path = "/";          ///< of kHttp
  std::uint64_t echo_bytes = 64;   ///< of kEcho
  bool verify = false;             ///< kEcho: what comes back is compared, not only counted
  bool close = false;              ///< a new connection for each request
  std::uint32_t connections = 50;  ///< at a time
  std::uint64_t rate = 0;          ///< requests a second; 0: the next as soon as one is answered
  std::uint64_t requests = 0;      ///< ends after so many; 0: after `duration`
  Duration warmup{};               ///< before what is measured
  Duration duration{};             ///< of what is measured
  Duration timeout{};              ///< patience with a handshake or an answer
};

/// What is sent over and over: the bytes of a GET, or the beginning of an endless pattern.
struct LoadMessage {
  std::vector<std::byte> pattern;  ///< at most kMaxPattern bytes; none: nothing is sent
  std::uint64_t bytes = 0;         ///< of one request: longer ones repeat the pattern
};

/// A pattern fits one buffer, so that whatever is sent of it is one slice.
inline constexpr std::size_t kMaxPattern = 59'999;

/// Why nobody could do this, as a sentence for the user; empty if it can be done by `shards`.
std::string problem_of(const LoadPlan& plan, std::size_t shards);

LoadMessage message_of(const LoadPlan& plan);

/// One shard's part of what is given in total.
std::uint64_t share_of(std::uint64_t total, std::size_t shard, std::size_t shards);

/// "50 connections, 10000 requests/s, 10s after 1s of warm-up".
std::string describe(const LoadPlan& plan);

/// When the requests of an open loop are due: at a fixed rate, whatever became of those before.
/// Shards take turns, so that all of them together keep the rate.
class LoadSchedule {
 public:
  LoadSchedule(std::uint64_t rate, std::size_t shard, std::size_t shards)
      : period_ns_(1e9 / static_cast<double>(rate)), number_(shard), shards_(shards) {}

  void begin(Instant at) { begin_ = at; }
  /// When the next request is due.
  Instant next() const {
    return begin_ + Duration{static_cast<std::int64_t>(static_cast<double>(number_) * period_ns_)};
  }
  void advance() { number_ += shards_; }

 private:
  double period_ns_;
  Instant begin_;
  std::uint64_t number_;  ///< of the next request, among those of all shards
  std::size_t shards_;
};

}  // namespace zs::apps
