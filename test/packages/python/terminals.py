# SPDX-License-Identifier: MIT OR Apache-2.0
# Pseudo-terminals: attributes, echo, line editing, window sizes, Ctrl-C, hang-up.
import errno, fcntl, os, pty, signal, struct, sys, termios, tty

master, slave = pty.openpty()
print(os.isatty(master), os.isatty(slave), os.ttyname(slave).startswith("/dev/pts/"))
os.write(master, b"ab\x7fc\n")
print(os.read(slave, 100), os.read(master, 100))
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
print(os.get_terminal_size(master))
tty.setraw(slave)
flags = termios.tcgetattr(slave)
print(flags[3] & (termios.ICANON | termios.ECHO | termios.ISIG), flags[1] & termios.OPOST)
os.write(master, b"x\x03\r")
print(os.read(slave, 100), os.write(slave, b"a\nb"), os.read(master, 100))
os.close(slave)
try:
    print(os.read(master, 1))
except OSError as e:
    print(errno.errorcode[e.errno])
pid, fd = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", "trap 'echo caught; exit 5' INT; echo ready $(tty | cut -c1-9); while :; do sleep 0.05; done"])

def until(word):
    seen = b""
    while word not in seen:
        seen += os.read(fd, 100)
    return seen

print(until(b"ready /dev/pts/\r\n"))
os.write(fd, b"\x03")
print(until(b"caught\r\n")[-8:], os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
os.close(fd)
sys.stdout.flush() # or the child has it, too
pid, fd = pty.fork()
if pid == 0:
    print("up", os.getsid(0) == os.getpid(), os.tcgetpgrp(0) == os.getpgrp(), flush=True)
    signal.pause()
print(until(b"\r\n"))
os.close(fd)
print(signal.Signals(os.WTERMSIG(os.waitpid(pid, 0)[1])).name)
