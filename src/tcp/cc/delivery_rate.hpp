#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/time.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp::cc {

/// What one acknowledgement says of how fast the path delivers. Plain data: a test can write one
/// down.
struct DeliverySample {
  Instant now{};
  std::uint64_t total_delivered = 0;  ///< C.delivered, with this
  std::uint32_t newly_acked = 0;      ///< bytes delivered by it, each counted once
  std::uint32_t newly_lost = 0;       ///< bytes found lost since the sample before
  std::uint32_t in_flight = 0;        ///< after it
  std::optional<Duration> rtt{};      ///< of the newest data that it acknowledges, sent once

  /// About the newest transmission that it acknowledges. False: it is not known which.
  bool is_known = false;
  std::uint64_t rate = 0;             ///< bytes a second; 0: no valid sample
  std::uint64_t prior_delivered = 0;  ///< C.delivered when that was sent
  std::uint32_t delivered = 0;        ///< since then
  std::uint32_t lost = 0;             ///< since then
  std::uint32_t tx_in_flight = 0;     ///< with it, when it was sent
  bool app_limited = false;           ///< then: the application had no more
  bool window_limited = false;        ///< then: the window had no room for more

  /// About the newest transmission of what was found lost since the sample before.
  struct Lost {
    std::uint32_t bytes = 0;         ///< newly_lost
    std::uint32_t lost = 0;          ///< since it was sent, with it
    std::uint32_t tx_in_flight = 0;  ///< with it, when it was sent
    bool app_limited = false;
  };
  std::optional<Lost> loss{};
};

/// Delivery-rate estimation (draft-ietf-ccwg-bbr, "Delivery Rate Samples"): how much was delivered
/// from the sending of some data to its acknowledgement. Kept only for controllers that ask.
///
/// All that is sent at one instant is one transmission with one record; recovery::SentLog knows
/// which bytes were sent when.
class DeliveryRate {
 public:
  /// Over it the oldest record goes: what it is about gives no sample.
  static constexpr std::size_t kMaxRecords = 4096;

  struct Sent {
    SeqNum snd_max;               ///< nothing beyond it was ever sent
    std::uint32_t in_flight = 0;  ///< with what is sent now
    bool from_idle = false;       ///< nothing was outstanding before
    bool window_limited = false;
    Instant now;
  };
  /// False: the bound was met.
  bool on_sent(const Sent& sent);
  /// The application has nothing to send although there is room for it.
  void on_app_limited(std::uint32_t in_flight) noexcept {
    app_limited_until_ = std::max<std::uint64_t>(delivered_ + in_flight, 1);
  }
  bool is_app_limited() const noexcept { return app_limited_until_ != 0; }
  /// `sent_at`: of the newest of it.
  void on_lost(std::uint32_t bytes, std::optional<Instant> sent_at) noexcept;

  struct Acked {
    Instant now;
    SeqNum una;                      ///< after it
    std::uint32_t delivered = 0;     ///< bytes
    std::optional<Instant> sent_at;  ///< of the newest data that it acknowledges
    std::uint32_t in_flight = 0;     ///< after it
    std::optional<Duration> rtt;
    Duration min_rtt{};  ///< zero: unknown
  };
  DeliverySample on_ack(const Acked& acked);

  std::size_t records() const noexcept { return records_.size(); }
  std::uint64_t delivered() const noexcept { return delivered_; }

 private:
  struct Record {
    Instant at;
    SeqNum snd_max;
    std::uint64_t delivered = 0;  ///< P.delivered
    Instant delivered_at;         ///< P.delivered_time
    Instant first_sent_at;        ///< P.first_sent_time
    std::uint64_t lost = 0;       ///< P.lost
    std::uint32_t in_flight = 0;  ///< P.tx_in_flight
    bool app_limited = false;
    bool window_limited = false;
  };
  const Record* find(Instant at) const noexcept;
  void describe(DeliverySample& sample, const Record& record, const Acked& acked) noexcept;
  void report_loss(DeliverySample& sample) noexcept;

  std::deque<Record> records_;  ///< in the order of time
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t app_limited_until_ = 0;  ///< C.app_limited
  Instant delivered_at_;
  Instant first_sent_at_;
  std::uint32_t newly_lost_ = 0;
  std::optional<Instant> lost_sent_at_;
};

}  // namespace zs::tcp::cc
