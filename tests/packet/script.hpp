#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "wire/ecn.hpp"

namespace zs::packet {

/// A timestamp option as written: a value left out is chosen by the runner (inject) or not looked
/// at (expect).
struct ScriptTimestamp {
  std::optional<std::uint32_t> value;
  std::optional<std::uint32_t> echo;
};

/// The option of RFC 7413 as written.
struct ScriptCookie {
  bool any = false;              ///< expect: some cookie; inject: the one that we gave out last
  std::vector<std::byte> bytes;  ///< else these; none is a request
};

/// What stands between '<' and '>' behind a segment. An expectation names every option that the
/// packet may have.
struct ScriptOptions {
  std::optional<std::uint16_t> mss;
  std::optional<std::uint8_t> window_scale;
  bool sack_permitted = false;
  bool no_timestamp = false;  ///< inject: leave out the option that was agreed upon
  std::optional<ScriptTimestamp> timestamp;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sack;
  std::optional<ScriptCookie> fast_open;
};

/// One segment, in relative sequence numbers: the SYN of either side is 0.
struct ScriptSegment {
  std::uint8_t flags = 0;  ///< wire::tcp_flag
  std::optional<std::uint32_t> seq;
  std::uint32_t payload_bytes = 0;
  std::optional<std::uint32_t> ack;
  std::optional<std::uint32_t> window;  ///< as on the wire
  std::optional<wire::EcnField> ecn;    ///< [ect0] and the like
  std::optional<ScriptOptions> options;
};

enum class Timing : std::uint8_t {
  kNow,       ///< no time given: at the time of the line before
  kAbsolute,  ///< since the start of the script
  kRelative,  ///< since the line before
  kAnyTime,   ///< '*': whenever it comes (expect only)
};

enum class LineKind : std::uint8_t { kInject, kExpect, kCommand };

struct ScriptLine {
  int number = 0;
  std::string text;
  Timing timing = Timing::kNow;
  Duration time{};
  LineKind kind = LineKind::kCommand;
  ScriptSegment segment;           ///< kInject, kExpect
  std::vector<std::string> words;  ///< kCommand
};

struct Script {
  std::string path;
  std::vector<ScriptLine> lines;
};

struct ScriptError {
  int line = 0;
  std::string what;
};

/// The language is described in tests/packet/README.md.
std::variant<Script, ScriptError> parse_script(std::string path, std::string_view text);

/// `12`, `0.040`, `-1` in seconds.
std::optional<Duration> parse_seconds(std::string_view text);
std::optional<std::uint32_t> parse_number(std::string_view text);

}  // namespace zs::packet
