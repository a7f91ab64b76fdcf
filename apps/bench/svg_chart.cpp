#include "bench/svg_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace zs::bench {
namespace {

constexpr double kWidth = 640, kHeight = 400;
constexpr double kLeft = 66, kRight = 18, kBottom = 52;
constexpr double kTitleBaseline = 22, kLegendTop = 46, kLegendLine = 19;
constexpr double kSwatch = 22, kLegendGap = 20;
constexpr double kCharacter = 6.9;  // mean width of a letter at the legend's size
constexpr double kLeastTickGap = 30;
constexpr std::size_t kMostOwnTicks = 8;
constexpr std::size_t kPalette = 6;

struct ChartColors {
  const char* ink;
  const char* soft;
  const char* grid;
  const char* axis;
  std::array<const char*, kPalette> series;
};
// Told apart by people who see few colours, too: blue, orange and grey first.
constexpr ChartColors kLightColors{
    "#1d2430",
    "#5b6472",
    "#e3e6ea",
    "#9aa3af",
    {"#1f5fae", "#c2571a", "#6f7782", "#2a7f62", "#8b4a9c", "#a8842c"}};
constexpr ChartColors kDarkColors{
    "#e6e9ee",
    "#a0a8b4",
    "#2c323b",
    "#5d6672",
    {"#6ea8ec", "#f0935a", "#a3abb6", "#5fc29d", "#c58bd6", "#d9b85c"}};

/// Where the values of one axis lie, in pixels.
struct Axis {
  ChartScale scale;
  double low, high;    ///< values
  double from, until;  ///< pixels

  double at(double value) const {
    const bool is_log = scale == ChartScale::kLog;
    const auto in = [is_log](double v) { return is_log ? std::log10(v) : v; };
    const double span = in(high)-in(low);
    return span == 0 ? (from + until) / 2 : from + (in(value)-in(low)) / span * (until - from);
  }
};

struct Extent {
  double low = std::numeric_limits<double>::max();
  double high = std::numeric_limits<double>::lowest();

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool is_empty() const { return low > high; }
};

bool is_shown(double value, ChartScale scale) {
  return std::isfinite(value) && (scale == ChartScale::kLinear || value > 0);
}

bool is_shown(const ChartPoint& p, const Chart& chart) {
  return is_shown(p.x, chart.x_scale) && is_shown(p.y, chart.y_scale);
}

/// A bar that would leave a logarithmic axis ends at its point.
double bar_low(const ChartPoint& p, ChartScale scale) {
  return is_shown(p.low, scale) ? std::min(p.low, p.y) : p.y;
}

std::vector<double> ticks_of(ChartScale scale, double low, double high) {
  return scale == ChartScale::kLog ? log_ticks(low, high) : linear_ticks(low, high);
}

/// The very values of the points where they are few, so that a reader sees what was measured.
std::vector<double> x_ticks(const Chart& chart, const Extent& x) {
  std::vector<double> own;
  for (const auto& series : chart.series) {
    for (const ChartPoint& p : series.points) {
      if (is_shown(p, chart)) own.push_back(p.x);
    }
  }
  std::sort(own.begin(), own.end());
  own.erase(std::unique(own.begin(), own.end()), own.end());
  return own.size() <= kMostOwnTicks ? own : ticks_of(chart.x_scale, x.low, x.high);
}

std::string marker(double x, double y, std::uint32_t color) {
  return fmt::format("<circle class=\"zc-dot zc-f{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.2\"/>",
                     color % kPalette, x, y);
}

std::string line_class(const ChartSeries& series) {
  return fmt::format("zc-line zc-s{}{}", series.color % kPalette,
                     series.is_dashed ? " zc-dashed" : "");
}

/// The legend's entries, in lines that fit; `bottom` becomes where it ends.
std::string legend_of(const Chart& chart, double& bottom) {
  std::string svg;
  double x = kLeft, y = kLegendTop;
  for (const ChartSeries& series : chart.series) {
    const double width = kSwatch + 6 + kCharacter * static_cast<double>(series.name.size());
    if (x > kLeft && x + width > kWidth - kRight) {
      x = kLeft;
      y += kLegendLine;
    }
    svg += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}h{}\"/>", line_class(series), x, y - 4,
                       kSwatch);
    svg += marker(x + kSwatch / 2, y - 4, series.color);
    svg += fmt::format("<text class=\"zc-text\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                       x + kSwatch + 6, y, escaped(series.name));
    x += width + kLegendGap;
  }
  bottom = y + 14;
  return svg;
}

