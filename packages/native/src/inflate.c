// gzip data on the thread that wants the bytes and into memory it uses again: by ISA-L where it is installed, which takes
// two thirds of the time, else by the zlib that Node has built in. Node's own streams take a thread and a new buffer per
// piece.
#include "call.h"
#include <dlfcn.h>
#include <pthread.h>
#include <zlib.h>
#if __has_include(<isa-l/igzip_lib.h>)
#include <isa-l/igzip_lib.h>
#define HAS_ISAL 1
#endif

// A Node whose zlib is hidden can load us all the same.
#pragma weak inflate
#pragma weak inflateInit2_
#pragma weak inflateReset

enum { GZIP = 16 };

// All that zlib keeps lies in a buffer of the caller: nothing is to be freed. The first two numbers are for the caller.
typedef struct {
  uint32_t read, written;
  size_t used, size;
  z_stream stream;
  _Alignas(64) char memory[];
} inflater;

static voidpf take(voidpf opaque, uInt items, uInt size) {
  inflater *i = opaque;
  size_t length = ((size_t)items * size + 63) & ~(size_t)63;
  if (length > i->size - i->used) return Z_NULL;
  return i->used += length, i->memory + i->used - length;
}
static void leave(voidpf opaque, voidpf address) { (void)opaque, (void)address; }

static int begin(inflater *i, size_t length) {
  *i = (inflater){.size = length - sizeof *i, .stream = {.zalloc = take, .zfree = leave, .opaque = i}};
  return inflateInit2(&i->stream, MAX_WBITS + GZIP);
}

#if HAS_ISAL
typedef struct {
  uint32_t read, written, seen;
  struct inflate_state state;
} isal_inflater;

// The fixed bytes of RFC 1952, as soon as they come: ISA-L waits for a whole header, and what is no gzip may be shorter.
static int is_gzip(isal_inflater *i, const argument *input) {
  static const uint8_t mask[] = {0xff, 0xff, 0xff, 0xe0}, value[] = {0x1f, 0x8b, 8, 0};
  for (size_t k = 0; i->seen < sizeof mask && k < input->len; k++, i->seen++)
    if (((uint8_t)input->s[k] & mask[i->seen]) != value[i->seen]) return 0;
  return 1;
}

static void (*isal_begin)(struct inflate_state *);
static void (*isal_next)(struct inflate_state *);
static int (*isal_go_on)(struct inflate_state *);
static pthread_once_t isal_once = PTHREAD_ONCE_INIT;

static void find_isal(void) {
  void *library = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return;
  isal_begin = (void (*)(struct inflate_state *))dlsym(library, "isal_inflate_init");
  isal_next = (void (*)(struct inflate_state *))dlsym(library, "isal_inflate_reset");
  if (isal_begin && isal_next) isal_go_on = (int (*)(struct inflate_state *))dlsym(library, "isal_inflate");
}

// In zlib's words.
static int isal_inflate_some(isal_inflater *i, const argument *input, const argument *output, int64_t how) {
  struct inflate_state *s = &i->state;
  if (how == 2) isal_begin(s);
  if (how == 1) isal_next(s);
  if (how) s->crc_flag = ISAL_GZIP, i->seen = 0;
  if (!is_gzip(i, input)) return Z_DATA_ERROR;
  s->next_in = (uint8_t *)input->s, s->avail_in = (uint32_t)input->len;
  s->next_out = (uint8_t *)output->s, s->avail_out = (uint32_t)output->len;
  int status = isal_go_on(s);
  i->read = (uint32_t)input->len - s->avail_in, i->written = (uint32_t)output->len - s->avail_out;
  if (status < 0) return Z_DATA_ERROR;
  return s->block_state == ISAL_BLOCK_FINISH ? Z_STREAM_END : i->read + i->written ? Z_OK : Z_BUF_ERROR;
}
#endif

// inflate(state, input, output, how, zlib): zlib's status. `how` 0 goes on, 1 is the next member, 2 the first. `zlib` 1: by
// that in any case, from the first to the last. `how` 3 only asks: 1 where ISA-L is used.
BINDING(inflate) {
  ARGUMENTS("bbbiI");
  inflater *i = (inflater *)in.a[0].s;
  if (in.a[0].len < sizeof *i || in.a[1].len > UINT32_MAX || in.a[2].len > UINT32_MAX) return fail(env, EINVAL, "inflate");
#if HAS_ISAL
  pthread_once(&isal_once, find_isal);
  if (INT(3) == 3) return number(env, isal_go_on != NULL);
  if (isal_go_on && !INT(4) && in.a[0].len >= sizeof(isal_inflater))
    return number(env, isal_inflate_some((isal_inflater *)in.a[0].s, &in.a[1], &in.a[2], INT(3)));
#endif
  if (INT(3) == 3) return number(env, 0);
  if (!inflate) return fail(env, ENOSYS, "inflate");
  int status = INT(3) == 2 ? begin(i, in.a[0].len) : INT(3) == 1 ? inflateReset(&i->stream) : Z_OK;
  if (status != Z_OK) return number(env, status);
  i->stream.next_in = (Bytef *)in.a[1].s, i->stream.avail_in = (uInt)in.a[1].len;
  i->stream.next_out = (Bytef *)in.a[2].s, i->stream.avail_out = (uInt)in.a[2].len;
  status = inflate(&i->stream, Z_NO_FLUSH);
  i->read = (uint32_t)in.a[1].len - i->stream.avail_in, i->written = (uint32_t)in.a[2].len - i->stream.avail_out;
  return number(env, status);
}
