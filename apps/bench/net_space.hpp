#pragma once

#include <functional>
#include <initializer_list>
#include <string>

#include "base/result.hpp"
#include "bench/child.hpp"
#include "dev/unique_fd.hpp"

namespace zs::bench {

/// A network namespace without a name: it exists for as long as this object, or a process in it,
/// does, so that nothing is left behind however the benchmark ends.
class NetSpace {
 public:
  /// Needs root. Its loopback is up, IPv6 is off so that an idle link is quiet.
  static Result<NetSpace> create(std::string& why);

  int fd() const { return fd_.get(); }
  /// A shell command's words, such as "ip link add ..."; it must succeed.
  Result<void> run(const std::string& words, std::string& why) const;
  /// Runs `work` on a thread inside; sockets that it opens stay there.
  void inside(const std::function<void()>& work) const;

 private:
  dev::UniqueFd fd_;
};

/// A TCP connection of the kernel's from inside `space` to `port` of `address`; an empty descriptor
/// when there is none within `patience`.
dev::UniqueFd connect_from(const NetSpace& space, const std::string& address, std::uint16_t port,
                           Duration patience);

}  // namespace zs::bench
