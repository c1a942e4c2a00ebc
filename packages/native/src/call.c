#include "call.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

napi_value number(napi_env env, double value) {
  napi_value out = NULL;
  napi_create_double(env, value, &out);
  return out;
}

napi_value bytes(napi_env env, const void *data, size_t length) {
  napi_value out = NULL;
  napi_create_buffer_copy(env, length, data, NULL, &out);
  return out;
}

static void set_text(napi_env env, napi_value object, const char *key, const char *text) {
  napi_value value;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok)
    napi_set_named_property(env, object, key, value);
}

napi_value make_error(napi_env env, int error, const char *call) {
  // One number, two names; Node says ENOTSUP.
  const char *name = error == ENOTSUP ? "ENOTSUP" : strerrorname_np(error), *description = strerrordesc_np(error);
  char text[256];
  snprintf(text, sizeof text, "%s: %s, %s", name ? name : "EUNKNOWN", description ? description : "unknown", call);
  char *first = strchr(text, ' ') + 1;
  *first = (char)tolower((unsigned char)*first);
  napi_value message, out = NULL;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, NULL, message, &out);
  set_text(env, out, "code", name ? name : "EUNKNOWN");
  set_text(env, out, "syscall", call);
  napi_set_named_property(env, out, "errno", number(env, -error));
  return out;
}

napi_value fail(napi_env env, int error, const char *call) {
  napi_throw(env, make_error(env, error, call));
  return NULL;
}

static int copy_text(napi_env env, napi_value value, arguments *out, argument *arg) {
  size_t room = TEXT_BYTES - out->used;
  char *to = out->text + out->used;
  void *data;
  if (napi_get_buffer_info(env, value, &data, &arg->len) == napi_ok) {
    if (arg->len >= room) return ENAMETOOLONG;
    memcpy(to, data, arg->len);
    to[arg->len] = 0;
  } else {
    if (napi_get_value_string_utf8(env, value, NULL, 0, &arg->len) != napi_ok) return EINVAL;
    if (arg->len >= room) return ENAMETOOLONG;
    napi_get_value_string_utf8(env, value, to, room, &arg->len);
  }
  if (memchr(to, 0, arg->len)) return EINVAL;
  arg->s = to;
  out->used += arg->len + 1;
  return 0;
}

static int read_one(napi_env env, napi_value value, char kind, arguments *out, argument *arg) {
  napi_valuetype type = napi_undefined;
  void *data;
  switch (kind) {
  case 'i': return napi_get_value_int64(env, value, &arg->n) == napi_ok ? 0 : EINVAL;
  case 'n': {
    bool exact;
    uint64_t word = 0;
    int negative = 0;
    size_t words = 1;
    if (napi_get_value_bigint_int64(env, value, &arg->n, &exact) != napi_ok) return EINVAL;
    if (exact) return 0;
    napi_get_value_bigint_words(env, value, &negative, &words, &word);
    arg->n = negative ? INT64_MIN : INT64_MAX;
    return 0;
  }
  case 'T':
    napi_typeof(env, value, &type);
    if (type == napi_null || type == napi_undefined) return 0;
    // fallthrough
  case 't': return copy_text(env, value, out, arg);
  case 'x':
    if (napi_get_value_int64(env, value, &arg->n) == napi_ok) return 0;
    // fallthrough
  default:
    if (napi_get_buffer_info(env, value, &data, &arg->len) != napi_ok) return EINVAL;
    arg->s = data;
    return 0;
  }
}

int parse(napi_env env, napi_callback_info info, const char *signature, arguments *out) {
  napi_value values[MAX_ARGUMENTS];
  size_t count = MAX_ARGUMENTS;
  napi_get_cb_info(env, info, &count, values, NULL, NULL);
  out->used = 0;
  memset(out->a, 0, sizeof out->a);
  for (size_t k = 0; signature[k]; k++) {
    int error = k < count ? read_one(env, values[k], signature[k], out, &out->a[k]) : EINVAL;
    if (error) return fail(env, error, "arguments") != NULL;
  }
  return 1;
}

typedef struct {
  arguments in;
  blocking work;
  const char *call;
  long result;
  int error;
  napi_deferred deferred;
  napi_async_work handle;
} task;

static void run_task(napi_env env, void *data) {
  (void)env;
  task *t = data;
  t->result = t->work(&t->in);
  t->error = errno;
}

static void end_task(napi_env env, napi_status status, void *data) {
  task *t = data;
  if (status == napi_ok && t->result != -1) napi_resolve_deferred(env, t->deferred, number(env, (double)t->result));
  else napi_reject_deferred(env, t->deferred, make_error(env, status == napi_ok ? t->error : ECANCELED, t->call));
  napi_delete_async_work(env, t->handle);
  free(t);
}

napi_value start(napi_env env, napi_callback_info info, const char *signature, const char *call, blocking work) {
  task *t = malloc(sizeof *t);
  if (t == NULL) return fail(env, ENOMEM, call);
  if (!parse(env, info, signature, &t->in)) return free(t), NULL;
  t->work = work;
  t->call = call;
  napi_value promise, name;
  napi_create_promise(env, &t->deferred, &promise);
  napi_create_string_utf8(env, call, NAPI_AUTO_LENGTH, &name);
  napi_create_async_work(env, NULL, name, run_task, end_task, t, &t->handle);
  napi_queue_async_work(env, t->handle);
  return promise;
}

void add(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value);
  napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  add_files(env, exports);
  add_attributes(env, exports);
  add_mounts(env, exports);
  add_processes(env, exports);
  add_sockets(env, exports);
  return exports;
}
