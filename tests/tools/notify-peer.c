/* SPDX-License-Identifier: Apache-2.0
 *
 * notify-peer serve SOCKET: a service manager: prints each message it gets, one a line with `|` for newlines, up to
 *                           the one that brings a descriptor, which it closes.
 * notify-peer say SOCKET TEXT: a service: sends TEXT, with `|` for newlines.
 * Static: it runs inside containers. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void translate(char *text, char from, char to) {
  for (; *text != '\0'; ++text)
    if (*text == from) *text = to;
}

static int serve(int socket) {
  for (;;) {
    char text[4096];
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec bytes = {text, sizeof text - 1};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    const ssize_t size = recvmsg(socket, &message, 0);
    if (size < 0) return perror("recvmsg"), 1;
    text[size] = '\0';
    translate(text, '\n', '|');
    puts(text);
    fflush(stdout);
    if (CMSG_FIRSTHDR(&message) != NULL) return 0; /* which closes what came */
  }
}

int main(int count, char **arguments) {
  const int serves = count == 3 && strcmp(arguments[1], "serve") == 0;
  if (!serves && (count != 4 || strcmp(arguments[1], "say") != 0)) return 2;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, arguments[2], sizeof address.sun_path - 1);
  const int made = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (made < 0) return perror("socket"), 1;
  if (serves) {
    if (bind(made, (struct sockaddr *)&address, sizeof address) != 0) return perror("bind"), 1;
    return serve(made);
  }
  translate(arguments[3], '|', '\n');
  if (connect(made, (struct sockaddr *)&address, sizeof address) != 0) return perror("connect"), 1;
  if (send(made, arguments[3], strlen(arguments[3]), 0) < 0) return perror("send"), 1;
  return 0;
}
