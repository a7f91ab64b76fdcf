#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zs::bench {

struct ChartPoint {
  double x = 0;
  double y = 0;
  double low = 0;   ///< least of the measured values; low == high: no bar
  double high = 0;  ///< most of them
};

/// A line of a chart. What is compared with the same thing done otherwise shares its colour.
struct ChartSeries {
  std::string name;
  std::uint32_t color = 0;  ///< place in the palette
  bool is_dashed = false;
  std::vector<ChartPoint> points = {};
};

enum class ChartScale : std::uint8_t { kLinear, kLog };

struct Chart {
  std::string id = {};     ///< of the file: "cable_64_throughput"
  std::string title = {};  ///< above the plot
  std::string x_label = {};
  std::string y_label = {};
  ChartScale x_scale = ChartScale::kLinear;
  ChartScale y_scale = ChartScale::kLinear;
  std::vector<ChartSeries> series = {};
};

/// The chart as a stand-alone SVG document that follows the reader's light or dark colours. Points
/// that a logarithmic axis cannot show are left out.
std::string svg_of(const Chart& chart);

/// What follows the reader's colours: the style that every chart contains, for a page of many.
std::string chart_style();
/// The <svg> element alone, without a style of its own.
std::string svg_element_of(const Chart& chart);

/// Text in XML and HTML.
std::string escaped(const std::string& text);
/// 1234567 as "1.2M", 0.25 as "0.25": as short as a tick needs.
std::string tick_text(double value);
/// Some 5 round values from zero or below `low` to `high` or above it.
std::vector<double> linear_ticks(double low, double high);
/// Powers of ten, with 2 and 5 between them if there are few.
std::vector<double> log_ticks(double low, double high);

}  // namespace zs::bench
