#include "bench/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

namespace zs::bench {
namespace {

using ::testing::HasSubstr;

/// A stream whose text can be read back.
class Captured {
 public:
  Captured() : file_(open_memstream(&text_, &size_)) {}
  ~Captured() {
    std::fclose(file_);
    std::free(text_);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  std::FILE* stream() const { return file_; }
  std::string text() const {
    std::fflush(file_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

TEST(Report, PrintsRowsAsTheyComeAndKeepsThem) {
  const Captured out;
  Report report({.out = out.stream()});
  report.begin_section({.name = "cable", .title = "Throughput"}, "[1 of 2]");
  report.begin_table("medians", {{"calls", -6}, {"rate", 8}});
  report.add_row({"z", "1,234"});
  EXPECT_EQ(out.text(),
            "\nThroughput  [1 of 2]\n"
            "  medians\n"
            "  calls      rate\n"
            "  z         1,234\n");
  ASSERT_EQ(report.chapters().size(), 1u);
  ASSERT_EQ(report.chapters()[0].tables.size(), 1u);
  EXPECT_EQ(report.chapters()[0].tables[0].rows[0][1], "1,234");
}

TEST(Report, SaysWhatWasSkippedAndWhatFailed) {
  Report report;
  report.begin_section({.name = "memif"});
  report.skip("needs testpmd");
  EXPECT_FALSE(report.has_failed());
  report.begin_section({.name = "tap"});
  report.fail("connections broke");
  EXPECT_TRUE(report.has_failed());
  const Json results = report.results();
  EXPECT_EQ(results["skipped"]["memif"], "needs testpmd");
  EXPECT_EQ(results["failed"]["tap"], "connections broke");
}

TEST(Report, ResultsHaveFactsSummaryTargetsAndFigures) {
  Report report;
  report.fact("rounds", 5);
  report.begin_section({.name = "calls"});
  report.summary("z_over_copy_8k", 1.75);
  report.add_to_summary("copied_bytes_z", 0);
  report.add_to_summary("copied_bytes_z", 3);
  Figure rate;
  for (const double value : {3.0, 1.0, 2.0}) rate.add(value);
  report.figure({{"figure", "calls"}, {"z", json_of(rate)}});
  const Json results = report.results();
  EXPECT_EQ(results["rounds"], 5);
  EXPECT_EQ(results["summary"]["copied_bytes_z"], 3);
  EXPECT_EQ(results["figures"][0]["z"]["median"], 2);
  EXPECT_EQ(results["figures"][0]["z"]["least"], 1);
  EXPECT_EQ(results["targets"][0]["verdict"], "met");
}

TEST(Report, ProgressGivesWayToWhatIsPrinted) {
  const Captured both;
  Report report({.out = both.stream(), .progress = both.stream()});
  report.begin_section({.name = "cable", .title = "Throughput"});
  report.progress(1, 4, 10);
  EXPECT_THAT(both.text(), HasSubstr("1 of 4, about 30 s left"));
  report.progress(4, 4, 40);
  report.note("done");
  EXPECT_THAT(both.text(), HasSubstr("\r\033[K  done\n"));
}

TEST(Report, SpreadIsReadable) {
  Figure figure;
  for (const double value : {1'500.0, 900.0, 1'200.0}) figure.add(value);
  EXPECT_EQ(with_spread(figure), "1,200 (900-1,500)");
}

}  // namespace
}  // namespace zs::bench
