/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * init: process 1 on both kernels. It runs one program and reports how the program ended.
 *
 * The tool leaves the program's arguments, environment, working directory and mode in /.nros, and
 * holds the other end of four virtio-serial ports:
 *
 *	1 stdin    host to guest; the end of the host's input is the port's end of file
 *	2 stdout   guest to host
 *	3 stderr   guest to host
 *	4 control  guest to host: "ready", then "exit N" or "signal N"; host to guest: "stop"
 *
 * Mode "pipe": the program's descriptors 0-2 are pipes, and a child of init (a pump) moves the bytes
 * between each pipe and its port. Mode "tty ROWS COLUMNS": they are the serial line, as the
 * controlling terminal of the program's session; the ports for data stay closed.
 *
 *	start --ready--> running --the program is dead--> draining --pumps are gone--> reported, off
 *
 * Told to stop (by the host, or by SIGTERM: the power button), init sends the program's process group SIGTERM
 * and goes on as before; it then also waits until the group is empty, so that servers may save.
 *
 * Draining: a pump that gets SIGTERM moves what is in its pipe and exits at the first empty read, so
 * background processes that still hold the pipe cannot keep the machine up.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define CONFIG "/.nros/"
#define TTY "/dev/ttyS0"

enum port { STDIN, STDOUT, STDERR, CONTROL, PORTS };

static int ports[PORTS];
static volatile sig_atomic_t program; /* its pid, for the handler of SIGTERM */
static volatile sig_atomic_t stopping;
static volatile sig_atomic_t pump_source;
static pid_t pumps[3]; /* 0: there is none, or it is gone and its number may be another's */

/* --- small helpers --- */

static void fail(const char *what)
{
	dprintf(ports[STDERR], "nros: init: %s: %s\n", what, strerror(errno));
	dprintf(ports[CONTROL], "exit 125\n");
	reboot(RB_POWER_OFF);
	_exit(125);
}

/* Reads a whole file; the result is NUL-terminated, *size excludes that NUL. NULL if there is none. */
static char *read_file(const char *path, size_t *size)
{
	size_t room = 4096, used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(room);
	ssize_t got;

	while (text && (got = read(fd, text + used, room - used - 1)) > 0) {
		used += got;
		if (used + 1 == room)
			text = realloc(text, room *= 2);
	}
	if (fd >= 0)
		close(fd);
	if (text)
		text[used] = '\0';
	*size = used;
	return text;
}

/* A file of NUL-terminated strings as a NULL-terminated vector. */
static char **read_vector(const char *path)
{
	size_t size, count = 0;
	char *text = read_file(path, &size);
	char **vector = text ? malloc((size + 1) * sizeof(*vector)) : NULL;

	if (!vector)
		fail(path);
	for (char *at = text; at < text + size; at += strlen(at) + 1)
		vector[count++] = at;
	vector[count] = NULL;
	return vector;
}

static int write_all(int fd, const char *bytes, ssize_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, bytes, size);
		if (done < 0 && errno != EINTR)
			return -1;
		if (done > 0) {
			bytes += done;
			size -= done;
		}
	}
	return 0;
}

/* --- the machine --- */

/* What a mount needs may be there already, or be missing: the program will see. */
static void mount_all(void)
{
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	symlink("/proc/self/fd", "/dev/fd");
	symlink("fd/0", "/dev/stdin");
	symlink("fd/1", "/dev/stdout");
	symlink("fd/2", "/dev/stderr");
	mkdir("/dev/shm", 01777);
	mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
	mkdir("/dev/pts", 0755);
	mount("devpts", "/dev/pts", "devpts", 0, "mode=620,gid=5,ptmxmode=666");
}

static void set_hostname(void)
{
	size_t size;
	char *name = read_file("/etc/hostname", &size);

	if (name)
		sethostname(name, strcspn(name, "\n"));
	free(name);
}

/* --- the network: the other kernel sets itself up --- */

