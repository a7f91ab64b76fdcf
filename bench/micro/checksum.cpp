// The Internet checksum by vectors and by words, over lengths from a header to a jumbo frame.
#include "wire/checksum.hpp"

#include <benchmark/benchmark.h>

#include <vector>

namespace {

template <auto Sum>
void checksum(benchmark::State& state) {
  const std::vector<std::byte> data(static_cast<std::size_t>(state.range(0)), std::byte{0xa5});
  for (auto _ : state) {
    std::uint64_t sum = Sum(data, 0);
    benchmark::DoNotOptimize(sum);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void lengths(benchmark::internal::Benchmark* b) {
  for (const int n : {20, 64, 128, 256, 1448, 2048, 8960}) b->Arg(n);
}
BENCHMARK(checksum<zs::wire::checksum_add>)->Apply(lengths)->Name("vectors");
BENCHMARK(checksum<zs::wire::checksum_add_scalar>)->Apply(lengths)->Name("words");

}  // namespace

BENCHMARK_MAIN();
