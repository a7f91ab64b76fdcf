#pragma once

#include <memory>
#include <string>

#include "load_client.hpp"
#include "runtime/application.hpp"

namespace zs::apps {

/// A load over zstack's own sockets, one client a shard. What is sent are slices of one buffer,
/// what is received are the buffers that came: no payload byte is copied.
class LoadOnStack final : public runtime::Application, private LoadTransport {
 public:
  /// `result` is complete when the application is gone.
  LoadOnStack(runtime::ShardContext& shard, const LoadPlan& plan, LoadResult& result);

  // runtime::Application
  Result<void> on_start(Instant now, std::string& why) override;
  void on_ready(std::span<const sock::ReadyEvent> events, Instant now) override;
  void on_deadline(Instant now) override { client_.advance(now); }
  Instant next_deadline() const override { return client_.next_deadline(); }
  bool is_finished() const override { return client_.is_finished(); }
  void on_stop(Instant now) override { client_.stop(now); }
  bool is_stopped() const override { return client_.is_finished(); }
  void on_abort(Instant) override { client_.abort(); }

 private:
  // LoadTransport
  Result<int> connect(std::uint32_t connection) override;
  Errc take_error(int socket) override { return sockets_.take_error(socket); }
  Result<std::size_t> send(int socket, std::size_t offset, std::size_t length) override;
  Result<std::size_t> receive(int socket, ByteSink& sink) override;
  void watch(int socket, std::uint32_t connection, LoadInterest interest) override;
  void close(int socket, LoadEnding how) override;

  runtime::ShardContext& shard_;
  sock::SocketTable& sockets_;
  Endpoint target_;
  LoadMessage message_;
  std::size_t most_at_once_;  ///< a longer write could never fit the send buffer
  std::unique_ptr<buf::Pool> pattern_pool_;
  buf::Chain pattern_;
  LoadClient client_;
};

}  // namespace zs::apps
