#include "load_client.hpp"

#include <algorithm>
#include <cstring>

namespace zs::apps {
namespace {

using namespace std::chrono_literals;

/// Handshakes at a time: a listener's backlog should hold them.
constexpr std::size_t kMaxConnecting = 128;
/// After a failure; without a pause a dead server would be asked as fast as it can refuse.
constexpr Duration kRetryPause = 100ms;
/// A request of an open loop that is sent later than this after its time is late.
constexpr Duration kLate = 1ms;
/// How much one connection sends in bulk before the others get their turn.
constexpr std::uint64_t kBulkTurnBytes = 256 * 1024;

bool is_no_room(Errc e) { return e == Errc::kAgain || e == Errc::kNoBuffers; }

}  // namespace

LoadClient::LoadClient(const LoadPlan& plan, std::size_t shard, std::size_t shards,
                       LoadTransport& transport, LoadResult& result)
    : plan_(plan),
      message_(message_of(plan)),
      transport_(transport),
      result_(result),
      requests_left_(plan.requests > 0 ? share_of(plan.requests, shard, shards) : UINT64_MAX) {
  if (plan.rate > 0) schedule_.emplace(plan.rate, shard, shards);
  const std::uint64_t count = share_of(plan.connections, shard, shards);
  for (std::uint32_t i = 0; i < count; ++i) {
    Connection& c = connections_.emplace_back();
    c.index = i;
    c.state = plan.close ? State::kIdle : State::kClosed;
    list_of(c.state).push_back(c);
  }
}

LoadClient::~LoadClient() {
  for (List* list : {&closed_, &idle_, &waiting_, &paused_}) {
    while (!list->empty()) list->pop_front();
  }
}

// --- the phases ------------------------------------------------------------------------------

void LoadClient::begin(Instant now) {
  phase_ = Phase::kRunning;
  if (schedule_) schedule_->begin(now);
  window_begin_ = now + plan_.warmup;
  window_end_ = plan_.requests > 0 ? Instant::never() : window_begin_ + plan_.duration;
}

void LoadClient::advance(Instant now) {
  expire(now);
  while (phase_ <= Phase::kRunning && !closed_.empty() && may_connect()) {
    open(closed_.front(), now);
  }
  while (phase_ <= Phase::kRunning && !idle_.empty() &&
         (idle_.front().socket >= 0 || may_connect())) {
    const auto began = take_work(now);
    if (!began) break;
    begin_request(idle_.front(), *began, now);
  }
  if (phase_ == Phase::kRunning && requests_left_ == 0) drain(Instant::never());
  if (phase_ == Phase::kRunning && now >= window_end_) drain(window_end_);
  const bool is_over = in_flight_ == 0 || is_bulk(plan_.kind);
  if (phase_ == Phase::kDraining && is_over) finish();
}

/// `end` is where the measured time ends; never: with the last answer.
void LoadClient::drain(Instant end) {
  phase_ = Phase::kDraining;
  window_end_ = std::min(window_end_, end);
  while (schedule_ && requests_left_ > 0 && schedule_->next() < window_end_) {
    if (in_window(schedule_->next())) ++result_.unsent;
    schedule_->advance();
  }
}

void LoadClient::stop(Instant now) {
  if (phase_ == Phase::kTrying) return finish();
  if (phase_ == Phase::kRunning) drain(now);
  advance(now);
}

void LoadClient::abort() {
  if (phase_ != Phase::kFinished) finish();
}

void LoadClient::finish() {
  if (!window_begin_.is_never()) {
    const Instant end = window_end_.is_never() ? last_answer_ : window_end_;
    result_.measured = std::max(Duration{}, end - window_begin_);
  }
  phase_ = Phase::kFinished;
  in_flight_ = 0;
  for (Connection& c : connections_) {
    const bool is_quiet = c.state == State::kIdle || c.state == State::kEnding;
    close(c, is_quiet ? LoadEnding::kOrderly : LoadEnding::kReset);
  }
}

Instant LoadClient::next_deadline() const {
  Instant next = Instant::never();
  if (phase_ == Phase::kFinished) return next;
  if (!waiting_.empty()) next = std::min(next, waiting_.front().deadline);
  if (phase_ == Phase::kDraining) return next;
  if (!paused_.empty()) next = std::min(next, paused_.front().deadline);
  if (phase_ == Phase::kTrying) return next;
  if (schedule_ && !idle_.empty()) next = std::min(next, schedule_->next());
  return std::min(next, window_end_);
}

// --- the connections -------------------------------------------------------------------------

LoadClient::List& LoadClient::list_of(State state) {
  switch (state) {
    case State::kClosed:
      return closed_;
    case State::kIdle:
      return idle_;
    case State::kPaused:
      return paused_;
    case State::kConnecting:
    case State::kBusy:
    case State::kEnding:
      break;
  }
  return waiting_;
}

void LoadClient::enter(Connection& c, State state, Instant deadline) {
  list_of(c.state).erase(c);
  c.state = state;
  c.deadline = deadline;
  list_of(state).push_back(c);
}

void LoadClient::extend_deadline(Connection& c, Instant now) {
  enter(c, c.state, now + plan_.timeout);
}

bool LoadClient::may_connect() const {
  return connecting_ < (phase_ == Phase::kTrying ? 1 : kMaxConnecting);
}

void LoadClient::open(Connection& c, Instant now) {
  const auto socket = transport_.connect(c.index);
  if (!socket) return fail(c, socket.error(), now);
  c.socket = *socket;
  c.interest = LoadInterest::kBoth;
  ++connecting_;
  enter(c, State::kConnecting, now + plan_.timeout);
}

void LoadClient::on_connected(Connection& c, Instant now) {
  --connecting_;
  if (phase_ == Phase::kTrying) {
    begin(now);
    c.is_measured = in_window(now);
  }
  if (in_window(now)) ++result_.connections;
  if (c.has_request || is_bulk(plan_.kind)) {
    c.sent = c.received = 0;
    if (is_bulk(plan_.kind)) ++in_flight_;
    c.has_request = true;
    enter(c, State::kBusy, now + plan_.timeout);
    return send(c, now);
  }
  enter(c, State::kIdle);
  c.interest = LoadInterest::kReadable;
  transport_.watch(c.socket, c.index, c.interest);
}

void LoadClient::close(Connection& c, LoadEnding how) {
  if (c.state == State::kConnecting && c.socket >= 0) --connecting_;
  if (c.socket >= 0) transport_.close(c.socket, how);
  c.socket = -1;
}

/// Without a socket, ready for what comes next.
void LoadClient::rest(Connection& c) { enter(c, plan_.close ? State::kIdle : State::kClosed); }

void LoadClient::on_end(Connection& c, Instant now) {
  if (c.state == State::kBusy) {
    if (plan_.kind == LoadKind::kBulkReceive && c.received > 0) {  // it had no more for us
      --in_flight_;
      c.has_request = false;
      close(c, LoadEnding::kOrderly);
      return rest(c);
    }
    if (plan_.kind == LoadKind::kHttp) c.response.end();
    if (is_answered(c)) return complete(c, now);
    ++result_[LoadError::kShort];
    return fail(c, now);
  }
  close(c, LoadEnding::kOrderly);
  rest(c);
}

/// Its error is counted; the connection starts anew after a pause.
void LoadClient::fail(Connection& c, Instant now) {
  close(c, LoadEnding::kReset);
  if (c.has_request) --in_flight_;
  c.has_request = false;
  enter(c, State::kPaused, now + kRetryPause);
}

void LoadClient::fail(Connection& c, Errc why, Instant now) {
  if (phase_ == Phase::kTrying) {
    result_.unreachable = why;
    return finish();
  }
  result_.count(why);
  fail(c, now);
}

void LoadClient::expire(Instant now) {
  while (!waiting_.empty() && waiting_.front().deadline <= now && phase_ != Phase::kFinished) {
    Connection& c = waiting_.front();
    if (c.state == State::kEnding) {  // it was answered: nothing is lost
      close(c, LoadEnding::kReset);
      rest(c);
    } else {
      fail(c, Errc::kTimedOut, now);
    }
  }
  while (!paused_.empty() && paused_.front().deadline <= now) rest(paused_.front());
}

void LoadClient::on_event(const LoadEvent& event, Instant now) {
  Connection& c = connections_[event.connection];
  if (c.socket < 0) return;
  if (event.failed) {
    const Errc why = transport_.take_error(c.socket);
    if (why != Errc{}) return fail(c, why, now);
  }
  if (c.state == State::kConnecting) {
    if (event.writable) on_connected(c, now);
    return;
  }
  if (event.writable && c.state == State::kBusy) send(c, now);
  if (event.readable && c.socket >= 0) receive(c, now);
}

// --- the requests ----------------------------------------------------------------------------

/// Since when a request waits to be sent, if one does.
std::optional<Instant> LoadClient::take_work(Instant now) {
  const bool has_schedule = schedule_ && phase_ != Phase::kTrying;
  // What the warm-up could not send is not put upon the measured time.
  while (has_schedule && now >= window_begin_ && schedule_->next() < window_begin_) {
    schedule_->advance();
  }
  const Instant began = has_schedule ? schedule_->next() : now;
  if (requests_left_ == 0 || began > now || began >= window_end_) return std::nullopt;
  if (has_schedule) {
    schedule_->advance();
    if (in_window(began) && now - began > kLate) ++result_.late;
  }
  if (plan_.requests > 0) --requests_left_;
  return began;
}

void LoadClient::begin_request(Connection& c, Instant began, Instant now) {
  ++in_flight_;
  c.has_request = true;
  c.is_measured = in_window(began);
  c.began = began;
  c.sent = c.received = 0;
  c.is_wrong = false;
  c.response.begin();
  if (c.socket < 0) return open(c, now);
  enter(c, State::kBusy, now + plan_.timeout);
  send(c, now);
}

void LoadClient::send(Connection& c, Instant now) {
  const std::uint64_t pattern = message_.pattern.size();
  const std::uint64_t before = c.sent;
  while (c.sent < message_.bytes && c.sent - before < kBulkTurnBytes) {
    const std::uint64_t offset = c.sent % pattern;
    const std::uint64_t length = std::min(pattern - offset, message_.bytes - c.sent);
    const auto n = transport_.send(c.socket, offset, length);
    if (!n && !is_no_room(n.error())) return fail(c, n.error(), now);
    if (!n) break;
    c.sent += *n;
  }
  if (plan_.kind == LoadKind::kBulkSend && c.sent > before) {
    if (in_window(now)) result_.bytes_sent += c.sent - before;
    extend_deadline(c, now);
  }
  const bool is_all = c.sent == message_.bytes;
  const LoadInterest interest = is_all ? LoadInterest::kReadable : LoadInterest::kBoth;
  if (interest == c.interest) return;
  c.interest = interest;
  transport_.watch(c.socket, c.index, interest);
}

void LoadClient::receive(Connection& c, Instant now) {
  receiving_ = &c;
  const auto n = transport_.receive(c.socket, *this);
  if (!n && is_no_room(n.error())) return;
  if (!n) return fail(c, n.error(), now);
  if (*n == 0) return on_end(c, now);
  if (c.is_wrong) {
    ++result_[LoadError::kBadAnswer];
    return fail(c, now);
  }
  if (c.state != State::kBusy) return;
  if (is_answered(c)) return complete(c, now);
  extend_deadline(c, now);
  if (plan_.kind == LoadKind::kBulkReceive && in_window(now)) result_.bytes_received += *n;
}

void LoadClient::take(std::span<const std::byte> bytes) {
  Connection& c = *receiving_;
  if (c.state == State::kEnding) return;
  c.received += bytes.size();
  switch (plan_.kind) {
    case LoadKind::kHttp:
      // Bytes behind the answer, or without a request, were never asked for.
      if (!c.has_request || c.response.feed(bytes) < bytes.size()) c.is_wrong = true;
      if (c.response.state() == HttpResponse::State::kInvalid) c.is_wrong = true;
      return;
    case LoadKind::kEcho:
      return take_echo(c, bytes);
    case LoadKind::kBulkSend:
    case LoadKind::kBulkReceive:
      return;
  }
}

void LoadClient::take_echo(Connection& c, std::span<const std::byte> bytes) const {
  if (!c.has_request || c.received > message_.bytes) c.is_wrong = true;
  if (!plan_.verify) return;
  std::uint64_t at = c.received - bytes.size();
  while (!bytes.empty() && !c.is_wrong) {
    const auto expected = std::span(message_.pattern).subspan(at % message_.pattern.size());
    const std::size_t n = std::min(expected.size(), bytes.size());
    c.is_wrong = std::memcmp(expected.data(), bytes.data(), n) != 0;
    bytes = bytes.subspan(n);
    at += n;
  }
}

bool LoadClient::is_answered(const Connection& c) const {
  if (plan_.kind == LoadKind::kHttp) return c.response.state() == HttpResponse::State::kComplete;
  return plan_.kind == LoadKind::kEcho && c.received == message_.bytes;
}

void LoadClient::complete(Connection& c, Instant now) {
  constexpr std::uint16_t kFirstBadStatus = 400;
  --in_flight_;
  c.has_request = false;
  last_answer_ = now;
  const bool is_http = plan_.kind == LoadKind::kHttp;
  if (is_http && c.response.status() >= kFirstBadStatus) {
    ++result_[LoadError::kBadStatus];
  } else if (c.is_measured) {
    ++result_.requests;
    result_.bytes_sent += c.sent;
    result_.bytes_received += c.received;
    result_.latency.record(now - c.began);
  }
  const bool server_closes = is_http && !c.response.keeps_alive();
  if (server_closes) return enter(c, State::kEnding, now + plan_.timeout);
  if (!plan_.close) return enter(c, State::kIdle);
  // An end in order would leave TIME-WAIT at our side, and soon no port for the next.
  close(c, LoadEnding::kReset);
  rest(c);
}

}  // namespace zs::apps
