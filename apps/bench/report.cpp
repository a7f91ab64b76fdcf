#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/targets.hpp"

namespace zs::bench {
namespace {

/// "45 s", "2 min 5 s".
std::string seconds_text(double seconds) {
  const auto whole = std::lround(seconds);
  return whole < 60 ? fmt::format("{} s", whole)
                    : fmt::format("{} min {} s", whole / 60, whole % 60);
}

}  // namespace

std::string with_spread(const Figure& figure) {
  return fmt::format("{} ({}-{})", with_commas(figure.median()), with_commas(figure.least()),
                     with_commas(figure.most()));
}

Json json_of(const Figure& figure) {
  return {{"median", figure.median()}, {"least", figure.least()}, {"most", figure.most()}};
}

void Report::print(const std::string& text) {
  if (has_progress_line_ && streams_.progress != nullptr) {
    std::fputs("\r\033[K", streams_.progress);
    std::fflush(streams_.progress);
    has_progress_line_ = false;
  }
  if (streams_.out == nullptr) return;
  std::fputs(text.c_str(), streams_.out);
  std::fflush(streams_.out);
}

void Report::print_cells(const std::vector<std::string>& cells) {
  std::string line = " ";
  const auto& columns = chapter().tables.back().columns;
  for (std::size_t i = 0; i < cells.size() && i < columns.size(); ++i) {
    const int width = columns[i].width;
    line += width < 0 ? fmt::format(" {:<{}}", cells[i], -width)
                      : fmt::format(" {:>{}}", cells[i], width);
  }
  while (line.back() == ' ') line.pop_back();
  print(line + '\n');
}

void Report::begin_section(Chapter head, const std::string& when) {
  chapters_.push_back(std::move(head));
  print(fmt::format("\n{}{}{}\n", chapter().title, when.empty() ? "" : "  ", when));
}

void Report::begin_table(std::string title, std::vector<Column> columns) {
  if (!title.empty()) print("  " + title + '\n');
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const Column& column : columns) names.push_back(column.name);
  chapter().tables.push_back({std::move(title), std::move(columns), {}});
  print_cells(names);
}

void Report::add_row(std::vector<std::string> cells) {
  print_cells(cells);
  chapter().tables.back().rows.push_back(std::move(cells));
}

void Report::note(std::string text) {
  print("  " + text + '\n');
  chapter().notes.push_back(std::move(text));
}

void Report::warn(std::string text) {
  print('\n' + text + '\n');
  warning_ = std::move(text);
}

void Report::skip(std::string why) {
  print("  skipped: " + why + '\n');
  chapter().skipped = std::move(why);
}

void Report::fail(std::string why) {
  print("  failed: " + why + '\n');
  chapter().failed = std::move(why);
}

void Report::progress(std::size_t done, std::size_t total, double seconds) {
  if (streams_.progress == nullptr || done == 0 || done >= total) return;
  const double left = seconds / static_cast<double>(done) * static_cast<double>(total - done);
  fmt::print(streams_.progress, "\r\033[K  {} of {}, about {} left in this section", done, total,
             seconds_text(left));
  std::fflush(streams_.progress);
  has_progress_line_ = true;
}

void Report::add_to_summary(const std::string& key, std::uint64_t more) {
  summary_[key] = summary_.value(key, std::uint64_t{0}) + more;
}

bool Report::has_failed() const {
  return std::any_of(chapters_.begin(), chapters_.end(),
                     [](const Chapter& c) { return !c.failed.empty(); });
}

Json Report::results() const {
  Json all = facts_;
  Json skipped = Json::object();
  Json failed = Json::object();
  for (const Chapter& c : chapters_) {
    if (!c.skipped.empty()) skipped[c.name] = c.skipped;
    if (!c.failed.empty()) failed[c.name] = c.failed;
  }
  if (!warning_.empty()) all["warning"] = warning_;
  all["summary"] = summary_;
  all["targets"] = judged(summary_);
  all["skipped"] = std::move(skipped);
  all["failed"] = std::move(failed);
  all["figures"] = figures_;
  return all;
}

}  // namespace zs::bench
