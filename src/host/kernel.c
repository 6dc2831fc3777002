/*
 * kernel.c: loads and attaches our programs with libbpf; see kernel.h.
 */
#include "host/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_MAX = 65536, MOUNTS_MAX = 1 << 20 };

enum { PROGRAMS = KERNEL_PROGRAMS };
static const char *const program_names[PROGRAMS] = { "state_changed", "udp_bound4",
						     "udp_bound6",    "udp_released",
						     "socket_files",  "tasks" };
enum { STATE_CHANGED, UDP_BOUND4, UDP_BOUND6, UDP_RELEASED, SOCKET_FILES, TASKS };

/* libbpf explains itself at length on standard error; we say it in `reason`. */
static int say_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int on_change(void *to, void *data, size_t size)
{
	const struct kernel *kernel = to;
	if (size >= sizeof(struct kernel_change))
		kernel->sink.change(kernel->sink.self, data);
	return 0;
}

static int on_connection(void *to, void *data, size_t size)
{
	const struct kernel *kernel = to;
	if (size >= sizeof(struct kernel_connection))
		kernel->sink.connection(kernel->sink.self, data);
	return 0;
}

__attribute__((format(printf, 2, 3))) static void explain(struct kernel *kernel,
							  const char *format, ...)
{
	/* The first reason is the one that others follow from. */
	if (kernel->reason[0] != '\0')
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(kernel->reason, sizeof(kernel->reason), format, args);
	va_end(args);
}

/* Opens and loads those programs of the object; NULL and errno if the kernel won't. */
static struct bpf_object *load(const bool wanted[PROGRAMS])
{
	struct bpf_object_open_opts options = { .sz = sizeof(options),
						.object_name = "breakwater" };
	size_t size = (size_t)((uintptr_t)kernel_object_end - (uintptr_t)kernel_object);
	struct bpf_object *object = bpf_object__open_mem(kernel_object, size, &options);
	if (object == NULL)
		return NULL;
	for (int i = 0; i < PROGRAMS; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(object, program_names[i]);
		if (program != NULL)
			bpf_program__set_autoload(program, wanted[i]);
	}
	int error = bpf_object__load(object);
	if (error == 0)
		return object;
	bpf_object__close(object);
	errno = -error;
	return NULL;
}

/* Loads all programs; if the kernel refuses, all those it takes one by one. */
static void load_what_works(struct kernel *kernel, bool works[PROGRAMS])
{
	memset(works, true, PROGRAMS * sizeof(*works));
	kernel->object = load(works);
	if (kernel->object != NULL)
		return;
	explain(kernel, "BPF: %s", strerror(errno));
	bool any = false;
	for (int i = 0; i < PROGRAMS; i++) {
		bool only[PROGRAMS] = { false };
		only[i] = true;
		struct bpf_object *object = load(only);
		works[i] = object != NULL;
		any = any || works[i];
		bpf_object__close(object);
	}
	if (any)
		kernel->object = load(works);
}

/* mountinfo(5): the file system's type stands after " - ", the mount point is field 5
 */
bool kernel_cgroup_root(const char *mountinfo, char *out, size_t size)
{
	for (const char *line = mountinfo; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		const char *type = memmem(line, len, " - cgroup2 ", 11);
		char root[256] = "", point[256] = "";
		if (type != NULL &&
		    sscanf(line, "%*s %*s %*s %255s %255s", root, point) == 2 &&
		    strcmp(root, "/") == 0) {
			snprintf(out, size, "%s", point);
			return true;
		}
		line += len + (line[len] == '\n');
	}
	return false;
}

static int open_cgroup_root(void)
{
	char path[256] = "", *text = calloc(1, MOUNTS_MAX);
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got = 0;
	while (text != NULL && fd >= 0 && len < MOUNTS_MAX - 1 &&
	       (got = read(fd, text + len, MOUNTS_MAX - 1 - len)) > 0)
		len += (size_t)got;
	bool found = text != NULL && kernel_cgroup_root(text, path, sizeof(path));
	free(text);
	if (fd >= 0)
		close(fd);
	return found ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static bool attach(struct kernel *kernel, int which, int cgroup)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(kernel->object, program_names[which]);
	if (program == NULL)
		return false;
	struct bpf_link *link = NULL;
	if (which == SOCKET_FILES || which == TASKS)
		link = bpf_program__attach_iter(program, NULL);
	else if (which == STATE_CHANGED)
		link = bpf_program__attach(program);
	else if (cgroup >= 0)
		link = bpf_program__attach_cgroup(program, cgroup);
	else
		errno = ENOENT;
	if (link == NULL) {
		explain(kernel, "BPF %s: %s", program_names[which], strerror(errno));
		return false;
	}
	kernel->link[which] = link;
	return true;
}

