/* An echo server as one with threads is written: a connection has a function, and that waits. */
#include <stdio.h>
#include <sys/time.h>
#include <zstack/zstack.h>

#define PORT 7

static void serve(void* arg) {
  int fd = (int)(intptr_t)arg;
  struct rte_mbuf* m = NULL;
  while (z_read(fd, &m, 64 * 1024) > 0) { /* waits, and the others go on */
    if (z_write(fd, m) < 0) {
      z_free(m); /* it is still ours */
      break;
    }
  }
  z_close(fd);
}

static void listen_for_clients(void* arg) {
  (void)arg;
  struct sockaddr_in everywhere = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  struct timeval patience = {.tv_sec = 60}; /* a client that is silent for longer is let go */
  int fd, listener = z_socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || z_bind(listener, (struct sockaddr*)&everywhere, sizeof everywhere) < 0 ||
      z_listen(listener, 1024) < 0) {
    perror("cannot listen");
    z_stop_run();
    return;
  }
  while ((fd = z_accept(listener, NULL, NULL)) >= 0) {
    z_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    z_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (z_spawn(serve, (void*)(intptr_t)fd, 0) < 0) z_close(fd);
  }
  z_close(listener); /* the stack stops */
}

static int loop(void* arg) {
  static _Thread_local int has_begun = 0;
  (void)arg;
  if (has_begun) return 0;
  has_begun = 1;
  return z_spawn(listen_for_clients, NULL, 0);
}

int main(int argc, char** argv) {
  if (z_init(argc, argv) < 0 || z_run(loop, NULL) < 0) {
    fprintf(stderr, "%s\n", z_why());
    return 1;
  }
  return 0;
}
