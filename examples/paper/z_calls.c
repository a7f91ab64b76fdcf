/* The two listings of the paper "Z-stack: A High-Performance DPDK-Based Zero-Copy TCP/IP Protocol
 * Stack" as one program: z_read() takes what was received without copying it, z_write() sends a
 * buffer that was allocated from DPDK's pool and filled in place. */
#include <arpa/inet.h>
#include <errno.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <string.h>

#include "ff_api.h"
#include "ff_config.h"

#define MAX_EVENTS 512

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\nYour data here\n";
static int kq, sockfd;

/* Listing 2. */
static void send_answer(int clientfd) {
  struct rte_mempool* mbuf_pool = pktmbuf_pool[lcore_conf.socket_id];
  struct rte_mbuf* rte_mb = rte_pktmbuf_alloc(mbuf_pool);
  if (rte_mb == NULL) return;
  char* data = rte_pktmbuf_mtod(rte_mb, char*);
  uint16_t data_size = sizeof answer - 1;
  memcpy(data, answer, data_size);
  rte_mb->data_len = data_size;
  rte_mb->pkt_len = rte_mb->data_len;
  void* mb = ff_mbuf_get(NULL, rte_mb, data, rte_mb->data_len);
  if (z_write(clientfd, mb, rte_mb->data_len) < 0) ff_mbuf_free(mb);
}

/* Listing 1. */
static int loop(void* arg) {
  struct kevent events[MAX_EVENTS];
  int nevents = ff_kevent(kq, NULL, 0, events, MAX_EVENTS, NULL);
  (void)arg;
  for (int i = 0; i < nevents; ++i) {
    struct kevent event = events[i];
    int clientfd = (int)event.ident;
    if (clientfd == sockfd) {
      int accepted = ff_accept(sockfd, NULL, NULL);
      struct kevent change;
      if (accepted < 0) continue;
      EV_SET(&change, accepted, EVFILT_READ, EV_ADD, 0, 0, NULL);
      ff_kevent(kq, &change, 1, NULL, 0, NULL);
    } else if (event.filter == EVFILT_READ) {
      void* mb;
      ssize_t readlen = z_read(clientfd, &mb, 4096);
      if (readlen > 0) {
        char* data = ff_mbuf_mtod(mb);
        int is_get = readlen >= 4 && memcmp(data, "GET ", 4) == 0;
        ff_mbuf_free(mb);
        if (is_get) send_answer(clientfd);
      } else if (readlen == 0 || errno != EAGAIN) {
        ff_close(clientfd);
      }
    }
  }
  return 0;
}

int main(int argc, char* argv[]) {
  struct sockaddr_in own;
  struct kevent change;
  if (ff_init(argc, argv) < 0) return 1;
  kq = ff_kqueue();
  sockfd = ff_socket(AF_INET, SOCK_STREAM, 0);
  memset(&own, 0, sizeof own);
  own.sin_family = AF_INET;
  own.sin_port = htons(80);
  if (ff_bind(sockfd, (struct linux_sockaddr*)&own, sizeof own) < 0) return 1;
  if (ff_listen(sockfd, MAX_EVENTS) < 0) return 1;
  EV_SET(&change, sockfd, EVFILT_READ, EV_ADD, 0, 0, NULL);
  ff_kevent(kq, &change, 1, NULL, 0, NULL);
  ff_run(loop, NULL);
  return 0;
}
