# SPDX-License-Identifier: MIT OR Apache-2.0
# Parts of the standard library that lean on the system: tempfile, shutil, glob, zlib, hashing, json.
import glob, gzip, hashlib, io, json, os, pickle, random, shutil, tarfile, tempfile, zlib

with tempfile.TemporaryDirectory() as d:
    for i in range(20):
        os.makedirs(f"{d}/a/{i % 3}", exist_ok=True)
        with open(f"{d}/a/{i % 3}/{i}", "w") as f:
            f.write(str(i) * 100)
    shutil.copytree(f"{d}/a", f"{d}/b")
    print(len(glob.glob(f"{d}/b/**", recursive=True)), sorted(os.listdir(f"{d}/b")))
    with tarfile.open(f"{d}/t.tar.gz", "w:gz") as t:
        t.add(f"{d}/a", "a")
    with tarfile.open(f"{d}/t.tar.gz") as t:
        t.extractall(f"{d}/c")
    walk = lambda top: [(os.path.relpath(p, top), sorted(n), sorted(f)) for p, n, f in sorted(os.walk(top))]
    print(walk(f"{d}/c/a") == walk(f"{d}/a"))
    shutil.rmtree(f"{d}/a")
    print(sorted(os.listdir(d)), shutil.disk_usage(d).total > 0)
print(os.path.exists(d))
random.seed(5)
data = random.randbytes(50000)
print(zlib.crc32(data), hashlib.sha256(data).hexdigest(), gzip.decompress(gzip.compress(data)) == data)
print(json.loads(json.dumps({"a": [1, 2.5, None, "é"]})), pickle.loads(pickle.dumps(data)) == data)
print(len(os.urandom(1000)), os.urandom(16) != os.urandom(16), len(os.getrandom(10)))
with tempfile.TemporaryFile() as f:
    print(f.write(data), f.seek(0), f.read() == data)
print(sum(i * i for i in range(10000)), 2 ** 2000 % 1000007)
