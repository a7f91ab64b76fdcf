#include <gtest/gtest.h>

#include <array>
#include <new>
#include <utility>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

constexpr std::size_t kPage = 4'096;

/// Memory of the application's, as z_extmem_register() wants it.
struct Pages {
  explicit Pages(std::size_t n)
      : size(n * kPage), at(::operator new (size, std::align_val_t{kPage})) {
    std::memcpy(at, pattern(size).data(), size);
  }
  ~Pages() { ::operator delete (at, std::align_val_t{kPage}); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  std::size_t size;
  void* at;
};

/// What a z_free_fn was told.
struct Freed {
  static void note(void* address, void* freed) {
    auto* const self = static_cast<Freed*>(freed);
    ++self->times;
    self->address = address;
  }
  int times = 0;
  void* address = nullptr;
};

class BufferTest : public ApiTest {};

TEST_F(BufferTest, AllocGivesRoomForHeadersInEachBuffer) {
  rte_mbuf* const m = z_alloc(5'000);
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(z_pktlen(m), 5'000u);
  std::size_t buffers = 0;
  for (rte_mbuf* s = m; s != nullptr; s = z_next(s)) {
    ++buffers;
    EXPECT_EQ(z_writable(s), 1);
    EXPECT_EQ(buf::headroom(s), buf::kHeadroom);
  }
  EXPECT_EQ(buffers, 3u);
  z_free(m);
  rte_mbuf* const empty = z_alloc(0);
  ASSERT_NE(empty, nullptr);
  EXPECT_EQ(z_pktlen(empty), 0u);
  z_free(empty);
  expect_all_back();
}

TEST_F(BufferTest, AllocWithoutBuffersLeavesNothingBehind) {
  w.data->fail_after_for_test(2);
  EXPECT_EQ(errno_of(z_alloc(5'000)), ENOBUFS);
  EXPECT_EQ(errno_of(z_alloc(0)), ENOBUFS);
  w.data->fail_after_for_test(UINT32_MAX);
  EXPECT_EQ(errno_of(z_alloc(std::size_t{2'048} * 65'535 + 1)), EMSGSIZE);
  EXPECT_EQ(errno_of(z_alloc(SIZE_MAX)), EMSGSIZE);
  expect_all_back();
}

TEST_F(BufferTest, AReferenceSharesTheBytesAndMakesThemReadOnly) {
  rte_mbuf* const m = chain_of(pattern(3'000));
  rte_mbuf* const other = z_ref(m);
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(z_data(other), z_data(m));
  EXPECT_EQ(z_writable(m), 0);
  EXPECT_EQ(z_writable(other), 0);
  z_free(m);
  EXPECT_EQ(text_of(other), pattern(3'000));
  z_free(other);
  expect_all_back();
}

TEST_F(BufferTest, SplitCutsWithoutCopying) {
  rte_mbuf* m = chain_of(pattern(5'000));
  const void* const bytes = z_data(m);
  rte_mbuf* const front = z_split(&m, 100);
  ASSERT_NE(front, nullptr);
  EXPECT_EQ(z_data(front), bytes);
  EXPECT_EQ(text_of(front), pattern(5'000).substr(0, 100));
  EXPECT_EQ(z_pktlen(m), 4'900u);
  rte_mbuf* const whole_buffer = z_split(&m, 1'948);
  EXPECT_EQ(z_next(whole_buffer), nullptr);
  EXPECT_EQ(text_of(whole_buffer) + text_of(m), pattern(5'000).substr(100));
  rte_mbuf* const all = z_split(&m, z_pktlen(m));
  EXPECT_EQ(m, nullptr);
  for (rte_mbuf* part : {front, whole_buffer, all}) z_free(part);
  expect_all_back();
}

TEST_F(BufferTest, ARefusedCutChangesNothing) {
  rte_mbuf* m = chain_of("abcdef");
  w.indirect->fail_after_for_test(0);
  EXPECT_EQ(errno_of(z_split(&m, 3)), ENOBUFS);
  EXPECT_EQ(errno_of(z_ref(m)), ENOBUFS);
  w.indirect->fail_after_for_test(UINT32_MAX);
  EXPECT_EQ(text_of(m), "abcdef");
  EXPECT_EQ(errno_of(z_split(&m, 7)), EINVAL);
  EXPECT_EQ(errno_of(z_split(&m, 0)), EINVAL);
  EXPECT_EQ(text_of(m), "abcdef");
  z_free(m);
}

TEST_F(BufferTest, ConcatAndTruncate) {
  rte_mbuf* const a = chain_of("abc");
  rte_mbuf* const b = chain_of(pattern(3'000));
  EXPECT_EQ(errno_of(z_concat(a, a)), EINVAL);
  ASSERT_EQ(z_concat(a, b), a);
  EXPECT_EQ(z_pktlen(a), 3'003u);
  EXPECT_EQ(text_of(a), "abc" + pattern(3'000));
  EXPECT_EQ(errno_of(z_truncate(a, 3'004)), EINVAL);
  EXPECT_EQ(z_truncate(a, 5), 0);
  EXPECT_EQ(text_of(a), "abc" + pattern(2));
  z_free(a);
  expect_all_back();
}

TEST_F(BufferTest, NullIsRefusedOrNothing) {
  rte_mbuf* none = nullptr;
  z_free(nullptr);
  EXPECT_EQ(z_data(nullptr), nullptr);
  EXPECT_EQ(z_len(nullptr), 0u);
  EXPECT_EQ(z_next(nullptr), nullptr);
  EXPECT_EQ(z_pktlen(nullptr), 0u);
  EXPECT_EQ(z_writable(nullptr), 0);
  EXPECT_EQ(errno_of(z_ref(nullptr)), EINVAL);
  EXPECT_EQ(errno_of(z_split(nullptr, 1)), EINVAL);
  EXPECT_EQ(errno_of(z_split(&none, 1)), EINVAL);
  EXPECT_EQ(errno_of(z_concat(nullptr, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(z_truncate(nullptr, 0)), EINVAL);
  rte_mbuf* const empty = z_alloc(0);
  EXPECT_EQ(errno_of(z_ref(empty)), EINVAL);
  z_free(empty);
}

TEST_F(BufferTest, ExternalMemoryIsRegisteredByWholePages) {
  const Pages pages(2);
  char* const at = static_cast<char*>(pages.at);
  EXPECT_EQ(errno_of(z_extmem_register(nullptr, kPage)), EINVAL);
  EXPECT_EQ(errno_of(z_extmem_register(at, 0)), EINVAL);
  EXPECT_EQ(errno_of(z_extmem_register(at, 100)), EINVAL);
  EXPECT_EQ(errno_of(z_extmem_register(at + 16, kPage)), EINVAL);
  const int mem = z_extmem_register(at, pages.size);
  ASSERT_GE(mem, 0);
  EXPECT_EQ(errno_of(z_ext(mem + 1, 0, 1, nullptr, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(z_ext(-1, 0, 1, nullptr, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(z_ext(mem, 0, 0, nullptr, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(z_ext(mem, pages.size, 1, nullptr, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(z_ext(mem, 1, pages.size, nullptr, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(z_ext(mem, SIZE_MAX, 2, nullptr, nullptr)), EINVAL);
}

TEST_F(BufferTest, ExternalMemoryComesBackOnceAfterItsLastUser) {
  const Pages pages(32);
  Freed freed;
  rte_mbuf* m = z_ext(z_extmem_register(pages.at, pages.size), 100, 100'000, Freed::note, &freed);
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(z_data(m), static_cast<char*>(pages.at) + 100);
  EXPECT_EQ(z_pktlen(m), 100'000u);
  EXPECT_EQ(z_writable(m), 0);
  EXPECT_EQ(text_of(m), pattern(pages.size).substr(100, 100'000));
  rte_mbuf* const reference = z_ref(m);
  rte_mbuf* const front = z_split(&m, 70'000);
  z_free(m);
  z_free(reference);
  EXPECT_EQ(freed.times, 0);
  z_free(front);
  EXPECT_EQ(freed.times, 1);
  EXPECT_EQ(freed.address, static_cast<char*>(pages.at) + 100);
  expect_all_back();
}

TEST_F(BufferTest, ARefusedExternalBufferCallsNobody) {
  const Pages pages(1);
  const int mem = z_extmem_register(pages.at, pages.size);
  Freed freed;
  w.data->fail_after_for_test(0);
  EXPECT_EQ(errno_of(z_ext(mem, 0, 10, Freed::note, &freed)), ENOBUFS);
  w.data->fail_after_for_test(UINT32_MAX);
  w.indirect->fail_after_for_test(0);
  EXPECT_EQ(errno_of(z_ext(mem, 0, 10, Freed::note, &freed)), ENOBUFS);
  EXPECT_EQ(freed.times, 0);
  EXPECT_EQ(w.data->in_use(), 0u);
}

TEST_F(BufferTest, AFreeFunctionMayFreeAndNothingElse) {
  const Pages pages(1);
  struct Found {
    rte_mbuf* extra;
    int error;
  } found{z_alloc(10), 0};
  const auto note = [](void*, void* arg) {
    auto* const f = static_cast<Found*>(arg);
    z_free(std::exchange(f->extra, nullptr));
    f->error = z_alloc(1) == nullptr ? errno : 0;
  };
  const int mem = z_extmem_register(pages.at, pages.size);
  z_free(z_ext(mem, 0, 10, note, &found));
  EXPECT_EQ(found.error, EBUSY);
  found.error = 0;
  rte_mbuf* const m = z_concat(chain_of("abc"), z_ext(mem, 0, 10, note, &found));
  EXPECT_EQ(z_truncate(m, 3), 0);
  EXPECT_EQ(found.error, EBUSY);
  z_free(m);
  rte_mbuf* const afterwards = z_alloc(1);
  EXPECT_NE(afterwards, nullptr);
  z_free(afterwards);
  expect_all_back();
}

}  // namespace
}  // namespace zs::api