std::string axes_of(const Chart& chart, const Axis& x, const Axis& y, const Extent& x_extent) {
  std::string svg;
  for (const double tick : ticks_of(chart.y_scale, y.low, y.high)) {
    if (tick < y.low || tick > y.high) continue;
    svg += fmt::format("<path class=\"zc-grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", x.from, y.at(tick),
                       x.until);
    svg += fmt::format(
        "<text class=\"zc-tick\" text-anchor=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        x.from - 8, y.at(tick) + 4, tick_text(tick));
  }
  double last = -kLeastTickGap;
  for (const double tick : x_ticks(chart, x_extent)) {
    if (tick < x.low || tick > x.high || x.at(tick) - last < kLeastTickGap) continue;
    last = x.at(tick);
    svg += fmt::format("<path class=\"zc-axis\" d=\"M{:.1f} {:.1f}v5\"/>", last, y.from);
    svg += fmt::format(
        "<text class=\"zc-tick\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        last, y.from + 19, tick_text(tick));
  }
  svg += fmt::format("<path class=\"zc-axis\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>\n", x.from, y.from,
                     x.until);
  svg += fmt::format(
      "<text class=\"zc-label\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
      (x.from + x.until) / 2, kHeight - 12, escaped(chart.x_label));
  svg += fmt::format(
      "<text class=\"zc-label\" text-anchor=\"middle\" transform=\"translate(15 {:.1f}) "
      "rotate(-90)\">{}</text>\n",
      (y.from + y.until) / 2, escaped(chart.y_label));
  return svg;
}

std::string series_of(const ChartSeries& series, const Chart& chart, const Axis& x, const Axis& y) {
  std::string line, bars, dots;
  for (const ChartPoint& p : series.points) {
    if (!is_shown(p, chart)) continue;
    const double px = x.at(p.x);
    line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? 'M' : 'L', px, y.at(p.y));
    const double low = bar_low(p, chart.y_scale);
    const double high = std::max(p.high, p.y);
    if (high > low) {
      bars += fmt::format("M{:.1f} {:.1f}V{:.1f}M{:.1f} {:.1f}h6M{:.1f} {:.1f}h6", px, y.at(low),
                          y.at(high), px - 3, y.at(low), px - 3, y.at(high));
    }
    dots += marker(px, y.at(p.y), series.color);
  }
  if (line.empty()) return {};
  std::string svg = fmt::format("<path class=\"{}\" d=\"{}\"/>", line_class(series), line);
  if (!bars.empty()) {
    svg += fmt::format("<path class=\"zc-bar zc-s{}\" d=\"{}\"/>", series.color % kPalette, bars);
  }
  return svg + dots + '\n';
}

/// Plain rules, without variables: not only browsers show these files.
std::string style_of(const ChartColors& colors) {
  std::string css = fmt::format(
      ".zc-title,.zc-text{{fill:{}}}.zc-tick,.zc-label{{fill:{}}}\n"
      ".zc-grid{{stroke:{}}}.zc-axis{{stroke:{}}}\n",
      colors.ink, colors.soft, colors.grid, colors.axis);
  for (std::size_t i = 0; i < kPalette; ++i) {
    css += fmt::format(".zc-s{0}{{stroke:{1}}}.zc-f{0}{{fill:{1}}}\n", i, colors.series[i]);
  }
  return css;
}

/// 1, 2, 5 or 10 times a power of ten, not less than `least`.
double round_step(double least) {
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string tick_text(double value) {
  struct Unit {
    double size;
    const char* suffix;
  };
  constexpr std::array<Unit, 3> kUnits{{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
  for (const auto& unit : kUnits) {
    if (std::fabs(value) >= unit.size) {
      return fmt::format("{:.4g}{}", value / unit.size, unit.suffix);
    }
  }
  return fmt::format("{:.4g}", value);
}

std::vector<double> linear_ticks(double low, double high) {
  if (high <= low) high = low + 1;
  const double step = round_step((high - low) / 5);
  std::vector<double> ticks;
  const auto first = static_cast<long>(std::floor(low / step));
  const auto last = static_cast<long>(std::ceil(high / step - 1e-9));
  for (long i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::vector<double> log_ticks(double low, double high) {
  if (low <= 0 || high < low) return {};
  const auto first = static_cast<int>(std::floor(std::log10(low) + 1e-9));
  const auto last = static_cast<int>(std::ceil(std::log10(high) - 1e-9));
  const bool is_short = last - first <= 3;
  std::vector<double> ticks;
  for (int power = first; power <= last; ++power) {
    const double base = std::pow(10, power);
    ticks.push_back(base);
    if (is_short && power < last) {
      ticks.push_back(2 * base);
      ticks.push_back(5 * base);
    }
  }
  return ticks;
}

std::string chart_style() {
  return R"(.zc{font-family:system-ui,-apple-system,"Segoe UI",sans-serif}
.zc-title{font-size:14px;font-weight:600}
.zc-text,.zc-label{font-size:12px}
.zc-tick{font-size:11px;font-variant-numeric:tabular-nums}
.zc-grid,.zc-axis,.zc-line,.zc-bar{fill:none}
.zc-line{stroke-width:2;stroke-linejoin:round}
.zc-dashed{stroke-dasharray:5 4}
.zc-bar{stroke-width:1.2;opacity:.75}
)" + style_of(kLightColors) +
         "@media (prefers-color-scheme:dark){\n" + style_of(kDarkColors) + "}\n";
}

std::string svg_element_of(const Chart& chart) {
  Extent x_extent, y_extent;
  for (const ChartSeries& series : chart.series) {
    for (const ChartPoint& p : series.points) {
      if (!is_shown(p, chart)) continue;
      x_extent.add(p.x);
      y_extent.add(bar_low(p, chart.y_scale));
      y_extent.add(std::max(p.high, p.y));
    }
  }
  std::string svg = fmt::format(
      "<svg class=\"zc\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\">\n"
      "<title>{}</title>\n<text class=\"zc-title\" x=\"{}\" y=\"{}\">{}</text>\n",
      kWidth, kHeight, escaped(chart.title), kLeft, kTitleBaseline, escaped(chart.title));
  double top = 0;
  svg += legend_of(chart, top);
  if (!x_extent.is_empty()) {
    if (chart.y_scale == ChartScale::kLinear) y_extent.add(0);
    const auto y_ticks = ticks_of(chart.y_scale, y_extent.low, y_extent.high);
    constexpr double kInset = 14;  // so that the first and the last bar are whole
    const Axis x{chart.x_scale, x_extent.low, x_extent.high, kLeft + kInset,
                 kWidth - kRight - kInset};
    const double y_low = chart.y_scale == ChartScale::kLog ? y_extent.low : y_ticks.front();
    const double y_high = chart.y_scale == ChartScale::kLog ? y_extent.high : y_ticks.back();
    const Axis y{chart.y_scale, y_low, y_high, kHeight - kBottom, top};
    svg += axes_of(chart, x, y, x_extent);
    for (const ChartSeries& series : chart.series) svg += series_of(series, chart, x, y);
  }
  return svg + "</svg>\n";
}

std::string svg_of(const Chart& chart) {
  std::string svg = svg_element_of(chart);
  const std::string style = "<style>\n" + chart_style() + "</style>\n";
  return svg.insert(svg.find('\n') + 1, style);
}

}  // namespace zs::bench
