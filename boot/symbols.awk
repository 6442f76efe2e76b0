# SPDX-License-Identifier: MIT OR Apache-2.0
# nm -n  ->  the table that arch_backtrace searches: count, then (offset from kernel_text, name offset) pairs in
# address order, then the names. Local labels of the assembler are left out.
($2 == "T" || $2 == "t") && $3 !~ /^\.L/ {
	if ($3 == "kernel_text") started = 1
	if (!started)
		next
	name[n] = $3
	addr[n++] = $1
}
END {
	print ".section .symbols, \"a\", @progbits"
	print ".globl symbol_table\n.balign 4\nsymbol_table:"
	printf "\t.long %d\n", n
	off = 0
	for (i = 0; i < n; i++) {
		printf "\t.long 0x%s - 0x%s, %d\n", addr[i], addr[0], off
		off += length(name[i]) + 1
	}
	for (i = 0; i < n; i++)
		printf "\t.asciz \"%s\"\n", name[i]
	print ".section .note.GNU-stack, \"\", @progbits"
}
