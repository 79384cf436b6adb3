/* SPDX-License-Identifier: Apache-2.0
 *
 * swap-race ONE OTHER...: exchanges ONE with OTHER, and each further pair, again and again as fast as the kernel can,
 * until it is killed: what a process can do that shares a volume with a container that is being made. ONE is then a
 * directory at one moment and a link that leads out at the next.
 * See: rename(2), RENAME_EXCHANGE.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { rename_exchange = 2 };

int main(int count, char** arguments) {
  if (count < 3 || count % 2 == 0) {
    fputs("usage: swap-race ONE OTHER...\n", stderr);
    return 2;
  }
  for (unsigned long round = 0;; ++round) {
    for (int i = 1; i < count; i += 2) {
      if (syscall(SYS_renameat2, AT_FDCWD, arguments[i], AT_FDCWD, arguments[i + 1], rename_exchange) != 0) {
        perror("renameat2");
        return 1;
      }
    }
    if (round == 0 && write(STDOUT_FILENO, "swapping\n", 9) != 9) return 1;
  }
}
