#include "load_on_stack.hpp"

#include <algorithm>

#include "listening.hpp"

namespace zs::apps {
namespace {

constexpr std::uint32_t kMostReceived = 64 * 1024;

}  // namespace

LoadOnStack::LoadOnStack(runtime::ShardContext& shard, const LoadPlan& plan, LoadResult& result)
    : shard_(shard),
      sockets_(shard.sockets),
      target_(plan.target),
      message_(message_of(plan)),
      most_at_once_(shard.config.tcp.send_buffer_bytes),
      client_(plan, shard.index, shard.count, *this, result) {}

Result<void> LoadOnStack::on_start(Instant now, std::string& why) {
  if (!message_.pattern.empty()) {
    const auto bytes = static_cast<std::uint16_t>(message_.pattern.size());
    auto pool = buf::Pool::create({"zs-load-" + std::to_string(shard_.index), 1, bytes});
    if (!pool) {
      why = "no memory for what is sent; raise runtime.memory_mb";
      return pool.error();
    }
    pattern_pool_ = std::move(*pool);
    ZS_TRY_ASSIGN(pattern_, buf::Chain::copy_of(message_.pattern, *pattern_pool_));
  }
  client_.advance(now);
  return {};
}

void LoadOnStack::on_ready(std::span<const sock::ReadyEvent> events, Instant now) {
  using namespace sock::ready;
  for (const auto& e : events) {
    const LoadEvent event{static_cast<std::uint32_t>(e.user_data),
                          (e.ready & (kReadable | kPeerClosed | kHangup)) != 0,
                          (e.ready & kWritable) != 0, (e.ready & kError) != 0};
    client_.on_event(event, now);
  }
  client_.advance(now);
}

Result<int> LoadOnStack::connect(std::uint32_t connection) {
  ZS_TRY_ASSIGN(const int fd, sockets_.socket(sock::Type::kStream, target_.address.family()));
  ignore(sockets_.set_option(fd, sock::Option::kNoDelay, 1));
  const auto begun = sockets_.connect(fd, target_);
  if (!begun && begun.error() != Errc::kInProgress) {
    ignore(sockets_.close(fd));
    return begun.error();
  }
  watch(fd, connection, LoadInterest::kBoth);
  return fd;
}

Result<std::size_t> LoadOnStack::send(int socket, std::size_t offset, std::size_t length) {
  const std::size_t n = std::min(length, most_at_once_);
  rte_mbuf* slice =
      buf::make_indirect(*shard_.pools.indirect, pattern_.head(),
                         static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(n));
  if (slice == nullptr) return Errc::kNoBuffers;
  buf::Chain part(buf::Mbuf::adopt(slice));
  ZS_TRY(sockets_.write(socket, part));
  return n;
}

Result<std::size_t> LoadOnStack::receive(int socket, ByteSink& sink) {
  ZS_TRY_ASSIGN(const buf::Chain chain, sockets_.read(socket, kMostReceived));
  for (const rte_mbuf* m = chain.head(); m != nullptr; m = m->next) sink.take(buf::bytes(m));
  return std::size_t{chain.size()};
}

void LoadOnStack::watch(int socket, std::uint32_t connection, LoadInterest interest) {
  using namespace sock::ready;
  ignore(sockets_.watch(socket, interest == LoadInterest::kBoth ? kReadable | kWritable : kReadable,
                        connection));
}

void LoadOnStack::close(int socket, LoadEnding how) {
  if (how == LoadEnding::kReset) ignore(sockets_.set_option(socket, sock::Option::kLinger, 0));
  ignore(sockets_.close(socket));
}

}  // namespace zs::apps
