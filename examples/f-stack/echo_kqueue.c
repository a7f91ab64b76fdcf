/* An echo server in the shape of F-Stack's programs: kqueue, level-triggered. Compiles against
 * F-Stack too. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ff_api.h"
#include "ff_config.h"

#define PORT 7
#define MOST 512

static int kq, listener;

static void watch(int fd) {
  struct kevent change;
  EV_SET(&change, fd, EVFILT_READ, EV_ADD, 0, 0, NULL);
  if (ff_kevent(kq, &change, 1, NULL, 0, NULL) < 0) ff_close(fd);
}

static void echo(int fd) {
  char bytes[4096];
  ssize_t n = ff_read(fd, bytes, sizeof bytes);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0 || ff_write(fd, bytes, (size_t)n) != n) ff_close(fd);
}

static int loop(void* arg) {
  struct kevent events[MOST];
  int n = ff_kevent(kq, NULL, 0, events, MOST, NULL);
  (void)arg;
  for (int i = 0; i < n; ++i) {
    int fd = (int)events[i].ident;
    if (fd != listener) {
      echo(fd); /* the end of the stream is read as 0 bytes */
      continue;
    }
    for (intptr_t waiting = events[i].data; waiting > 0; --waiting) {
      int client = ff_accept(listener, NULL, NULL);
      if (client < 0) break;
      watch(client);
    }
  }
  return 0;
}

int main(int argc, char* argv[]) {
  if (ff_init(argc, argv) < 0) return 1;
  kq = ff_kqueue();
  listener = ff_socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  ff_ioctl(listener, FIONBIO, &on);

  struct sockaddr_in own;
  memset(&own, 0, sizeof own);
  own.sin_family = AF_INET;
  own.sin_port = htons(PORT);
  own.sin_addr.s_addr = htonl(INADDR_ANY);
  if (ff_bind(listener, (struct linux_sockaddr*)&own, sizeof own) < 0 ||
      ff_listen(listener, MOST) < 0) {
    perror("cannot listen");
    return 1;
  }
  watch(listener);
  ff_run(loop, NULL);
  return 0;
}
