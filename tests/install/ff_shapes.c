/* The ways in which programs for F-Stack use its calls, each on a port of its own: UDP echo by
 * kqueue (7), echo by ff_select() (8001), by ff_poll() (8002), by ff_kevent_do_each() through a
 * duplicated descriptor (8003), and a client that connects without waiting, by epoll, to port 9000
 * of 10.99.0.1, whose state is the answer to the datagram "client". */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ff_api.h"
#include "ff_config.h"
#include "ff_epoll.h"

#define MOST 8 /* clients of one server */

static int kq, udp, epoll, out, by_select, by_poll, by_each;
static int selected[MOST], polled[MOST], n_selected, n_polled;
static const char* client = "waiting";

static void need(int good, const char* what) {
  if (good) return;
  perror(what);
  exit(2);
}

static int open_port(int type, int port) {
  struct sockaddr_in own;
  int on = 1, fd = ff_socket(AF_INET, type, 0);
  memset(&own, 0, sizeof own);
  own.sin_family = AF_INET;
  own.sin_port = htons((uint16_t)port);
  need(ff_ioctl(fd, FIONBIO, &on) == 0, "FIONBIO");
  need(ff_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "SO_REUSEADDR");
  need(ff_bind(fd, (struct linux_sockaddr*)&own, sizeof own) == 0, "bind");
  if (type == SOCK_STREAM) need(ff_listen(fd, 128) == 0, "listen");
  return fd;
}

static void watch(int fd) {
  struct kevent change;
  EV_SET(&change, fd, EVFILT_READ, EV_ADD, 0, 0, NULL);
  need(ff_kevent(kq, &change, 1, NULL, 0, NULL) == 0, "ff_kevent");
}

/* -1 when it is over. */
static int echo(int fd) {
  char bytes[4096];
  ssize_t n = ff_recv(fd, bytes, sizeof bytes, 0);
  if (n < 0 && errno == EAGAIN) return 0;
  return n > 0 && ff_send(fd, bytes, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -1;
}

static void serve_datagrams(void) {
  struct sockaddr_in from;
  socklen_t length = sizeof from;
  char bytes[2048];
  ssize_t n;
  while ((n = ff_recvfrom(udp, bytes, sizeof bytes, 0, (struct linux_sockaddr*)&from, &length)) >=
         0) {
    int is_question = n == 6 && memcmp(bytes, "client", 6) == 0;
    ff_sendto(udp, is_question ? client : bytes, is_question ? strlen(client) : (size_t)n, 0,
              (struct linux_sockaddr*)&from, length);
  }
}

static void each(void** place, struct kevent* event) {
  int fd = (int)event->ident;
  (void)place;
  if (fd == udp) {
    serve_datagrams();
  } else if (fd == by_each) {
    int accepted = ff_accept4(by_each, NULL, NULL, SOCK_NONBLOCK);
    int second = ff_dup(accepted);
    need(second > accepted && ff_close(accepted) == 0, "ff_dup"); /* it lives on by the other one */
    watch(second);
  } else if (echo(fd) < 0) {
    ff_close(fd);
  }
}

static void serve_by_select(void) {
  struct timeval now = {0, 0};
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(by_select, &readable);
  for (int i = 0; i < n_selected; ++i) FD_SET(selected[i], &readable);
  if (ff_select(FD_SETSIZE, &readable, NULL, NULL, &now) <= 0) return;
  for (int i = n_selected - 1; i >= 0; --i) {
    if (!FD_ISSET(selected[i], &readable) || echo(selected[i]) == 0) continue;
    ff_close(selected[i]);
    selected[i] = selected[--n_selected];
  }
  if (FD_ISSET(by_select, &readable) && n_selected < MOST) {
    selected[n_selected++] = ff_accept(by_select, NULL, NULL);
  }
}

static void serve_by_poll(void) {
  struct pollfd fds[MOST + 1] = {{by_poll, POLLIN, 0}};
  for (int i = 0; i < n_polled; ++i) fds[i + 1] = (struct pollfd){polled[i], POLLIN, 0};
  if (ff_poll(fds, (nfds_t)n_polled + 1, 0) <= 0) return;
  for (int i = n_polled - 1; i >= 0; --i) {
    if (fds[i + 1].revents == 0 || echo(polled[i]) == 0) continue;
    ff_close(polled[i]);
    polled[i] = polled[--n_polled];
  }
  if (fds[0].revents & POLLIN && n_polled < MOST)
    polled[n_polled++] = ff_accept(by_poll, NULL, NULL);
}

/* Connects, says two words with ff_writev(), hears them, ends. */
static void be_a_client(void) {
  struct epoll_event event;
  char bytes[16];
  if (ff_epoll_wait(epoll, &event, 1, 0) != 1) return;
  if (event.events & EPOLLOUT) {
    int error = -1;
    socklen_t length = sizeof error;
    struct iovec words[2] = {{"hello ", 6}, {"world", 5}};
    need(ff_getsockopt(out, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0, "connect");
    need(ff_writev(out, words, 2) == 11, "ff_writev");
    event.events = EPOLLIN;
    ff_epoll_ctl(epoll, EPOLL_CTL_MOD, out, &event);
  } else if (ff_recv(out, bytes, sizeof bytes, MSG_PEEK) == 11) {
    need(ff_read(out, bytes, sizeof bytes) == 11 && memcmp(bytes, "hello world", 11) == 0, "echo");
    client = "done";
    ff_close(out);
  }
}

static int loop(void* arg) {
  struct kevent unused[64];
  (void)arg;
  ff_kevent_do_each(kq, NULL, 0, unused, 64, NULL, each);
  serve_by_select();
  serve_by_poll();
  if (strcmp(client, "done") != 0) be_a_client();
  return 0;
}

int main(int argc, char* argv[]) {
  struct sockaddr_in to;
  struct epoll_event event;
  int on = 1;
  need(ff_init(argc, argv) == 0, "ff_init");
  kq = ff_kqueue();
  watch(udp = open_port(SOCK_DGRAM, 7));
  by_select = open_port(SOCK_STREAM, 8001);
  by_poll = open_port(SOCK_STREAM, 8002);
  watch(by_each = open_port(SOCK_STREAM, 8003));

  epoll = ff_epoll_create(1);
  out = ff_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  need(ff_fcntl(out, F_SETFL, ff_fcntl(out, F_GETFL, 0) | O_NONBLOCK) == 0, "F_SETFL");
  need(ff_setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
  memset(&to, 0, sizeof to);
  to.sin_family = AF_INET;
  to.sin_port = htons(9000);
  to.sin_addr.s_addr = inet_addr("10.99.0.1");
  need(ff_connect(out, (struct linux_sockaddr*)&to, sizeof to) < 0 && errno == EINPROGRESS,
       "ff_connect");
  event.events = EPOLLOUT;
  event.data.fd = out;
  need(ff_epoll_ctl(epoll, EPOLL_CTL_ADD, out, &event) == 0, "ff_epoll_ctl");
  ff_run(loop, NULL);
  return 0;
}
