#pragma once

#include <cstdint>
#include <string_view>

namespace zs::tcp {

/// RFC 9293 §3.3.2. LISTEN is absent: a listener is a record of its own (tcp/listener.hpp), as are
/// passively opened connections before their handshake completes (tcp/syn_cache.hpp).
enum class State : std::uint8_t {
  kClosed,
  kSynSent,
  kSynReceived,  ///< simultaneous open, and a server's fast open (RFC 7413)
  kEstablished,
  kFinWait1,
  kFinWait2,
  kCloseWait,
  kClosing,
  kLastAck,
  kTimeWait,
};

/// The edges of RFC 9293 figure 5; every state may fall to CLOSED (reset, timeout, abort).
constexpr bool is_transition(State from, State to) {
  using enum State;
  if (to == kClosed) return true;
  switch (from) {
    case kClosed:
      // Behind a SYN cache: all of a handshake, or the SYN of a fast open.
      return to == kSynSent || to == kEstablished || to == kSynReceived;
    case kSynSent:
      return to == kSynReceived || to == kEstablished;
    case kSynReceived:
      return to == kEstablished || to == kFinWait1 || to == kCloseWait;
    case kEstablished:
      return to == kFinWait1 || to == kCloseWait;
    case kFinWait1:
      return to == kFinWait2 || to == kClosing || to == kTimeWait;
    case kFinWait2:
      return to == kTimeWait;
    case kCloseWait:
      return to == kLastAck;
    case kClosing:
      return to == kTimeWait;
    case kLastAck:
    case kTimeWait:
      return false;
  }
  return false;
}

/// Both SYNs are done with: the connection has sequence numbers on both sides.
constexpr bool is_synchronized(State s) {
  return s != State::kClosed && s != State::kSynSent && s != State::kSynReceived;
}
/// The peer may still send data that we want.
constexpr bool can_receive(State s) {
  return s == State::kEstablished || s == State::kFinWait1 || s == State::kFinWait2;
}
/// The application may still add data to the send queue.
constexpr bool can_send(State s) { return s == State::kEstablished || s == State::kCloseWait; }

constexpr std::string_view to_string(State s) {
  using enum State;
  switch (s) {  // the spelling of `ss`
    case kClosed:
      return "CLOSED";
    case kSynSent:
      return "SYN-SENT";
    case kSynReceived:
      return "SYN-RECV";
    case kEstablished:
      return "ESTAB";
    case kFinWait1:
      return "FIN-WAIT-1";
    case kFinWait2:
      return "FIN-WAIT-2";
    case kCloseWait:
      return "CLOSE-WAIT";
    case kClosing:
      return "CLOSING";
    case kLastAck:
      return "LAST-ACK";
    case kTimeWait:
      return "TIME-WAIT";
  }
  return "?";
}

}  // namespace zs::tcp
