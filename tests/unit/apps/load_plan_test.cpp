#include "load_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace zs::apps {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LoadPlan usual() {
  LoadPlan plan;
  plan.target = *Endpoint::parse("10.99.0.1:8080");
  plan.duration = 10s;
  plan.warmup = 1500ms;
  plan.timeout = 5s;
  return plan;
}

std::string text_of(const LoadMessage& m) {
  return {reinterpret_cast<const char*>(m.pattern.data()), m.pattern.size()};
}

TEST(LoadPlan, WhatCannotBeDoneNamesItsOption) {
  EXPECT_THAT(problem_of(usual(), 1), IsEmpty());
  const auto problem = [](auto change, std::size_t shards = 1) {
    LoadPlan plan = usual();
    change(plan);
    return problem_of(plan, shards);
  };
  EXPECT_THAT(problem([](LoadPlan& p) { p.connections = 1; }, 2), HasSubstr("--connections"));
  EXPECT_THAT(problem([](LoadPlan& p) { p.requests = 1; }, 2), HasSubstr("--requests"));
  EXPECT_THAT(problem([](LoadPlan& p) { p.path = "index.html"; }), HasSubstr("--path"));
  EXPECT_THAT(problem([](LoadPlan& p) { p.path = "/a b"; }), HasSubstr("--path"));
  EXPECT_THAT(problem([](LoadPlan& p) { p.path = "/a\r\nX: y"; }), HasSubstr("--path"));
  EXPECT_THAT(problem([](LoadPlan& p) { p.path = "/" + std::string(60'000, 'a'); }),
              HasSubstr("--path"));
  EXPECT_THAT(problem([](LoadPlan& p) { p.duration = 0s; }), HasSubstr("--duration"));
  EXPECT_THAT(problem([](LoadPlan& p) { p.timeout = 0s; }), HasSubstr("--timeout"));
}

TEST(LoadPlan, AGetNamesHostAndPath) {
  LoadPlan plan = usual();
  plan.path = "/bytes/7";
  const LoadMessage m = message_of(plan);
  EXPECT_EQ(text_of(m),
            "GET /bytes/7 HTTP/1.1\r\nHost: 10.99.0.1:8080\r\nUser-Agent: zstack\r\n\r\n");
  EXPECT_EQ(m.bytes, m.pattern.size());
  plan.close = true;
  EXPECT_THAT(text_of(message_of(plan)), HasSubstr("\r\nConnection: close\r\n"));
}

TEST(LoadPlan, LongEchoesRepeatThePattern) {
  LoadPlan plan = usual();
  plan.kind = LoadKind::kEcho;
  plan.echo_bytes = 5;
  EXPECT_EQ(message_of(plan).pattern.size(), 5u);
  plan.echo_bytes = 1'000'000;
  EXPECT_EQ(message_of(plan).pattern.size(), kMaxPattern);
  EXPECT_EQ(message_of(plan).bytes, 1'000'000u);
}

TEST(LoadPlan, SharesAddUp) {
  EXPECT_EQ(share_of(10, 0, 3), 4u);
  EXPECT_EQ(share_of(10, 1, 3), 3u);
  EXPECT_EQ(share_of(10, 2, 3), 3u);
}

TEST(LoadPlan, DescribesItself) {
  LoadPlan plan = usual();
  EXPECT_EQ(describe(plan), "50 connections, 10 s after 1.5 s of warm-up");
  plan.rate = 1000;
  plan.close = true;
  plan.connections = 1;
  plan.warmup = 0s;
  EXPECT_EQ(describe(plan), "1 new connection at a time, 1000 requests/s, 10 s");
  plan.rate = 0;
  plan.requests = 1;
  EXPECT_EQ(describe(plan), "1 new connection at a time, 1 request");
}

constexpr Instant kBegin = Instant::from_ns(5'000'000'000);

TEST(LoadSchedule, IsDueAtAFixedRate) {
  LoadSchedule schedule(1'000, 0, 1);
  schedule.begin(kBegin);
  for (int i = 0; i < 3000; ++i) {
    EXPECT_EQ(schedule.next(), kBegin + i * 1ms);
    schedule.advance();
  }
}

TEST(LoadSchedule, DoesNotDriftAtARateThatDividesNothing) {
  LoadSchedule schedule(7, 0, 1);
  schedule.begin(kBegin);
  for (int i = 0; i < 7 * 86'400; ++i) schedule.advance();
  EXPECT_EQ(schedule.next(), kBegin + 24h);
}

RC_GTEST_PROP(LoadSchedule, ShardsTogetherAreOneSchedule, ()) {
  const auto rate = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
  const auto shards = *rc::gen::inRange<std::size_t>(1, 5);
  LoadSchedule whole(rate, 0, 1);
  whole.begin(kBegin);
  std::vector<LoadSchedule> parts;
  for (std::size_t i = 0; i < shards; ++i) {
    parts.emplace_back(rate, i, shards);
    parts.back().begin(kBegin);
  }
  for (std::size_t i = 0; i < 100; ++i) {
    RC_ASSERT(parts[i % shards].next() == whole.next());
    parts[i % shards].advance();
    whole.advance();
  }
}

}  // namespace
}  // namespace zs::apps
