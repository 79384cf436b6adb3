/* SPDX-License-Identifier: Apache-2.0
 *
 * process-snoop SECONDS: runs inside a container as whoever is hostile there. It guesses the number of the process that
 * comes next and tries to get hold of its memory and descriptors before it is the container's program. What it gets is
 * told at the end, one line per kind:
 *
 *     memory of FILE         it could read and write the memory of a process that executes FILE
 *     shared memory of FILE  and some other process still lives in it when that one has executed its program
 *     write to FILE          it could write to the file that such a process executes
 *     descriptor of WHAT     it could look at descriptor WHAT, which is no pipe, socket or device
 *
 * The container's program is whatever runs from /bin. Opening /proc/PID/maps or mem keeps hold of that memory, also
 * when the process has long executed something else: so the race has to be won only once, by one open(2).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { most_found = 64 };
static char found[most_found][256];
static int found_count;

static void note(const char* what, const char* object) {
  char line[256];
  snprintf(line, sizeof line, "%s of %s", what, object);
  for (int i = 0; i < found_count; ++i)
    if (strcmp(found[i], line) == 0) return;
  if (found_count < most_found) strcpy(found[found_count++], line);
}

static int open_of(int pid, const char* file, int flags) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  return open(path, flags | O_CLOEXEC);
}

/* The first file that the memory behind `maps` comes from, empty when there is none, and the lowest address. */
static off_t program_of(int maps, char* to, size_t size) {
  static char text[16384];
  *to = '\0';
  const ssize_t got = read(maps, text, sizeof text - 1);
  if (got <= 0) return 0;
  text[got] = '\0';
  const char* name = strchr(text, '/');
  if (name != NULL) snprintf(to, size, "%.*s", (int)strcspn(name, "\n"), name);
  return (off_t)strtoull(text, NULL, 16);
}

static void snoop_descriptors(int pid) {
  for (int fd = 0; fd < 32; ++fd) {
    char path[64], target[200];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    const ssize_t size = readlink(path, target, sizeof target - 1);
    if (size <= 0) continue;
    target[size] = '\0';
    if (target[0] != '/' || strncmp(target, "/dev/", 5) == 0) continue; /* pipes and sockets: the program's own */
    note("descriptor", target);
  }
}

static int has_program(int pid) {
  char program[200];
  const int maps = open_of(pid, "maps", O_RDONLY);
  if (maps < 0) return access("/proc/self", F_OK) == 0; /* gone, or out of reach: not worth waiting for */
  program_of(maps, program, sizeof program);
  close(maps);
  return strncmp(program, "/bin/", 5) == 0;
}

/* Through a descriptor of one's own, as the file is busy as long as it is executed. */
static void overwrite(int exe, const char* program) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", exe);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (pwrite(fd, "\177", 1, 0) == 1) note("write to", program); /* what is there already */
  close(fd);
}

static void snoop(int pid) {
  const int exe = open_of(pid, "exe", O_RDONLY);
  const int maps = open_of(pid, "maps", O_RDONLY);
  if (maps < 0) {
    if (exe >= 0) close(exe);
    return;
  }
  const int memory = open_of(pid, "mem", O_RDWR);
  snoop_descriptors(pid);
  char program[200];
  const off_t start = program_of(maps, program, sizeof program);
  if (memory >= 0 && *program != '\0' && strncmp(program, "/bin/", 5) != 0) {
    note("memory", program);
    while (!has_program(pid)) continue;
    char byte;
    if (pread(memory, &byte, 1, start) == 1) note("shared memory", program);
    if (exe >= 0) overwrite(exe, program);
  }
  if (exe >= 0) close(exe);
  if (memory >= 0) close(memory);
  close(maps);
}

int main(int count, char** arguments) {
  const time_t end = time(NULL) + (count > 1 ? atoi(arguments[1]) : 1);
  int next = getpid() + 1;
  puts("snooping");
  fflush(stdout);
  while (time(NULL) < end) {
    for (int round = 0; round < 1000; ++round) {
      for (int pid = next; pid < next + 40; ++pid) {
        char path[32];
        snprintf(path, sizeof path, "/proc/%d", pid);
        if (access(path, F_OK) != 0) continue;
        for (int tries = 0; tries < 40; ++tries) snoop(pid);
        next = pid + 1;
      }
    }
  }
  for (int i = 0; i < found_count; ++i) puts(found[i]);
  return 0;
}
