#include "runtime/signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

namespace zs::runtime {

StopSignals::StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, &before_);
  std::signal(SIGPIPE, SIG_IGN);
  fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

StopSignals::~StopSignals() {
  if (fd_ >= 0) ::close(fd_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool StopSignals::take_signal() {
  signalfd_siginfo info{};
  return ::read(fd_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info));
}

bool StopSignals::wait(int other_fd) {
  std::array<pollfd, 2> fds{pollfd{fd_, POLLIN, 0}, pollfd{other_fd, POLLIN, 0}};
  while (poll(fds.data(), fds.size(), -1) <= 0) {
  }
  return take_signal();
}

bool StopSignals::wait_for(Duration time) {
  pollfd fd{fd_, POLLIN, 0};
  const timespec timeout{time.count() / 1'000'000'000, time.count() % 1'000'000'000};
  return ppoll(&fd, 1, &timeout, nullptr) > 0 && take_signal();
}

}  // namespace zs::runtime
