#include "api/run/loop_application.hpp"

#include "runtime/clock.hpp"

namespace zs::api {

LoopApplication::LoopApplication(Loop loop, void* arg, const runtime::ShardContext& shard,
                                 EndsByValue ends)
    : loop_(loop),
      arg_(arg),
      ends_by_value_(ends == EndsByValue::kYes),
      link_(shard.queue),
      instance_(shard.sockets) {
  instance_.queues.advance(runtime::read_clock());
  instance_.shard = shard.index;
  instance_.shards = shard.count;
  instance_.link = &link_;
  instance_.stop = shard.stop;
}

Result<void> LoopApplication::on_start(Instant /*now*/, std::string& /*why*/) { return {}; }

// Always "nothing left to do": the promise is one call a pass, and the next pass begins at once
// while a socket in the epoll set is ready.
bool LoopApplication::on_turn(sock::SocketTable& /*sockets*/, Instant now) {
  if (instance_.is_stopping) return false;
  instance_.queues.advance(now);
  const Turn turn(instance_);
  if (loop_(arg_) != 0 && ends_by_value_ && !instance_.is_stopping) {
    instance_.is_stopping = true;
    instance_.stop();
  }
  instance_.fibers.run();
  return false;
}

void LoopApplication::on_stop(Instant now) {
  instance_.is_stopping = true;
  instance_.queues.advance(now);
  {
    const Turn turn(instance_);
    instance_.fibers.cancel();
  }
  instance_.queues.close_all();
  instance_.sockets.close_all();
}

}  // namespace zs::api
