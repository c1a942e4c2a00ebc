// Pipes, SOCK_SEQPACKET connections, and readiness of any descriptor.
#include "call.h"
#include <sys/socket.h>
#include <uv.h>

CALL(packetSocket, "", socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0))
CALL(connect, "ib", connect(INT(0), (struct sockaddr *)TEXT(1), (socklen_t)in.a[1].len))
CALL(shutdown, "ii", shutdown(INT(0), INT(1)))
TRY(receive, "ib", EAGAIN, recv(INT(0), BYTES(1), MSG_DONTWAIT))
TRY(send, "ib", EAGAIN, send(INT(0), BYTES(1), MSG_DONTWAIT | MSG_NOSIGNAL))

#define TWO(call) in.a[0].len < 2 * sizeof(int) ? (errno = EINVAL, -1) : call
CALL(pipe, "b", TWO(pipe2((int *)TEXT(0), O_CLOEXEC)))
CALL(socketPair, "b", TWO(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, (int *)TEXT(0))))

// One wait for readiness in the event loop itself: no thread is held, however long the peer is silent.
typedef struct {
  uv_poll_t handle;
  napi_env env;
  napi_ref callback;
  napi_async_cleanup_hook_handle hook;
} waiter;

static void free_waiter(uv_handle_t *handle) {
  napi_remove_async_cleanup_hook(((waiter *)handle)->hook);
  free(handle);
}

// The thread ends while we wait.
static void abandon(napi_async_cleanup_hook_handle hook, void *handle) {
  (void)hook;
  if (!uv_is_closing(handle)) uv_close(handle, free_waiter);
}

static void ready(uv_poll_t *handle, int status, int events) {
  waiter *w = (waiter *)handle;
  napi_env env = w->env;
  napi_handle_scope scope;
  napi_value callback;
  napi_open_handle_scope(env, &scope);
  napi_get_reference_value(env, w->callback, &callback);
  napi_delete_reference(env, w->callback);
  napi_value result = number(env, status < 0 ? status : events);
  // Before the callback, which may wait for the same descriptor again or close it.
  uv_close((uv_handle_t *)handle, free_waiter);
  napi_make_callback(env, NULL, callback, callback, 1, &result, NULL);
  napi_close_handle_scope(env, scope);
}

// poll(fd, events, callback, background)
BINDING(poll) {
  ARGUMENTS("iifI");
  uv_loop_t *loop;
  waiter *w = calloc(1, sizeof *w);
  int error = w && napi_get_uv_event_loop(env, &loop) == napi_ok ? uv_poll_init(loop, &w->handle, INT(0)) : UV_ENOMEM;
  if (error) return free(w), fail(env, -error, "poll");
  w->env = env;
  napi_create_reference(env, in.a[2].value, 1, &w->callback);
  napi_add_async_cleanup_hook(env, abandon, w, &w->hook);
  uv_poll_start(&w->handle, INT(1), ready);
  if (INT(3)) uv_unref((uv_handle_t *)&w->handle);
  return NULL;
}
