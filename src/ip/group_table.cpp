#include "ip/group_table.hpp"

#include <algorithm>
#include <utility>

namespace zs::ip {
namespace {

constexpr Duration kUnsolicitedInterval = 1s;  // RFC 3376 §8.11, RFC 3810 §9.11
constexpr Duration kLeastResponse = 1ms;

/// The newest version of the family's protocol.
constexpr std::uint8_t newest(IpFamily family) { return family == IpFamily::kV4 ? 3 : 2; }

}  // namespace

bool is_reported(const IpAddress& group) {
  if (group.is_v4()) return group != IpAddress::v4(224, 0, 0, 1);
  const auto scope = static_cast<unsigned>((group.high() >> 48) & 0xf);
  const bool all_nodes = group.high() == 0xff02'0000'0000'0000ull && group.low() == 1;
  return scope > 1 && !all_nodes;
}

Result<void> GroupTable::join(std::uint16_t interface, const IpAddress& group, Instant now) {
  if (!group.is_multicast()) return Errc::kInvalid;
  Group* g = find(interface, group);
  if (g == nullptr) {
    if (groups_.size() >= most_) return Errc::kNoBuffers;
    Group fresh;
    fresh.address = group;
    fresh.interface = interface;
    groups_.push_back(fresh);
    g = &groups_.back();
    (void)querier(interface, group.family());
  }
  if (g->listeners++ == 0) begin_change(*g, now);
  return {};
}

Result<void> GroupTable::leave(std::uint16_t interface, const IpAddress& group, Instant now) {
  Group* const g = find(interface, group);
  if (g == nullptr || g->listeners == 0) return Errc::kNotFound;
  if (--g->listeners > 0) return {};
  if (is_reported(group)) {
    g->answer_at = Instant::never();
    g->answer_due = false;
    begin_change(*g, now);
  } else {
    groups_.erase(groups_.begin() + (g - groups_.data()));
  }
  return {};
}

/// RFC 3376 §5.1: told at once, and again as often as the link loses packets.
void GroupTable::begin_change(Group& g, Instant now) {
  if (!is_reported(g.address)) return;
  g.changes_left = querier(g.interface, g.address.family()).robustness;
  g.change_at = now;
}

void GroupTable::on_query(std::uint16_t interface, const wire::GroupQuery& query, Instant now) {
  const IpFamily family = query.group.family();
  Querier& q = querier(interface, family);
  const Duration response = std::max(query.max_response, kLeastResponse);
  if (query.version < newest(family)) {
    // §7.2.1: robustness times interval and a response time, from each of its queries on.
    if (q.old_version == 0 || query.version < q.old_version) q.old_version = query.version;
    q.old_until = now + (q.robustness * q.interval + response);
  } else {
    if (query.robustness != 0) q.robustness = std::min<std::uint8_t>(query.robustness, 7);
    if (query.interval > Duration{}) q.interval = query.interval;
  }
  const Instant at = within(response, now);
  if (query.group.is_unspecified() && q.old_version == 0) {
    q.answer_at = std::min(q.answer_at, at);
    return;
  }
  for (Group& g : groups_) {
    const bool meant =
        query.group.is_unspecified() ? g.address.family() == family : g.address == query.group;
    if (!meant || g.interface != interface || g.listeners == 0 || !is_reported(g.address)) continue;
    // An old querier gets a message a group, at times of their own (RFC 2236 §3).
    g.answer_at = std::min(g.answer_at, q.old_version == 0 ? at : within(response, now));
  }
}

void GroupTable::on_report(std::uint16_t interface, const IpAddress& group) {
  Group* const g = find(interface, group);
  if (g == nullptr || querier(interface, group.family()).old_version == 0) return;
  g->answer_at = Instant::never();
  g->answer_due = false;
}

void GroupTable::on_link_up(std::uint16_t interface, Instant now) {
  for (Querier& q : queriers_) {
    if (q.interface == interface) q = {.interface = interface, .family = q.family};
  }
  for (Group& g : groups_) {
    if (g.interface == interface && g.listeners > 0) begin_change(g, now);
  }
}

void GroupTable::on_deadline(Instant now) {
  for (Querier& q : queriers_) {
    if (q.old_version != 0 && q.old_until <= now) {
      q.old_version = 0;
      q.old_until = Instant::never();
    }
    if (q.answer_at <= now) {
      q.answer_at = Instant::never();
      q.answer_due = true;
    }
  }
  for (Group& g : groups_) {
    if (g.answer_at <= now) {
      g.answer_at = Instant::never();
      g.answer_due = true;
    }
    if (g.change_at <= now) {
      g.change_due = true;
      if (g.changes_left > 0) --g.changes_left;
      g.change_at = g.changes_left > 0 ? within(kUnsolicitedInterval, now) : Instant::never();
    }
  }
}

Instant GroupTable::next_deadline() const {
  Instant next = Instant::never();
  for (const Querier& q : queriers_) next = std::min({next, q.answer_at, q.old_until});
  for (const Group& g : groups_) next = std::min({next, g.answer_at, g.change_at});
  return next;
}

std::optional<GroupReport> GroupTable::poll_report() {
  for (Querier& q : queriers_) {
    if (auto report = poll_answer(q)) return report;
  }
  for (Group& g : groups_) {
    if (auto report = poll_group(g)) return report;
  }
  // Who has left, and has said so often enough, is forgotten.
  std::erase_if(groups_, [](const Group& g) { return g.listeners == 0 && g.changes_left == 0; });
  return std::nullopt;
}

std::optional<GroupReport> GroupTable::poll_answer(Querier& q) {
  if (!q.answer_due) return std::nullopt;
  GroupReport report{.interface = q.interface, .old_version = 0, .records = {}};
  while (answered_ < groups_.size() && report.records.size() < kRecordsEach) {
    const Group& g = groups_[answered_++];
    if (g.interface != q.interface || g.address.family() != q.family) continue;
    if (g.listeners == 0 || !is_reported(g.address)) continue;
    report.records.push_back({wire::GroupRecordType::kIsExclude, g.address});
  }
  if (answered_ == groups_.size()) {
    answered_ = 0;
    q.answer_due = false;
  }
  if (report.records.empty()) return std::nullopt;
  return report;
}

std::optional<GroupReport> GroupTable::poll_group(Group& g) {
  const bool change = std::exchange(g.change_due, false);
  const bool answer = std::exchange(g.answer_due, false);
  if (!change && !answer) return std::nullopt;
  GroupRecord record{wire::GroupRecordType::kIsExclude, g.address};
  if (change) {
    record.type =
        g.listeners > 0 ? wire::GroupRecordType::kToExclude : wire::GroupRecordType::kToInclude;
  }
  return GroupReport{.interface = g.interface,
                     .old_version = querier(g.interface, g.address.family()).old_version,
                     .records = {record}};
}

GroupTable::Group* GroupTable::find(std::uint16_t interface, const IpAddress& group) {
  for (Group& g : groups_) {
    if (g.address == group && g.interface == interface) return &g;
  }
  return nullptr;
}

GroupTable::Querier& GroupTable::querier(std::uint16_t interface, IpFamily family) {
  for (Querier& q : queriers_) {
    if (q.interface == interface && q.family == family) return q;
  }
  queriers_.push_back({.interface = interface, .family = family});
  return queriers_.back();
}

Instant GroupTable::within(Duration span, Instant now) {
  const double part = static_cast<double>(random_.below(1u << 20)) / (1u << 20);
  return now + Duration{static_cast<std::int64_t>(static_cast<double>(span.count()) * part)};
}

}  // namespace zs::ip
