// What the client (client/) and a standby process say to each other. Both are of one build: the key of the socket's name
// says so (client/context.c).
#pragma once
#include <stdint.h>
#include <sys/types.h>

// Not in the abstract namespace of unix(7), where a container in the host's network would find them, as it found those of
// containerd (CVE-2020-15257). Not below --run either: a socket would keep that from being unmounted.
#define STANDBY_DIRECTORY "/run/strata/standby"
#define STANDBY_NAME STANDBY_DIRECTORY "/%s-%d"
enum { STANDBY_SLOTS = 8, STANDBY_FDS = 4, STANDBY_BYTES = 4 << 20 };

// Followed by `length` bytes: the words, then the environment, each ended by NUL. With it come the descriptors of standard
// input, output, error and the working directory.
typedef struct {
  uint32_t length, words, umask, reserved;
  // Bit n-1: signal n was ignored when the client was started.
  uint64_t ignored;
} standby_request;

// From the standby: READY once it has accepted, then REFUSED, or the exit status as an int after DONE, or after LEAVING:
// what the command held is let go when the standby ends. STOPPED before that each time job control stops it. From the
// client, after its request: a byte per signal that it was sent.
enum {
  STANDBY_READY = 'A',
  STANDBY_REFUSED = 'R',
  STANDBY_STOPPED = 'S',
  STANDBY_DONE = 'D',
  STANDBY_LEAVING = 'L',
};

typedef struct {
  char word;
  int status;
} __attribute__((packed)) standby_answer;

// To the client of the command at work, if there is one, from a signal handler: its exit status, and that the process ends.
void standby_leave(int status);
