#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "latency_histogram.hpp"

namespace zs::apps {

enum class LoadError : std::uint8_t {
  kRefused,    ///< nobody listens
  kReset,      ///< RST in the middle
  kTimeout,    ///< no handshake or nothing of an answer within the timeout
  kShort,      ///< the server closed before the answer was complete
  kBadStatus,  ///< an HTTP status of 400 or more
  kBadAnswer,  ///< no HTTP, other bytes than were sent, or bytes that nobody asked for
  kOther,      ///< no port left, no route, …
};
inline constexpr std::size_t kLoadErrors = 7;
/// As the report names them, by LoadError.
inline constexpr std::array<std::string_view, kLoadErrors> kLoadErrorNames{
    "refused", "reset", "timeout", "short", "bad_status", "bad_answer", "other"};

/// What one shard measured, or all of them together.
struct LoadResult {
  LatencyHistogram latency;           ///< of the requests
  std::uint64_t requests = 0;         ///< begun in the measured time, and answered well
  std::uint64_t bytes_sent = 0;       ///< by these, or in bulk
  std::uint64_t bytes_received = 0;   ///< to these, or in bulk
  std::uint64_t connections = 0;      ///< made in the measured time
  std::uint64_t late = 0;             ///< open loop: sent more than a millisecond after their time
  std::uint64_t unsent = 0;           ///< open loop: not sent at all, since no connection was free
  Duration measured{};                ///< how long the measured time was
  std::optional<Errc> unreachable{};  ///< the first connection failed: nothing was measured
  Errc other{};                       ///< the latest that was counted as kOther
  std::array<std::uint64_t, kLoadErrors> errors{};  ///< of the whole run, by LoadError

  std::uint64_t& operator[](LoadError e) { return errors[static_cast<std::size_t>(e)]; }
  std::uint64_t operator[](LoadError e) const { return errors[static_cast<std::size_t>(e)]; }
  std::uint64_t error_count() const {
    return std::accumulate(errors.begin(), errors.end(), std::uint64_t{0});
  }
  void count(Errc why);
  void merge(const LoadResult& other_shard);
};

}  // namespace zs::apps
