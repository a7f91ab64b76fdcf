#include <ff_log.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace {

TEST(FfLog, WritesWhatTheLevelsLet) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const stream = open_memstream(&text, &size);
  ASSERT_EQ(ff_log_reset_stream(stream), 0);
  ff_log_set_global_level(FF_LOG_INFO);
  EXPECT_EQ(ff_log_set_level(FF_LOGTYPE_FSTACK_APP, FF_LOG_WARNING), 0);
  EXPECT_EQ(ff_log(FF_LOG_ERR, FF_LOGTYPE_FSTACK_APP, "port %d\n", 80), 8);
  EXPECT_EQ(ff_log(FF_LOG_INFO, FF_LOGTYPE_FSTACK_APP, "too much\n"), 0);
  EXPECT_EQ(ff_log(FF_LOG_INFO, FF_LOGTYPE_USER2, "fine\n"), 5);
  EXPECT_EQ(ff_log(FF_LOG_DEBUG, FF_LOGTYPE_USER2, "too much\n"), 0);
  ff_log_close();  // closes no stream of the program's
  ff_log(FF_LOG_ERR, FF_LOGTYPE_FSTACK_APP, "on\n");
  ff_log_reset_stream(nullptr);
  std::fclose(stream);
  EXPECT_EQ(std::string(text), "port 80\nfine\non\n");
  std::free(text);
}

TEST(FfLog, WrongCalls) {
  EXPECT_EQ(ff_log_set_level(99, FF_LOG_INFO), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(ff_log_set_level(FF_LOGTYPE_USER1, 99), -1);
  EXPECT_EQ(ff_log(99, FF_LOGTYPE_USER1, "x"), -1);
  EXPECT_EQ(ff_log(FF_LOG_DISABLE, FF_LOGTYPE_USER1, "x"), -1);
  EXPECT_EQ(ff_log_open_set(), 0);
}

}  // namespace
