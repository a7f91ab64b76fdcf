#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zs::bench {

/// The same echo server, on each of the faces that the stack has.
enum class EchoProgram : std::uint8_t {
  kInternal,    ///< echo.hpp: sock::SocketTable, no C call
  kEpoll,       ///< z_read(), z_write() and z_epoll_wait()
  kCallbacks,   ///< the same calls from C++: objects that a kqueue calls back
  kCoroutines,  ///< zstack/co.hpp, which waits at a kqueue too
};
inline constexpr std::size_t kEchoPrograms = 4;
inline constexpr std::array<std::string_view, kEchoPrograms> kEchoProgramNames = {
    "internal calls", "C API, epoll", "callbacks, kqueue", "coroutines, kqueue"};

// Loop functions as z_run() takes them. They are compiled apart, as programs of users are: the
// linker may not inline the library into them.
int echo_epoll(void* argument);
int echo_callbacks(void* argument);
int echo_coroutines(void* argument);

}  // namespace zs::bench
