#include "bench/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace zs::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Report example_report() {
  Report report;
  report.fact("zstack", "0.1.0");
  report.begin_section({.name = "cable",
                        .title = "Throughput & latency",
                        .about = "Two cores.",
                        .paper = "up to 5x better"});
  report.chart({.id = "cable_64", .title = "64 B", .series = {{"z", 0, false, {{1, 2, 2, 2}}}}});
  report.begin_table("medians", {{"server", -8}, {"rate", 8}});
  report.add_row({"z <calls>", "1,234"});
  report.summary("kernel_ratio_64", 7.2);
  report.summary("kernel_ratio_8k", 3.1);
  report.begin_section({.name = "memif", .title = "Over memif"});
  report.skip("dpdk-testpmd is not installed");
  return report;
}

TEST(Page, ShowsChaptersBesideThePapersClaims) {
  const std::string html = page_of(example_report());
  EXPECT_THAT(html, HasSubstr("<h2>Throughput &amp; latency</h2>"));
  EXPECT_THAT(html, HasSubstr("up to 5x better"));
  EXPECT_THAT(html, HasSubstr("<svg class=\"zc\""));
  EXPECT_THAT(html, HasSubstr("href=\"cable_64.svg\""));
  EXPECT_THAT(html, HasSubstr("z &lt;calls&gt;"));
  EXPECT_THAT(html, HasSubstr("Not measured: dpdk-testpmd is not installed."));
}

TEST(Page, MarksWhatIsMetAndWhatIsNot) {
  const std::string html = page_of(example_report());
  EXPECT_THAT(html, HasSubstr("<td class=\"left met\">✓ met</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"left missed\">✗ not met</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"left unknown\">not measured</td>"));
}

TEST(Page, NeedsNothingFromElsewhere) {
  const std::string html = page_of(example_report());
  for (const char* const reference : {"<script", "<link", "src=", "url(", "@import", "https://"}) {
    EXPECT_THAT(html, Not(HasSubstr(reference)));
  }
}

TEST(Page, FoldsALongTable) {
  Report report;
  report.begin_section({.name = "long"});
  report.begin_table("all of it", {{"n", 4}});
  for (int i = 0; i < 40; ++i) report.add_row({std::to_string(i)});
  EXPECT_THAT(page_of(report), HasSubstr("<details><summary>All 40 rows: all of it</summary>"));
}

TEST(Page, IsWrittenWithPlotsAndResults) {
  namespace fs = std::filesystem;
  const fs::path root = fs::temp_directory_path() / ("zstack-page-" + std::to_string(getpid()));
  std::string why;
  ASSERT_TRUE(write_report(example_report(), (root / "deep").string(), why)) << why;
  for (const char* const name : {"results.json", "cable_64.svg", "index.html"}) {
    EXPECT_GT(fs::file_size(root / "deep" / name), 100u) << name;
  }
  std::ofstream(root / "file") << "in the way";
  EXPECT_FALSE(write_report(example_report(), (root / "file").string(), why));
  EXPECT_THAT(why, HasSubstr("results.json"));
  fs::remove_all(root);
}

}  // namespace
}  // namespace zs::bench
