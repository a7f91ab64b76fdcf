#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "dev/queue.hpp"

namespace zs::dev {

/// Where a capture goes.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// All of `bytes`, or kIo.
  virtual Result<void> write(std::span<const std::byte> bytes) noexcept = 0;
};

/// Writes to a stream that somebody else opens, flushes and closes.
class FileSink final : public ByteSink {
 public:
  explicit FileSink(std::FILE* file) : file_(file) {}
  Result<void> write(std::span<const std::byte> bytes) noexcept override {
    const bool complete = std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
    return complete ? Result<void>{} : Errc::kIo;
  }

 private:
  std::FILE* file_;
};

enum class CaptureDirection : std::uint8_t { kInbound = 1, kOutbound = 2 };

struct CaptureConfig {
  std::string interface_name;              ///< shown by Wireshark; at most 255 characters
  std::uint32_t snap_bytes = 65'535 + 22;  ///< of a frame that are kept
  /// Added to each Instant: the wall-clock time of the timeline's zero, since 1970.
  Duration epoch{0};
};

/// Writes pcapng (IETF draft-ietf-opsawg-pcapng) with nanosecond times and directions. One
/// interface a file.
class PcapWriter {
 public:
  /// `sink` outlives it.
  PcapWriter(ByteSink& sink, CaptureConfig config);

  /// Once, first: the section and interface blocks.
  Result<void> begin() noexcept;
  /// One frame of which it reads the bytes only. kIo if the sink refuses.
  Result<void> write(Instant at, CaptureDirection direction, const rte_mbuf& frame) noexcept;
  std::uint64_t frames() const noexcept { return frames_; }

 private:
  ByteSink& sink_;
  CaptureConfig config_;
  std::vector<std::byte> block_;  ///< room for one frame, so that capturing does not allocate
  std::uint64_t frames_ = 0;
};

/// Records what passes a queue, both ways, and changes nothing. Time is passed in: call advance()
/// before each burst. After an error of the sink it records no more (see healthy()).
///
/// Frames are recorded as they stand: checksums that the device fills in are not there yet.
class CaptureQueue final : public PacketQueue {
 public:
  /// `inner` and `writer` outlive it.
  CaptureQueue(PacketQueue& inner, PcapWriter& writer) : inner_(inner), writer_(writer) {}

  void advance(Instant now) noexcept { now_ = now; }
  bool healthy() const noexcept { return healthy_; }

  const Capabilities& capabilities() const noexcept override { return inner_.capabilities(); }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override;
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override;
  bool tx_pending() const noexcept override { return inner_.tx_pending(); }
  int wake_fd() const noexcept override { return inner_.wake_fd(); }
  Wake arm_wake() noexcept override { return inner_.arm_wake(); }
  void disarm_wake() noexcept override { inner_.disarm_wake(); }
  bool link_up() const noexcept override { return inner_.link_up(); }
  QueueStats stats() const noexcept override { return inner_.stats(); }

 private:
  void record(CaptureDirection direction, const rte_mbuf& frame) noexcept;

  PacketQueue& inner_;
  PcapWriter& writer_;
  Instant now_;
  bool healthy_ = true;
  /// A frame that was recorded and that the device then refused: not recorded again when it comes
  /// back first. Never dereferenced.
  const rte_mbuf* refused_ = nullptr;
};

}  // namespace zs::dev
