// What every binding shares: arguments in, a result or a Node-like error out. No global state: one addon serves
// the main thread and any number of worker threads.
#pragma once
#define NAPI_VERSION 8
#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 10, TEXT_BYTES = 3 * 4096 + 1024 };

// One argument: `n` a number, or `s` and `len` text (copied, NUL-terminated) or bytes (JavaScript's own memory).
typedef struct {
  int64_t n;
  char *s;
  size_t len;
} argument;

typedef struct {
  argument a[MAX_ARGUMENTS];
  size_t used;
  char text[TEXT_BYTES];
} arguments;

// Signature, a letter each: `i` integer, `n` bigint nanoseconds (clamped to 64 bits), `t` text without NUL (string or
// bytes), `T` text or null, `b` bytes, `x` integer or bytes. Throws EINVAL or ENAMETOOLONG and returns 0.
int parse(napi_env env, napi_callback_info info, const char *signature, arguments *out);

// Throw `{code, errno, syscall}` for an errno; returns NULL so that a binding can return it.
napi_value fail(napi_env env, int error, const char *call);
napi_value make_error(napi_env env, int error, const char *call);
napi_value number(napi_env env, double value);

// The result of a system call: throws when -1, else the number.
static inline napi_value done(napi_env env, const char *call, long result) {
  return result == -1 ? fail(env, errno, call) : number(env, (double)result);
}
// As done, for calls where one errno only means "not now": -1.
static inline napi_value done_or(napi_env env, const char *call, long result, int harmless) {
  return result == -1 && errno == harmless ? number(env, -1) : done(env, call, result);
}
static inline napi_value data(napi_env env, const char *call, const void *from, ssize_t length) {
  napi_value out = NULL;
  if (length == -1) return fail(env, errno, call);
  napi_create_buffer_copy(env, (size_t)length, from, NULL, &out);
  return out;
}

// A blocking call on a thread of the libuv pool; the promise takes its result or its errno.
typedef long (*blocking)(arguments *in);
napi_value start(napi_env env, napi_callback_info info, const char *signature, const char *call, blocking work);

#define BINDING(name) static napi_value name(napi_env env, napi_callback_info info)
#define ARGUMENTS(signature)                                                                                   \
  arguments in;                                                                                                \
  if (!parse(env, info, signature, &in)) return NULL
#define INT(k) ((int)in.a[k].n)
#define LONG(k) ((long)in.a[k].n)
#define TEXT(k) (in.a[k].s)
// A binding that is one system call.
#define CALL(name, signature, call, expression)                                                                \
  BINDING(name) {                                                                                              \
    ARGUMENTS(signature);                                                                                      \
    return done(env, call, expression);                                                                        \
  }

typedef struct {
  const char *name;
  napi_callback function;
} binding;
// Each ends with an entry without a name.
extern const binding file_bindings[], attribute_bindings[], mount_bindings[], socket_bindings[];
