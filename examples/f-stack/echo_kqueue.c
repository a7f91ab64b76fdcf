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

struct client {
  int fd;
  size_t n, sent; /* what was read, and how much of it went back */
  char bytes[4096];
};

static int kq, listener;

static void change(int fd, int filter, int flags, struct client* client) {
  struct kevent what;
  EV_SET(&what, fd, filter, flags, 0, 0, client);
  if (ff_kevent(kq, &what, 1, NULL, 0, NULL) < 0) perror("ff_kevent");
}

static void hang_up(struct client* c) {
  ff_close(c->fd);
  free(c);
}

/* While something waits to go back nothing more is read: who does not listen is not heard. */
static void echo(struct client* c) {
  for (;;) {
    if (c->sent == c->n) {
      ssize_t n = ff_read(c->fd, c->bytes, sizeof c->bytes);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) {
        hang_up(c); /* the end of the stream, or of the connection */
        return;
      }
      c->n = (size_t)n;
      c->sent = 0;
    }
    ssize_t n = ff_write(c->fd, c->bytes + c->sent, c->n - c->sent);
    if (n < 0 && errno != EAGAIN) {
      hang_up(c);
      return;
    }
    if (n > 0) c->sent += (size_t)n;
    if (c->sent < c->n) {
      change(c->fd, EVFILT_READ, EV_DISABLE, c);
      change(c->fd, EVFILT_WRITE, EV_ADD | EV_ONESHOT, c);
      return;
    }
  }
}

static void welcome(intptr_t waiting) {
  for (; waiting > 0; --waiting) {
    int fd = ff_accept(listener, NULL, NULL);
    struct client* c = fd < 0 ? NULL : calloc(1, sizeof *c);
    if (c == NULL) return;
    c->fd = fd;
    change(fd, EVFILT_READ, EV_ADD, c);
  }
}

static int loop(void* arg) {
  struct kevent events[MOST];
  int n = ff_kevent(kq, NULL, 0, events, MOST, NULL);
  (void)arg;
  for (int i = 0; i < n; ++i) {
    struct client* c = events[i].udata;
    if (c == NULL) {
      welcome(events[i].data);
      continue;
    }
    if (events[i].filter == EVFILT_WRITE) change(c->fd, EVFILT_READ, EV_ENABLE, c);
    echo(c);
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
  change(listener, EVFILT_READ, EV_ADD, NULL);
  ff_run(loop, NULL);
  return 0;
}
