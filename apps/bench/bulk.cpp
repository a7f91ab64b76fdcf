#include "bench/bulk.hpp"

#include <cstddef>
#include <vector>

#include "bench/cable_world.hpp"
#include "bench/echo.hpp"

namespace zs::bench {
namespace {

constexpr std::uint32_t kBlockBytes = 64 * 1024;
constexpr std::uint32_t kSinkTurnBytes = 1024 * 1024;
constexpr int kBlocksATurn = 4;  ///< then the network has its turn

}  // namespace

Result<void> BulkSink::on_start(Instant, std::string& why) {
  why = "the bulk server cannot listen";
  ZS_TRY_ASSIGN(listener_, sockets_.socket(sock::Type::kStream, IpFamily::kV4));
  ZS_TRY(sockets_.bind(listener_, {IpAddress::any(IpFamily::kV4), kEchoPort}));
  ZS_TRY(sockets_.listen(listener_, 1));
  return sockets_.watch(listener_, sock::ready::kReadable, 0);
}

void BulkSink::on_ready(std::span<const sock::ReadyEvent> events, Instant) {
  for (const sock::ReadyEvent& event : events) {
    if (event.fd == listener_) {
      const auto fd = sockets_.accept(listener_);
      if (fd) static_cast<void>(sockets_.watch(*fd, sock::ready::kReadable, 0));
      continue;
    }
    const auto chain = sockets_.read(event.fd, kSinkTurnBytes);
    if (chain && !chain->empty()) {
      received_.store(received() + chain->size(), std::memory_order_relaxed);
    } else if (chain || chain.error() != Errc::kAgain) {
      static_cast<void>(sockets_.close(event.fd));
    }
  }
}

Result<void> BulkSource::on_start(Instant, std::string& why) {
  why = "the bulk client cannot open its connection";
  const std::vector<std::byte> bytes(kBlockBytes, std::byte{'b'});
  ZS_TRY_ASSIGN(block_pool_, buf::Pool::create({"bench-block", 63, 8'192}));
  ZS_TRY_ASSIGN(block_, buf::Chain::copy_of(bytes, *block_pool_));
  ZS_TRY_ASSIGN(const int fd, sockets_.socket(sock::Type::kStream, IpFamily::kV4));
  const auto begun = sockets_.connect(fd, {kServerAddress, kEchoPort});
  if (!begun && begun.error() != Errc::kInProgress) return begun.error();
  return sockets_.watch(fd, sock::ready::kWritable, 0);
}

void BulkSource::on_ready(std::span<const sock::ReadyEvent> events, Instant) {
  for (const sock::ReadyEvent& event : events) {
    for (int i = 0; i < kBlocksATurn; ++i) {
      auto block = block_.clone(*pools_.indirect);
      if (!block) break;  // descriptors come back with the acknowledgements
      const auto written = sockets_.write(event.fd, *block);
      if (written) continue;
      if (written.error() != Errc::kAgain) is_broken_ = true;
      break;
    }
    if (is_broken()) static_cast<void>(sockets_.close(event.fd));
  }
}

}  // namespace zs::bench
