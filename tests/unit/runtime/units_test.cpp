#include "runtime/units.hpp"

#include <gtest/gtest.h>

namespace zs::runtime {
namespace {

using namespace std::chrono_literals;

TEST(Units, DurationNeedsItsUnit) {
  EXPECT_EQ(parse_duration("200ms"), Duration{200ms});
  EXPECT_EQ(parse_duration("1.5s"), Duration{1500ms});
  EXPECT_EQ(parse_duration("2min"), Duration{120s});
  EXPECT_EQ(parse_duration("50us"), Duration{50us});
  EXPECT_EQ(parse_duration("0"), Duration{});
  for (const char* bad : {"", "200", "ms", "-1s", "1 s", "1e3s", "nan", "inf", "nans", "1sec",
                          "99999999999999999999s", "0x10s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Units, BytesArePowersOf1024) {
  EXPECT_EQ(parse_bytes("4096"), 4096u);
  EXPECT_EQ(parse_bytes("64KiB"), 65'536u);
  EXPECT_EQ(parse_bytes("1MB"), 1'048'576u);
  EXPECT_EQ(parse_bytes("0.5M"), 524'288u);
  for (const char* bad : {"", "K", "-1", "1 K", "1T", "1e9999", "99999999999999999999"}) {
    EXPECT_FALSE(parse_bytes(bad)) << bad;
  }
}

TEST(Units, RatesArePowersOf1000) {
  EXPECT_EQ(parse_rate("100M"), 100'000'000u);
  EXPECT_EQ(parse_rate("2.5Gbit/s"), 2'500'000'000u);
  EXPECT_FALSE(parse_rate("100MB"));
}

TEST(Units, CpuLists) {
  EXPECT_EQ(parse_cpu_list("1"), (std::vector<unsigned>{1}));
  EXPECT_EQ(parse_cpu_list("0,2-4"), (std::vector<unsigned>{0, 2, 3, 4}));
  for (const char* bad : {"", ",", "1,", "1,1", "3-1", "-1", "a", "1-", "0-99999", "1 ,2"}) {
    EXPECT_FALSE(parse_cpu_list(bad)) << bad;
  }
}

TEST(Units, FormatsDurationsInTheLargestWholeUnit) {
  EXPECT_EQ(format_duration(2s), "2s");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(0s), "0ns");
}

TEST(Units, NearestFindsTypingMistakesAndNothingElse) {
  const std::vector<std::string> words{"tcp.min_rto", "tcp.max_rto", "device.name"};
  EXPECT_EQ(nearest("tcp.min_rtt", words), "tcp.min_rto");
  EXPECT_EQ(nearest("device.nam", words), "device.name");
  EXPECT_FALSE(nearest("banana", words));
}

}  // namespace
}  // namespace zs::runtime
