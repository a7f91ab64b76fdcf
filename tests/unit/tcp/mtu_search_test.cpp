#include "tcp/mtu_search.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

using namespace std::chrono_literals;

constexpr Instant kSearchStart = Instant::from_ns(1'000'000'000);

/// Searches over a path that carries `truth`. What it finds; `tries`: how many probes that took.
std::uint16_t run_search(MtuSearch& s, std::uint16_t truth, int& tries, Instant now) {
  std::uint16_t found = 0;
  for (tries = 0; tries < 1'000; ++tries) {
    const std::uint16_t size = s.next(now);
    if (size == 0) break;
    s.on_sent({{SeqNum{1}, SeqNum{2}}, size});
    EXPECT_EQ(s.next(now), 0) << "one probe at a time";
    if (size <= truth) {
      found = s.on_delivered();
    } else {
      s.on_lost(now);
    }
  }
  return found;
}

TEST(MtuSearch, finds_what_a_path_carries) {
  for (std::uint16_t truth = 1'216; truth <= 1'500; ++truth) {
    MtuSearch s{{.low = 1'200, .high = 1'500, .ceiling = 1'500}};
    int tries = 0;
    const std::uint16_t found = run_search(s, truth, tries, kSearchStart);
    EXPECT_LE(found, truth);
    EXPECT_GT(found + MtuSearch::kClose, truth) << truth;
    EXPECT_LE(tries, 40);
  }
}

TEST(MtuSearch, the_usual_path_takes_one_probe) {
  MtuSearch s{{.low = 1'200, .high = 1'500, .ceiling = 1'500}};
  int tries = 0;
  EXPECT_EQ(run_search(s, 1'500, tries, kSearchStart), 1'500);
  EXPECT_EQ(tries, 1);
}

TEST(MtuSearch, tries_again_after_ten_minutes) {
  MtuSearch s{{.low = 1'200, .high = 1'500, .ceiling = 1'500}};
  int tries = 0;
  (void)run_search(s, 1'400, tries, kSearchStart);
  EXPECT_EQ(s.next(kSearchStart + 599s), 0);
  EXPECT_EQ(run_search(s, 1'500, tries, kSearchStart + 601s), 1'500);
}

TEST(MtuSearch, believes_messages) {
  MtuSearch s{{.low = 1'200, .high = 1'500, .ceiling = 1'500}};
  s.on_packet_too_big(1'450, kSearchStart);
  int tries = 0;
  EXPECT_LE(run_search(s, 1'500, tries, kSearchStart), 1'450);
}

TEST(MtuSearch, retreats_by_steps) {
  EXPECT_FALSE(MtuSearch::retreat(1'500, IpFamily::kV4, 1));
  EXPECT_EQ(MtuSearch::retreat(1'500, IpFamily::kV4, 2), 1'200);
  EXPECT_FALSE(MtuSearch::retreat(1'200, IpFamily::kV4, 3));
  EXPECT_EQ(MtuSearch::retreat(1'200, IpFamily::kV4, 4), 576);
  EXPECT_FALSE(MtuSearch::retreat(576, IpFamily::kV4, 9));
  EXPECT_EQ(MtuSearch::retreat(1'500, IpFamily::kV6, 2), 1'280);
  EXPECT_FALSE(MtuSearch::retreat(1'280, IpFamily::kV6, 9));
}

TEST(MtuSearch, begins_anew_in_a_black_hole) {
  MtuSearch s{{.low = 1'200, .high = 1'500, .ceiling = 1'500}};
  int tries = 0;
  ASSERT_EQ(run_search(s, 1'500, tries, kSearchStart), 1'500);
  s.on_black_hole(1'200, 1'499);
  EXPECT_EQ(s.next(kSearchStart), 1'492);
}

}  // namespace
}  // namespace zs::tcp
