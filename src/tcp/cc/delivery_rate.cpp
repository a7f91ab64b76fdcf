#include "tcp/cc/delivery_rate.hpp"

#include <algorithm>

namespace zs::tcp::cc {

bool DeliveryRate::on_sent(const Sent& sent) {
  if (sent.from_idle) first_sent_at_ = delivered_at_ = sent.now;
  if (!records_.empty() && records_.back().at >= sent.now) {
    Record& same = records_.back();
    same.snd_max = SeqNum::later(same.snd_max, sent.snd_max);
    same.in_flight = sent.in_flight;
    same.window_limited = same.window_limited || sent.window_limited;
    return true;
  }
  const bool has_room = records_.size() < kMaxRecords;
  if (!has_room) records_.pop_front();
  records_.push_back({.at = sent.now,
                      .snd_max = sent.snd_max,
                      .delivered = delivered_,
                      .delivered_at = delivered_at_,
                      .first_sent_at = first_sent_at_,
                      .lost = lost_,
                      .in_flight = sent.in_flight,
                      .app_limited = is_app_limited(),
                      .window_limited = sent.window_limited});
  return has_room;
}

void DeliveryRate::on_lost(std::uint32_t bytes, std::optional<Instant> sent_at) noexcept {
  lost_ += bytes;
  newly_lost_ += bytes;
  if (sent_at) lost_sent_at_ = std::max(lost_sent_at_.value_or(*sent_at), *sent_at);
}

const DeliveryRate::Record* DeliveryRate::find(Instant at) const noexcept {
  const auto found = std::lower_bound(records_.begin(), records_.end(), at,
                                      [](const Record& r, Instant t) { return r.at < t; });
  return found == records_.end() || found->at != at ? nullptr : &*found;
}

DeliverySample DeliveryRate::on_ack(const Acked& acked) {
  delivered_ += acked.delivered;
  if (acked.delivered > 0) delivered_at_ = acked.now;
  if (is_app_limited() && delivered_ > app_limited_until_) app_limited_until_ = 0;
  DeliverySample sample{.now = acked.now,
                        .total_delivered = delivered_,
                        .newly_acked = acked.delivered,
                        .newly_lost = newly_lost_,
                        .in_flight = acked.in_flight,
                        .rtt = acked.rtt};
  const Record* const record =
      acked.delivered > 0 && acked.sent_at ? find(*acked.sent_at) : nullptr;
  if (record != nullptr) describe(sample, *record, acked);
  report_loss(sample);
  while (!records_.empty() && records_.front().snd_max.at_or_before(acked.una)) {
    records_.pop_front();
  }
  return sample;
}

void DeliveryRate::describe(DeliverySample& sample, const Record& record,
                            const Acked& acked) noexcept {
  sample.is_known = true;
  sample.prior_delivered = record.delivered;
  sample.delivered = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(delivered_ - record.delivered, UINT32_MAX));
  sample.lost =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(lost_ - record.lost, UINT32_MAX));
  sample.tx_in_flight = record.in_flight;
  sample.app_limited = record.app_limited;
  sample.window_limited = record.window_limited;
  // Acknowledgements that come in a heap must not look like a fast path, nor data that left in one:
  // the slower of both counts.
  const Duration send_elapsed = record.at - record.first_sent_at;
  const Duration ack_elapsed = acked.now - record.delivered_at;
  const Duration interval = std::max(send_elapsed, ack_elapsed);
  first_sent_at_ = std::max(first_sent_at_, record.at);
  // Less than a round trip is the mark of a wrong guess at which copy arrived.
  if (interval <= Duration::zero() || interval < acked.min_rtt) return;
  sample.rate = static_cast<std::uint64_t>(static_cast<double>(sample.delivered) * 1e9 /
                                           static_cast<double>(interval.count()));
}

void DeliveryRate::report_loss(DeliverySample& sample) noexcept {
  if (newly_lost_ == 0) return;
  const Record* const record = lost_sent_at_ ? find(*lost_sent_at_) : nullptr;
  if (record != nullptr) {
    sample.loss = {.bytes = newly_lost_,
                   .lost = static_cast<std::uint32_t>(
                       std::min<std::uint64_t>(lost_ - record->lost, UINT32_MAX)),
                   .tx_in_flight = record->in_flight,
                   .app_limited = record->app_limited};
  }
  newly_lost_ = 0;
  lost_sent_at_.reset();
}

}  // namespace zs::tcp::cc
