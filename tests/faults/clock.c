/* Loaded before the C library: adds the seconds in the file CLOCK_OFFSET to the time of day, and to no other clock. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  FILE *file = clock == CLOCK_REALTIME && !failed ? fopen(getenv("CLOCK_OFFSET"), "r") : NULL;
  long offset = 0;
  if (file) {
    if (fscanf(file, "%ld", &offset) == 1) now->tv_sec += offset;
    fclose(file);
  }
  return failed;
}
