#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "buf/pool.hpp"
#include "dev/fault.hpp"
#include "dev/offload_queue.hpp"
#include "dev/queue.hpp"
#include "dev/vlan_queue.hpp"
#include "sim/holding_queue.hpp"
#include "sim/link_spec.hpp"
#include "sim/stream.hpp"
#include "sim/wiretap.hpp"
#include "sock/socket_table.hpp"
#include "stack/shard.hpp"
#include "tcp/config.hpp"
#include "tcp/engine.hpp"

namespace zs::sim {

struct HostConfig {
  tcp::Config tcp;
  std::uint32_t buffers = 16'384;
  /// What its end of the cable does by itself; the rest is done in software.
  dev::Offload offloads = dev::Offload::kMultiSegment;
  /// A driver that changes and keeps what it is given (holding_queue.hpp), if there is one.
  std::optional<HoldingQueue::Config> driver;
  std::uint16_t vlan = 0;  ///< that it lives in; 0: none
  /// Segments may be copied together although there are buffers: the bound on those of a connection
  /// is that low.
  bool may_copy = false;
};

/// A computer: pools, a shard, sockets, and an application that drives its streams.
class Host {
 public:
  Host(std::string name, std::uint8_t number, std::uint64_t seed, const HostConfig& config);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const std::string& name() const { return name_; }
  IpAddress address(IpFamily family) const;

  void listen(std::uint16_t port, IpFamily family = IpFamily::kV4, int backlog = 1024);
  Stream& connect_to(const Host& peer, std::uint16_t port, IpFamily family = IpFamily::kV4,
                     const StreamPlan& plan = {});
  /// The same; nullptr when the stack refuses.
  Stream* try_connect_to(const Host& peer, std::uint16_t port, IpFamily family,
                         const StreamPlan& plan);
  /// What becomes of a connection that was accepted; else reply_with() says it.
  using PlanFor = std::function<StreamPlan(const Endpoint& peer)>;
  void plan_accepted(PlanFor plan) { plan_for_ = std::move(plan); }
  MacAddress mac() const;
  std::size_t accepted_count() const { return accepted_.size(); }
  Stream& accepted(std::size_t i) { return *accepted_[i]; }
  std::uint64_t received_total() const;
  bool all_content_ok() const;
  bool all_closed() const;
  /// What every connection accepted from now on sends, before it finishes.
  void reply_with(std::uint64_t bytes) { reply_bytes_ = bytes; }
  void accept_without_reading() { accept_reading_ = false; }

  /// The machine stands still: it hears, says and does nothing.
  void pause() { paused_ = true; }
  void resume() { paused_ = false; }
  bool is_paused() const { return paused_; }

  const tcp::Counters& tcp() const { return shard_->tcp().counters(); }
  std::size_t connections() const { return shard_->tcp().connection_count(); }
  const DropCounters& drops() const { return shard_->drops(); }
  const dev::FaultStats& egress() const { return fault_->tx_faults(); }
  std::uint32_t buffers_in_use() const { return data_->in_use() + indirect_->in_use(); }
  /// For applications that a test writes itself.
  sock::SocketTable& sockets() { return *sockets_; }
  buf::Pools pools() const { return {data_.get(), indirect_.get()}; }
  /// Buffers ran low at some time: copying small segments together was allowed.
  bool has_been_low() const { return has_been_low_; }
  /// One of its readers has slept: tiny segments that came meanwhile may share buffers.
  bool has_lagged() const;
  /// Frames of other VLANs. Precondition: HostConfig::vlan.
  std::uint64_t foreign_frames() const { return vlan_->foreign_frames(); }
  /// Precondition: HostConfig::driver.
  HoldingQueue& driver() { return *driver_; }
  /// Between this host and its cable.
  Wiretap& tap() { return *tap_; }
  stack::Shard& shard() { return *shard_; }
  /// Segments of either direction that TCP has seen so far.
  std::uint64_t segments() const { return tcp().segments_in + tcp().segments_out; }
  std::size_t half_open() const { return shard_->tcp().half_open_count(); }
  std::size_t time_waits() const { return shard_->tcp().time_wait_count(); }
  std::size_t accepted_open() const;
  void set_egress(const LinkSpec& link) { fault_->set_tx(link.fault()); }

 private:
  friend class World;

  void attach(dev::PacketQueue& cable, const LinkSpec& link, Instant now);
  void set_link(bool up, Instant now) { shard_->on_link(0, up, now); }
  /// One turn of the runtime's loop; true if anything happened. `trace` gathers what was heard.
  bool turn(Instant now, std::uint64_t& trace);
  Instant next_deadline() const;
  bool run_application(Instant now);
  void accept_all(int listener);
  bool transmit(Instant now);
  bool advance_devices(Instant now);

  std::string name_;
  std::uint8_t number_;
  std::uint64_t seed_;
  HostConfig config_;
  std::unique_ptr<buf::Pool> data_;
  std::unique_ptr<buf::Pool> indirect_;
  std::unique_ptr<dev::FaultQueue> fault_;
  std::unique_ptr<Wiretap> tap_;
  std::unique_ptr<HoldingQueue> driver_;
  std::unique_ptr<dev::OffloadQueue> offload_;
  std::unique_ptr<dev::VlanQueue> vlan_;
  dev::PacketQueue* queue_ = nullptr;  ///< the outermost
  std::unique_ptr<stack::Shard> shard_;
  std::unique_ptr<sock::SocketTable> sockets_;
  std::vector<int> listeners_;
  std::vector<std::unique_ptr<Stream>> connected_;
  std::vector<std::unique_ptr<Stream>> accepted_;
  std::vector<rte_mbuf*> waiting_;  ///< polled from the shard, not yet taken by the device
  PlanFor plan_for_;
  std::uint64_t reply_bytes_ = 0;
  bool accept_reading_ = true;
  bool paused_ = false;
  bool has_been_low_ = false;
};

}  // namespace zs::sim
