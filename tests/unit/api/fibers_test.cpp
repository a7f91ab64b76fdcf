#include "unit/api/fibers.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace zs::api {
namespace {

using namespace test;

class FibersTest : public FiberTest {};

TEST_F(FibersTest, OneMaySpawnOthers) {
  int ran = 0;
  spawn([&] {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(spawn([&] { ++ran; }), 0);
  });
  pass_once();
  EXPECT_EQ(ran, 0);
  pass_once();
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(alive(), 0u);
}

TEST_F(FibersTest, ErrnoIsEachOnesOwn) {
  spawn([] {
    errno = 7;
    EXPECT_EQ(z_yield(), 0);
    EXPECT_EQ(errno, 7);
  });
  spawn([] { errno = 8; });
  go(2ms);
  EXPECT_EQ(alive(), 0u);
}

TEST_F(FibersTest, WaitsInsideOfACatchBlock) {
  const auto body = [](const char* what) {
    return [what] {
      try {
        throw std::runtime_error(what);
      } catch (const std::runtime_error&) {
        EXPECT_EQ(z_yield(), 0);
        try {
          throw;
        } catch (const std::runtime_error& e) {
          EXPECT_STREQ(e.what(), what);
        }
      }
    };
  };
  spawn(body("one"));
  spawn(body("two"));
  go(3ms);
  EXPECT_EQ(alive(), 0u);
}

TEST_F(FibersTest, TheEndOfTheStackIsTheEndOfAllWaits) {
  const int listener = fd_of_listener(80);
  int ended = 0;
  for (int i = 0; i < 100; ++i) {
    spawn([&] {
      EXPECT_EQ(errno_of(z_accept(listener, nullptr, nullptr)), ECANCELED);
      EXPECT_EQ(errno_of(z_yield()), ECANCELED);
      EXPECT_EQ(errno_of(spawn([] {})), ECANCELED);
      ++ended;
    });
  }
  go(2ms);
  EXPECT_EQ(alive(), 100u);
  w.instance.fibers.cancel();
  EXPECT_EQ(ended, 100);
  EXPECT_EQ(alive(), 0u);
}

TEST_F(FibersTest, OneThatDoesNotWantToEndIsLeft) {
  const int listener = fd_of_listener(80);
  long tries = 0;
  spawn([&] {
    for (;;) {
      (void)z_accept(listener, nullptr, nullptr);
      ++tries;
    }
  });
  spawn([] {
    for (;;) (void)z_yield();
  });
  go(2ms);
  w.instance.fibers.cancel();
  EXPECT_EQ(alive(), 0u);
  EXPECT_GT(tries, 100);
  EXPECT_LE(tries, Fibers::kLastTries);
}

}  // namespace
}  // namespace zs::api
