#include "load_result.hpp"

#include <algorithm>

namespace zs::apps {
namespace {

LoadError kind_of(Errc why) {
  if (why == Errc::kConnRefused) return LoadError::kRefused;
  if (why == Errc::kConnReset || why == Errc::kPipe) return LoadError::kReset;
  if (why == Errc::kTimedOut) return LoadError::kTimeout;
  return LoadError::kOther;
}

}  // namespace

void LoadResult::count(Errc why) {
  const LoadError kind = kind_of(why);
  if (kind == LoadError::kOther) other = why;
  ++(*this)[kind];
}

void LoadResult::merge(const LoadResult& other_shard) {
  const LoadResult& o = other_shard;
  latency.merge(o.latency);
  requests += o.requests;
  bytes_sent += o.bytes_sent;
  bytes_received += o.bytes_received;
  connections += o.connections;
  late += o.late;
  unsent += o.unsent;
  measured = std::max(measured, o.measured);
  if (!unreachable) unreachable = o.unreachable;
  if (other == Errc{}) other = o.other;
  for (std::size_t i = 0; i < kLoadErrors; ++i) errors[i] += o.errors[i];
}

}  // namespace zs::apps
