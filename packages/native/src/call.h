// What every binding shares: arguments in, a result or a Node-like error out. No global state: one addon serves
// the main thread and any number of worker threads.
#pragma once
#define NAPI_VERSION 8
#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 10, TEXT_BYTES = 3 * 4096 + 1024 };

// One argument: `n` a number, or `s` and `len` text (copied, NUL-terminated) or bytes (JavaScript's own memory), or any
// `value`.
typedef struct {
  int64_t n;
  char *s;
  size_t len;
  napi_value value;
} argument;

typedef struct {
  argument a[MAX_ARGUMENTS];
  size_t used;
  char text[TEXT_BYTES];
} arguments;

// Signature, a letter each: `i` integer, `I` integer or nothing (0), `n` bigint nanoseconds (clamped to 64 bits), `t`
// text without NUL (string or bytes), `T` text or null, `b` bytes, `x` integer or bytes, `f` a function.
// Returns 0 after throwing EINVAL or ENAMETOOLONG.
int parse(napi_env env, napi_callback_info info, const char *signature, arguments *out);

// `fail` throws `{code, errno, syscall}` for an errno; it returns NULL, so that a binding can return it.
napi_value fail(napi_env env, int error, const char *call);
napi_value number(napi_env env, double value);

// The result of a system call: throws when -1, else the number.
static inline napi_value done(napi_env env, const char *call, long result) {
  return result == -1 ? fail(env, errno, call) : number(env, (double)result);
}
static inline napi_value data(napi_env env, const char *call, const void *from, ssize_t length) {
  napi_value out = NULL;
  if (length == -1) return fail(env, errno, call);
  napi_create_buffer_copy(env, (size_t)length, from, NULL, &out);
  return out;
}

// A call that may block, on a thread of its own. Returns a pipe's descriptor: there the errno, or 0, arrives as an int.
typedef long (*blocking)(const argument *a);
napi_value start(napi_env env, napi_callback_info info, const char *signature, blocking work);

// A function of the addon. All of them meet in one section of the library, where NAPI_MODULE_INIT finds them.
typedef struct {
  const char *name;
  napi_callback function;
} binding;
#define BINDING(name)                                                                                                \
  static napi_value js_##name(napi_env env, napi_callback_info info);                                                \
  static const binding entry_##name __attribute__((section("bindings"), used)) = {#name, js_##name};                 \
  static napi_value js_##name(napi_env env, napi_callback_info info)
#define ARGUMENTS(signature)                                                                                         \
  arguments in;                                                                                                      \
  if (!parse(env, info, signature, &in)) return NULL
#define INT(k) ((int)in.a[k].n)
#define LONG(k) ((long)in.a[k].n)
#define TEXT(k) (in.a[k].s)
#define BYTES(k) (in.a[k].s), (in.a[k].len)
// A binding that is one system call.
#define CALL(name, signature, expression)                                                                            \
  BINDING(name) {                                                                                                    \
    ARGUMENTS(signature);                                                                                            \
    return done(env, #name, expression);                                                                             \
  }
// The same where one errno only means "not now": -1.
#define TRY(name, signature, not_now, expression)                                                                    \
  BINDING(name) {                                                                                                    \
    ARGUMENTS(signature);                                                                                            \
    long result = expression;                                                                                        \
    return result == -1 && errno == not_now ? number(env, -1) : done(env, #name, result);                            \
  }
// A call that may block, see start.
#define BLOCKING(name, signature, expression)                                                                        \
  static long name##_work(const argument *a) { return expression; }                                                  \
  BINDING(name) { return start(env, info, signature, name##_work); }

// From now on a mapped page that a full filesystem has no room for takes it from a spare file, or ends the process (room.c).
void expect_no_room(void);
