#pragma once

#include <string>

#include "base/address.hpp"
#include "base/result.hpp"
#include "sock/socket_table.hpp"

namespace zs::apps {

/// A stream socket that listens on `at` and is watched for readability with user data 0. On failure
/// `why` gets a sentence that names the remedy.
Result<int> listen_on(sock::SocketTable& sockets, const Endpoint& at, int backlog,
                      std::string& why);

/// For calls whose refusal comes back as an event, or changes nothing.
inline void ignore(const Result<void>&) {}

/// True when the call is worth repeating once the socket is ready again.
inline bool is_again(Errc e) { return e == Errc::kAgain || e == Errc::kNoBuffers; }

}  // namespace zs::apps
