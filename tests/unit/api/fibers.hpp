#pragma once

#include <functional>
#include <string>
#include <vector>

#include "unit/api/shards.hpp"

namespace zs::api::test {

/// Programs in fibers of one shard, whose loop the test is.
class FiberTest : public ApiTest {
 protected:
  using Body = std::function<void()>;

  /// Alive until the test ends, as a program's functions are.
  int spawn(Body body, std::size_t stack_bytes = 256u << 10) {
    bodies_.push_back(std::make_unique<Body>(std::move(body)));
    return z_spawn([](void* arg) { (*static_cast<Body*>(arg))(); }, bodies_.back().get(),
                   stack_bytes);
  }
  /// One pass of the loop.
  void pass_once() {
    w.instance.queues.advance(w.now);
    w.instance.fibers.run();
  }
  /// Passes, and time in steps: what happens in between is seen at their ends.
  void go(Duration d, Duration step = 1ms) {
    for (Duration done{}; done < d; done += step) {
      pass_once();
      w.settle(step);
    }
    pass_once();
  }
  std::size_t alive() const { return w.instance.fibers.count(); }
  int fd_of_listener(std::uint16_t port) { return w.listener({kOurs, port}, 128); }
  int connect_to(int fd, std::uint16_t port) {
    sockaddr_in to = at4(kOurs, port);
    return z_connect(fd, any(to), sizeof(to));
  }

 private:
  std::vector<std::unique_ptr<Body>> bodies_;
};

}  // namespace zs::api::test
