// strata-client NODE PROGRAM WORD...: the program's command in a standby process, when one is there that would do what a
// process of our own would (docs/adr/0014). If not, this process becomes `NODE -- PROGRAM WORD...`.
#include "context.h"
#include "talk.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NO, BY_DEFAULT, BY_NAME };

static int wanted(void) {
  const char *setting = getenv("STRATA_STANDBY");
  if (setting == NULL || *setting == 0) return BY_DEFAULT;
  return strcmp(setting, "off") == 0 || strcmp(setting, "0") == 0 ? NO : BY_NAME;
}

int main(int argc, char **argv) {
  char key[17];
  if (argc < 3) return fprintf(stderr, "usage: strata-client NODE PROGRAM [WORD...]\n"), 125;
  unsetenv("STRATA_STANDBY_KEY"), unsetenv("STRATA_NOHUP");
  int how = wanted();
  if ((how == BY_NAME || (how == BY_DEFAULT && !was_put_here())) && context_key(argv[1], argv[2], key)) {
    int status = ask(key, argc - 3, argv + 3);
    if (status >= 0) return status;
    // Not there, or all busy: who runs now leaves one behind.
    setenv("STRATA_STANDBY_KEY", key, 1);
  }
  struct sigaction hangup;
  // Node would make it deadly again.
  if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN) setenv("STRATA_NOHUP", "1", 1);
  // Node looks for an --env-file of its own up to the first `--`, among the words of the program too.
  argv[0] = argv[1];
  argv[1] = "--";
  execv(argv[0], argv);
  perror(argv[0]);
  return 126;
}
