// Whatever a peer acknowledges, SACKs and echoes, the recovery neither asks for what is not there
// nor loses count, and a timeout always gets on.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.hpp"
#include "unit/tcp/recovery/conversation.hpp"

namespace zs::tcp::recovery {
namespace {

using namespace test;
using namespace std::chrono_literals;

class HostileLife {
 public:
  HostileLife(std::uint64_t seed, bool with_sack) : random_(seed), c_(with_sack) {
    const std::uint32_t start = 0xffff'8000;  // wraps soon
    c_.una = seq(start);
    c_.nxt = seq(start + 10 * kMss);
  }

  void live(int steps) {
    for (int i = 0; i < steps; ++i) {
      c_.now = c_.now + std::chrono::microseconds{random_.below(30'000)};
      step();
      check();
    }
    time_out();
    check();
    // What is to be sent again is sent once, and then it is in flight.
    std::uint32_t resent = 0;
    while (const auto next = c_.resend(3 * kMss)) {
      resent += next->length();
      RC_ASSERT(resent <= outstanding());
    }
    RC_ASSERT(c_.pipe() <= outstanding());
  }

 private:
  std::uint32_t outstanding() const { return c_.nxt.raw() - c_.una.raw(); }

  void step() {
    switch (random_.below(9)) {
      case 0:
      case 1:
        if (outstanding() < 200 * kMss) c_.send(1 + random_.below(3 * kMss));
        break;
      case 2:
        c_.ack((c_.una + random_.below(outstanding() + 1)).raw(), blocks(), echo());
        break;
      case 3:
      case 4:
        c_.ack(c_.una.raw(), blocks(), echo());
        break;
      case 5:
        c_.recovery.on_reordering_timeout(c_.flight());
        break;
      case 6:
        if (random_.chance(0.3)) time_out();
        break;
      case 7:
        probe();
        break;
      default:
        c_.resend(1 + random_.below(3 * kMss));
    }
  }

  std::vector<wire::TcpSackBlock> blocks() {
    std::vector<wire::TcpSackBlock> all(random_.below(5));
    for (auto& block : all) {
      const std::uint32_t from = c_.una.raw() + random_.below(outstanding() + 2 * kMss) - kMss;
      block = {from, from + random_.below(4 * kMss) - (random_.chance(0.1) ? kMss : 0)};
    }
    return all;
  }
  std::optional<Instant> echo() {
    if (random_.chance(0.5)) return std::nullopt;
    return c_.now + (5ms - std::chrono::milliseconds{random_.below(200)});
  }
  void time_out() {
    if (outstanding() == 0) return;
    c_.recovery.on_timeout(c_.flight(), random_.chance(0.5));
    const auto first = c_.recovery.next_retransmission(c_.una, kMss);
    RC_ASSERT(first.has_value());
    RC_ASSERT(first->begin == c_.una);
    RC_ASSERT(c_.recovery.is_retransmission_urgent());
  }
  void probe() {
    if (outstanding() == 0 || !c_.recovery.may_probe()) return;
    c_.recovery.on_probe_timeout(c_.flight());
    const SeqRange last = c_.recovery.last_segment(c_.flight(), false);
    RC_ASSERT(last.end == c_.nxt && !last.empty() && last.length() <= kMss);
    RC_ASSERT(last.begin.at_or_after(c_.una));
    c_.recovery.on_probe_sent(last, true, c_.now);
  }
  void check() {
    RC_ASSERT(c_.pipe() <= outstanding() + kMss);
    const std::uint32_t most = 1 + random_.below(5 * kMss);
    const auto next = c_.recovery.next_retransmission(c_.una, most);
    if (!next) return;
    RC_ASSERT(!next->empty() && next->length() <= most);
    RC_ASSERT(next->begin.at_or_after(c_.una) && next->end.at_or_before(c_.nxt));
  }

  Random random_;
  Conversation c_;
};

RC_GTEST_PROP(HostilePeer, cannot_confuse_the_recovery, (std::uint64_t seed)) {
  HostileLife{seed, true}.live(150);
  HostileLife{seed, false}.live(150);
}

}  // namespace
}  // namespace zs::tcp::recovery
