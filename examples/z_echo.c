/* An echo server in C: every byte goes back in the buffer in which it came. */
#include <errno.h>
#include <stdio.h>
#include <zstack/zstack.h>

#define PORT 7
#define SOCKETS 65536 /* runtime.descriptors */

static _Thread_local int epoll = -1, listener = -1;
static _Thread_local struct rte_mbuf* waiting[SOCKETS]; /* what the peer does not take yet */

static void watch(int op, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  z_epoll_ctl(epoll, op, fd, &event);
}

static int start(void) {
  struct sockaddr_in everywhere = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  epoll = z_epoll_create();
  listener = z_socket(AF_INET, SOCK_STREAM, 0);
  if (epoll < 0 || listener < 0) return -1;
  if (z_bind(listener, (struct sockaddr*)&everywhere, sizeof everywhere) < 0) return -1;
  watch(EPOLL_CTL_ADD, listener, EPOLLIN);
  return z_listen(listener, 1024);
}

static void hang_up(int fd) {
  z_free(waiting[fd]);
  waiting[fd] = NULL;
  z_close(fd);
}

/* While something waits to be sent nothing more is read: who does not listen is not heard. */
static void echo(int fd) {
  ssize_t n = 0;
  do {
    if (waiting[fd] == NULL) n = z_read(fd, &waiting[fd], 64 * 1024);
    if (waiting[fd] == NULL) break;
    n = z_write(fd, waiting[fd]);
    if (n > 0) waiting[fd] = NULL; /* the stack's now */
  } while (n > 0);
  if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
    watch(EPOLL_CTL_MOD, fd, waiting[fd] == NULL ? EPOLLIN : EPOLLOUT);
  } else {
    hang_up(fd); /* the end of the stream, or of the connection */
  }
}

static int loop(void* arg) {
  (void)arg;
  if (epoll < 0 && start() < 0) {
    perror("cannot listen");
    return -1;
  }
  struct epoll_event events[64];
  int n = z_epoll_wait(epoll, events, 64);
  for (int i = 0; i < n; ++i) {
    int fd = events[i].data.fd;
    if (fd != listener) {
      echo(fd);
      continue;
    }
    while ((fd = z_accept(listener, NULL, NULL)) >= 0) watch(EPOLL_CTL_ADD, fd, EPOLLIN);
  }
  return 0;
}

int main(int argc, char** argv) {
  if (z_init(argc, argv) < 0 || z_run(loop, NULL) < 0) {
    fprintf(stderr, "%s\n", z_why());
    return 1;
  }
  return 0;
}
