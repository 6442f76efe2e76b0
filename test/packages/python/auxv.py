# SPDX-License-Identifier: MIT OR Apache-2.0
# The auxiliary vector, the vDSO and the map of memory.
import ctypes, os, re, struct

names = {3: "PHDR", 4: "PHENT", 5: "PHNUM", 6: "PAGESZ", 7: "BASE", 8: "FLAGS", 9: "ENTRY", 11: "UID", 12: "EUID", 13: "GID",
         14: "EGID", 15: "PLATFORM", 16: "HWCAP", 17: "CLKTCK", 23: "SECURE", 25: "RANDOM", 26: "HWCAP2", 31: "EXECFN",
         33: "SYSINFO_EHDR"}
data = open("/proc/self/auxv", "rb").read()
aux = dict(struct.iter_unpack("QQ", data))
print(sorted(names[key] for key in aux if key in names and key not in (26,)))
print(aux[6], aux[17], aux[4], aux[23], aux[8], aux[11:12] if False else (aux[11], aux[14]))
print(ctypes.string_at(aux[33], 4), ctypes.string_at(aux[15]), os.path.basename(ctypes.string_at(aux[31])))
print(len(set(ctypes.string_at(aux[25], 16))) > 4)
maps = open("/proc/self/maps").read()
line = re.compile(r"[0-9a-f]+-[0-9a-f]+ [r-][w-][x-][ps] [0-9a-f]{8} [0-9a-f]{2}:[0-9a-f]{2} \d+\s+\S*")
print(all(line.match(l) for l in maps.splitlines()))
print(sorted(set(re.findall(r"\[\w+\]", maps)) & {"[heap]", "[stack]", "[vdso]"}))
inside = lambda address, tag: any(int(l.split("-")[0], 16) <= address < int(l.split()[0].split("-")[1], 16)
                                  for l in maps.splitlines() if l.endswith(tag))
print(inside(aux[33], "[vdso]"), inside(id(names), "") , inside(aux[25], "[stack]"))
print(sorted({os.path.basename(l.split()[-1]).split(".so")[0] for l in maps.splitlines() if "/lib" in l and ".so" in l} & {"libc", "libm", "ld-linux-x86-64"}))
where = set()
for _ in range(8):
    r, w = os.pipe()
    if os.fork() == 0:
        os.dup2(w, 1)
        os.execv("/bin/grep", ["grep", "-m1", "stack", "/proc/self/maps"])
    os.wait()
    where.add(os.read(r, 12))
print(len(where) > 4)
