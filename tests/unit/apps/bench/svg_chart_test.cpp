#include "bench/svg_chart.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace zs::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

/// Every element that is opened is closed, in order: enough of XML for what we write.
bool is_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (auto at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const auto end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const bool is_closing = xml[at + 1] == '/';
    const auto from = at + (is_closing ? 2 : 1);
    const std::string name = xml.substr(from, xml.find_first_of(" >/", from) - from);
    if (is_closing && (open.empty() || open.back() != name)) return false;
    if (is_closing) open.pop_back();
    if (!is_closing && xml[end - 1] != '/') open.push_back(name);
  }
  return open.empty();
}

Chart example_chart() {
  return {.id = "x",
          .title = "64 B: throughput & more",
          .x_label = "connections",
          .y_label = "requests a second",
          .x_scale = ChartScale::kLog,
          .series = {{"z <calls>", 0, false, {{1, 10, 8, 12}, {50, 200, 190, 230}}},
                     {"kernel", 2, true, {{1, 5, 5, 5}, {50, 40, 40, 40}}}}};
}

TEST(SvgChart, ShowsLinesBarsAndLegend) {
  const std::string svg = svg_of(example_chart());
  EXPECT_TRUE(is_well_formed(svg)) << svg;
  EXPECT_THAT(svg, HasSubstr("64 B: throughput &amp; more"));
  EXPECT_THAT(svg, HasSubstr("z &lt;calls&gt;"));
  EXPECT_THAT(svg, HasSubstr("requests a second"));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_EQ(count_of(svg, "<circle"), 4u + 2u) << "a dot for each point and one in the legend";
  EXPECT_EQ(count_of(svg, "class=\"zc-bar"), 1u) << "no bar where the rounds agree";
  EXPECT_EQ(count_of(svg, "zc-line zc-s2 zc-dashed"), 2u);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(SvgChart, MarksTheVeryValuesThatWereMeasured) {
  const std::string svg = svg_of(example_chart());
  EXPECT_THAT(svg, HasSubstr(">1</text>"));
  EXPECT_THAT(svg, HasSubstr(">50</text>"));
}

TEST(SvgChart, LeavesOutWhatALogarithmCannotShow) {
  Chart chart = example_chart();
  chart.y_scale = ChartScale::kLog;
  chart.series = {{"a", 0, false, {{1, 0, 0, 0}, {2, 10, 0, 20}, {0, 5, 5, 5}}}};
  chart.series.push_back({"b", 1, false, {{1, std::numeric_limits<double>::infinity(), 0, 0}}});
  const std::string svg = svg_of(chart);
  EXPECT_TRUE(is_well_formed(svg));
  EXPECT_EQ(count_of(svg, "<circle"), 1u + 2u);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(SvgChart, SurvivesNothingAndOnePoint) {
  Chart chart = example_chart();
  chart.series.clear();
  EXPECT_TRUE(is_well_formed(svg_of(chart)));
  chart.series = {{"alone", 0, false, {{10, 0, 0, 0}}}};
  EXPECT_THAT(svg_of(chart), Not(HasSubstr("nan")));
}

TEST(SvgChart, ChartsOfOnePageShareAStyle) {
  EXPECT_THAT(svg_element_of(example_chart()), Not(HasSubstr("<style>")));
  EXPECT_THAT(svg_of(example_chart()), HasSubstr(chart_style()));
}

TEST(SvgChart, TicksAreRound) {
  EXPECT_THAT(linear_ticks(0, 10), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(linear_ticks(0, 9'300'000), ElementsAre(0, 2e6, 4e6, 6e6, 8e6, 1e7));
  EXPECT_THAT(linear_ticks(0, 0),
              ElementsAre(0, 0.2, 0.4, ::testing::DoubleNear(0.6, 1e-9), 0.8, 1));
  EXPECT_THAT(log_ticks(3, 80), ElementsAre(1, 2, 5, 10, 20, 50, 100));
  EXPECT_THAT(log_ticks(1, 1e5), ElementsAre(1, 10, 100, 1e3, 1e4, 1e5));
  EXPECT_THAT(log_ticks(0, 10), ElementsAre());
}

TEST(SvgChart, TickTextsAreShort) {
  EXPECT_EQ(tick_text(0), "0");
  EXPECT_EQ(tick_text(0.25), "0.25");
  EXPECT_EQ(tick_text(999), "999");
  EXPECT_EQ(tick_text(1'500), "1.5k");
  EXPECT_EQ(tick_text(2'000'000), "2M");
  EXPECT_EQ(tick_text(3e9), "3G");
}

}  // namespace
}  // namespace zs::bench
