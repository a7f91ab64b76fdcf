#include "sock/wait_list.hpp"

#include <gtest/gtest.h>

#include "sock/event_queues.hpp"
#include "unit/sock/sockets.hpp"

namespace zs::sock {
namespace {

using namespace test;

class WaitListTest : public testing::Test {
 protected:
  WaitListTest() { queues.advance(w.now); }
  ~WaitListTest() override { list.finish(wait); }
  /// How the wait has ended by now.
  WaitEnd end() {
    queues.advance(w.now);
    return list.has_over() ? wait.end : WaitEnd::kNotYet;
  }
  bool begin(int fd, std::uint32_t wanted, Instant until = Instant::never()) {
    const Wish wish{fd, wanted};
    return bool{list.begin(wait, {&wish, 1}, until)};
  }

  Sockets w;
  EventQueues queues{*w.table};
  WaitList& list = queues.waits();
  Wait wait;
};

TEST_F(WaitListTest, EndsWithWhatWasWaitedFor) {
  const auto p = w.connected();
  ASSERT_TRUE(begin(p.server, ready::kReadable));
  EXPECT_EQ(end(), WaitEnd::kNotYet);
  EXPECT_EQ(w.write(p.client, "x"), Errc{});
  w.settle();
  EXPECT_EQ(end(), WaitEnd::kReady);
  EXPECT_TRUE(w.table->has_ready());
  EXPECT_EQ(list.take(), &wait);
  EXPECT_EQ(list.take(), nullptr);
}

TEST_F(WaitListTest, IsOverAtOnceForWhatIsSoAlready) {
  const auto p = w.connected();
  ASSERT_TRUE(begin(p.server, ready::kWritable));
  EXPECT_EQ(end(), WaitEnd::kReady);
}

TEST_F(WaitListTest, EndsAtItsTime) {
  const auto p = w.connected();
  ASSERT_TRUE(begin(p.server, ready::kReadable, w.now + 3ms));
  EXPECT_EQ(queues.next_deadline(), w.now + 3ms);
  w.settle(2ms);
  EXPECT_EQ(end(), WaitEnd::kNotYet);
  w.settle(1ms);
  EXPECT_EQ(end(), WaitEnd::kTimeout);
  list.finish(wait);
  EXPECT_TRUE(queues.next_deadline().is_never());
}

TEST_F(WaitListTest, ThatASocketIsGoneCountsMoreThanThatItWasReady) {
  const auto p = w.connected();
  ASSERT_TRUE(begin(p.server, ready::kWritable));
  ASSERT_TRUE(w.table->close(p.server));
  EXPECT_EQ(end(), WaitEnd::kGone);
}

TEST_F(WaitListTest, RefusesWhatNamesNothing) {
  EXPECT_FALSE(begin(60, ready::kReadable));
  EXPECT_EQ(end(), WaitEnd::kNotYet);
}

TEST_F(WaitListTest, WhoIsFinishedIsNotTold) {
  const auto p = w.connected();
  ASSERT_TRUE(begin(p.server, ready::kReadable, w.now + 1ms));
  list.finish(wait);
  EXPECT_EQ(w.write(p.client, "x"), Errc{});
  w.settle();
  EXPECT_EQ(end(), WaitEnd::kNotYet);
  EXPECT_EQ(list.take(), nullptr);
}

}  // namespace
}  // namespace zs::sock