/* A root that somebody brought may not know its own name. */
static void make_hosts(void)
{
	static const char text[] = "127.0.0.1\tlocalhost\n";
	int fd = open("/etc/hosts", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	write_all(fd, text, sizeof(text) - 1);
	close(fd);
}

static void load_modules(void)
{
	char path[32];

	for (int i = 1; i < 10; i++) {
		size_t size;
		snprintf(path, sizeof(path), CONFIG "modules/%d", i);
		char *image = read_file(path, &size);
		if (!image)
			return;
		syscall(SYS_init_module, image, size, "");
		free(image);
	}
}

static void set_address(int fd, unsigned long request, const char *interface, const char *address)
{
	struct ifreq wish = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&wish.ifr_addr;

	strncpy(wish.ifr_name, interface, sizeof(wish.ifr_name) - 1);
	in->sin_family = AF_INET;
	inet_pton(AF_INET, address, &in->sin_addr);
	ioctl(fd, request, &wish);
}

static void set_up(int fd, const char *interface)
{
	struct ifreq wish = {0};

	strncpy(wish.ifr_name, interface, sizeof(wish.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &wish) < 0)
		return;
	wish.ifr_flags |= IFF_UP | IFF_RUNNING;
	ioctl(fd, SIOCSIFFLAGS, &wish);
}

static void set_gateway(int fd, const char *gateway)
{
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
	struct sockaddr_in *in = (struct sockaddr_in *)&route.rt_gateway;

	in->sin_family = AF_INET;
	inet_pton(AF_INET, gateway, &in->sin_addr);
	route.rt_dst.sa_family = route.rt_genmask.sa_family = AF_INET;
	ioctl(fd, SIOCADDRT, &route);
}

static void set_network(void)
{
	char address[16], gateway[16], mask[16];
	size_t size;
	char *text;
	int fd;

	if (access("/sys/class/net/lo", F_OK) < 0)
		return;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	set_up(fd, "lo");
	text = read_file(CONFIG "network", &size);
	if (text && sscanf(text, "%15s %15s %15s", address, gateway, mask) == 3) {
		load_modules();
		set_address(fd, SIOCSIFADDR, "eth0", address);
		set_address(fd, SIOCSIFNETMASK, "eth0", mask);
		set_up(fd, "eth0");
		set_gateway(fd, gateway);
	}
	free(text);
	close(fd);
}

/* The ports' driver may still be at work when init starts, and its number depends on other devices. */
static int open_port(int number)
{
	char name[32];

	for (int tries = 0; tries < 1000; tries++) {
		for (int device = 0; device < 10; device++) {
			snprintf(name, sizeof(name), "/dev/vport%dp%d", device, number);
			int fd = open(name, O_RDWR | O_CLOEXEC);
			if (fd >= 0)
				return fd;
		}
		poll(NULL, 0, 10);
	}
	return -1;
}

/* Until the host's side is known to be open, reading gives end of file: wait for it. */
static void open_ports(void)
{
	for (int i = PORTS - 1; i >= 0; i--) {
		ports[i] = open_port(i + 1);
		if (ports[i] < 0)
			fail("no virtio-serial ports");
		struct pollfd connected = {.fd = ports[i], .events = POLLOUT};
		for (int tries = 0; tries < 1000; tries++) {
			if (poll(&connected, 1, 0) >= 0 && !(connected.revents & POLLHUP))
				break;
			poll(NULL, 0, 10);
		}
	}
}

static void close_ports(void)
{
	for (int i = 0; i < PORTS; i++)
		close(ports[i]);
}

/* --- pumps --- */

/* From now on an empty pipe means the end: safe at any point, even right before read(). */
static void drain(int signal)
{
	(void)signal;
	fcntl(pump_source, F_SETFL, O_NONBLOCK);
}

static _Noreturn void pump(int from, int to)
{
	static char bytes[65536];
	ssize_t got;

	for (;;) {
		got = read(from, bytes, sizeof(bytes));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || write_all(to, bytes, got) < 0)
			_exit(0);
	}
}

static void hold_back(int how)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(how, &term, NULL);
}

/* A child that moves bytes until the end; it keeps no other end of any pipe open. A program may end, and the pump be told, before
 * it has its handler: the signal waits for that. */
static pid_t start_pump(int from, int to, int pipes[3][2])
{
	hold_back(SIG_BLOCK);
	pid_t pid = fork();

	if (pid != 0) {
		hold_back(SIG_UNBLOCK);
		return pid;
	}
	for (int i = 0; i < 3; i++)
		for (int end = 0; end < 2; end++)
			if (pipes[i][end] != from && pipes[i][end] != to)
				close(pipes[i][end]);
	pump_source = from;
	signal(SIGTERM, drain);
	hold_back(SIG_UNBLOCK);
	pump(from, to);
}

/* --- the program --- */

static _Noreturn void run(int *descriptors, char **argv, char **env)
{
	size_t size;
	char *workdir = read_file(CONFIG "workdir", &size);

	for (int i = 0; i < 3; i++)
		dup2(descriptors[i], i);
	signal(SIGTERM, SIG_DFL);
	environ = env;
	if (!workdir || chdir(workdir) < 0) {
		dprintf(2, "nros: %s: %s\n", workdir ? workdir : "workdir", strerror(errno));
		_exit(125);
	}
	execvp(argv[0], argv);
	int missing = errno == ENOENT || errno == ENOTDIR;
	if (missing)
		dprintf(2, "nros: %s: not found\n", argv[0]);
	else
		dprintf(2, "nros: %s: %s\n", argv[0], strerror(errno));
	_exit(missing ? 127 : 126);
}

