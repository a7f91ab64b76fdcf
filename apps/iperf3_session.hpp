#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace zs::apps::iperf3 {

/// What iperf3 says on the control connection: one byte each.
enum class Message : std::int8_t {
  kTestStart = 1,
  kTestRunning = 2,
  kTestEnd = 4,
  kParamExchange = 9,
  kCreateStreams = 10,
  kServerTerminate = 11,
  kClientTerminate = 12,
  kExchangeResults = 13,
  kDisplayResults = 14,
  kDone = 16,
  kAccessDenied = -1,
  kServerError = -2,
};

/// What follows kServerError: iperf3's own numbers, for which the client has its texts.
enum class Complaint : std::uint32_t {
  kStreamCount = 6,
  kBlockSize = 7,
  kUnsupported = 13,
  kMessage = 110,
  kParams = 114,
  kResults = 117,
};

/// 36 letters and a NUL, at the start of every connection: those of one test share it.
using Cookie = std::array<std::byte, 37>;

enum class Direction : std::uint8_t { kReceive, kSend };  ///< as the server sees it

/// What the client wants. Everything that it may ask for and that is not here changes nothing.
struct Params {
  std::uint32_t parallel = 1;         ///< streams each way, 1 to 128
  std::uint32_t block_bytes = 1;      ///< a write, at most 1 MiB
  Duration omit{};                    ///< at the start, not counted
  std::optional<Duration> time;       ///< without omit; none: until so many bytes went
  std::uint64_t bits_per_second = 0;  ///< a sending stream; 0: as fast as it goes
  bool sends = false;
  bool receives = true;
};

struct Stream {
  std::uint32_t id = 0;
  Direction direction = Direction::kReceive;
  std::uint64_t bytes = 0;  ///< since the omitted time
};

/// Percent of one CPU, of the time that the test took.
struct CpuUse {
  double user = 0;
  double system = 0;
};

/// The dialogue of one test on iperf3's control connection, without I/O: bytes of the client and
/// the time go in; bytes for the client, and what the data connections shall do, come out.
class Session {
 public:
  /// `now`: when the client's cookie was complete.
  Session(const Cookie& cookie, Instant now);

  /// Bytes of the control connection, in order. After is_over() they are ignored.
  void on_control_bytes(std::span<const std::byte> bytes, Instant now);
  /// The control connection ended or broke.
  void on_control_end();
  /// A connection that began with `cookie`: the index of the stream that it carries, or nothing if
  /// it is none of ours, or one too many.
  std::optional<std::size_t> on_connection(const Cookie& cookie, Instant now);
  /// A data connection moved so many bytes. Ignored unless is_running().
  void on_transfer(std::size_t stream, std::uint64_t bytes, Instant now);
  void on_deadline(Instant now);
  Instant next_deadline() const;
  /// The user wants us to end: the client is told so.
  void on_stop();
  /// For the results; to be told before the bytes that end the test are given.
  void set_cpu_use(CpuUse use) { cpu_ = use; }

  /// What to send on the control connection; empties it.
  std::string take_output();
  /// The data connections move bytes.
  bool is_running() const { return stage_ == Stage::kRunning; }
  /// The dialogue is over: send what take_output() has, and close.
  bool is_over() const { return stage_ == Stage::kOver; }
  /// Why it ended early, for the log; empty if it went to the end.
  const std::string& trouble() const { return trouble_; }

  const Params& params() const { return params_; }
  std::span<const Stream> streams() const { return streams_; }
  /// Time that the counted part of the test took, up to its end.
  Duration elapsed(Instant now) const;
  /// How many bytes a sending stream may have sent by now, the omitted ones included.
  std::uint64_t allowance(Instant now) const;

 private:
  enum class Stage : std::uint8_t { kParams, kStreams, kRunning, kResults, kDisplay, kOver };

  std::size_t take(std::span<const std::byte> bytes, Instant now);
  std::size_t document_bytes() const;
  void on_message(Message message, Instant now);
  void on_params(std::string_view json, Instant now);
  void on_results(std::string_view json, Instant now);
  void start(Instant now);
  void end_test(Instant now);
  void enter(Stage stage, Duration patience, Instant now);
  void fail(Complaint complaint, std::string why);
  void give_up(std::string why);
  void say(Message message) { output_ += static_cast<char>(message); }
  void say_document(std::string_view text);
  std::string results() const;

  Cookie cookie_;
  Stage stage_ = Stage::kParams;
  Params params_;
  std::vector<Stream> streams_;
  std::size_t connected_ = 0;
  std::string document_;  ///< its four bytes of length, then JSON, as far as they came
  std::string output_;
  std::string trouble_;
  Instant deadline_;  ///< of the stage
  Instant started_;
  Instant counted_from_;
  Instant ended_ = Instant::never();
  Instant last_transfer_;
  CpuUse cpu_;
  bool is_omitting_ = false;
};

/// The client's wishes; a Complaint and, in `why`, a sentence if they make no sense or cannot be
/// met.
std::optional<Complaint> parse_params(std::string_view json, Params& params, std::string& why);

}  // namespace zs::apps::iperf3
