# SPDX-License-Identifier: MIT OR Apache-2.0
# Files: fallocate, fdatasync, sendfile, copy_file_range, pread and pwrite, vectors, holes.
import errno, fcntl, os

fd = os.open("f", os.O_RDWR | os.O_CREAT, 0o640)
print(os.posix_fallocate(fd, 0, 10000), os.fstat(fd).st_size, os.fstat(fd).st_blocks * 512 >= 10000)
print(os.pwrite(fd, b"hello", 20000), os.pread(fd, 8, 19998), os.fdatasync(fd), os.fsync(fd))
print(os.writev(fd, [b"a" * 10, b"b" * 10]), os.lseek(fd, 0, os.SEEK_CUR), os.preadv(fd, [bytearray(4), bytearray(30)], 8))
os.ftruncate(fd, 1 << 20)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
try:
    print(os.lseek(fd, 1 << 20, os.SEEK_DATA))
except OSError as e:
    print(errno.errorcode[e.errno])
out = os.open("g", os.O_RDWR | os.O_CREAT | os.O_EXCL)
os.lseek(fd, 0, 0)
print(os.sendfile(out, fd, 0, 25), os.copy_file_range(fd, out, 10), os.fstat(out).st_size)
try:
    os.open("g", os.O_RDWR | os.O_CREAT | os.O_EXCL)
except OSError as e:
    print(errno.errorcode[e.errno])
print(os.pread(out, 100, 0))
copy = os.dup(out)
os.lseek(out, 3, 0)
print(os.lseek(copy, 0, os.SEEK_CUR), os.get_inheritable(copy), fcntl.fcntl(copy, fcntl.F_GETFL) & os.O_ACCMODE)
tmp = os.open(".", os.O_TMPFILE | os.O_RDWR)
print(os.write(tmp, b"x"), os.fstat(tmp).st_nlink)
print(sorted(os.listdir(".")), os.stat("f").st_mode & 0o7777)
os.rename("f", "h"), os.link("h", "i"), os.symlink("i", "s"), os.mkdir("d")
print([(e.name, e.is_dir(), e.is_symlink()) for e in sorted(os.scandir("."), key=lambda e: e.name)])
os.utime("h", ns=(1, 2_000_000_003))
print(os.stat("h").st_atime_ns, os.stat("i").st_mtime_ns, os.stat("h").st_nlink)
at = os.open("d", os.O_DIRECTORY)
print(os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=at) > 0, os.listdir(at), os.access("x", os.F_OK, dir_fd=at))
for bad in (lambda: os.rmdir("d"), lambda: os.unlink("d"), lambda: os.open("h/x", 0), lambda: os.read(99, 1), lambda: os.pread(fd, 1, -1)):
    try:
        bad()
    except OSError as e:
        print(errno.errorcode[e.errno])
