#include "dev/dpdk/opened_sockets.hpp"

#include <dirent.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace zs::dev {
namespace {

std::vector<int> open_descriptors() {
  std::vector<int> all;
  DIR* const directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return all;
  while (const dirent* const entry = ::readdir(directory)) {
    int fd = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    const auto [stop, error] = std::from_chars(entry->d_name, end, fd);
    if (error == std::errc{} && stop == end && fd != ::dirfd(directory)) all.push_back(fd);
  }
  ::closedir(directory);
  std::sort(all.begin(), all.end());
  return all;
}

bool is_of_family(int fd, int family) noexcept {
  int domain = 0;
  socklen_t length = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == family;
}

}  // namespace

OpenedSockets::OpenedSockets() : before_(open_descriptors()) {}

std::vector<int> OpenedSockets::find(int family) const {
  std::vector<int> found;
  for (const int fd : open_descriptors()) {
    const bool is_new = !std::binary_search(before_.begin(), before_.end(), fd);
    if (is_new && is_of_family(fd, family)) found.push_back(fd);
  }
  return found;
}

}  // namespace zs::dev
