#include "buf/loan.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"
#include "buf/mbuf.hpp"

namespace zs::buf {
namespace {

/// A pool of which somebody holds nearly all.
struct ScarcePool {
  explicit ScarcePool(std::uint32_t left) {
    while (pool->available() > left) kept.push_back(take());
    pool->look();
  }
  Mbuf take() { return Mbuf::adopt(pool->alloc()); }

  std::unique_ptr<Pool> pool = *Pool::create({.name = "p", .count = 16'000, .data_room = 1});
  std::vector<Mbuf> kept;
};

TEST(Loan, AdmitsAllWhileThereIsPlenty) {
  ScarcePool p{16'000};
  Loan loan;
  for (std::uint32_t i = 0; i < 10 * Loan::kQuota; ++i) ASSERT_TRUE(loan.admit(*p.pool));
}

// Between two looks it goes by what it has admitted itself, else one burst could take everything.
TEST(Loan, CountsWhatItAdmitsWithinABurst) {
  ScarcePool p{3'000};
  ASSERT_EQ(p.pool->supply(), Supply::kLow);
  Loan loan;
  std::uint32_t admitted = 0;
  while (loan.admit(*p.pool, 10)) admitted += 10;
  EXPECT_GE(admitted, 1'000u);
  EXPECT_LE(admitted, 1'000u + Loan::kQuota + 20);
}

TEST(Loan, AdmitsNothingFromTheReserve) {
  ScarcePool p{999};
  ASSERT_EQ(p.pool->supply(), Supply::kReserve);
  EXPECT_FALSE(Loan{}.admit(*p.pool));
}

TEST(Loan, OneThatKeepsEverythingGetsItsQuotaAndEverRarerTrials) {
  ScarcePool p{1'900};
  Loan loan;
  std::uint32_t admitted = 0;
  for (int i = 0; i < 10'000; ++i) {
    p.pool->look();
    if (!loan.admit(*p.pool)) continue;
    ++admitted;
    p.kept.push_back(p.take());
  }
  EXPECT_GE(admitted, Loan::kQuota);
  EXPECT_LE(admitted, Loan::kQuota + 16 * Loan::kTrial);
}

TEST(Loan, OneThatGivesBackGoesOnBesideOneThatDoesNot) {
  ScarcePool p{1'900};
  Loan good;
  Loan bad;
  std::uint32_t served = 0;
  for (int turn = 0; turn < 1'000; ++turn) {
    p.pool->look();
    std::vector<Mbuf> read;
    for (int i = 0; i < 8; ++i) {
      if (good.admit(*p.pool)) read.push_back(p.take());
      if (bad.admit(*p.pool)) p.kept.push_back(p.take());
    }
    served += static_cast<std::uint32_t>(read.size());
  }
  EXPECT_GT(served, 7'000u);
  EXPECT_GT(p.pool->available(), 1'900u - Loan::kQuota - 16 * Loan::kTrial);
}

// What waits in a transmit ring when somebody looks is not what somebody keeps.
TEST(Loan, IsNotFooledByBuffersOnTheirWay) {
  ScarcePool p{1'900};
  Loan loan;
  std::uint32_t kept = 0;
  Random random{7};
  for (int turn = 0; turn < 2'000; ++turn) {
    std::vector<Mbuf> on_their_way;
    for (std::uint32_t n = random.below(100); n > 0; --n) on_their_way.push_back(p.take());
    p.pool->look();
    for (int i = 0; i < 8; ++i) {
      if (!loan.admit(*p.pool)) continue;
      p.kept.push_back(p.take());
      ++kept;
    }
  }
  EXPECT_LE(kept, 3 * Loan::kQuota + 16 * Loan::kTrial);
}

TEST(Loan, StartsAfreshWhenTheShortageIsOver) {
  ScarcePool p{1'900};
  Loan loan;
  while (loan.admit(*p.pool)) {
    p.kept.push_back(p.take());
    p.pool->look();
  }
  p.kept.resize(10'000);
  p.pool->look();
  ASSERT_EQ(p.pool->supply(), Supply::kPlenty);
  while (p.pool->available() > 1'900) p.kept.push_back(p.take());
  p.pool->look();
  for (std::uint32_t i = 0; i < Loan::kQuota; ++i) ASSERT_TRUE(loan.admit(*p.pool));
}

}  // namespace
}  // namespace zs::buf
