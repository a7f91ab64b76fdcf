/* A web server of one page in the shape of F-Stack's programs: epoll. Compiles against F-Stack too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ff_api.h"
#include "ff_config.h"
#include "ff_epoll.h"

#define PORT 80
#define MOST 512

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 18\r\n\r\nhello from epoll!\n";

static int set, listener;

static int add(int fd) {
  struct epoll_event event;
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.fd = fd;
  return ff_epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

static void hang_up(int fd) {
  ff_epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
  ff_close(fd);
}

static void serve(int fd) {
  char request[2048];
  ssize_t n = ff_read(fd, request, sizeof request);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0 || ff_write(fd, answer, sizeof answer - 1) < 0) hang_up(fd);
}

static int loop(void* arg) {
  struct epoll_event events[MOST];
  int n = ff_epoll_wait(set, events, MOST, 0);
  (void)arg;
  for (int i = 0; i < n; ++i) {
    if (events[i].data.fd != listener) {
      if (events[i].events & (EPOLLERR | EPOLLHUP)) {
        hang_up(events[i].data.fd);
      } else {
        serve(events[i].data.fd);
      }
      continue;
    }
    int client;
    while ((client = ff_accept(listener, NULL, NULL)) >= 0) {
      if (add(client) < 0) ff_close(client);
    }
  }
  return 0;
}

int main(int argc, char* argv[]) {
  if (ff_init(argc, argv) < 0) return 1;
  set = ff_epoll_create(0);
  listener = ff_socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  ff_ioctl(listener, FIONBIO, &on);
  ff_setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);

  struct sockaddr_in own;
  memset(&own, 0, sizeof own);
  own.sin_family = AF_INET;
  own.sin_port = htons(PORT);
  own.sin_addr.s_addr = htonl(INADDR_ANY);
  if (set <= 0 || ff_bind(listener, (struct linux_sockaddr*)&own, sizeof own) < 0 ||
      ff_listen(listener, MOST) < 0 || add(listener) < 0) {
    perror("cannot listen");
    return 1;
  }
  ff_run(loop, NULL);
  return 0;
}
