/* A web server whose page is written into buffers of the stack, piece by piece, and sent from
 * there: F-Stack's ff_zc_mbuf. Compiles against F-Stack too. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ff_api.h"
#include "ff_config.h"
#include "ff_log.h"

#define PORT 80
#define MOST 512
#define BODY 9000
#define PIECE 1440

static int kq, listener;
static char page[BODY + 256];
static int page_length;

static void make_page(void) {
  page_length = sprintf(page, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY);
  for (int i = 0; i < BODY; ++i) page[page_length++] = (char)(i % 80 == 79 ? '\n' : '0' + i % 10);
}

static int send_page(int fd) {
  struct ff_zc_mbuf chain;
  if (ff_zc_mbuf_get(&chain, page_length) < 0) return -1;
  for (int at = 0; at < page_length; at += PIECE) {
    int n = page_length - at < PIECE ? page_length - at : PIECE;
    if (ff_zc_mbuf_write(&chain, page + at, n) != n) return -1;
  }
  return ff_write(fd, chain.bsd_mbuf, (size_t)page_length) == page_length ? 0 : -1;
}

static void serve(int fd) {
  char request[2048];
  ssize_t n = ff_read(fd, request, sizeof request);
  if (n < 0 && errno == EAGAIN) return;
  if (n > 0 && send_page(fd) == 0) return;
  if (n > 0) ff_log(FF_LOG_WARNING, FF_LOGTYPE_FSTACK_APP, "not sent: %s\n", strerror(errno));
  ff_close(fd);
}

static int loop(void* arg) {
  struct kevent events[MOST];
  struct kevent change;
  int n = ff_kevent(kq, NULL, 0, events, MOST, NULL);
  (void)arg;
  for (int i = 0; i < n; ++i) {
    int fd = (int)events[i].ident;
    if (events[i].flags & EV_EOF) {
      ff_close(fd);
    } else if (fd == listener) {
      int client;
      while ((client = ff_accept4(listener, NULL, NULL, 0)) >= 0) {
        EV_SET(&change, client, EVFILT_READ, EV_ADD, 0, 0, NULL);
        ff_kevent(kq, &change, 1, NULL, 0, NULL);
      }
    } else {
      serve(fd);
    }
  }
  return 0;
}

int main(int argc, char* argv[]) {
  if (ff_init(argc, argv) < 0) return 1;
  make_page();
  kq = ff_kqueue();
  listener = ff_socket(AF_INET, SOCK_STREAM, 0);

  struct sockaddr_in own;
  memset(&own, 0, sizeof own);
  own.sin_family = AF_INET;
  own.sin_port = htons(PORT);
  if (ff_bind(listener, (const struct linux_sockaddr*)&own, sizeof own) < 0 ||
      ff_listen(listener, MOST) < 0) {
    ff_log(FF_LOG_ERR, FF_LOGTYPE_FSTACK_APP, "cannot listen: %s\n", strerror(errno));
    return 1;
  }
  struct kevent change;
  EV_SET(&change, listener, EVFILT_READ, EV_ADD, 0, MOST, NULL);
  ff_kevent(kq, &change, 1, NULL, 0, NULL);
  ff_run(loop, NULL);
  return 0;
}
