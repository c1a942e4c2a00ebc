// The zlib that Node has built in, on the thread that wants the bytes and into memory it uses again. Node's own streams
// take a thread and a new buffer per piece.
#include "call.h"
#include <zlib.h>

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

// inflate(state, input, output, how): zlib's status. `how` 0 goes on, 1 is the next member, 2 the first.
BINDING(inflate) {
  ARGUMENTS("bbbi");
  inflater *i = (inflater *)in.a[0].s;
  if (!inflate) return fail(env, ENOSYS, "inflate");
  if (in.a[0].len < sizeof *i || in.a[1].len > UINT32_MAX || in.a[2].len > UINT32_MAX) return fail(env, EINVAL, "inflate");
  int status = INT(3) == 2 ? begin(i, in.a[0].len) : INT(3) == 1 ? inflateReset(&i->stream) : Z_OK;
  if (status != Z_OK) return number(env, status);
  i->stream.next_in = (Bytef *)in.a[1].s, i->stream.avail_in = (uInt)in.a[1].len;
  i->stream.next_out = (Bytef *)in.a[2].s, i->stream.avail_out = (uInt)in.a[2].len;
  status = inflate(&i->stream, Z_NO_FLUSH);
  i->read = (uint32_t)in.a[1].len - i->stream.avail_in, i->written = (uint32_t)in.a[2].len - i->stream.avail_out;
  return number(env, status);
}
