# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Nodes twice as far from each other as in 4x24: an eight-socket machine, two hops for most, or memory across a fabric. Shows
# how much of a curve is distance.
mhz = 2100
socket_cores = 24
cpi_percent = 100
private_kib = 1024
private_ways = 4
llc_kib = 36608
llc_ways = 11
llc_hit = 50
local_transfer = 105
local_memory = 170
remote_llc = 420
remote_transfer = 500
remote_memory = 590
local_invalidate = 60
remote_invalidate = 420
atomic = 18
occupancy = 8
memory_mb_s = 115000
link_mb_s = 9000
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
ipi_remote = 3000
pause = 140
wrmsr = 100
device = 400
quantum = 200
fine_quantum = 16
jitter_percent = 10
seed = 1
top_lines = 40
