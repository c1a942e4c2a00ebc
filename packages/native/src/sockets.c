#include "call.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

// A path that does not fit sun_path is reached through an O_PATH descriptor of the socket itself.
static BINDING(connect_packets) {
  ARGUMENTS("t");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int node = -1, fd = -1, error = 0;
  if (in.a[0].len < sizeof address.sun_path) memcpy(address.sun_path, TEXT(0), in.a[0].len);
  else if ((node = open(TEXT(0), O_PATH | O_CLOEXEC)) == -1) return fail(env, errno, "connect");
  else snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", node);
  fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd == -1 || connect(fd, (struct sockaddr *)&address, sizeof address) == -1) error = errno;
  if (node != -1) close(node);
  if (error == 0) return number(env, fd);
  if (fd != -1) close(fd);
  return fail(env, error, "connect");
}

static BINDING(receive) {
  ARGUMENTS("ib");
  ssize_t n = recv(INT(0), in.a[1].s, in.a[1].len, MSG_DONTWAIT);
  return n == -1 && (errno == EAGAIN || errno == EINTR) ? number(env, -1) : done(env, "recv", n);
}

static BINDING(send_packet) {
  ARGUMENTS("ib");
  ssize_t n = send(INT(0), in.a[1].s, in.a[1].len, MSG_DONTWAIT | MSG_NOSIGNAL);
  return n == -1 && (errno == EAGAIN || errno == EINTR) ? number(env, -1) : done(env, "send", n);
}

static BINDING(shutdown_socket) {
  ARGUMENTS("ii");
  return done(env, "shutdown", shutdown(INT(0), INT(1)));
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

static void abandon(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  uv_handle_t *handle = (uv_handle_t *)&((waiter *)data)->handle;
  if (!uv_is_closing(handle)) uv_close(handle, free_waiter);
}

static void ready(uv_poll_t *handle, int status, int events) {
  waiter *w = handle->data;
  napi_env env = w->env;
  napi_handle_scope scope;
  napi_callback_scope callback;
  napi_value resource;
  uv_poll_stop(handle);
  napi_open_handle_scope(env, &scope);
  napi_create_object(env, &resource);
  napi_open_callback_scope(env, resource, w->context, &callback);
  if (status < 0) napi_reject_deferred(env, w->deferred, make_error(env, -status, "poll"));
  else napi_resolve_deferred(env, w->deferred, number(env, events));
  napi_async_destroy(env, w->context);
  uv_close((uv_handle_t *)handle, free_waiter);
  napi_close_callback_scope(env, callback);
  napi_close_handle_scope(env, scope);
}

static BINDING(poll_fd) {
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

void add_sockets(napi_env env, napi_value exports) {
  add(env, exports, "connectPackets", connect_packets), add(env, exports, "receive", receive);
  add(env, exports, "send", send_packet), add(env, exports, "shutdown", shutdown_socket);
  add(env, exports, "poll", poll_fd);
}
