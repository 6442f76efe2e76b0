# SPDX-License-Identifier: MIT OR Apache-2.0
# Large and deep directories, reading while names come and go, renames between directories, rights and the sticky bit.
import errno, os, shutil, sys

def name(action, *words, **more):
    try:
        return action(*words, **more)
    except OSError as e:
        return errno.errorcode[e.errno]

os.mkdir("many")
for n in range(600):
    os.close(os.open(f"many/{n:04}", os.O_CREAT))
print(len(os.listdir("many")), os.stat("many").st_nlink)
seen = []
with os.scandir("many") as entries:
    for entry in entries:
        seen.append(entry.name)
        os.unlink(entry)
print(sorted(seen) == [f"{n:04}" for n in range(600)], os.listdir("many"), name(os.rmdir, "many"))
deep = "/".join(["deep"] + ["d" * 50] * 60)
os.makedirs(deep)
print(len(deep), name(os.stat, deep + "/" + "x" * 1200), name(os.mkdir, "n" * 256), name(os.mkdir, "n" * 255))
print(len(list(os.walk("deep"))), shutil.rmtree("deep"))
os.makedirs("a/b/c"), os.mkdir("e")
print(name(os.rename, "a", "a/b/c/d"), name(os.rename, "a/b", "e"), os.listdir("e"), name(os.rename, "e", "none/x"))
open("f", "w").close(), os.mkdir("full"), open("full/x", "w").close()
print(name(os.rename, "f", "e"), name(os.rename, "e", "f"), name(os.rename, "e", "full"), name(os.rename, "full/.", "g"), name(os.rmdir, "."))
os.symlink("loop", "loop"), os.symlink("a/../f", "up")
print(name(os.stat, "loop"), name(os.open, "up", os.O_NOFOLLOW), os.readlink("up"), name(os.readlink, "f"), name(os.mkdir, "loop"))
os.mkdir("shared"), os.chmod("shared", 0o1777), open("shared/mine", "w").close(), os.mkdir("closed"), os.chmod("closed", 0o700), open("closed/x", "w").close()
os.chmod(".", 0o755)
sys.stdout.flush()
if (pid := os.fork()) == 0:
    os.setgroups([]), os.setgid(1000), os.setuid(1000)
    print(name(os.unlink, "shared/mine"), name(os.listdir, "closed"), name(os.stat, "closed/x"), name(os.chmod, "f", 0), name(os.chown, "shared", 1, 1), name(os.mkdir, "no"))
    fd = os.open("shared/own", os.O_CREAT | os.O_WRONLY, 0o6755)
    os.write(fd, b"x")
    print(oct(os.fstat(fd).st_mode), os.fstat(fd).st_uid, name(os.rename, "shared/own", "shared/mine"), os.access("closed", os.R_OK), os.unlink("shared/own"), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
here = os.open(".", os.O_DIRECTORY | os.O_RDONLY)
os.mkdir("gone"), os.chdir("gone"), os.rmdir("../gone")
print(name(os.getcwd), os.listdir("."), name(os.mkdir, "x"), name(os.stat, "..") != "ENOENT", os.fchdir(here), sorted(os.listdir(here)))
