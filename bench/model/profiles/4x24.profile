# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Four sockets of 24 cores: Intel Xeon Gold 6252 (Cascade Lake SP, 2.1 GHz), the machine of the NrOS paper (Bhardwaj et
# al., OSDI'21). Cycles of 2.1 GHz unless a name says otherwise: 21 cycles are 10 ns.
#
# Where the numbers come from:
#  [VS]   Velten, Schoene, Ilsche, Hackenberg: Memory Performance of AMD EPYC Rome and Intel Cascade Lake SP Server
#         Processors, ICPE'22 (arXiv 2204.03290). Orders of magnitude, rounded to 5 ns.
#  [SDM]  Intel's optimization manual, Skylake Server: cache and TLB sizes, pause, TLB latencies.
#  [ARK]  Intel's product page of the 6252: cores, 35.75 MiB of L3, six channels of DDR4-2933, three UPI links.
#  [LATR] Kumar et al.: LATR, ASPLOS'18: an IPI round takes 2.7 us on two sockets.
#  [own]  chosen, round; docs/model.md says how much results hang on it.

mhz = 2100
socket_cores = 24
cpi_percent = 100		# [own] an instruction whose data is in the private cache takes one cycle

# caches
private_kib = 1024		# [SDM] L2, which includes L1
private_ways = 4		# [own] 16 in the machine; four are faster to model
llc_kib = 36608			# [ARK]
llc_ways = 11			# [SDM]
llc_hit = 50			# [SDM] 50 to 70 cycles
local_transfer = 105		# [VS] 50 ns: a line that another core of the socket has modified
local_memory = 170		# [VS] 80 ns
remote_llc = 210		# [VS] 100 ns: clean in a cache of another socket
remote_transfer = 250		# [VS] 120 ns: modified in another socket
remote_memory = 295		# [VS] 140 ns
local_invalidate = 60		# [own] a store to a line that others of the socket share
remote_invalidate = 210		# [own] that other sockets share: a round trip
atomic = 18			# [SDM] a locked instruction whose line is there
occupancy = 8			# [own] how long a line's directory entry is busy with a request that moves nothing

# bandwidth
memory_mb_s = 115000		# [ARK] 140 GB/s a node, of which some 80 percent can be had
link_mb_s = 18000		# [ARK] 20.8 GB/s a link and direction

# translation
tlb_entries = 64		# [SDM]
stlb_entries = 1536		# [SDM] (a power of two of sets is used: 1024)
stlb_hit = 7			# [SDM]
walk_step = 2			# [own] besides the access to the entry
invlpg = 120			# [own] 100 to 200 measured by many
cr3_write = 200			# [own]

# entries and interrupts
syscall = 40			# [own] syscall and sysret, each
exception_entry = 200		# [own]
interrupt_entry = 400		# [own] until the first instruction of the handler
interrupt_return = 150		# [own] iret
apic_write = 150		# [own] a write to the APIC, sending an interrupt included
ipi_local = 700			# [LATR] time on the wire, so that a round with its entries takes about 1 us in a socket
ipi_remote = 1500		# [LATR] and 2 us across
pause = 140			# [SDM]
wrmsr = 100			# [own] any other model-specific register
device = 400			# [own] an access to a device, whatever it does

# how the model works
quantum = 200			# the clocks may differ by so much
fine_quantum = 16		# and by so much behind atomics and transfers
jitter_percent = 10		# a miss takes up to so much more or less, by chance
seed = 1
top_lines = 40			# of the profile by cache line
