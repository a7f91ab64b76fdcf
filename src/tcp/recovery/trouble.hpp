#pragma once

#include <cstdint>
#include <optional>

#include "tcp/recovery/loss_recovery.hpp"
#include "tcp/recovery/prr.hpp"
#include "tcp/recovery/rack.hpp"
#include "tcp/recovery/scoreboard.hpp"
#include "tcp/recovery/undo.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp::recovery {

/// The loss probe in flight (RFC 8985 §7.1).
struct TailProbe {
  std::optional<SeqNum> end;     ///< TLP.end_seq
  bool again = false;            ///< TLP.is_retrans
  bool due = false;              ///< the timer expired, nothing sent yet
  bool needs_sample = false;     ///< §7.3: no second probe without a round trip in between
  std::uint32_t copy_bytes = 0;  ///< of the probe, while it is in flight beside its original
};

/// Is the timeout spurious? (RFC 5682)
struct FRto {
  bool on = false;
  bool try_new = false;  ///< step 2b
  bool tried = false;    ///< step 3
};

/// Fast retransmit without SACK (RFC 5681 §3.2, RFC 6582).
struct DuplicateAcks {
  std::uint32_t count = 0;  ///< segments known to have left the network
  bool resend_una = false;  ///< the segment at SND.UNA is to go again
  SeqNum next_resend;       ///< kLoss: how far the going back has come
};

/// What a connection needs to know only while not all is well. It begins with the first sign of
/// disorder and ends one flight after the last.
struct Trouble {
  Trouble(SeqNum una, Duration rtt, bool with_sack) : sack(with_sack), rack(una, rtt) {
    duplicates.next_resend = search_from = copies_end = una;
  }

  LossRecovery::Mode mode = LossRecovery::Mode::kOpen;
  bool sack;
  bool first = false;  ///< the episode's first retransmission is due
  TailProbe probe;
  FRto frto;
  DuplicateAcks duplicates;
  std::optional<SeqNum> recovery_point;  ///< SND.NXT when the latest episode began
  SeqNum over_after;                     ///< when this is passed, all is well
  SeqNum search_from;                    ///< nothing below it waits to be sent again
  SeqNum copies_end;                     ///< nothing behind it was sent twice
  std::uint32_t mss = 536;
  std::uint32_t lost_bytes = 0;  ///< unSACKed, in records deemed lost
  Scoreboard scoreboard;
  Rack rack;
  Prr prr;
  Undo undo;
};

}  // namespace zs::tcp::recovery