static pid_t start_on_pipes(char **argv, char **env)
{
	int pipes[3][2];
	int ends[3];

	for (int i = 0; i < 3; i++)
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			fail("pipe");
	ends[0] = pipes[0][0];
	ends[1] = pipes[1][1];
	ends[2] = pipes[2][1];
	pid_t pid = fork();
	if (pid == 0) {
		setsid();
		run(ends, argv, env);
	}
	pumps[0] = start_pump(ports[STDIN], pipes[0][1], pipes);
	pumps[1] = start_pump(pipes[1][0], ports[STDOUT], pipes);
	pumps[2] = start_pump(pipes[2][0], ports[STDERR], pipes);
	for (int i = 0; i < 3; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	return pid;
}

static pid_t start_on_tty(char **argv, char **env, struct winsize *size)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setsid();
	int tty = open(TTY, O_RDWR);
	if (tty < 0)
		fail(TTY);
	ioctl(tty, TIOCSCTTY, 0);
	ioctl(tty, TIOCSWINSZ, size);
	run((int[]){tty, tty, tty}, argv, env);
}

/* The power button, or the host's word by way of the child below: the program's whole session is told, as by ^C. */
static void stop_program(int signal)
{
	(void)signal;
	stopping = 1;
	if (program > 0 && kill(-program, SIGTERM) < 0)
		kill(program, SIGTERM);
}

/* A child that obeys the host's word. */
static void start_control(void)
{
	char words[64];

	if (fork() != 0)
		return;
	for (;;) {
		ssize_t got = read(ports[CONTROL], words, sizeof(words) - 1);
		if (got <= 0 && errno != EINTR)
			_exit(0);
		words[got > 0 ? got : 0] = '\0';
		if (strstr(words, "stop"))
			kill(1, SIGTERM);
	}
}

/* Whoever ends next. A pump whose pipe ended before the program did is forgotten. */
static pid_t reap(int *status)
{
	pid_t gone = wait4(-1, status, 0, NULL);

	for (int i = 0; i < 3; i++)
		if (gone > 0 && gone == pumps[i])
			pumps[i] = 0;
	return gone;
}

/* Reaps until `pid` is gone; returns its wait status. */
static int wait_for(pid_t pid)
{
	int status = 0;
	pid_t gone;

	do {
		gone = reap(&status);
	} while (gone != pid && !(gone < 0 && errno == ECHILD));
	return status;
}

/* A server that the program started may still be saving: whoever was told to stop is waited for. */
static void wait_for_session(pid_t pid)
{
	while (stopping && kill(-pid, 0) == 0 && (reap(NULL) > 0 || errno == EINTR))
		;
}

static void finish_pumps(void)
{
	for (int i = 0; i < 3; i++)
		if (pumps[i] > 0)
			kill(pumps[i], i == 0 ? SIGKILL : SIGTERM);
	for (int i = 0; i < 3; i++)
		while (pumps[i] > 0 && waitpid(pumps[i], NULL, 0) < 0 && errno == EINTR)
			;
}

static _Noreturn void report(int status)
{
	if (WIFSIGNALED(status))
		dprintf(ports[CONTROL], "signal %d\n", WTERMSIG(status));
	else
		dprintf(ports[CONTROL], "exit %d\n", WEXITSTATUS(status));
	close_ports();
	reboot(RB_POWER_OFF);
	_exit(0);
}

int main(void)
{
	struct winsize size = {0};
	size_t length;

	mount_all();
	set_hostname();
	make_hosts();
	set_network();
	open_ports();
	char **argv = read_vector(CONFIG "argv");
	char **env = read_vector(CONFIG "env");
	char *mode = read_file(CONFIG "mode", &length);
	signal(SIGTERM, stop_program);
	dprintf(ports[CONTROL], "ready\n");
	if (mode && sscanf(mode, "tty %hu %hu", &size.ws_row, &size.ws_col) == 2)
		program = start_on_tty(argv, env, &size);
	else
		program = start_on_pipes(argv, env);
	if (program < 0)
		fail("fork");
	start_control();
	int status = wait_for(program);
	wait_for_session(program);
	finish_pumps();
	if (mode && mode[0] == 't') {
		int tty = open(TTY, O_RDWR | O_NOCTTY);
		tcdrain(tty);
	}
	report(status);
}
