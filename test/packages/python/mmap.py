# SPDX-License-Identifier: MIT OR Apache-2.0
# mmap: files, shared and private, anonymous, resize, flush, past the end.
import ctypes, mmap, os, signal

with open("f", "w+b") as f:
    f.write(b"a" * 10000)
    f.flush()
    shared = mmap.mmap(f.fileno(), 0)
    private = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY)
    shared[5:8] = b"XYZ"
    print(private[:10], os.pread(f.fileno(), 10, 0))
    private[0:3] = b"123"
    print(private[:10], shared[:10], shared.find(b"Z"), shared.rfind(b"Y"))
    os.pwrite(f.fileno(), b"by write", 9000)
    print(shared[9000:9008], private[9000:9008])
    private.close()
    shared.resize(20000)
    print(len(shared), os.fstat(f.fileno()).st_size, shared[9999:10002])
    shared.move(12000, 0, 100)
    shared.flush()
    shared.madvise(mmap.MADV_DONTNEED)
    print(shared[12005:12008], shared.readline()[:5])
    for advice in ("MADV_WILLNEED", "MADV_SEQUENTIAL", "MADV_RANDOM", "MADV_NORMAL"):
        shared.madvise(getattr(mmap, advice))
anonymous = mmap.mmap(-1, 1 << 20)
pid = os.fork()
if pid == 0:
    anonymous[0:5] = b"child"
    os._exit(0)
os.waitpid(pid, 0)
print(anonymous[:6])
mine = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
if os.fork() == 0:
    mine[0:1] = b"c"
    os._exit(0)
os.wait()
print(mine[:1])
pid = os.fork()
if pid == 0:
    with open("f", "r+b") as f:
        m = mmap.mmap(f.fileno(), 16384)
        os.ftruncate(f.fileno(), 100)
        m[8192]
    os._exit(0)
print(signal.Signals(os.WTERMSIG(os.waitpid(pid, 0)[1])).name)
try:
    mmap.mmap(os.open("f", os.O_RDONLY), 100, access=mmap.ACCESS_WRITE)
except PermissionError as e:
    print(e)
try:
    mmap.mmap(-1, 1 << 60)
except OSError as e:
    print(e)
