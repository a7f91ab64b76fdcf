#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "base/intrusive_list.hpp"
#include "base/time.hpp"
#include "http_response.hpp"
#include "load_plan.hpp"
#include "load_result.hpp"
#include "load_transport.hpp"

namespace zs::apps {

/// One shard's part of a load, without I/O: decides when to connect, what to send and what an
/// answer is worth, and measures. Events and the time go in; calls of the transport come out, and
/// the result. Allocates when it is made, never for a request.
///
/// One connection is tried first; the others, and the time of the plan, begin when it is there. So
/// a wrong target is told at once, and a neighbour's address is known before many ask for it.
class LoadClient final : private ByteSink {
 public:
  LoadClient(const LoadPlan& plan, std::size_t shard, std::size_t shards, LoadTransport& transport,
             LoadResult& result);
  ~LoadClient();

  void on_event(const LoadEvent& event, Instant now);
  /// What has become due: to be called at first, after the events of a turn, and at
  /// next_deadline().
  void advance(Instant now);
  Instant next_deadline() const;
  /// Begins nothing new: the measured time ends here if it has not yet.
  void stop(Instant now);
  /// Ends now, whatever is still on its way.
  void abort();
  /// All is measured and every connection is closed.
  bool is_finished() const { return phase_ == Phase::kFinished; }

 private:
  enum class Phase : std::uint8_t {
    kTrying,    ///< the first connection
    kRunning,   ///< the warm-up and the measured time
    kDraining,  ///< nothing new; what was asked may still be answered
    kFinished,
  };
  enum class State : std::uint8_t {
    kClosed,      ///< wants to be connected
    kConnecting,  ///< has a deadline
    kIdle,        ///< could take a request; with a connection for each of them it has no socket
    kBusy,        ///< a request is on its way; has a deadline
    kEnding,      ///< waits for the server's FIN; has a deadline
    kPaused,      ///< after a failure; until its deadline
  };
  struct StateTag;
  struct Connection : ListHook<StateTag> {
    std::uint32_t index = 0;
    int socket = -1;
    State state = State::kClosed;
    LoadInterest interest = LoadInterest::kBoth;
    bool has_request = false;
    bool is_measured = false;  ///< the request
    bool is_wrong = false;     ///< what came is no answer
    Instant began;             ///< the request's latency counts from here
    Instant deadline;
    std::uint64_t sent = 0;      ///< of the request
    std::uint64_t received = 0;  ///< of its answer
    HttpResponse response;
  };
  using List = IntrusiveList<Connection, StateTag>;

  void take(std::span<const std::byte> bytes) override;
  void take_echo(Connection& c, std::span<const std::byte> bytes) const;
  bool is_answered(const Connection& c) const;

  // The phases.
  void begin(Instant now);
  void drain(Instant end);
  void finish();
  bool in_window(Instant t) const { return t >= window_begin_ && t < window_end_; }

  // The connections.
  List& list_of(State state);
  void enter(Connection& c, State state, Instant deadline = Instant::never());
  void extend_deadline(Connection& c, Instant now);
  bool may_connect() const;
  void open(Connection& c, Instant now);
  void on_connected(Connection& c, Instant now);
  void close(Connection& c, LoadEnding how);
  void rest(Connection& c);
  void on_end(Connection& c, Instant now);
  void fail(Connection& c, Instant now);
  void fail(Connection& c, Errc why, Instant now);
  void expire(Instant now);

  // The requests.
  std::optional<Instant> take_work(Instant now);
  void begin_request(Connection& c, Instant began, Instant now);
  void send(Connection& c, Instant now);
  void receive(Connection& c, Instant now);
  void complete(Connection& c, Instant now);

  const LoadPlan plan_;
  const LoadMessage message_;
  LoadTransport& transport_;
  LoadResult& result_;
  std::optional<LoadSchedule> schedule_;  ///< of an open loop
  std::uint64_t requests_left_;
  std::deque<Connection> connections_;  ///< a deque, since they must not move
  List closed_;
  List idle_;
  List waiting_;  ///< connecting, busy or ending; by deadline
  List paused_;   ///< by deadline
  Connection* receiving_ = nullptr;
  Phase phase_ = Phase::kTrying;
  std::size_t connecting_ = 0;
  std::size_t in_flight_ = 0;  ///< connections that have a request
  Instant window_begin_ = Instant::never();
  Instant window_end_ = Instant::never();
  Instant last_answer_;
};

}  // namespace zs::apps
