/* What a program of F-Stack's may do wrong, against the installed library: nothing crashes, and
 * errno says what is the matter. Ends by itself. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ff_api.h"
#include "ff_config.h"
#include "ff_epoll.h"
#include "ff_log.h"

static int failures;

static void expect(int good, const char* what) {
  if (!good) fprintf(stderr, "not ok - %s (errno %d)\n", what, errno);
  failures += !good;
}
static int refused(long result, int why) { return result == -1 && errno == why; }

static void* on_another_thread(void* arg) {
  (void)arg;
  expect(refused(ff_socket(AF_INET, SOCK_STREAM, 0), EPERM), "another thread has no stack");
  expect(refused(ff_kqueue(), EPERM), "nor kqueues");
  return NULL;
}

static void in_the_loop(void) {
  char byte = 0;
  struct kevent event;
  int fd = ff_socket(AF_INET, SOCK_STREAM, 0);
  expect(fd >= 1024, "descriptors begin at fd_reserve");
  expect(refused(ff_read(fd, &byte, 1), ENOTCONN), "nothing to read without a connection");
  expect(refused(ff_read(fd, NULL, 1), EFAULT), "nowhere to read to");
  expect(refused(ff_write(fd, &byte, SIZE_MAX), EINVAL), "too much to write");
  expect(refused(ff_accept(fd, NULL, NULL), EINVAL), "it does not listen");
  expect(refused(ff_bind(fd, NULL, 16), EINVAL), "no address");
  expect(refused(ff_close(3), EBADF), "the kernel's descriptors are not ours");
  expect(refused(ff_epoll_ctl(fd, EPOLL_CTL_ADD, fd, NULL), EINVAL), "a socket is no epoll set");
  expect(refused(ff_kevent(fd, NULL, 0, &event, 1, NULL), EBADF), "nor a kqueue");
  expect(refused(ff_setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, NULL, 4), EINVAL), "no value");
  expect(ff_close(fd) == 0, "it closes");
  expect(refused(ff_close(fd), EBADF), "once");
  struct ff_traffic_args before, after;
  char frame[60] = {0};
  ff_get_traffic(&before);
  expect(ff_dpdk_raw_packet_send(frame, sizeof(frame), 0) == 0, "a frame leaves");
  ff_get_traffic(&after);
  expect(after.tx_packets > before.tx_packets, "and is counted");
  expect(refused(ff_dpdk_raw_packet_send(frame, 1 << 20, 0), EINVAL), "too long a frame");
  expect(refused(ff_dpdk_raw_packet_send(frame, sizeof(frame), 7), ENODEV), "no such port");
  pthread_t thread;
  expect(ff_pthread_create(&thread, NULL, on_another_thread, NULL) == 0, "a thread");
  expect(ff_pthread_join(thread, NULL) == 0, "ends");
}

static int keep(void* data, uint16_t* len, uint16_t queue_id, uint16_t nb_queues) {
  (void)data;
  expect(*len >= 14 && queue_id < nb_queues, "a frame of a queue");
  return queue_id;
}

static int loop(void* arg) {
  int* passes = arg;
  if (++*passes == 1) in_the_loop();
  if (*passes == 3) ff_stop_run();
  return 0;
}

int main(int argc, char* argv[]) {
  char* missing[] = {argv[0], "--conf", "/no/such/file.ini", NULL};
  char* second[] = {argv[0], "--proc-type=secondary", NULL};
  int passes = 0;
  (void)argc;
  expect(refused(ff_socket(AF_INET, SOCK_STREAM, 0), EPERM), "no stack before ff_init()");
  ff_run(loop, &passes);
  expect(passes == 0, "nothing runs before ff_init()");
  ff_stop_run();
  expect(refused(ff_init(3, missing), ENOENT), "no such file");
  expect(refused(ff_init(2, second), ENOTSUP), "no second process");
  FILE* file = fopen("wrong.ini", "w");
  fputs("[dpdk]\nlcore_mask=xyz\n", file);
  fclose(file);
  char* wrong[] = {argv[0], "-c", "wrong.ini", NULL};
  expect(refused(ff_init(3, wrong), EINVAL), "a wrong file");
  file = fopen("config.ini", "w");
  fputs("[freebsd.boot]\nfd_reserve=1024\nhz=100\n", file);
  fclose(file);
  ff_regist_packet_dispatcher(keep);
  expect(ff_init(1, argv) == 0, "the file of the folder is read");
  expect(refused(ff_init(1, argv), EALREADY), "once");
  ff_run(NULL, NULL);
  ff_run(loop, &passes);
  expect(passes == 3, "the loop runs until it is stopped");
  expect(refused(ff_socket(AF_INET, SOCK_STREAM, 0), EPERM), "nothing is left behind it");
  ff_run(loop, &passes);
  expect(passes == 3, "and it runs once");
  return failures != 0;
}
