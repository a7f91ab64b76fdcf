#include "load_result.hpp"

#include <gtest/gtest.h>

namespace zs::apps {
namespace {

using namespace std::chrono_literals;

TEST(LoadResult, RefusalsHaveKinds) {
  LoadResult r;
  r.count(Errc::kConnRefused);
  r.count(Errc::kConnReset);
  r.count(Errc::kPipe);
  r.count(Errc::kTimedOut);
  r.count(Errc::kTooManyFiles);
  EXPECT_EQ(r[LoadError::kRefused], 1u);
  EXPECT_EQ(r[LoadError::kReset], 2u);
  EXPECT_EQ(r[LoadError::kTimeout], 1u);
  EXPECT_EQ(r[LoadError::kOther], 1u);
  EXPECT_EQ(r.other, Errc::kTooManyFiles);
  EXPECT_EQ(r.error_count(), 5u);
}

TEST(LoadResult, ShardsAddUpOverTheSameTime) {
  LoadResult a;
  a.requests = 10;
  a.measured = 2s;
  a.latency.record(1ms);
  LoadResult b;
  b.requests = 5;
  b.measured = 2s;
  b.unreachable = Errc::kConnRefused;
  b.count(Errc::kConnReset);
  a.merge(b);
  EXPECT_EQ(a.requests, 15u);
  EXPECT_EQ(a.measured, 2s);
  EXPECT_EQ(a.latency.count(), 1u);
  EXPECT_EQ(a.unreachable, Errc::kConnRefused);
  EXPECT_EQ(a.error_count(), 1u);
}

}  // namespace
}  // namespace zs::apps