static void attach_all(struct kernel *kernel, const bool works[PROGRAMS])
{
	bool attached[PROGRAMS];
	int cgroup = open_cgroup_root();
	for (int i = 0; i < PROGRAMS; i++)
		attached[i] = works[i] && attach(kernel, i, cgroup);
	if (cgroup >= 0)
		close(cgroup);
	kernel->tells_tcp = attached[STATE_CHANGED];
	kernel->tells_udp =
		attached[UDP_BOUND4] && attached[UDP_BOUND6] && attached[UDP_RELEASED];
	if (attached[SOCKET_FILES])
		kernel->files = SOCKET_FILES;
	if (attached[TASKS])
		kernel->tasks = TASKS;
}

static bool open_rings(struct kernel *kernel)
{
	int changes = bpf_object__find_map_fd_by_name(kernel->object, "changes");
	int connections =
		bpf_object__find_map_fd_by_name(kernel->object, "connections");
	kernel->lost = bpf_object__find_map_fd_by_name(kernel->object, "lost");
	kernel->rings = ring_buffer__new(changes, on_change, kernel, NULL);
	return kernel->rings != NULL &&
	       ring_buffer__add(kernel->rings, connections, on_connection, kernel) == 0;
}

void kernel_without(struct kernel *kernel, const char *reason)
{
	*kernel = (struct kernel){ .lost = -1, .files = -1, .tasks = -1 };
	explain(kernel, "%s", reason);
}

void kernel_open(struct kernel *kernel, const struct kernel_sink *sink)
{
	bool works[PROGRAMS];
	*kernel =
		(struct kernel){ .sink = *sink, .lost = -1, .files = -1, .tasks = -1 };
	libbpf_set_print(say_nothing);
	load_what_works(kernel, works);
	if (kernel->object == NULL)
		return;
	attach_all(kernel, works);
	if (!open_rings(kernel)) {
		explain(kernel, "BPF ring buffer: %s", strerror(errno));
		kernel->tells_tcp = kernel->tells_udp = false;
	}
}

void kernel_close(struct kernel *kernel)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		bpf_link__destroy(kernel->link[i]);
	ring_buffer__free(kernel->rings);
	bpf_object__close(kernel->object);
	kernel_without(kernel, "closed");
}

int kernel_fd(const struct kernel *kernel)
{
	return kernel->rings == NULL ? -1 : ring_buffer__epoll_fd(kernel->rings);
}

void kernel_drain(struct kernel *kernel)
{
	if (kernel->rings != NULL)
		ring_buffer__consume(kernel->rings);
}

uint64_t kernel_lost(const struct kernel *kernel, uint32_t kind)
{
	uint64_t count = 0;
	if (kernel->lost >= 0)
		bpf_map_lookup_elem(kernel->lost, &kind, &count);
	return count;
}

/* Reads all that an iterator writes: structures of one size, never cut. */
static int iterate(const struct kernel *kernel, int which, size_t size,
		   void (*see)(void *to, const void *item), void *to)
{
	if (which < 0)
		return -ENOENT;
	int fd = bpf_iter_create(bpf_link__fd(kernel->link[which]));
	if (fd < 0)
		return fd;
	uint8_t *items = malloc(READ_MAX);
	int error = items == NULL ? -ENOMEM : 0;
	size_t rest = 0;
	while (error == 0) {
		ssize_t got = read(fd, items + rest, READ_MAX - rest);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0) {
			error = got < 0 ? -errno : 0;
			break;
		}
		size_t len = rest + (size_t)got, at = 0;
		for (; at + size <= len; at += size)
			see(to, items + at);
		rest = len - at;
		memmove(items, items + at, rest);
	}
	free(items);
	close(fd);
	return error;
}

struct file_reader {
	void (*see)(void *to, const struct kernel_file *file);
	void *to;
};

static void see_file(void *to, const void *item)
{
	const struct file_reader *reader = to;
	struct kernel_file file;
	memcpy(&file, item, sizeof(file));
	reader->see(reader->to, &file);
}

int kernel_files(const struct kernel *kernel,
		 void (*see)(void *to, const struct kernel_file *file), void *to)
{
	struct file_reader reader = { see, to };
	return iterate(kernel, kernel->files, sizeof(struct kernel_file), see_file,
		       &reader);
}

struct task_reader {
	void (*see)(void *to, const struct kernel_task *task);
	void *to;
};

static void see_task(void *to, const void *item)
{
	const struct task_reader *reader = to;
	struct kernel_task task;
	memcpy(&task, item, sizeof(task));
	reader->see(reader->to, &task);
}

int kernel_tasks(const struct kernel *kernel,
		 void (*see)(void *to, const struct kernel_task *task), void *to)
{
	struct task_reader reader = { see, to };
	return iterate(kernel, kernel->tasks, sizeof(struct kernel_task), see_task,
		       &reader);
}
