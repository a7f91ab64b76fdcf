#include "bench/page.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "bench/page_style.hpp"
#include "bench/targets.hpp"

namespace zs::bench {
namespace {

constexpr std::size_t kLongTable = 20;  ///< rows; a longer one is folded

std::string paragraph(const std::string& text, const char* css_class = "") {
  if (text.empty()) return {};
  return *css_class == '\0' ? "<p>" + escaped(text) + "</p>\n"
                            : fmt::format("<p class=\"{}\">{}</p>\n", css_class, escaped(text));
}

/// A fact that main() gave the report, as text.
std::string fact_text(const Json& facts, const char* key) {
  const auto found = facts.find(key);
  if (found == facts.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string head_of(const Report& report) {
  const Json& facts = report.facts();
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<title>zstack bench</title>\n<style>\n";
  html +=
      kPageStyle + chart_style() + "</style>\n</head>\n<body>\n<header>\n<h1>zstack bench</h1>\n";
  html += paragraph(
      "A userspace TCP/IP stack whose sockets never copy a payload byte, measured on this machine "
      "beside what the Z-stack paper (LANMAN 2024) says of the original.");
  html += fmt::format(
      "<p class=\"meta\">zstack {} · {} · {} · {}<br>Repeat it: <code>{}</code> · "
      "<a href=\"results.json\">results.json</a></p>\n",
      escaped(fact_text(facts, "zstack")), escaped(fact_text(facts, "when")),
      escaped(fact_text(facts, "machine")), escaped(fact_text(facts, "rounds")) + " rounds",
      escaped(fact_text(facts, "command")));
  if (!report.warning().empty()) html += paragraph(report.warning(), "missed");
  html += "<nav><a href=\"#targets\">Targets</a>";
  for (const Chapter& c : report.chapters()) {
    html += fmt::format("<a href=\"#{}\">{}</a>", escaped(c.name), escaped(c.name));
  }
  return html + "</nav>\n</header>\n<main>\n";
}

std::string targets_table(const Json& summary) {
  std::string html =
      "<section id=\"targets\">\n<h2>What must be shown</h2>\n<div class=\"scroll\"><table>\n"
      "<tr><th class=\"left\">figure</th><th>wanted</th><th>measured</th>"
      "<th class=\"left\"></th><th class=\"left\">key</th></tr>\n";
  for (const Target& target : all_targets()) {
    const Verdict verdict = judge(target, summary);
    const char* const css = verdict == Verdict::kMet      ? "met"
                            : verdict == Verdict::kNotMet ? "missed"
                                                          : "unknown";
    const char* const mark = verdict == Verdict::kMet      ? "✓ "
                             : verdict == Verdict::kNotMet ? "✗ "
                                                           : "";
    html += fmt::format(
        "<tr><td class=\"left what\">{}</td><td>{}</td><td>{}</td>"
        "<td class=\"left {}\">{}{}</td><td class=\"left\"><code>{}</code></td></tr>\n",
        escaped(std::string(target.what)), wanted_text(target), measured_text(target, summary), css,
        mark, text_of(verdict), target.key);
  }
  return html + "</table></div>\n</section>\n";
}

std::string cells_of(const Table& table, const std::vector<std::string>& cells, const char* tag) {
  std::string html = "<tr>";
  for (std::size_t i = 0; i < cells.size() && i < table.columns.size(); ++i) {
    const char* const side = table.columns[i].width < 0 ? " class=\"left\"" : "";
    html += fmt::format("<{0}{1}>{2}</{0}>", tag, side, escaped(cells[i]));
  }
  return html + "</tr>\n";
}

std::string html_of(const Table& table) {
  std::vector<std::string> names;
  names.reserve(table.columns.size());
  for (const Column& column : table.columns) names.push_back(column.name);
  const bool is_long = table.rows.size() > kLongTable;
  std::string html;
  if (is_long) {
    html += fmt::format("<details><summary>All {} rows: {}</summary>\n", table.rows.size(),
                        escaped(table.title));
  }
  html += "<div class=\"scroll\"><table>\n";
  if (!table.title.empty() && !is_long) html += "<caption>" + escaped(table.title) + "</caption>\n";
  html += cells_of(table, names, "th");
  for (const auto& row : table.rows) html += cells_of(table, row, "td");
  html += "</table></div>\n";
  return is_long ? html + "</details>\n" : html;
}

std::string html_of(const Chapter& chapter) {
  std::string html = fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n", escaped(chapter.name),
                                 escaped(chapter.title));
  html += paragraph(chapter.about);
  if (!chapter.paper.empty()) {
    html += "<blockquote><b>The paper</b>" + escaped(chapter.paper) + "</blockquote>\n";
  }
  if (!chapter.skipped.empty()) html += paragraph("Not measured: " + chapter.skipped + ".", "note");
  if (!chapter.failed.empty()) html += paragraph("Failed: " + chapter.failed + ".", "missed");
  if (!chapter.charts.empty()) html += "<div class=\"plots\">\n";
  for (const Chart& chart : chapter.charts) {
    html +=
        fmt::format("<figure>\n{}<figcaption><a href=\"{}.svg\">{}.svg</a></figcaption></figure>\n",
                    svg_element_of(chart), escaped(chart.id), escaped(chart.id));
  }
  if (!chapter.charts.empty()) html += "</div>\n";
  for (const Table& table : chapter.tables) html += html_of(table);
  for (const std::string& note : chapter.notes) html += paragraph(note, "note");
  return html + "</section>\n";
}

bool write_text(const std::filesystem::path& path, const std::string& text, std::string& why) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (file.flush()) return true;
  why = "cannot write " + path.string();
  return false;
}

}  // namespace

std::string page_of(const Report& report) {
  std::string html = head_of(report) + targets_table(report.summary());
  for (const Chapter& chapter : report.chapters()) html += html_of(chapter);
  return html +
         "</main>\n<footer><p class=\"meta\">Medians; in brackets and as bars the least and the "
         "most "
         "of the rounds. Ratios compare what ran alternately in one run; a shared machine is "
         "noisy, "
         "so look at the spread. docs/performance.md explains each figure.</p></footer>\n"
         "</body>\n</html>\n";
}

bool write_report(const Report& report, const std::string& folder, std::string& why) {
  const std::filesystem::path root(folder);
  std::error_code error;
  std::filesystem::create_directories(root, error);
  if (!write_text(root / "results.json", report.results().dump(2) + '\n', why)) return false;
  for (const Chapter& chapter : report.chapters()) {
    for (const Chart& chart : chapter.charts) {
      if (!write_text(root / (chart.id + ".svg"), svg_of(chart), why)) return false;
    }
  }
  return write_text(root / "index.html", page_of(report), why);
}

}  // namespace zs::bench
