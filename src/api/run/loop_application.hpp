#pragma once

#include <ff_api.h>

#include <string>

#include "api/instance.hpp"
#include "runtime/application.hpp"

namespace zs::api {

/// The queue that a shard's loop drives.
class QueueLink final : public Link {
 public:
  explicit QueueLink(dev::PacketQueue& queue) noexcept : queue_(queue) {}
  std::uint16_t mtu() const noexcept override { return queue_.capabilities().mtu; }
  bool send(rte_mbuf* frame) noexcept override { return queue_.tx_burst({&frame, 1}) == 1; }
  ff_traffic_args traffic() const noexcept override {
    const dev::QueueStats s = queue_.stats();
    return {s.rx_packets, s.rx_bytes, s.tx_packets, s.tx_bytes};
  }

 private:
  dev::PacketQueue& queue_;
};

/// The application of z_run() on one shard: the C loop function, once a pass.
class LoopApplication final : public runtime::Application {
 public:
  using Loop = int (*)(void* arg);

  /// Whether a value other than 0 ends the run: z_run()'s loop, but not F-Stack's, whose programs
  /// often return none.
  enum class EndsByValue : bool { kNo, kYes };

  LoopApplication(Loop loop, void* arg, const runtime::ShardContext& shard,
                  EndsByValue ends = EndsByValue::kYes);

  Result<void> on_start(Instant now, std::string& why) override;
  bool on_turn(sock::SocketTable& sockets, Instant now) override;
  void on_stop(Instant now) override;
  bool is_stopped() const override { return true; }
  void on_abort(Instant) override {}
  Instant next_deadline() const override { return instance_.queues.next_deadline(); }

  Instance& instance() { return instance_; }
  /// What one that was made without a loop will run.
  void set_loop(Loop loop, void* arg) {
    loop_ = loop;
    arg_ = arg;
  }

 private:
  Loop loop_;
  void* arg_;
  bool ends_by_value_;
  QueueLink link_;
  Instance instance_;
};

}  // namespace zs::api
