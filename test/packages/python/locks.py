# SPDX-License-Identifier: MIT OR Apache-2.0
# flock and fcntl locks between processes, and who gets an error.
import errno, fcntl, os, struct, time

fd = os.open("f", os.O_RDWR | os.O_CREAT)

def other(action):
    """What a process of its own says."""
    r, w = os.pipe()
    if os.fork() == 0:
        mine = os.open("f", os.O_RDWR)
        try:
            os.write(w, repr(action(mine)).encode())
        except OSError as e:
            os.write(w, errno.errorcode[e.errno].encode())
        os._exit(0)
    os.wait()
    return os.read(r, 100).decode()

fcntl.flock(fd, fcntl.LOCK_EX)
print(other(lambda f: fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)))
fcntl.flock(fd, fcntl.LOCK_SH)
print(other(lambda f: fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)), other(lambda f: fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)))
fcntl.flock(fd, fcntl.LOCK_UN)
fcntl.lockf(fd, fcntl.LOCK_EX, 10, 5)
print(other(lambda f: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 0)), other(lambda f: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 0)))

def ask(f):
    got = struct.unpack("hhqqi4x", fcntl.fcntl(f, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 100, 0)))
    return got[0] == fcntl.F_WRLCK, got[2:4], got[4] == os.getppid()

print(other(ask))
again = os.open("f", os.O_RDWR)
os.close(again)
print(other(lambda f: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 0)))
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
print(other(lambda f: fcntl.lockf(f, fcntl.LOCK_SH | fcntl.LOCK_NB)))
fcntl.lockf(fd, fcntl.LOCK_UN)
os.close(fd)
fd = os.open("f", os.O_RDWR)
fcntl.lockf(fd, fcntl.LOCK_EX)
r, w = os.pipe()
if os.fork() == 0:
    mine = os.open("f", os.O_RDWR)
    os.write(w, b"trying")
    fcntl.lockf(mine, fcntl.LOCK_EX)
    os.write(w, b" got it")
    os._exit(0)
print(os.read(r, 10))
time.sleep(0.1)
os.write(w, b"unlock")
fcntl.lockf(fd, fcntl.LOCK_UN)
os.wait()
print(os.read(r, 100))
