/* What a C program sees of the installed tree: the header alone, in C11, with every warning; that
 * wrong calls outside of z_run() are refused; and with `run [OPTIONS]`, on each shard a connection
 * to itself that carries the program's own memory, until z_stop_run(). */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstack/zstack.h>

static atomic_int failures;

static void expect(int good, const char* what) {
  printf("%s - C: %s\n", good ? "ok" : "not ok", what);
  failures += !good;
}

static int refused(long result, int why) { return result == -1 && errno == why; }

#define BYTES (64 * 1024)
#define OWN_ADDRESS 0x0a630002 /* 10.99.0.2, as configured by default */

static atomic_int shards_done;

struct shard {
  int listener, client, server;
  int mem, freed, freed_too_early, refused_inside;
  unsigned char* memory;
  size_t received;
};

static void on_free(void* addr, void* arg) {
  struct shard* s = arg;
  s->freed += addr == s->memory;
  s->freed_too_early += s->received < BYTES;
  errno = 0;
  s->refused_inside +=
      z_socket(AF_INET, SOCK_STREAM, 0) == -1 && (errno == EBUSY || errno == EPERM);
}

static void begin(struct shard* s) {
  struct sockaddr_in own = {.sin_family = AF_INET,
                            .sin_port = htons((in_port_t)(7000 + z_shard()))};
  own.sin_addr.s_addr = htonl(OWN_ADDRESS);
  s->memory = aligned_alloc(4096, BYTES);
  for (size_t i = 0; i < BYTES; ++i) s->memory[i] = (unsigned char)(i * 7 + i / 251);
  s->mem = z_extmem_register(s->memory, BYTES);
  expect(s->mem >= 0, "memory can be registered");
  s->listener = z_socket(AF_INET, SOCK_STREAM, 0);
  s->client = z_socket(AF_INET, SOCK_STREAM, 0);
  s->server = -1;
  expect(z_bind(s->listener, (struct sockaddr*)&own, sizeof own) == 0, "a socket is bound");
  expect(z_listen(s->listener, 8) == 0, "and listens");
  expect(refused(z_connect(s->client, (struct sockaddr*)&own, sizeof own), EINPROGRESS),
         "a connection begins");
}

static void receive(struct shard* s) {
  struct rte_mbuf* m;
  while (z_read(s->server, &m, 5000) > 0) {
    for (const struct rte_mbuf* b = m; b != NULL; b = z_next(b)) {
      expect(memcmp(z_data(b), s->memory + s->received, z_len(b)) == 0, "bytes arrive as they are");
      s->received += z_len(b);
    }
    z_free(m);
  }
}

static int loop(void* arg) {
  static _Thread_local struct shard s;
  (void)arg;
  if (s.memory == NULL) begin(&s);
  if (s.server < 0) {
    s.server = z_accept(s.listener, NULL, NULL);
    if (s.server < 0) return 0;
    struct rte_mbuf* m = z_ext(s.mem, 0, BYTES, on_free, &s);
    expect(m != NULL && z_pktlen(m) == BYTES, "memory becomes a chain");
    expect(z_write(s.client, m) == BYTES, "which is sent");
  }
  receive(&s);
  if (s.received < BYTES || s.freed == 0 || s.client < 0) return 0;
  expect(s.freed == 1 && s.freed_too_early == 0, "the memory comes back once, when it was read");
  expect(s.refused_inside == 1, "where it does, no other call is allowed");
  expect(z_copied_bytes() == 0, "nothing was copied");
  z_close(s.client);
  s.client = -1;
  return atomic_fetch_add(&shards_done, 1) + 1 == z_shard_count() ? z_stop_run() : 0;
}

static void check_before_run(void) {
  struct rte_mbuf* m = NULL;
  char* no_such_option[] = {"c_program", "--no-such-option", NULL};
  char* bad_value[] = {"c_program", "--mtu", "5", NULL};
  char* help[] = {"c_program", "--help", NULL};
  char* split[] = {"c_program", "--mtu", "1500", "--", "mine", NULL};
  expect(refused(z_socket(AF_INET, SOCK_STREAM, 0), EPERM), "there is no shard before z_run()");
  expect(refused(z_read(0, &m, 1), EPERM) && m == NULL, "nor anything to read");
  expect(z_alloc(1) == NULL && errno == EPERM, "nor a buffer");
  expect(refused(z_run(NULL, NULL), EINVAL), "z_run() wants a loop");
  expect(refused(z_init(0, NULL), EINVAL), "z_init() wants arguments");
  expect(refused(z_init(2, no_such_option), EINVAL) && strstr(z_why(), "--no-such-option") != NULL,
         "an unknown option is named");
  expect(refused(z_init(3, bad_value), EINVAL) && strstr(z_why(), "--mtu") != NULL,
         "a wrong value is named");
  expect(refused(z_init(2, help), EINVAL) && strstr(z_why(), "--device") != NULL,
         "the help lists the options");
  expect(z_init(5, split) == 4 && z_why()[0] == '\0', "what follows -- is the application's");
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "run") == 0) {
    if (z_init(argc - 1, argv + 1) < 0 || z_run(loop, NULL) < 0) fprintf(stderr, "%s\n", z_why());
    expect(shards_done > 0, "the shards have done what they should");
    expect(refused(z_run(loop, NULL), EALREADY), "z_run() works once");
  } else {
    check_before_run();
  }
  return failures != 0;
}
