#include "call.h"
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static BINDING(pidfd_open_binding) {
  ARGUMENTS("i");
  return done(env, "pidfd_open", syscall(SYS_pidfd_open, INT(0), 0));
}

static BINDING(pidfd_signal) {
  ARGUMENTS("ii");
  return done(env, "pidfd_send_signal", syscall(SYS_pidfd_send_signal, INT(0), INT(1), NULL, 0));
}

void add_processes(napi_env env, napi_value exports) {
  add(env, exports, "pidfdOpen", pidfd_open_binding), add(env, exports, "pidfdSendSignal", pidfd_signal);
}
