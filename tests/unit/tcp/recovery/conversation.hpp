#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tcp/recovery/loss_recovery.hpp"

namespace zs::tcp::recovery::test {

using namespace std::chrono_literals;

inline constexpr std::uint32_t kMss = 1000;

inline SeqNum seq(std::uint32_t n) { return SeqNum{n}; }
inline SeqRange span_of(std::uint32_t from, std::uint32_t to) { return {seq(from), seq(to)}; }

/// Ten segments of 1000 bytes were sent at time 0, from sequence number 0, on a path of 40 ms.
struct Conversation {
  explicit Conversation(bool with_sack = true) : sack_(with_sack) {}

  LossRecovery recovery;
  SeqNum una = seq(0);
  SeqNum nxt = seq(10 * kMss);
  Instant now = Instant::from_ns(0) + 40ms;
  Instant last_sent = Instant::from_ns(0);

  LossRecovery::Flight flight() const {
    return {.una = una,
            .nxt = nxt,
            .last_sent = last_sent,
            .now = now,
            .path = {.min_rtt = 40ms, .srtt = 40ms, .latest = 40ms},
            .mss = kMss,
            .sack = sack_};
  }
  LossRecovery::Verdict ack(std::uint32_t number, std::vector<wire::TcpSackBlock> blocks = {},
                            std::optional<Instant> echoed_before = std::nullopt) {
    const auto verdict = recovery.on_ack({.flight = flight(),
                                          .ack = seq(number),
                                          .segment_ack = seq(number),
                                          .duplicate = seq(number) == una,
                                          .sack_blocks = blocks,
                                          .echoed_before = echoed_before});
    una = seq(number);
    if (verdict.entered_recovery) recovery.start_reduction(7 * kMss, 10 * kMss);
    recovery.reduce(verdict, true, flight());
    return verdict;
  }
  std::optional<SeqRange> resend(std::uint32_t most = kMss) {
    const auto next = recovery.next_retransmission(una, most);
    if (next) recovery.on_retransmitted(*next, now);
    return next;
  }
  void send(std::uint32_t bytes) {
    recovery.before_send(una, nxt, last_sent);
    recovery.on_sent(bytes);
    nxt += bytes;
    last_sent = now;
  }
  void time_out(bool repeated = false) {
    now = now + 300ms;
    recovery.on_timeout(flight(), repeated);
  }
  std::uint32_t pipe() const { return recovery.pipe(una, nxt); }

 private:
  bool sack_;
};

}  // namespace zs::tcp::recovery::test
