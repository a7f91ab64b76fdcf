#include "bench/memcpy_cost.hpp"

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "bench/figure.hpp"
#include "buf/chain.hpp"
#include "buf/pool.hpp"

namespace zs::bench {
namespace {

constexpr int kCopyRounds = 3;                ///< over all buffers
constexpr std::size_t kTimedAtOnce = 16;      ///< answers
constexpr std::uint16_t kClientRoom = 8'192;  ///< of EchoClient's request
constexpr std::uint16_t kStackRoom = 2'048;   ///< of CableWorld's pools
constexpr std::uint32_t kStackBuffers = 32'768;
/// No pool gives its last sixteenth to an application.
constexpr std::uint32_t kStackPool = kStackBuffers + kStackBuffers / 8;

void copy_into(const buf::Chain& chain, std::span<const std::byte> bytes) {
  for (rte_mbuf* m = chain.head(); m != nullptr; m = m->next) {
    std::memcpy(rte_pktmbuf_mtod(m, std::byte*), bytes.data(), m->data_len);
    bytes = bytes.subspan(m->data_len);
  }
}

/// No compiler may know that nobody looks at the bytes.
void keep(const std::byte* bytes) { asm volatile("" : : "g"(bytes) : "memory"); }

}  // namespace

Result<double> copy_cycles(std::uint32_t bytes, std::string& why) {
  why = "no memory to measure copying in";
  const std::uint32_t a_chain = (bytes + kStackRoom - 1) / kStackRoom;
  ZS_TRY_ASSIGN(const auto client_pool, buf::Pool::create({"bench-copy-in", 63, kClientRoom}));
  ZS_TRY_ASSIGN(const auto stack_pool,
                buf::Pool::create({"bench-copy-out", kStackPool, kStackRoom}));
  std::vector<std::byte> memory(bytes, std::byte{'z'});
  ZS_TRY_ASSIGN(const auto request, buf::Chain::copy_of(memory, *client_pool));
  std::vector<buf::Chain> answers;
  for (std::uint32_t i = 0; i < kStackBuffers / a_chain; ++i) {
    ZS_TRY_ASSIGN(auto answer, buf::Chain::copy_of(memory, *stack_pool));
    answers.push_back(std::move(answer));
  }
  why.clear();
  Figure cycles;
  for (int round = 0; round < kCopyRounds; ++round) {
    for (std::size_t at = 0; at + kTimedAtOnce <= answers.size(); at += kTimedAtOnce) {
      const std::uint64_t began = rte_rdtsc();
      for (const buf::Chain& answer : std::span(answers).subspan(at, kTimedAtOnce)) {
        request.copy_out(0, memory);
        keep(memory.data());
        copy_into(answer, memory);
        keep(buf::bytes(answer.head()).data());
      }
      cycles.add(static_cast<double>(rte_rdtsc() - began) / kTimedAtOnce);
    }
  }
  return cycles.median();
}

}  // namespace zs::bench
