#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/igmp.hpp"

namespace zs::ip {

using namespace std::chrono_literals;

struct GroupRecord {
  wire::GroupRecordType type = wire::GroupRecordType::kIsExclude;
  IpAddress group;
};

/// A message that the link's querier is to get; all records are of one family.
struct GroupReport {
  std::uint16_t interface = 0;
  /// 0: as the newest version says it. Else a querier of this old version is about, and there is
  /// one record.
  std::uint8_t old_version = 0;
  std::vector<GroupRecord> records;
};

/// The multicast groups that this host belongs to, by interface, and what their queriers are told
/// of it: the host's side of IGMPv3 (RFC 3376 §5) and MLDv2 (RFC 3810 §6), which differ in nothing
/// but their messages, with their modes for older queriers (RFC 3376 §7.2, RFC 3810 §8.2).
///
/// Members listen to all sources; nobody asks for less. Bounded in groups of all interfaces.
class GroupTable {
 public:
  GroupTable(std::size_t most, std::uint64_t seed) : most_(most), random_(seed) {}

  /// One more that listens. kInvalid for what is no group, kNoBuffers at the bound.
  Result<void> join(std::uint16_t interface, const IpAddress& group, Instant now);
  /// kNotFound: nobody here listens to it.
  Result<void> leave(std::uint16_t interface, const IpAddress& group, Instant now);
  bool is_member(std::uint16_t interface, const IpAddress& group) const {
    for (const Group& g : groups_) {
      if (g.address == group && g.interface == interface) return g.listeners > 0;
    }
    return false;
  }

  /// A query that its protocol's rules let pass.
  void on_query(std::uint16_t interface, const wire::GroupQuery& query, Instant now);
  /// Somebody else told an old querier of the group: that is enough for it.
  void on_report(std::uint16_t interface, const IpAddress& group);
  /// The link came back: its querier may be another one.
  void on_link_up(std::uint16_t interface, Instant now);

  void on_deadline(Instant now);
  Instant next_deadline() const;
  std::optional<GroupReport> poll_report();

  /// Records that one message holds.
  static constexpr std::size_t kRecordsEach = 50;

 private:
  struct Group {
    IpAddress address;
    std::uint16_t interface = 0;
    std::uint32_t listeners = 0;  ///< 0: left, which still has to be told
    std::uint8_t changes_left = 0;
    bool change_due = false;
    bool answer_due = false;
    Instant change_at = Instant::never();  ///< when to tell of the change (again)
    Instant answer_at = Instant::never();  ///< when to answer a query for it
  };
  /// What is known of the querier of one link and family.
  struct Querier {
    std::uint16_t interface = 0;
    IpFamily family = IpFamily::kV4;
    std::uint8_t robustness = 2;   ///< RFC 3376 §8.1
    Duration interval = 125s;      ///< RFC 3376 §8.2
    std::uint8_t old_version = 0;  ///< 0: none is about
    Instant old_until = Instant::never();
    Instant answer_at = Instant::never();  ///< a general query
    bool answer_due = false;
  };

  Group* find(std::uint16_t interface, const IpAddress& group);
  Querier& querier(std::uint16_t interface, IpFamily family);
  Instant within(Duration span, Instant now);
  void begin_change(Group& g, Instant now);
  std::optional<GroupReport> poll_answer(Querier& q);
  std::optional<GroupReport> poll_group(Group& g);

  std::size_t most_;
  Random random_;
  std::vector<Group> groups_;
  std::vector<Querier> queriers_;
  std::size_t answered_ = 0;  ///< groups that the answer being polled has looked at
};

/// Whether a querier is told of the group at all: not of those to which everybody belongs, nor of
/// those that never leave the host (RFC 3376 §5, RFC 3810 §6).
bool is_reported(const IpAddress& group);

}  // namespace zs::ip
