// Packetisation-layer path MTU discovery (RFC 4821): what a connection does with MtuSearch.

#include <algorithm>

#include "tcp/connection.hpp"

namespace zs::tcp {

namespace {
/// So many segments follow a probe, so that its loss is found by what arrives (RFC 4821 §7.4).
constexpr std::uint32_t kProbeFollowers = 3;
}  // namespace

/// Before the first data, which a fast open sends before the handshake is over: it has the size
/// that nearly every path carries.
void Connection::begin_mtu_search() {
  if (shared_->config.mtu_probing != MtuProbing::kOn || mtu_search_) return;
  const std::uint16_t ceiling = mtu_;
  mtu_ = std::min(mtu_, MtuSearch::base(flow_.local.address.family()));
  mtu_search_ = std::make_unique<MtuSearch>(
      MtuSearch::Range{.low = mtu_, .high = ceiling, .ceiling = ceiling});
}

/// RFC 4821 §7.7: timeouts in a row may mean that nothing passes, or that nothing so long does. If
/// it was the former the search finds the old size again.
void Connection::retreat_from_black_hole() {
  if (shared_->config.mtu_probing == MtuProbing::kOff) return;
  const auto mtu = MtuSearch::retreat(mtu_, flow_.local.address.family(), retries_);
  if (!mtu) return;
  // What is lost although it is no longer than that was not lost for its length.
  const std::uint16_t mss = mss_for_path(*mtu);
  if (mss >= mss_ || snd_.max.raw() - snd_.una.raw() <= mss) return;
  const auto refused = static_cast<std::uint16_t>(mtu_ - 1);
  if (mtu_search_) {
    mtu_search_->on_black_hole(*mtu, refused);
  } else {
    mtu_search_ = std::make_unique<MtuSearch>(
        MtuSearch::Range{.low = *mtu, .high = refused, .ceiling = mtu_});
  }
  mtu_ = *mtu;
  set_mss(mtu_);
  ++shared_->counters.mtu_black_holes;
}

/// A segment of new data that is longer than the others, if it is time for one and enough follows.
std::uint32_t Connection::mtu_probe_bytes(Instant now) {
  if (!recovery_.is_quiet() || reports_sack()) return 0;
  const std::uint16_t mtu = mtu_search_->next(now);
  const std::uint32_t bytes = mtu == 0 ? 0 : mss_for_path(mtu);
  if (bytes <= mss_) return 0;
  // The followers may have to wait for what the probe's forerunners make room for.
  const std::uint32_t needed = bytes + kProbeFollowers * mss_;
  const std::uint32_t windows = std::min(congestion_->window_bytes(), snd_.wnd);
  if (std::min(unsent_bytes(), windows) < needed) return 0;
  return std::min(usable_window(), congestion_room()) >= bytes ? bytes : 0;
}

void Connection::note_mtu_probe(const SeqRange& range, Instant now) {
  mtu_search_->on_sent({range, mtu_search_->next(now)});
  ++shared_->counters.mtu_probes;
}

void Connection::judge_mtu_probe() {
  const auto& probe = mtu_search_->probe();
  if (!probe || snd_.una.before(probe->range.end)) return;
  mtu_ = std::max(mtu_, mtu_search_->on_delivered());
  set_mss(mtu_);
}

/// RFC 4821 §7.5: it, and nothing else.
bool Connection::is_only_mtu_probe_lost(const recovery::LossRecovery::Verdict& verdict) const {
  if (!is_probing_mtu() || !verdict.entered_recovery) return false;
  const SeqRange& range = mtu_search_->probe()->range;
  return snd_.una == range.begin && verdict.lost_bytes <= range.length();
}

void Connection::on_mtu_probe_lost(Instant now) {
  mtu_search_->on_lost(now);
  ++shared_->counters.mtu_probes_lost;
}

/// Sent again for another reason, the probe's own fate will not be known.
void Connection::give_up_mtu_probe(const SeqRange& resent, Instant now) {
  if (!is_probing_mtu()) return;
  const SeqRange& range = mtu_search_->probe()->range;
  if (resent.begin.before(range.end) && resent.end.after(range.begin)) on_mtu_probe_lost(now);
}

}  // namespace zs::tcp
