// SOCK_SEQPACKET connections, readiness of any descriptor, and processes by descriptor.
#include "call.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

CALL(pidfd_open_binding, "i", "pidfd_open", syscall(SYS_pidfd_open, INT(0), 0))
CALL(pidfd_signal, "ii", "pidfd_send_signal", syscall(SYS_pidfd_send_signal, INT(0), INT(1), NULL, 0))
CALL(shutdown_socket, "ii", "shutdown", shutdown(INT(0), INT(1)))

BINDING(connect_packets) {
  ARGUMENTS("t");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (in.a[0].len >= sizeof address.sun_path) return fail(env, ENAMETOOLONG, "connect");
  memcpy(address.sun_path, TEXT(0), in.a[0].len);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd == -1) return fail(env, errno, "socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return number(env, fd);
  int error = errno;
  close(fd);
  return fail(env, error, "connect");
}

BINDING(receive) {
  ARGUMENTS("ib");
  return done_or(env, "recv", recv(INT(0), in.a[1].s, in.a[1].len, MSG_DONTWAIT), EAGAIN);
}

BINDING(send_packet) {
  ARGUMENTS("ib");
  return done_or(env, "send", send(INT(0), in.a[1].s, in.a[1].len, MSG_DONTWAIT | MSG_NOSIGNAL), EAGAIN);
}

// One wait for readiness in the event loop itself: no thread is held, however long the peer is silent.
typedef struct {
  uv_poll_t handle;
  napi_env env;
  napi_deferred deferred;
  napi_async_context context;
  napi_async_cleanup_hook_handle hook;
} waiter;

static void free_waiter(uv_handle_t *handle) {
  waiter *w = handle->data;
  napi_remove_async_cleanup_hook(w->hook);
  free(w);
}

// The thread ends while we wait.
static void abandon(napi_async_cleanup_hook_handle hook, void *pointer) {
  (void)hook;
  uv_handle_t *handle = (uv_handle_t *)&((waiter *)pointer)->handle;
  if (!uv_is_closing(handle)) uv_close(handle, free_waiter);
}

static void ready(uv_poll_t *handle, int status, int events) {
  waiter *w = handle->data;
  napi_env env = w->env;
  napi_handle_scope scope;
  napi_callback_scope callback;
  napi_value resource;
  napi_open_handle_scope(env, &scope);
  napi_create_object(env, &resource);
  napi_open_callback_scope(env, resource, w->context, &callback);
  if (status < 0) napi_reject_deferred(env, w->deferred, make_error(env, -status, "poll"));
  else napi_resolve_deferred(env, w->deferred, number(env, events));
  // Before the promise's callbacks run, which may wait for the same descriptor again or close it.
  uv_close((uv_handle_t *)handle, free_waiter);
  napi_close_callback_scope(env, callback);
  napi_async_destroy(env, w->context);
  napi_close_handle_scope(env, scope);
}

BINDING(poll_fd) {
  ARGUMENTS("ii");
  uv_loop_t *loop;
  napi_value promise, name;
  waiter *w = calloc(1, sizeof *w);
  if (w == NULL || napi_get_uv_event_loop(env, &loop) != napi_ok) return free(w), fail(env, ENOMEM, "poll");
  int error = uv_poll_init(loop, &w->handle, INT(0));
  if (error) return free(w), fail(env, -error, "poll");
  w->env = env;
  w->handle.data = w;
  napi_create_string_utf8(env, "strata.poll", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &w->context);
  napi_create_promise(env, &w->deferred, &promise);
  napi_add_async_cleanup_hook(env, abandon, w, &w->hook);
  uv_poll_start(&w->handle, INT(1), ready);
  return promise;
}

const binding socket_bindings[] = {
    {"connectPackets", connect_packets}, {"receive", receive},  {"send", send_packet},
    {"shutdown", shutdown_socket},       {"poll", poll_fd},     {"pidfdOpen", pidfd_open_binding},
    {"pidfdSendSignal", pidfd_signal},   {NULL, NULL},
};
