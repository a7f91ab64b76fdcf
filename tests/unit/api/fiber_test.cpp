#include <gtest/gtest.h>

#include "unit/api/fibers.hpp"

namespace zs::api {
namespace {

using namespace test;

class FiberCallTest : public FiberTest {};

TEST_F(FiberCallTest, OneRunsFromTheNextPassOnUntilItReturns) {
  std::string said;
  ASSERT_EQ(spawn([&] { said += "a"; }), 0);
  ASSERT_EQ(spawn([&] {
              said += "b";
              EXPECT_EQ(z_yield(), 0);
              said += "d";
            }),
            0);
  EXPECT_EQ(said, "");
  EXPECT_TRUE(w.table->has_ready());
  pass_once();
  EXPECT_EQ(said, "ab");
  EXPECT_EQ(alive(), 1u);
  EXPECT_TRUE(w.table->has_ready());
  pass_once();
  EXPECT_EQ(said, "abd");
  EXPECT_EQ(alive(), 0u);
  EXPECT_FALSE(w.table->has_ready());
}

TEST_F(FiberCallTest, SleepsToTheMicrosecond) {
  const Instant before = w.now;
  Instant after;
  spawn([&] {
    EXPECT_EQ(z_usleep(1'234), 0);
    after = w.now;
  });
  pass_once();
  EXPECT_EQ(w.instance.queues.next_deadline() - before, 1'234us);
  EXPECT_FALSE(w.table->has_ready());
  go(5ms, 1us);
  EXPECT_EQ(after - before, 1'234us);
}

TEST_F(FiberCallTest, SleepsForEverOrNotAtAll) {
  int woken = 0;
  spawn([&] {
    EXPECT_EQ(z_usleep(0), 0);
    ++woken;
    EXPECT_EQ(errno_of(z_usleep(UINT64_MAX)), ECANCELED);
    ++woken;
  });
  go(10ms);
  EXPECT_EQ(woken, 1);
  w.instance.fibers.cancel();
  EXPECT_EQ(woken, 2);
}

TEST_F(FiberCallTest, OutsideOfOneNobodySleeps) {
  EXPECT_EQ(errno_of(z_yield()), EPERM);
  EXPECT_EQ(errno_of(z_usleep(1)), EPERM);
}

TEST_F(FiberCallTest, RefusesWhatIsNoFiber) {
  EXPECT_EQ(errno_of(z_spawn(nullptr, nullptr, 0)), EINVAL);
  EXPECT_EQ(errno_of(spawn([] {}, SIZE_MAX)), EINVAL);
  EXPECT_EQ(errno_of(spawn([] {}, (std::size_t{1} << 30) + 1)), EINVAL);
  EXPECT_EQ(spawn([] {}, 1), 0);  // as small as one can be
  EXPECT_EQ(alive(), 1u);
  go(1ms);
  EXPECT_EQ(alive(), 0u);
}

}  // namespace
}  // namespace zs::api
