/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * /proc, in files:
 *
 *   procfs.c       the root, /proc/self, the file system's functions
 *   proc_task.c    /proc/PID: the table, and what ps reads (stat, status, statm, ...)
 *   proc_space.c   /proc/PID: what lies in its address space (cmdline, environ, maps, exe)
 *   proc_files.c   /proc/PID: fd, fdinfo, cwd, root
 *   proc_system.c  /proc/meminfo, stat, uptime, loadavg, ...
 *   proc_sys.c     /proc/sys
 *   proc_nros.c    /proc/nros, /proc/PID/nros
 *
 * Formats are Linux 6.12's: proc(5), fs/proc of the kernel.
 */
#ifndef KERN_PROC_INTERNAL_H
#define KERN_PROC_INTERNAL_H

#include "base/print.h"
#include "base/string.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "kern/pseudo_table.h"

#define TICK_NS 10000000ul /* what the ABI calls a clock tick: 1/100 s */

/* Whom a node is about. References on process and thread; who_put gives them back. */
struct who {
	struct procs_info info;
	struct process *p;
	struct thread *t;      /* the thread (of a process: its first), NULL if that is gone or it is a zombie */
	s32 tid;
	bool whole;            /* the process, not one thread */
};
int who_get(const struct pseudo_node *n, struct who *w); /* 0 or -ESRCH */
void who_put(struct who *w);
/* May the caller look into the process (ptrace's read rights)? 0 or -EACCES. */
int who_look(const struct who *w);

/* What a process gives up at its end; with a reference, NULL if it is gone. */
struct fdtable *files_of(struct process *p);
struct fs *fs_of(struct process *p);

bool proc_task_make(struct pseudo_node *n);     /* owner of a PID or TID directory */
u64 proc_pid_next(const struct pseudo_node *dir, u64 from);
char proc_state(const struct who *w);

extern const struct pseudo_entry proc_pid_entry;       /* the member of the root */
extern const struct pseudo_entry proc_sys_children[], proc_nros_children[];
extern const struct pseudo_entry proc_fd_entry, proc_fdinfo_entry; /* members of fd and fdinfo */
u64 proc_fd_next(const struct pseudo_node *dir, u64 from);

typedef int proc_show(const struct pseudo_node *n, struct text *t);
/* proc_space.c */
proc_show proc_cmdline, proc_environ, proc_maps, proc_smaps, proc_auxv, proc_statm;
int proc_exe_readlink(const struct pseudo_node *n, char *buf, size_t size);
int proc_exe_follow(const struct pseudo_node *n, struct path *out);
/* proc_files.c */
int proc_cwd_readlink(const struct pseudo_node *n, char *buf, size_t size);
int proc_cwd_follow(const struct pseudo_node *n, struct path *out);
int proc_root_readlink(const struct pseudo_node *n, char *buf, size_t size);
int proc_root_follow(const struct pseudo_node *n, struct path *out);
proc_show proc_mounts, proc_mountinfo;
/* proc_system.c */
proc_show proc_net_dev, proc_net_route, proc_net_tcp, proc_net_tcp6, proc_net_udp, proc_net_udp6, proc_net_unix, proc_nros_net; /* net/ */
proc_show proc_meminfo, proc_uptime, proc_version, proc_cpuinfo, proc_stat, proc_loadavg, proc_kernel_cmdline,
	proc_sysvipc_shm, proc_filesystems, proc_devices, proc_vmstat, proc_interrupts, proc_softirqs, proc_self_mounts_root;
long proc_sysrq(const struct pseudo_node *n, const char *buf, size_t len);
struct file *proc_kmsg_open(const struct pseudo_node *n, u32 flags, int *err);
/* proc_nros.c */
proc_show proc_nros_nr, proc_nros_check, proc_nros_pid_nr;

#endif
