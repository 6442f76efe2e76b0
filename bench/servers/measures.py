# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is measured in a machine: each function takes a running Machine and the size of the work, and gives
{name: figure}, operations per second unless the name ends in _us or _mb. A name in _cpu_us is the processor time that QEMU
took per operation: on a busy host the one figure that says what the guest costs.

`where` is "host" (through the published port) or "loop" (the client in the same guest).
"""

import re
import subprocess

from live import MCLOAD, GuestError

PACKAGES = ["redis-server", "memcached", "leveldb-bench"]
REDIS, MEMCACHED = 6379, 11211
REDIS_TESTS = ("ping_mbulk", "set", "get", "lpush")
CLIENTS = 20
CLIENT_TIME = 6000	# seconds; mcload gives up by itself after a minute of silence
PERCENTILES = ("p50_us", "p99_us", "p999_us", "max_us")


class Size:
	"""How much work a figure is taken from."""

	def __init__(self, requests, entries):
		self.requests, self.pipelined, self.entries = requests, 8 * requests, entries


def client(guest, where, port, command):
	"""The output of a client; `command` makes its words from the address and port of the server."""
	if where == "loop":
		return guest.run(" ".join(command("127.0.0.1", port)), CLIENT_TIME)
	words = command("127.0.0.1", guest.port[port])
	try:
		done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CLIENT_TIME)
	except subprocess.TimeoutExpired:
		raise GuestError(f"{guest.kernel}: {' '.join(words)}: no end after {CLIENT_TIME} s")
	if done.returncode != 0:
		raise GuestError(f"{guest.kernel}: {' '.join(words)}: {done.stderr.strip()}")
	return done.stdout


def start_redis(guest, *options):
	process = guest.start(f"redis-server --bind 0.0.0.0 --protected-mode no --save '' --dir /tmp {' '.join(options)}")
	guest.run("until [ \"$(redis-cli ping)\" = PONG ]; do usleep 20000; done")
	return process


def start_memcached(guest, threads, memory=128):
	process = guest.start(f"memcached -u root -t {threads} -m {memory} -c 2048")
	guest.run("until mcload --seed 0 --connections 1 --requests 1 127.0.0.1 11211; do usleep 20000; done")
	return process


def redis_benchmark(guest, where, requests, depth):
	"""Requests per second of each command; `depth` of them are sent at once."""
	def command(address, port):
		return ["redis-benchmark", "-h", address, "-p", str(port), "-c", str(CLIENTS), "-n", str(requests), "-P", str(depth),
		        "-r", "10000", "-t", ",".join(REDIS_TESTS), "--csv"]
	used = guest.processor_seconds()
	output = client(guest, where, REDIS, command)
	used = guest.processor_seconds() - used
	rates = dict(re.findall(r'(?m)^"(\w+)","([0-9.]+)"', output))
	missing = [test for test in REDIS_TESTS if test.upper() not in rates]
	if missing:
		raise GuestError(f"{guest.kernel}: redis-benchmark from {where} has no figure for {', '.join(missing)}: {output}")
	pipelined = f"_p{depth}" if depth > 1 else ""
	figures = {f"redis_{test.removesuffix('_mbulk')}{pipelined}": float(rates[test.upper()]) for test in REDIS_TESTS}
	return figures | {f"redis{pipelined}_cpu_us": used * 1e6 / requests / len(REDIS_TESTS)}


def redis(guest, where, size):
	process = start_redis(guest)
	figures = redis_benchmark(guest, where, size.requests, 1) | redis_benchmark(guest, where, size.pipelined, 16)
	guest.stop(process)
	return figures


def mcload(guest, where, connections, requests, *more):
	"""What mcload prints, {name: number}; GuestError if an answer was wrong."""
	def command(address, port):
		program = "mcload" if where == "loop" else MCLOAD
		return [program, "--connections", str(connections), "--requests", str(requests), *more, address, str(port)]
	return {name: float(value) for name, value in re.findall(r"(?m)^(\w+) ([0-9.]+)$", client(guest, where, MEMCACHED, command))}


def memcached(guest, where, size):
	process = start_memcached(guest, guest.cores)
	used = guest.processor_seconds()
	got = mcload(guest, where, CLIENTS, size.requests)
	used = guest.processor_seconds() - used
	guest.stop(process)
	return {"memcached": got["rate"], "memcached_cpu_us": used * 1e6 / size.requests} | {f"memcached_{name}": got[name] for name in PERCENTILES}


def db_bench(guest, threads, entries, benchmarks, *options):
	"""({benchmark: operations per second of all threads}, what else it printed)."""
	output = guest.run(f"db_bench --db=/tmp/db --threads={threads} --num={entries} --benchmarks={','.join(benchmarks)},stats "
	                   + " ".join(options), CLIENT_TIME)
	micros = dict(re.findall(r"(\w+) +: +([0-9.]+) micros/op", output))
	missing = [name for name in benchmarks if name not in micros]
	if missing:
		raise GuestError(f"{guest.kernel}: db_bench has no figure for {', '.join(missing)}: {output[-500:]}")
	return {name: threads * 1e6 / float(value) for name, value in micros.items()}, output


def megabytes_written(output):
	"""Megabytes of tables that the database wrote: the last column of db_bench's table of levels."""
	return float(sum(int(words[5]) for words in map(str.split, output.splitlines())
	                 if len(words) == 6 and all(word.isdigit() for word in words)))


def leveldb(guest, size, threads=(1, 2, 4)):
	"""readwhilewriting counts what is read only, while one more thread writes as fast as it can: _mb says how much."""
	figures = {}
	for count in threads:
		guest.run("rm -rf /tmp/db")
		got, _ = db_bench(guest, count, size.entries // count, ("fillseq", "readrandom"))
		more, output = db_bench(guest, count, size.entries // count, ("readwhilewriting",), "--use_existing_db=1")
		figures |= {f"leveldb_{name}_t{count}": value for name, value in (got | more).items()}
		figures |= {f"leveldb_readwhilewriting_t{count}_mb": megabytes_written(output)}
	return figures
