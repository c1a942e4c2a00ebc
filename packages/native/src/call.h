// What every binding shares: arguments in, a result or a Node-like error out. No global state: one addon serves
// the main thread and any number of worker threads.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define NAPI_VERSION 8
#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <string.h>

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
napi_value bytes(napi_env env, const void *data, size_t length);

// The result of a system call: throws when -1, else the number.
static inline napi_value done(napi_env env, const char *call, long result) {
  return result == -1 ? fail(env, errno, call) : number(env, (double)result);
}

// A blocking call on a thread of the libuv pool; the promise takes its result or its errno.
typedef long (*blocking)(arguments *in);
napi_value start(napi_env env, napi_callback_info info, const char *signature, const char *call, blocking work);

#define BINDING(name) napi_value name(napi_env env, napi_callback_info info)
#define ARGUMENTS(signature)                                                                                   \
  arguments in;                                                                                                \
  if (!parse(env, info, signature, &in)) return NULL
#define INT(k) ((int)in.a[k].n)
#define TEXT(k) (in.a[k].s)

void add_files(napi_env env, napi_value exports);
void add_attributes(napi_env env, napi_value exports);
void add_mounts(napi_env env, napi_value exports);
void add_processes(napi_env env, napi_value exports);
void add_sockets(napi_env env, napi_value exports);
void add(napi_env env, napi_value exports, const char *name, napi_callback function);
