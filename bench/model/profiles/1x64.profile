# SPDX-License-Identifier: MIT OR Apache-2.0
#
# One large socket, no far memory: what a curve is bound by when distance is not it. The numbers are those of 4x24 (see
# there for sources) with the last-level cache and the memory of a 64-core part; everything that is remote costs as if it were
# local, so a machine with several nodes may be run on it to see what their distance costs.
mhz = 2100
socket_cores = 64
cpi_percent = 100
private_kib = 1024
private_ways = 4
llc_kib = 65536
llc_ways = 16
llc_hit = 50
local_transfer = 105
local_memory = 170
remote_llc = 50
remote_transfer = 105
remote_memory = 170
local_invalidate = 60
remote_invalidate = 60
atomic = 18
occupancy = 8
memory_mb_s = 200000
link_mb_s = 1000000
tlb_entries = 64
stlb_entries = 1536
stlb_hit = 7
walk_step = 2
invlpg = 120
cr3_write = 200
syscall = 40
exception_entry = 200
interrupt_entry = 400
interrupt_return = 150
apic_write = 150
ipi_local = 700
ipi_remote = 700
pause = 140
wrmsr = 100
device = 400
quantum = 200
fine_quantum = 16
jitter_percent = 10
seed = 1
top_lines = 40
