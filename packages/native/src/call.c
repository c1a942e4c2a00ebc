#include "call.h"
#include <ctype.h>
#include <pthread.h>

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

napi_value fail(napi_env env, int error, const char *call) {
  // One number, two names; Node says ENOTSUP.
  const char *name = error == ENOTSUP ? "ENOTSUP" : strerrorname_np(error), *description = strerrordesc_np(error);
  char message[256];
  if (name == NULL) name = description = "EUNKNOWN";
  snprintf(message, sizeof message, "%s: %c%s, %s", name, tolower(*description), description + 1, call);
  napi_value thrown = NULL;
  napi_create_error(env, text(env, name), text(env, message), &thrown);
  napi_set_named_property(env, thrown, "syscall", text(env, call));
  napi_set_named_property(env, thrown, "errno", number(env, -error));
  napi_throw(env, thrown);
  return NULL;
}

// For calls that failed on another thread or in the event loop.
BINDING(raise) {
  ARGUMENTS("it");
  return fail(env, INT(0), TEXT(1));
}

static int read_text(napi_env env, napi_value value, arguments *out, argument *arg) {
  size_t room = TEXT_BYTES - out->used;
  void *bytes = NULL;
  arg->s = out->text + out->used;
  if (napi_get_buffer_info(env, value, &bytes, &arg->len) != napi_ok &&
      napi_get_value_string_utf8(env, value, NULL, 0, &arg->len) != napi_ok) return EINVAL;
  if (arg->len >= room) return ENAMETOOLONG;
  if (bytes) memcpy(arg->s, bytes, arg->len);
  else if (arg->len) napi_get_value_string_utf8(env, value, arg->s, room, &arg->len);
  arg->s[arg->len] = 0;
  out->used += arg->len + 1;
  return memchr(arg->s, 0, arg->len) ? EINVAL : 0;
}

static int read_nanoseconds(napi_env env, napi_value value, int64_t *out) {
  int negative = 0;
  size_t words = 1;
  uint64_t word = 0;
  if (napi_get_value_bigint_words(env, value, &negative, &words, &word) != napi_ok) return EINVAL;
  int64_t size = words > 1 || word > INT64_MAX ? INT64_MAX : (int64_t)word;
  return *out = negative ? -size : size, 0;
}

static int read_one(napi_env env, napi_value value, char kind, arguments *out, argument *arg) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  arg->value = value;
  if (kind == 'f') return type == napi_function ? 0 : EINVAL;
  if (strchr("TI", kind) && (type == napi_null || type == napi_undefined)) return 0;
  if (kind == 'n') return read_nanoseconds(env, value, &arg->n);
  if (kind == 't' || kind == 'T') return read_text(env, value, out, arg);
  if (kind == 'b' || (kind == 'x' && type != napi_number))
    return napi_get_buffer_info(env, value, (void **)&arg->s, &arg->len) == napi_ok ? 0 : EINVAL;
  return napi_get_value_int64(env, value, &arg->n) == napi_ok ? 0 : EINVAL;
}

int parse(napi_env env, napi_callback_info info, const char *signature, arguments *out) {
  napi_value values[MAX_ARGUMENTS];
  napi_get_cb_info(env, info, &(size_t){MAX_ARGUMENTS}, values, NULL, NULL);
  memset(out, 0, offsetof(arguments, text));
  for (size_t k = 0; signature[k]; k++) {
    int error = read_one(env, values[k], signature[k], out, &out->a[k]);
    if (error) return fail(env, error, "arguments") != NULL;
  }
  return 1;
}

typedef struct {
  arguments in;
  blocking work;
  int answer;
} job;

static void *run_job(void *pointer) {
  job *j = pointer;
  int error = j->work(j->in.a) == -1 ? errno : 0;
  // Nobody reads any more when the thread that asked has ended.
  (void)!write(j->answer, &error, sizeof error);
  close(j->answer), free(j);
  return NULL;
}

napi_value start(napi_env env, napi_callback_info info, const char *signature, blocking work) {
  int ends[2];
  pthread_t thread;
  job *j = malloc(sizeof *j);
  if (j == NULL || pipe2(ends, O_CLOEXEC) == -1) return free(j), fail(env, errno, "pipe2");
  if (!parse(env, info, signature, &j->in)) return close(ends[0]), close(ends[1]), free(j), NULL;
  j->work = work, j->answer = ends[1];
  int error = pthread_create(&thread, NULL, run_job, j);
  if (error == 0) return pthread_detach(thread), number(env, ends[0]);
  close(ends[0]), close(ends[1]), free(j);
  return fail(env, error, "pthread_create");
}

// The linker's names for the ends of the section that BINDING fills.
extern const binding __start_bindings[], __stop_bindings[];

NAPI_MODULE_INIT() {
  expect_no_room();
  for (const binding *b = __start_bindings; b < __stop_bindings; b++) {
    napi_value function;
    napi_create_function(env, b->name, NAPI_AUTO_LENGTH, b->function, NULL, &function);
    napi_set_named_property(env, exports, b->name, function);
  }
  return exports;
}
