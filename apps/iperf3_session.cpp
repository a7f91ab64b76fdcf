#include "iperf3_session.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/byte_order.hpp"

namespace zs::apps::iperf3 {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kMaxParams = 16 * 1024;
constexpr std::size_t kMaxResults = 256 * 1024;  // 128 streams both ways need a quarter of it
constexpr std::uint64_t kMaxStreams = 128;       // the limits of iperf3's own command line
constexpr std::uint64_t kMaxBlock = 1024 * 1024;
constexpr std::uint64_t kMaxSeconds = 86'400;
constexpr std::uint64_t kMaxOmit = 600;
constexpr std::uint64_t kMaxRate = 10'000'000'000'000;

/// For each step of the dialogue in which the client owes us something.
constexpr Duration kPatience = 10s;
/// No byte on any stream for so long: the client is gone, or stuck.
constexpr Duration kQuiet = 120s;
/// How much later than announced a client may end its test.
constexpr Duration kGrace = 30s;

/// A whole number from 0 to `max`; `absent` if there is none, nothing if it is something else.
std::optional<std::uint64_t> number(const Json& object, const char* key, std::uint64_t max,
                                    std::uint64_t absent) {
  const auto found = object.find(key);
  if (found == object.end()) return absent;
  // iperf3 prints large numbers with an exponent sometimes, which makes them floating-point ones.
  if (found->is_number_float()) {
    const double value = found->get<double>();
    if (!(value >= 0 && value <= static_cast<double>(max))) return std::nullopt;
    return static_cast<std::uint64_t>(value);
  }
  if (!found->is_number_unsigned()) return std::nullopt;
  const auto value = found->get<std::uint64_t>();
  return value <= max ? std::optional(value) : std::nullopt;
}

bool is_set(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (found->is_boolean()) return found->get<bool>();
  return found->is_number() && found->get<double>() != 0;
}

Duration as_seconds(std::uint64_t count) {
  return std::chrono::seconds{static_cast<std::int64_t>(count)};
}

double seconds_of(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

std::optional<Complaint> parse_params(std::string_view json, Params& params, std::string& why) {
  const Json root = Json::parse(json, nullptr, false);
  if (!root.is_object()) {
    why = "its parameters are no JSON object";
    return Complaint::kParams;
  }
  if (is_set(root, "udp") || is_set(root, "sctp")) {
    why = "it asked for UDP or SCTP, and only TCP is served: leave out -u and --sctp";
    return Complaint::kUnsupported;
  }
  const auto parallel = number(root, "parallel", kMaxStreams, 1);
  if (!parallel || *parallel == 0) {
    why = "it asked for an impossible number of streams; 1 to 128 are served";
    return Complaint::kStreamCount;
  }
  const auto block = number(root, "len", kMaxBlock, 128 * 1024);
  if (!block || *block == 0) {
    why = "it asked for an impossible block size; 1 byte to 1 MiB are served";
    return Complaint::kBlockSize;
  }
  const auto time = number(root, "time", kMaxSeconds, 0);
  const auto omit = number(root, "omit", kMaxOmit, 0);
  const auto rate = number(root, "bandwidth", kMaxRate, 0);
  if (!time || !omit || !rate) {
    why = "its time, omit or bandwidth is out of range";
    return Complaint::kParams;
  }
  const bool both = is_set(root, "bidirectional");
  params.sends = both || is_set(root, "reverse");
  params.receives = both || !params.sends;
  params.parallel = static_cast<std::uint32_t>(*parallel);
  params.block_bytes = static_cast<std::uint32_t>(*block);
  params.omit = as_seconds(*omit);
  params.time = *time == 0 ? std::nullopt : std::optional(as_seconds(*time));
  params.bits_per_second = *rate;
  return std::nullopt;
}

Session::Session(const Cookie& cookie, Instant now) : cookie_(cookie) {
  say(Message::kParamExchange);
  enter(Stage::kParams, kPatience, now);
}

void Session::enter(Stage stage, Duration patience, Instant now) {
  stage_ = stage;
  deadline_ = now + patience;
}

void Session::on_control_bytes(std::span<const std::byte> bytes, Instant now) {
  while (!bytes.empty() && !is_over()) bytes = bytes.subspan(take(bytes, now));
}

/// Consumes a prefix of `bytes`, which are not empty, and returns its length, at least 1.
std::size_t Session::take(std::span<const std::byte> bytes, Instant now) {
  if (stage_ != Stage::kParams && stage_ != Stage::kResults) {
    on_message(static_cast<Message>(std::to_integer<std::int8_t>(bytes.front())), now);
    return 1;
  }
  const std::size_t missing = document_bytes() - document_.size();
  const auto taken = bytes.first(std::min(missing, bytes.size()));
  document_.append(reinterpret_cast<const char*>(taken.data()), taken.size());
  const bool is_params = stage_ == Stage::kParams;
  if (document_bytes() - kLengthBytes > (is_params ? kMaxParams : kMaxResults)) {
    fail(is_params ? Complaint::kParams : Complaint::kResults, "it announced too much JSON");
  } else if (document_.size() >= kLengthBytes && document_.size() == document_bytes()) {
    const std::string json = std::exchange(document_, {}).substr(kLengthBytes);
    is_params ? on_params(json, now) : on_results(json, now);
  }
  return taken.size();
}

/// As far as it is known: the length first, then with what it announces.
std::size_t Session::document_bytes() const {
  if (document_.size() < kLengthBytes) return kLengthBytes;
  return kLengthBytes + load_be<std::uint32_t>(std::as_bytes(std::span(document_)).data());
}

void Session::on_message(Message message, Instant now) {
  if (message == Message::kClientTerminate) return give_up("the client ended it");
  if (message == Message::kTestEnd && stage_ == Stage::kRunning) return end_test(now);
  if (message == Message::kDone && stage_ == Stage::kDisplay) {
    stage_ = Stage::kOver;
    return;
  }
  fail(Complaint::kMessage,
       "it said " + std::to_string(static_cast<int>(message)) + " where that means nothing");
}

void Session::on_params(std::string_view json, Instant now) {
  std::string why;
  if (const auto complaint = parse_params(json, params_, why)) return fail(*complaint, why);
  // iperf3 counts 1, 3, 4, 5, …; in a test both ways the client's sending streams come first.
  const auto add = [this](Direction direction) {
    for (std::uint32_t i = 0; i < params_.parallel; ++i) {
      const auto n = static_cast<std::uint32_t>(streams_.size());
      streams_.push_back({.id = n == 0 ? 1 : n + 2, .direction = direction, .bytes = 0});
    }
  };
  if (params_.receives) add(Direction::kReceive);
  if (params_.sends) add(Direction::kSend);
  say(Message::kCreateStreams);
  enter(Stage::kStreams, kPatience, now);
}

std::optional<std::size_t> Session::on_connection(const Cookie& cookie, Instant now) {
  if (stage_ != Stage::kStreams || cookie != cookie_) return std::nullopt;
  const std::size_t stream = connected_++;
  if (connected_ == streams_.size()) start(now);
  return stream;
}

void Session::start(Instant now) {
  say(Message::kTestStart);
  say(Message::kTestRunning);
  started_ = counted_from_ = last_transfer_ = now;
  is_omitting_ = params_.omit.count() > 0;
  enter(Stage::kRunning, Duration{}, now);
  deadline_ = params_.time ? now + params_.omit + *params_.time + kGrace : Instant::never();
}

void Session::on_transfer(std::size_t stream, std::uint64_t bytes, Instant now) {
  if (!is_running() || stream >= streams_.size() || bytes == 0) return;
  streams_[stream].bytes += bytes;
  last_transfer_ = now;
}

void Session::end_test(Instant now) {
  ended_ = now;
  say(Message::kExchangeResults);
  enter(Stage::kResults, kPatience, now);
}

void Session::on_results(std::string_view json, Instant now) {
  // What the client measured is for its own report; ours only has to be an object of its kind.
  if (!Json::parse(json, nullptr, false).is_object()) {
    return fail(Complaint::kResults, "its results are no JSON object");
  }
  say_document(results());
  say(Message::kDisplayResults);
  enter(Stage::kDisplay, kPatience, now);
}

std::string Session::results() const {
  Json streams = Json::array();
  for (const Stream& s : streams_) {
    streams.push_back({{"id", s.id},
                       {"bytes", s.bytes},
                       {"retransmits", 0},
                       {"jitter", 0},
                       {"errors", 0},
                       {"packets", 0},
                       {"start_time", 0},
                       {"end_time", seconds_of(elapsed(ended_))}});
  }
  // 0: we send, but do not say how many segments went twice; -1: we send nothing.
  const Json root = {{"cpu_util_total", cpu_.user + cpu_.system},
                     {"cpu_util_user", cpu_.user},
                     {"cpu_util_system", cpu_.system},
                     {"sender_has_retransmits", params_.sends ? 0 : -1},
                     {"streams", std::move(streams)}};
  return root.dump();
}

void Session::say_document(std::string_view text) {
  std::array<std::byte, kLengthBytes> length;
  store_be(length.data(), static_cast<std::uint32_t>(text.size()));
  for (const std::byte b : length) output_ += std::to_integer<char>(b);
  output_ += text;
}

void Session::fail(Complaint complaint, std::string why) {
  say(Message::kServerError);
  std::array<std::byte, 8> numbers{};  // iperf3's error and the system's, which there is none of
  store_be(numbers.data(), static_cast<std::uint32_t>(complaint));
  for (const std::byte b : numbers) output_ += std::to_integer<char>(b);
  give_up(std::move(why));
}

void Session::give_up(std::string why) {
  trouble_ = std::move(why);
  stage_ = Stage::kOver;
}

void Session::on_control_end() {
  if (is_over()) return;
  // A client that has our results and closes without a farewell lost nothing.
  give_up(stage_ == Stage::kDisplay ? std::string{} : "the client went away");
}

void Session::on_stop() {
  if (is_over()) return;
  say(Message::kServerTerminate);
  give_up("we were told to stop");
}

void Session::on_deadline(Instant now) {
  if (is_omitting_ && is_running() && now >= started_ + params_.omit) {
    is_omitting_ = false;
    counted_from_ = now;
    for (Stream& s : streams_) s.bytes = 0;
  }
  if (is_over() || now < next_deadline()) return;
  say(Message::kServerTerminate);
  give_up(is_running() && now < deadline_ ? "no byte moved for too long"
                                          : "the client took too long");
}

Instant Session::next_deadline() const {
  if (is_over()) return Instant::never();
  if (!is_running()) return deadline_;
  const Instant next = std::min(deadline_, last_transfer_ + kQuiet);
  return is_omitting_ ? std::min(next, started_ + params_.omit) : next;
}

std::string Session::take_output() { return std::exchange(output_, {}); }

Duration Session::elapsed(Instant now) const { return std::min(now, ended_) - counted_from_; }

std::uint64_t Session::allowance(Instant now) const {
  if (params_.bits_per_second == 0) return UINT64_MAX;
  const double bits = static_cast<double>(params_.bits_per_second) * seconds_of(now - started_);
  return static_cast<std::uint64_t>(bits / 8);
}

}  // namespace zs::apps::iperf3
