#include "call.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

napi_value number(napi_env env, double value) {
  napi_value out = NULL;
  napi_create_double(env, value, &out);
  return out;
}

static napi_value text(napi_env env, const char *from) {
  napi_value out = NULL;
  napi_create_string_utf8(env, from, NAPI_AUTO_LENGTH, &out);
  return out;
}

napi_value make_error(napi_env env, int error, const char *call) {
  // One number, two names; Node says ENOTSUP.
  const char *name = error == ENOTSUP ? "ENOTSUP" : strerrorname_np(error), *description = strerrordesc_np(error);
  char message[256];
  if (name == NULL) name = "EUNKNOWN";
  snprintf(message, sizeof message, "%s: %s, %s", name, description ? description : "unknown", call);
  char *first = strchr(message, ' ') + 1;
  *first = (char)tolower((unsigned char)*first);
  napi_value out = NULL;
  napi_create_error(env, NULL, text(env, message), &out);
  napi_set_named_property(env, out, "code", text(env, name));
  napi_set_named_property(env, out, "syscall", text(env, call));
  napi_set_named_property(env, out, "errno", number(env, -error));
  return out;
}

napi_value fail(napi_env env, int error, const char *call) {
  napi_throw(env, make_error(env, error, call));
  return NULL;
}

static int read_text(napi_env env, napi_value value, arguments *out, argument *arg) {
  size_t room = TEXT_BYTES - out->used;
  void *bytes;
  arg->s = out->text + out->used;
  if (napi_get_buffer_info(env, value, &bytes, &arg->len) == napi_ok) {
    if (arg->len >= room) return ENAMETOOLONG;
    memcpy(arg->s, bytes, arg->len);
    arg->s[arg->len] = 0;
  } else {
    if (napi_get_value_string_utf8(env, value, NULL, 0, &arg->len) != napi_ok) return EINVAL;
    if (arg->len >= room) return ENAMETOOLONG;
    napi_get_value_string_utf8(env, value, arg->s, room, &arg->len);
  }
  out->used += arg->len + 1;
  return memchr(arg->s, 0, arg->len) ? EINVAL : 0;
}

static int read_nanoseconds(napi_env env, napi_value value, int64_t *out) {
  bool exact;
  int negative = 0;
  size_t words = 1;
  uint64_t word;
  if (napi_get_value_bigint_int64(env, value, out, &exact) != napi_ok) return EINVAL;
  if (exact) return 0;
  napi_get_value_bigint_words(env, value, &negative, &words, &word);
  *out = negative ? INT64_MIN : INT64_MAX;
  return 0;
}

static int read_one(napi_env env, napi_value value, char kind, arguments *out, argument *arg) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  if (kind == 'n') return read_nanoseconds(env, value, &arg->n);
  if (kind == 'T' && (type == napi_null || type == napi_undefined)) return 0;
  if (kind == 't' || kind == 'T') return read_text(env, value, out, arg);
  if (kind == 'i' || (kind == 'x' && type == napi_number))
    return napi_get_value_int64(env, value, &arg->n) == napi_ok ? 0 : EINVAL;
  return napi_get_buffer_info(env, value, (void **)&arg->s, &arg->len) == napi_ok ? 0 : EINVAL;
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

static void run_task(napi_env env, void *pointer) {
  (void)env;
  task *t = pointer;
  t->result = t->work(&t->in);
  t->error = errno;
}

static void end_task(napi_env env, napi_status status, void *pointer) {
  task *t = pointer;
  if (status == napi_ok && t->result != -1) napi_resolve_deferred(env, t->deferred, number(env, (double)t->result));
  else napi_reject_deferred(env, t->deferred, make_error(env, status == napi_ok ? t->error : ECANCELED, t->call));
  napi_delete_async_work(env, t->handle);
  free(t);
}

napi_value start(napi_env env, napi_callback_info info, const char *signature, const char *call, blocking work) {
  task *t = malloc(sizeof *t);
  napi_value promise;
  if (t == NULL) return fail(env, ENOMEM, call);
  if (!parse(env, info, signature, &t->in)) return free(t), NULL;
  t->work = work;
  t->call = call;
  napi_create_promise(env, &t->deferred, &promise);
  napi_create_async_work(env, NULL, text(env, call), run_task, end_task, t, &t->handle);
  napi_queue_async_work(env, t->handle);
  return promise;
}

NAPI_MODULE_INIT() {
  const binding *tables[] = {file_bindings, attribute_bindings, mount_bindings, socket_bindings};
  for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
    for (const binding *b = tables[k]; b->name; b++) {
      napi_value function;
      napi_create_function(env, b->name, NAPI_AUTO_LENGTH, b->function, NULL, &function);
      napi_set_named_property(env, exports, b->name, function);
    }
  return exports;
}
