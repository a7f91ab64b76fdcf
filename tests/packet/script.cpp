#include "packet/script.hpp"

#include <charconv>
#include <cmath>
#include <sstream>

#include "wire/tcp.hpp"

namespace zs::packet {

namespace flag = wire::tcp_flag;

std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Duration> parse_seconds(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Duration{std::llround(seconds * 1e9)};
}

namespace {

std::vector<std::string> split(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// Reads one line; the first complaint wins.
class LineParser {
 public:
  explicit LineParser(ScriptLine& line) : line_(line), words_(split(line.text)) {}

  std::optional<std::string> parse() {
    read_time();
    if (at_ == words_.size()) return "a time alone says nothing";
    const std::string& first = words_[at_];
    if (first == "<" || first == ">") {
      line_.kind = first == "<" ? LineKind::kInject : LineKind::kExpect;
      ++at_;
      read_flags(next());
      read_fields();
    } else if (first == "establish") {  // a command with the fields of a SYN
      line_.words.push_back(next());
      if (more() && words_[at_] == "EW") read_flags(next());
      read_fields();
    } else {
      line_.words.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
    }
    if (line_.timing == Timing::kAnyTime && line_.kind != LineKind::kExpect) {
      fail("only an expected packet may come at any time");
    }
    return complaint_;
  }

 private:
  void fail(std::string what) {
    if (!complaint_) complaint_ = std::move(what);
  }
  bool more() const { return at_ < words_.size(); }
  std::string next() { return more() ? words_[at_++] : std::string{}; }

  void read_time() {
    const std::string& word = words_.front();
    if (word == "*") {
      line_.timing = Timing::kAnyTime;
      ++at_;
      return;
    }
    const bool relative = word.front() == '+';
    const auto time = parse_seconds(relative ? word.substr(1) : word);
    if (!time) return;
    line_.timing = relative ? Timing::kRelative : Timing::kAbsolute;
    line_.time = *time;
    ++at_;
  }

  void read_fields() {
    while (more() && !complaint_) {
      const std::string word = next();
      if (word == "ack") {
        line_.segment.ack = number(next());
      } else if (word == "win") {
        line_.segment.window = number(next());
      } else if (word.front() == '[') {
        read_ecn(word);
      } else if (word.front() == '<') {
        --at_;
        read_options();
      } else {
        read_range(word);
      }
    }
  }

  void read_flags(const std::string& text) {
    for (const char c : text) {
      switch (c) {
        case 'S':
          line_.segment.flags |= flag::kSyn;
          break;
        case 'F':
          line_.segment.flags |= flag::kFin;
          break;
        case 'R':
          line_.segment.flags |= flag::kRst;
          break;
        case 'P':
          line_.segment.flags |= flag::kPsh;
          break;
        case '.':
          line_.segment.flags |= flag::kAck;
          break;
        case 'U':
          line_.segment.flags |= flag::kUrg;
          break;
        case 'E':
          line_.segment.flags |= flag::kEce;
          break;
        case 'W':
          line_.segment.flags |= flag::kCwr;
          break;
        case '-':  // no flag at all
          break;
        default:
          fail("unknown flag in '" + text + "'");
      }
    }
  }

  void read_ecn(const std::string& word) {
    if (word == "[noect]") {
      line_.segment.ecn = wire::EcnField::kNotEct;
    } else if (word == "[ect0]") {
      line_.segment.ecn = wire::EcnField::kEct0;
    } else if (word == "[ect1]") {
      line_.segment.ecn = wire::EcnField::kEct1;
    } else if (word == "[ce]") {
      line_.segment.ecn = wire::EcnField::kCongested;
    } else {
      fail("unknown mark '" + word + "'");
    }
  }

  std::uint32_t number(const std::string& text) {
    const auto value = parse_number(text);
    if (!value) fail("'" + text + "' is not a number");
    return value.value_or(0);
  }

  /// 1:1001(1000); the three have to agree, so that a slip of the pen shows.
  void read_range(const std::string& text) {
    const auto colon = text.find(':');
    const auto open = text.find('(');
    if (colon == std::string::npos || open == std::string::npos || text.back() != ')') {
      fail("'" + text + "' is not begin:end(length)");
      return;
    }
    const std::uint32_t begin = number(text.substr(0, colon));
    const std::uint32_t end = number(text.substr(colon + 1, open - colon - 1));
    line_.segment.seq = begin;
    line_.segment.payload_bytes = number(text.substr(open + 1, text.size() - open - 2));
    if (end - begin != line_.segment.payload_bytes) fail("'" + text + "' does not add up");
  }

  void read_options() {
    std::string text;
    while (more()) text += next() + ' ';
    while (!text.empty() && text.back() == ' ') text.pop_back();
    if (text.size() < 2 || text.back() != '>') {
      fail("the option list has no '>'");
      return;
    }
    ScriptOptions options;
    std::istringstream in{text.substr(1, text.size() - 2)};
    for (std::string item; std::getline(in, item, ',');) read_option(split(item), options);
    line_.segment.options = std::move(options);
  }

  void read_option(const std::vector<std::string>& words, ScriptOptions& options) {
    if (words.empty()) return;
    if (words[0] == "mss" && words.size() == 2) {
      options.mss = static_cast<std::uint16_t>(number(words[1]));
    } else if (words[0] == "wscale" && words.size() == 2) {
      options.window_scale = static_cast<std::uint8_t>(number(words[1]));
    } else if (words[0] == "sackOK") {
      options.sack_permitted = true;
    } else if (words[0] == "noTS") {
      options.no_timestamp = true;
    } else if (words[0] == "FO") {
      read_cookie(words, options);
    } else if (words[0] == "TS") {
      read_timestamp(words, options);
    } else if (words[0] == "sack") {
      for (std::size_t i = 1; i < words.size(); ++i) read_sack(words[i], options);
    } else {
      fail("unknown option '" + words[0] + "'");
    }
  }

  /// FO, FO ours, FO 0102030405060708
  void read_cookie(const std::vector<std::string>& words, ScriptOptions& options) {
    ScriptCookie& cookie = options.fast_open.emplace();
    if (words.size() < 2) return;
    cookie.any = words[1] == "ours";
    for (std::size_t i = 0; !cookie.any && i + 1 < words[1].size(); i += 2) {
      unsigned value = 0;
      std::from_chars(&words[1][i], &words[1][i] + 2, value, 16);
      cookie.bytes.push_back(static_cast<std::byte>(value));
    }
  }

  void read_timestamp(const std::vector<std::string>& words, ScriptOptions& options) {
    options.timestamp.emplace();
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
      if (words[i] == "val") {
        options.timestamp->value = number(words[i + 1]);
      } else if (words[i] == "ecr") {
        options.timestamp->echo = number(words[i + 1]);
      } else {
        fail("TS takes 'val N' and 'ecr N'");
      }
    }
  }

  void read_sack(const std::string& text, ScriptOptions& options) {
    const auto dash = text.find('-');
    if (dash == std::string::npos) {
      fail("'" + text + "' is not begin-end");
      return;
    }
    options.sack.emplace_back(number(text.substr(0, dash)), number(text.substr(dash + 1)));
  }

  ScriptLine& line_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
  std::optional<std::string> complaint_;
};

}  // namespace

std::variant<Script, ScriptError> parse_script(std::string path, std::string_view text) {
  Script script{.path = std::move(path), .lines = {}};
  std::istringstream in{std::string{text}};
  int number = 0;
  for (std::string row; std::getline(in, row);) {
    ++number;
    if (number == 1 && (row.empty() || row[0] != '#')) {
      return ScriptError{number, "a script begins with a comment that names what it pins"};
    }
    row.erase(std::min(row.find('#'), row.size()));
    if (split(row).empty()) continue;
    ScriptLine line;
    line.number = number;
    line.text = row;
    if (auto complaint = LineParser{line}.parse()) return ScriptError{number, *complaint};
    script.lines.push_back(std::move(line));
  }
  return script;
}

}  // namespace zs::packet
