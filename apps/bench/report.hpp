#pragma once

#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bench/figure.hpp"
#include "bench/svg_chart.hpp"

namespace zs::bench {

using Json = nlohmann::ordered_json;

/// A column of a table; a negative width prints it from the left.
struct Column {
  std::string name;
  int width = 10;
};

struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

/// What one section found out, as the page shows it.
struct Chapter {
  std::string name = {};   ///< of the section
  std::string title = {};  ///< of the chapter
  std::string about = {};  ///< what was measured, and how
  std::string paper = {};  ///< what the paper says of it; may be empty
  std::vector<Chart> charts = {};
  std::vector<Table> tables = {};
  std::vector<std::string> notes = {};
  std::string skipped = {};  ///< why nothing was measured, if so
  std::string failed = {};   ///< why the measurement ended early, if so
};

/// Where a report prints while it grows. nullptr: nowhere.
struct ReportStreams {
  std::FILE* out = nullptr;       ///< tables and notes
  std::FILE* progress = nullptr;  ///< how far a section is: a line that is written over and over
};

/// "1,234 (1,200-1,300)": the median, and between which values it lies.
std::string with_spread(const Figure& figure);
/// {"median": …, "least": …, "most": …}
Json json_of(const Figure& figure);

/// Collects what the sections find out: the summary's keys, the records behind them, and the
/// chapters of the page. Prints tables row by row, for those who wait.
class Report {
 public:
  explicit Report(ReportStreams streams = {}) : streams_(streams) {}

  /// What comes belongs to this section. `when` says how far the run is; printed behind the title.
  void begin_section(Chapter head, const std::string& when = {});
  void begin_table(std::string title, std::vector<Column> columns);
  /// Of the whole run.
  void warn(std::string text);
  void add_row(std::vector<std::string> cells);
  void note(std::string text);
  void chart(Chart chart) { chapter().charts.push_back(std::move(chart)); }
  /// The section cannot be measured here; the rest of the run goes on.
  void skip(std::string why);
  /// Something broke in the section; the rest of the run goes on, and fails at its end.
  void fail(std::string why);
  /// `done` of `total` steps of the section are over, after `seconds`.
  void progress(std::size_t done, std::size_t total, double seconds);

  /// One of the documented keys of results.json's `summary`.
  void summary(const std::string& key, Json value) { summary_[key] = std::move(value); }
  /// The same for a count to which several sections add.
  void add_to_summary(const std::string& key, std::uint64_t more);
  /// One of results.json's `figures`: a flat object with "figure" and what it was measured for.
  void figure(Json record) { figures_.push_back(std::move(record)); }
  /// Beside the summary: the machine, the options, ….
  void fact(const std::string& key, Json value) { facts_[key] = std::move(value); }

  const Json& summary() const { return summary_; }
  const Json& facts() const { return facts_; }
  const std::vector<Chapter>& chapters() const { return chapters_; }
  const std::string& warning() const { return warning_; }
  bool has_failed() const;
  /// All of results.json.
  Json results() const;

 private:
  Chapter& chapter() { return chapters_.back(); }
  void print(const std::string& text);
  void print_cells(const std::vector<std::string>& cells);

  ReportStreams streams_;
  Json facts_ = Json::object();
  Json summary_ = Json::object();
  Json figures_ = Json::array();
  std::vector<Chapter> chapters_;
  std::string warning_;
  bool has_progress_line_ = false;
};

}  // namespace zs::bench
