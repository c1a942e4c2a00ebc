// SQLite maps its wal-index (sqlite.org/walformat.html). A page of it that a full filesystem has no room for is SIGBUS, and
// no error that SQLite could tell of: blocks smaller than pages, of which it makes sure of one only, or copy on write.
#include "call.h"
#include "standby.h"
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { SPARES = 8, PIECE = 128 << 10 };

static _Atomic(char *) spares[SPARES];
static atomic_uint next;

// spare(path): this file may be made shorter, piece by piece, where a mapped page finds no room. For the life of the
// process; of the paths that were told, the last few.
BINDING(spare) {
  ARGUMENTS("t");
  for (int k = 0; k < SPARES; k++) {
    const char *known = atomic_load(&spares[k]);
    if (known && strcmp(known, TEXT(0)) == 0) return NULL;
  }
  // The one before is not freed: another thread may be reading it.
  atomic_store(&spares[atomic_fetch_add(&next, 1) % SPARES], strdup(TEXT(0)));
  return NULL;
}

static bool give_up_piece(void) {
  bool given = false;
  for (int k = 0; k < SPARES; k++) {
    const char *path = atomic_load(&spares[k]);
    int file = path ? open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    struct stat now;
    if (file == -1) continue;
    // btrfs frees when it commits.
    if (fstat(file, &now) == 0 && now.st_size > 0 && ftruncate(file, now.st_size > PIECE ? now.st_size - PIECE : 0) == 0)
      given = true, syncfs(file);
    close(file);
  }
  return given;
}

// Returning from it touches the page again. Without a piece to give up the process ends; no transaction is lost by that.
static void on_missing_page(int number, siginfo_t *info, void *unused) {
  static const char text[] = "strata: No space left on the device of the store (NO_SPACE)\n"
      "hint: 'strata rm' and 'strata system prune' make room; 'strata cleanup' removes what this command left\n";
  int error = errno;
  (void)unused;
  if (info->si_code != BUS_ADRERR) signal(number, SIG_DFL), raise(number);
  if (give_up_piece()) {
    errno = error;
    return;
  }
  (void)!write(STDERR_FILENO, text, sizeof text - 1);
  standby_leave(1);
  _exit(1);
}

void expect_no_room(void) {
  struct sigaction act = {.sa_sigaction = on_missing_page, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGBUS, &act, NULL);
}
