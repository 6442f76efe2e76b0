# SPDX-License-Identifier: MIT OR Apache-2.0
# mremap, MAP_NORESERVE, mprotect, mincore and madvise by way of ctypes.
import ctypes, mmap, os

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p]
libc.madvise.argtypes = libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
PAGE, ANON, NORESERVE = 4096, 0x22, 0x4000

def errno(result):
    return result if result not in (-1, ctypes.c_void_p(-1).value) else os.strerror(ctypes.get_errno())

big = libc.mmap(None, 1 << 36, 3, ANON | NORESERVE, -1, 0)
print(big not in (None, ctypes.c_void_p(-1).value))
ctypes.memset(big + (1 << 35), 7, 10)
print(ctypes.string_at(big + (1 << 35) - 1, 3))
print(errno(libc.madvise(big + (1 << 35), PAGE, 4)), ctypes.string_at(big + (1 << 35), 2))
print(libc.munmap(big, 1 << 36, 0))
a = libc.mmap(None, 4 * PAGE, 3, ANON, -1, 0)
ctypes.memset(a, 65, 4 * PAGE)
b = libc.mremap(a, 4 * PAGE, 64 * PAGE, 1, None)
print(ctypes.string_at(b + 4 * PAGE - 1, 2), libc.mremap(b, 64 * PAGE, 2 * PAGE, 0, None) == b)
print(errno(libc.mremap(b, 2 * PAGE, 8 * PAGE, 4, None)), errno(libc.mremap(b + 1, PAGE, PAGE, 0, None)))
fixed = libc.mmap(None, 16 * PAGE, 0, ANON, -1, 0)
print(libc.mremap(b, 2 * PAGE, 2 * PAGE, 3, fixed) == fixed, ctypes.string_at(fixed + PAGE, 2))
vec = (ctypes.c_ubyte * 2)()
print(errno(libc.mincore(fixed, 2 * PAGE, vec)), list(vec), errno(libc.mincore(b, PAGE, vec)))
print(errno(libc.mprotect(fixed, PAGE, 1)), errno(libc.mprotect(b, PAGE, 1)), errno(libc.mprotect(fixed + 1, PAGE, 1)))
pid = os.fork()
if pid == 0:
    ctypes.memset(fixed, 1, 1)
    os._exit(0)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
for advice in (0, 1, 2, 3, 4, 8, 10, 11, 12, 13, 14, 15, 16, 17, 999):
    print(advice, errno(libc.madvise(fixed, 2 * PAGE, advice)))
