#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <ctime>

#include "base/time.hpp"
#include "latency_histogram.hpp"

namespace zs::bench {

/// What a thread's core was used for.
struct CoreUse {
  Duration cpu{};                  ///< CPU time of the thread, as the kernel accounts it
  std::uint64_t busy_cycles = 0;   ///< TSC ticks of the passes that had something to do
  std::uint64_t total_cycles = 0;  ///< of all passes

  CoreUse operator-(const CoreUse& before) const {
    return {cpu - before.cpu, busy_cycles - before.busy_cycles, total_cycles - before.total_cycles};
  }
};

/// Counts what a thread does. One thread counts; any may ask while it lives.
class CoreMeter {
 public:
  /// On the thread itself, before anything else.
  void begin() {
    pthread_getcpuclockid(pthread_self(), &clock_);
    has_begun_.store(true, std::memory_order_release);
  }
  void add_pass(std::uint64_t cycles, bool was_busy) {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    total_.store(total_.load(kRelaxed) + cycles, kRelaxed);
    if (was_busy) busy_.store(busy_.load(kRelaxed) + cycles, kRelaxed);
  }
  CoreUse use() const {
    CoreUse use;
    if (!has_begun_.load(std::memory_order_acquire)) return use;
    timespec t{};
    clock_gettime(clock_, &t);
    use.cpu = Duration{std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec};
    use.busy_cycles = busy_.load(std::memory_order_relaxed);
    use.total_cycles = total_.load(std::memory_order_relaxed);
    return use;
  }

 private:
  clockid_t clock_{};
  std::atomic<bool> has_begun_{false};
  std::atomic<std::uint64_t> busy_{0};
  std::atomic<std::uint64_t> total_{0};
};

/// The latencies that a client saw while another thread says that it measures.
class LatencyMeter {
 public:
  /// Any thread.
  void switch_to(bool on) { is_on_.store(on, std::memory_order_relaxed); }

  /// The client's thread.
  bool is_on() const { return is_on_.load(std::memory_order_relaxed); }
  void record(Duration latency) { histogram_.record(latency); }

  /// Once the client's thread has ended.
  const apps::LatencyHistogram& histogram() const { return histogram_; }

 private:
  std::atomic<bool> is_on_{false};
  apps::LatencyHistogram histogram_;
};

}  // namespace zs::bench
