#include "tcp/packed_words.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"

namespace zs::tcp {
namespace {

using Values = std::vector<std::uint32_t>;

Values packed_of(const Values& words, const Values& pattern) {
  Values packed(packed_words::packed_size(words, pattern));
  packed_words::pack(words, pattern, packed.data());
  return packed;
}

TEST(PackedWords, the_pattern_itself_is_a_bitmap) {
  const Values pattern(70, 7);
  EXPECT_EQ(packed_of(pattern, pattern), Values(3, 0));
}

TEST(PackedWords, whatever_differs_comes_back_whole_and_in_parts) {
  Random random{1};
  for (int round = 0; round < 500; ++round) {
    Values pattern(1 + random.below(300));
    for (auto& word : pattern) word = random.below(3);
    Values words = pattern;
    for (auto& word : words) {
      if (random.chance(0.3)) word = static_cast<std::uint32_t>(random());
    }
    const Values packed = packed_of(words, pattern);
    Values back(words.size());
    packed_words::unpack(packed.data(), pattern, back);
    ASSERT_EQ(back, words);
    const std::size_t first = random.below(static_cast<std::uint32_t>(words.size()));
    Values part(random.below(static_cast<std::uint32_t>(words.size() - first)) + 1);
    packed_words::unpack_part(packed.data(), pattern, first, part);
    for (std::size_t i = 0; i < part.size(); ++i) ASSERT_EQ(part[i], words[first + i]);
  }
}

}  // namespace
}  // namespace zs::tcp
