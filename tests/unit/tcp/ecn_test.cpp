#include "tcp/ecn.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

namespace flag = wire::tcp_flag;
using Answer = Ecn::Answer;
using Echo = Ecn::Echo;
using wire::EcnField;

Ecn agreed(bool exact = false) {
  Ecn e;
  e.agree();
  e.set_exact(exact);
  return e;
}

TEST(Ecn, ReadsTheTwoBitsOfSynsAsRfc3168Has) {
  EXPECT_TRUE(Ecn::is_setup_syn(flag::kSyn | flag::kEce | flag::kCwr));
  EXPECT_FALSE(Ecn::is_setup_syn(flag::kSyn | flag::kEce));
  EXPECT_FALSE(Ecn::is_setup_syn(flag::kSyn | flag::kCwr));
  EXPECT_TRUE(Ecn::is_setup_syn_ack(flag::kSyn | flag::kAck | flag::kEce));
  EXPECT_FALSE(Ecn::is_setup_syn_ack(flag::kSyn | flag::kAck | flag::kEce | flag::kCwr));
  EXPECT_FALSE(Ecn::is_setup_syn_ack(flag::kSyn | flag::kAck));
}

TEST(Ecn, OfNobodySaysAndHearsNothing) {
  Ecn e;
  EXPECT_EQ(e.on_data(flag::kCwr, true), Answer::kNone);
  EXPECT_EQ(e.echo_flags(), 0);
  EXPECT_EQ(e.on_ack(flag::kEce, SeqNum{1}), Echo::kNone);
  e.on_window_reduced(SeqNum{9});
  EXPECT_FALSE(e.owes_cwr());
  EXPECT_EQ(e.field(true), EcnField::kNotEct);
  EXPECT_EQ(wire::ecn_of(e.ipv4_start()), EcnField::kNotEct);
  EXPECT_TRUE(e.is_quiet());
}

TEST(Ecn, WithdrawnIsOffForGood) {
  Ecn e;
  EXPECT_TRUE(e.may_offer());
  e.offer();
  e.agree();
  EXPECT_EQ(wire::ecn_of(e.ipv4_start()), EcnField::kEct0);
  e.withdraw();
  EXPECT_FALSE(e.may_offer());
  EXPECT_FALSE(e.is_offered());
  EXPECT_FALSE(e.is_on());
  EXPECT_EQ(wire::ecn_of(e.ipv4_start()), EcnField::kNotEct);
}

TEST(Ecn, MarksNewDataOnlyAndWithDctcpAll) {
  EXPECT_EQ(agreed().field(true), EcnField::kEct0);
  EXPECT_EQ(agreed().field(false), EcnField::kNotEct);
  EXPECT_EQ(agreed(true).field(false), EcnField::kEct0);
}

TEST(Ecn, EchoesUntilTheWindowWasReduced) {
  Ecn e = agreed();
  EXPECT_EQ(e.on_data(0, true), Answer::kAtOnce);
  EXPECT_EQ(e.echo_flags(), flag::kEce);
  EXPECT_FALSE(e.is_quiet());
  EXPECT_EQ(e.on_data(0, false), Answer::kNone);
  EXPECT_EQ(e.on_data(0, true), Answer::kNone);
  EXPECT_EQ(e.echo_flags(), flag::kEce);
  EXPECT_EQ(e.on_data(flag::kCwr, false), Answer::kNone);
  EXPECT_EQ(e.echo_flags(), 0);
  EXPECT_TRUE(e.is_quiet());
  e.on_data(0, true);
  e.on_data(flag::kCwr, true);
  EXPECT_EQ(e.echo_flags(), flag::kEce);
}

TEST(Ecn, WithDctcpEachChangeIsToldAtOnceAndCwrChangesNothing) {
  Ecn e = agreed(true);
  EXPECT_EQ(e.on_data(0, false), Answer::kNone);
  EXPECT_EQ(e.on_data(0, true), Answer::kFormerAtOnce);
  EXPECT_EQ(e.on_data(flag::kCwr, true), Answer::kNone);
  EXPECT_EQ(e.echo_flags(), flag::kEce);
  EXPECT_EQ(e.on_data(0, false), Answer::kFormerAtOnce);
  EXPECT_EQ(e.echo_flags(), 0);
  EXPECT_FALSE(e.is_quiet());  // each acknowledgement counts
}

TEST(Ecn, ReducesOnceAWindow) {
  Ecn e = agreed();
  EXPECT_EQ(e.on_ack(0, SeqNum{100}), Echo::kNone);
  EXPECT_EQ(e.on_ack(flag::kEce, SeqNum{100}), Echo::kReduce);
  e.on_window_reduced(SeqNum{500});
  EXPECT_TRUE(e.owes_cwr());
  e.on_cwr_sent();
  EXPECT_FALSE(e.owes_cwr());
  EXPECT_EQ(e.on_ack(flag::kEce, SeqNum{200}), Echo::kHeard);
  EXPECT_EQ(e.on_ack(flag::kEce, SeqNum{500}), Echo::kHeard);
  EXPECT_FALSE(e.is_quiet());
  EXPECT_EQ(e.on_ack(flag::kEce, SeqNum{501}), Echo::kReduce);
  EXPECT_TRUE(e.is_quiet());
}

// What is remembered of a reduction must not look like the future half the sequence space later.
TEST(Ecn, ForgetsAReductionOnceItsWindowIsOver) {
  Ecn e = agreed();
  e.on_window_reduced(SeqNum{500});
  EXPECT_EQ(e.on_ack(0, SeqNum{501}), Echo::kNone);
  EXPECT_EQ(e.on_ack(flag::kEce, SeqNum{501} + 0x8000'0000u), Echo::kReduce);
}

}  // namespace
}  // namespace zs::tcp
