#pragma once

#include <cassert>
#include <cstdio>
#include <cstdlib>

/// For our own mistakes only, never for what a peer, a user or an application does.
/// ZS_ASSERT is on in dev, asan, tsan and fuzz builds; ZS_CHECK is always on.
#define ZS_ASSERT(cond) assert(cond)
#define ZS_CHECK(cond)                                                                  \
  do {                                                                                  \
    if (!(cond)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #cond); \
      std::abort();                                                                     \
    }                                                                                   \
  } while (false)
