#include "load_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace zs::apps {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

LoadPlan plan_of(LoadKind kind = LoadKind::kHttp) {
  LoadPlan plan;
  plan.target = *Endpoint::parse("10.99.0.1:80");
  plan.kind = kind;
  plan.duration = 2s;
  return plan;
}

LoadResult good() {
  LoadResult r;
  r.requests = 1'000;
  r.bytes_sent = 50'000;
  r.bytes_received = 2'500'000;
  r.measured = 2s;
  for (int i = 0; i < 1'000; ++i) r.latency.record(250us);
  return r;
}

TEST(LoadReport, TellsPeople) {
  const std::string text = text_report(plan_of(), "zstack", good());
  EXPECT_THAT(text, HasSubstr("http 10.99.0.1:80 over zstack: 50 connections, 2 s"));
  EXPECT_THAT(text, HasSubstr("500.0 /s"));
  EXPECT_THAT(text, HasSubstr("0.010 Gbit/s"));
  EXPECT_THAT(text, HasSubstr("p99.9 250 us"));
  EXPECT_THAT(text, HasSubstr("errors       none"));
  EXPECT_THAT(text, Not(HasSubstr("not on time")));
}

TEST(LoadReport, SaysWhatWasLateInAnOpenLoop) {
  LoadPlan plan = plan_of();
  plan.rate = 100;
  LoadResult r = good();
  r.late = 3;
  r.unsent = 4;
  EXPECT_THAT(text_report(plan, "zstack", r), HasSubstr("3 late by more than 1 ms, 4 never sent"));
}

TEST(LoadReport, JsonHasTheSameFigures) {
  LoadResult r = good();
  r[LoadError::kReset] = 2;
  const auto json = nlohmann::json::parse(json_report(plan_of(), "kernel", r));
  EXPECT_EQ(json["target"], "10.99.0.1:80");
  EXPECT_EQ(json["transport"], "kernel");
  EXPECT_EQ(json["seconds"], 2.0);
  EXPECT_EQ(json["requests_per_second"], 500.0);
  EXPECT_EQ(json["received_bits_per_second"], 10e6);
  EXPECT_EQ(json["latency_ns"]["max"], 250'000);
  EXPECT_EQ(json["errors"]["reset"], 2);
  EXPECT_EQ(json["errors"].size(), kLoadErrors);
}

TEST(LoadReport, NothingMeasuredIsNoDivisionByZero) {
  const auto json = nlohmann::json::parse(json_report(plan_of(), "zstack", LoadResult{}));
  EXPECT_EQ(json["requests_per_second"], 0.0);
}

TEST(LoadReport, TroubleNamesWhatToDo) {
  EXPECT_THAT(trouble_of(plan_of(), good()), IsEmpty());
  EXPECT_THAT(trouble_of(plan_of(), LoadResult{}), HasSubstr("not a request was answered"));
  EXPECT_THAT(trouble_of(plan_of(LoadKind::kBulkSend), LoadResult{}), HasSubstr("not a byte"));
  LoadResult r = good();
  r.count(Errc::kConnReset);
  r.count(Errc::kTimedOut);
  r.count(Errc::kAddrNotAvailable);
  EXPECT_THAT(trouble_of(plan_of(), r), HasSubstr("1 reset, 1 timeout, 1 other"));
  EXPECT_THAT(trouble_of(plan_of(), r), HasSubstr("no local port was free"));
  LoadResult refused;
  refused.unreachable = Errc::kConnRefused;
  EXPECT_THAT(trouble_of(plan_of(), refused), HasSubstr("Connection refused; is a server"));
}

TEST(LoadReport, BulkIsToldInBits) {
  LoadResult r;
  r.measured = 2s;
  r.bytes_received = 2'500'000'000;
  const std::string text = text_report(plan_of(LoadKind::kBulkReceive), "zstack", r);
  EXPECT_THAT(text, HasSubstr("10.000 Gbit/s"));
  EXPECT_THAT(text, Not(HasSubstr("requests")));
}

}  // namespace
}  // namespace zs::apps
