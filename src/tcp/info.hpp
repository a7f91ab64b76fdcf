#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "tcp/pacer.hpp"
#include "tcp/recovery/loss_recovery.hpp"
#include "tcp/state.hpp"

namespace zs::tcp {

/// What there is to know about a connection (TCP_INFO), in bytes and durations. It is made when it
/// is asked for, from what the connection needs anyway: nothing is counted for it.
struct Info {
  State state = State::kClosed;
  recovery::LossRecovery::Mode recovery = recovery::LossRecovery::Mode::kOpen;
  bool is_disordered = false;  ///< something is out of order or duplicate, nothing lost yet
  std::uint8_t timeouts = 0;   ///< in a row, of the retransmission timer
  std::uint8_t probes = 0;     ///< in a row, of a closed window or a silent peer
  std::uint8_t backoffs = 0;
  bool timestamps = false, sack = false, window_scaling = false;
  bool syn_data = false;  ///< taken with the SYN (RFC 7413)
  std::uint8_t send_scale = 0, receive_scale = 0;

  Duration rto{};
  Duration ack_delay{};
  Duration srtt{}, rttvar{};
  std::optional<Duration> min_rtt;
  Duration since_sent{};   ///< data
  Duration since_heard{};  ///< anything valid

  std::uint16_t path_mtu = 0;
  std::uint32_t send_mss = 0, receive_mss = 0, advertised_mss = 0;
  std::uint32_t congestion_window = 0;
  std::optional<std::uint32_t> slow_start_threshold;
  std::optional<std::uint64_t> pacing_rate;           ///< bytes a second
  std::uint64_t max_pacing_rate = Pacer::kUnlimited;  ///< bytes a second
  std::uint32_t in_flight = 0, sacked = 0, lost = 0, copies = 0;
  std::uint32_t retransmitted_segments = 0;
  std::uint32_t send_window = 0, receive_window = 0;
  std::uint32_t most_receive_window = 0;
  std::uint32_t taken_per_round_trip = 0;  ///< by the application
  std::uint32_t unsent = 0;
  std::uint64_t bytes_acknowledged = 0, bytes_received = 0;
};

}  // namespace zs::tcp
