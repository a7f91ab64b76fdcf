/* What a C program sees of the installed tree: the header alone, in C11, with every warning; and
 * that wrong calls outside of z_run() are refused. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zstack/zstack.h>

static int failures;

static void expect(int good, const char* what) {
  printf("%s - C: %s\n", good ? "ok" : "not ok", what);
  failures += !good;
}

static int refused(long result, int why) { return result == -1 && errno == why; }

int main(void) {
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
  return failures != 0;
}
