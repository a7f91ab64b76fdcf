#pragma once

#include <cstdint>
#include <memory>

#include "base/intrusive_list.hpp"
#include "tcp/connection.hpp"
#include "tcp/shared.hpp"

namespace zs::tcp {

/// A listening endpoint and the connections that wait to be accepted. Half-open ones are in the SYN
/// cache and cost the listener nothing.
class Listener : public ListHook<ListenerChangedTag> {
 public:
  Listener(std::uint32_t id, const Endpoint& local, std::uint32_t backlog,
           const ConnectionOptions& options, std::uint8_t receive_scale)
      : id_(id),
        local_(local),
        backlog_(backlog),
        options_(options),
        receive_scale_(receive_scale) {
    fast_opens_->set_limit(options.fast_open_queue);
  }

  std::uint32_t id() const { return id_; }
  const Endpoint& local() const { return local_; }
  const ConnectionOptions& options() const { return options_; }
  /// The window scale of all its connections: handshakes under way, and cookies of which there is
  /// no memory, have told it.
  std::uint8_t receive_scale() const { return receive_scale_; }
  /// For connections to come. A receive buffer beyond what the scale can say is not offered whole.
  void set_options(const ConnectionOptions& options) {
    options_ = options;
    fast_opens_->set_limit(options.fast_open_queue);
  }
  /// Connections that began with data on their SYN (RFC 7413), and how many there may be.
  const std::shared_ptr<FastOpenQueue>& fast_opens() const { return fast_opens_; }
  std::uint32_t backlog() const { return backlog_; }
  void set_backlog(std::uint32_t backlog) { backlog_ = backlog; }
  std::uint32_t owner() const { return owner_; }
  void set_owner(std::uint32_t owner) { owner_ = owner; }
  /// Bound to ::, it takes no IPv4 (RFC 3493 §5.3).
  bool is_v6_only() const { return v6_only_; }
  void set_v6_only(bool on) { v6_only_ = on; }

  bool is_full() const { return waiting_ >= backlog_; }
  bool has_waiting() const { return !queue_.empty(); }
  std::size_t waiting() const { return waiting_; }
  void enqueue(Connection& connection) {
    connection.set_listener(this);
    queue_.push_back(connection);
    ++waiting_;
  }
  /// The oldest that waits, or nullptr.
  Connection* dequeue() {
    if (queue_.empty()) return nullptr;
    Connection& connection = queue_.pop_front();
    --waiting_;
    connection.set_listener(nullptr);
    return &connection;
  }

 private:
  std::uint32_t id_;
  Endpoint local_;
  std::uint32_t backlog_;
  ConnectionOptions options_;
  std::uint8_t receive_scale_;
  std::shared_ptr<FastOpenQueue> fast_opens_ = std::make_shared<FastOpenQueue>();
  std::uint32_t owner_ = Connection::kNoOwner;
  bool v6_only_ = false;
  IntrusiveList<Connection, AcceptTag> queue_;
  std::size_t waiting_ = 0;
};

}  // namespace zs::tcp
