/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The machine as a whole: names, memory, randomness, log, power. And sockets, which this version refuses. */
#include "arch/boot.h"
#include "arch/clock.h"
#include "base/print.h"
#include "base/string.h"
#include "dev/dev.h"
#include "dev/rng.h"
#include "kern/load.h"
#include "kern/process.h"
#include "kern/system.h"
#include "linux/call.h"
#include "mem/frame.h"
#include "mem/slab.h"

struct system_names system_names = { .lock = LOCK_INIT, .node = "nros", .domain = "(none)" };

CALL(uname)
{
	struct abi_utsname u;

	memset(&u, 0, sizeof(u));
	strlcpy(u.sysname, "Linux", sizeof(u.sysname));
	strlcpy(u.release, SYSTEM_RELEASE, sizeof(u.release));
	strlcpy(u.version, SYSTEM_VERSION, sizeof(u.version));
	strlcpy(u.machine, "x86_64", sizeof(u.machine));
	lock_acquire(&system_names.lock);
	strlcpy(u.nodename, system_names.node, sizeof(u.nodename));
	strlcpy(u.domainname, system_names.domain, sizeof(u.domainname));
	lock_release(&system_names.lock);
	return user_copy_out(UPTR(0), &u, sizeof(u));
}

static long set_name(const u64 *a, char *which)
{
	char name[65] = { 0 };

	if (!cred_capable(&process_current()->cred))
		return -EPERM;
	if (a[1] > 64)
		return -EINVAL;
	if (user_copy_in(name, UPTR(0), a[1]))
		return -EFAULT;
	lock_acquire(&system_names.lock);
	memcpy(which, name, sizeof(name));
	lock_release(&system_names.lock);
	return 0;
}

CALL(sethostname) { return set_name(a, system_names.node); }
CALL(setdomainname) { return set_name(a, system_names.domain); }

CALL(sysinfo)
{
	struct abi_sysinfo s;
	int i;

	memset(&s, 0, sizeof(s));
	s.uptime = clock_ns() / 1000000000;
	s.totalram = frame_total() * PAGE_SIZE;
	s.freeram = frame_free_count() * PAGE_SIZE;
	s.procs = procs_count();
	load_get(s.loads);
	for (i = 0; i < 3; i++)
		s.loads[i] <<= 16 - LOAD_SHIFT;
	s.mem_unit = 1;
	return user_copy_out(UPTR(0), &s, sizeof(s));
}

CALL(getrandom)
{
	u8 buf[256];
	u64 done = 0, len = MIN(a[1], 33554431ul), n;

	if ((a[2] & ~7ul) || (a[2] & 6) == 6)
		return -EINVAL;
	for (; done < len; done += n) {
		n = MIN(len - done, sizeof(buf));
		random_fill(buf, n);
		if (user_copy_out((u8 __user *)UPTR(0) + done, buf, n))
			return done ? (long)done : -EFAULT;
		if (done && !(done & 0xffff) && signal_pending_current())
			break;
	}
	return done;
}

/* ---- the log (syslog(2)) */

static long syslog_read_all(const u64 *a)
{
	struct print_cursor c = { 0, 0 };
	struct print_record r;
	char text[PRINT_LINE], line[PRINT_LINE + 40];
	u64 done = 0;
	int got, n;

	while ((got = print_ring_read(&c, &r, text, sizeof(text)))) {
		if (got < 0)
			continue;
		n = snprintf(line, sizeof(line), "<%u>[%5lu.%06lu] %.*s\n", r.level, r.ns / 1000000000, r.ns / 1000 % 1000000,
			     (int)r.len, text);
		if (done + n > (u32)a[2])
			break;
		if (user_copy_out((u8 __user *)UPTR(1) + done, line, n))
			return -EFAULT;
		done += n;
	}
	return done;
}

CALL(syslog)
{
	u32 type = a[0];

	if (type != 3 && type != 10 && !cred_capable(&process_current()->cred))
		return -EPERM;
	switch (type) {
	case 0: case 1: case 5: case 6: case 7:
		return 0;
	case 3: case 4:
		return !a[1] || (s32)a[2] < 0 ? -EINVAL : syslog_read_all(a);
	case 8:
		if ((s32)a[2] < 1 || a[2] > 8)
			return -EINVAL;
		print_console_level(a[2] - 1);
		return 0;
	case 9:
		return 0;
	case 10:
		return 65536;
	default:
		return -EINVAL;
	}
}

/* ---- power */

CALL(reboot)
{
	if (!cred_capable(&process_current()->cred))
		return -EPERM;
	if ((u32)a[0] != 0xfee1dead || ((u32)a[1] != 672274793 && (u32)a[1] != 85072278 && (u32)a[1] != 369367448 &&
					(u32)a[1] != 537993216))
		return -EINVAL;
	switch ((u32)a[2]) {
	case 0x89abcdef: case 0: /* Ctrl-Alt-Del on, off */
		return 0;
	case 0x4321fedc: case 0xcdef0123:
		dev_drain(2000000000);
		machine_poweroff();
	case 0x01234567:
		dev_drain(2000000000);
		machine_reboot();
	default:
		return -EINVAL;
	}
}
