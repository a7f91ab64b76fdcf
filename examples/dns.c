/* Answers every DNS question for an IPv4 address with 192.0.2.1, in the buffer in which it came. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zstack/zstack.h>

static const unsigned char answer[] = {0xc0, 12,        /* the name of the question */
                                       0,    1,  0, 1,  /* an address, of the Internet */
                                       0,    0,  0, 60, /* for a minute */
                                       0,    4,         /* in four bytes */
                                       192,  0,  2, 1};

/* The header is 12 bytes; one question, and no records, is what is answered (RFC 1035 4.1). */
static int is_question(const unsigned char* m, size_t n) {
  return n >= 17 && (m[2] & 0xf8) == 0 && m[4] == 0 && m[5] == 1 && m[6] == 0 && m[7] == 0;
}

/* How many bytes header and question have; 0: they are not all there. */
static size_t question_end(const unsigned char* m, size_t n) {
  size_t at = 12;
  while (at < n && m[at] != 0 && m[at] < 64) at += 1u + m[at];
  return at + 5 <= n && m[at] == 0 ? at + 5 : 0;
}

static struct rte_mbuf* reply_to(struct rte_mbuf* m) {
  unsigned char* header = z_data(m);
  struct rte_mbuf* tail;
  size_t end;
  if (z_len(m) != z_pktlen(m) || !is_question(header, z_len(m)) || !z_writable(m)) return NULL;
  end = question_end(header, z_len(m));
  if (end == 0 || z_truncate(m, end) < 0) return NULL;
  tail = z_alloc(sizeof answer);
  if (tail == NULL) return NULL;
  memcpy(z_data(tail), answer, sizeof answer);
  header[2] |= 0x84; /* an answer, and the last word */
  header[3] = 0;
  header[7] = 1;
  header[8] = header[9] = header[10] = header[11] = 0;
  return z_concat(m, tail);
}

static int loop(void* arg) {
  static _Thread_local int fd = -1;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(53)};
  struct sockaddr_in peer;
  socklen_t length = sizeof peer;
  struct rte_mbuf* m = NULL;
  (void)arg;
  if (fd < 0) {
    fd = z_socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || z_bind(fd, (struct sockaddr*)&own, sizeof own) < 0) return -1;
    int set = z_epoll_create(); /* so that a shard without questions may sleep */
    struct epoll_event readable = {.events = EPOLLIN};
    if (set < 0 || z_epoll_ctl(set, EPOLL_CTL_ADD, fd, &readable) < 0) return -1;
  }
  while (z_recvfrom(fd, &m, (struct sockaddr*)&peer, &length) >= 0) {
    struct rte_mbuf* reply = m == NULL ? NULL : reply_to(m);
    if (reply == NULL || z_sendto(fd, reply, (struct sockaddr*)&peer, length) < 0) {
      z_free(reply != NULL ? reply : m);
    }
    m = NULL;
    length = sizeof peer;
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
