/*
 * cgroup.c: reads paths of control groups; see cgroup.h.
 */
#include "host/cgroup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { ID_DIGITS = 64, ID_SHOWN = 12 };

/* A piece of a text, not ended by NUL. */
struct piece {
	const char *at;
	size_t len;
};

static bool piece_is(struct piece p, const char *text)
{
	return strlen(text) == p.len && memcmp(p.at, text, p.len) == 0;
}

static bool starts_with(struct piece p, const char *text)
{
	size_t len = strlen(text);
	return len <= p.len && memcmp(p.at, text, len) == 0;
}

static bool ends_with(struct piece p, const char *text)
{
	size_t len = strlen(text);
	return len < p.len && memcmp(p.at + p.len - len, text, len) == 0;
}

static void copy(struct piece p, char *out, size_t size)
{
	size_t len = p.len < size ? p.len : size - 1;
	memcpy(out, p.at, len);
	out[len] = '\0';
}

/* Takes what stands before the separator off the text; false at its end. */
static bool next(const char **text, char separator, struct piece *out)
{
	if (**text == '\0')
		return false;
	size_t len = strcspn(*text, (char[]){ separator, '\0' });
	*out = (struct piece){ *text, len };
	*text += len + ((*text)[len] != '\0');
	return true;
}

void cgroup_path(const char *text, char *out, size_t size)
{
	struct piece line, best = { "", 0 };
	int best_rank = 0;
	while (next(&text, '\n', &line)) {
		/* "5:cpu,cpuacct:/path" */
		const char *first = memchr(line.at, ':', line.len);
		if (first == NULL)
			continue;
		size_t rest = line.len - (size_t)(first + 1 - line.at);
		const char *second = memchr(first + 1, ':', rest);
		if (second == NULL)
			continue;
		struct piece name = { first + 1, (size_t)(second - first - 1) };
		struct piece path = { second + 1, rest - name.len - 1 };
		bool says_something = path.len > 1;
		int rank = 1;
		if (says_something)
			rank = name.len == 0                    ? 4
			       : piece_is(name, "name=systemd") ? 3
								: 2;
		if (rank > best_rank) {
			best_rank = rank;
			best = path;
		}
	}
	copy(best, out, size);
}

/* 64 hexadecimal digits with none beside them. */
static bool find_id(struct piece p, const char **id)
{
	size_t run = 0;
	for (size_t i = 0; i <= p.len; i++) {
		if (i < p.len && isxdigit((unsigned char)p.at[i])) {
			run++;
			continue;
		}
		if (run == ID_DIGITS) {
			*id = p.at + i - run;
			return true;
		}
		run = 0;
	}
	return false;
}

static bool is_unit(struct piece p)
{
	static const char *const ends[] = { ".service", ".scope", ".socket", ".mount",
					    ".swap" };
	const char *id = NULL;
	/* A container's scope is known as the container. */
	if (ends_with(p, ".scope") && find_id(p, &id))
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(p, ends[i]))
			return true;
	return false;
}

void cgroup_unit(const char *path, char *out, size_t size)
{
	struct piece p;
	out[0] = '\0';
	while (next(&path, '/', &p))
		if (is_unit(p))
			copy(p, out, size);
}

/* LXC: "lxc/NAME", "lxc.payload/NAME", "lxc.payload.NAME"; nspawn: "machine-NAME.scope"
 */
static struct piece named_container(struct piece before, struct piece p)
{
	static const char payload[] = "lxc.payload.", machine[] = "machine-";
	static const char scope[] = ".scope";
	if (starts_with(p, payload))
		return (struct piece){ p.at + strlen(payload),
				       p.len - strlen(payload) };
	if (piece_is(before, "lxc") || piece_is(before, "lxc.payload"))
		return p;
	if (starts_with(p, machine) && ends_with(p, scope) &&
	    p.len > strlen(machine) + strlen(scope))
		return (struct piece){ p.at + strlen(machine),
				       p.len - strlen(machine) - strlen(scope) };
	return (struct piece){ "", 0 };
}

void cgroup_container(const char *path, char *out, size_t size)
{
	struct piece p, before = { "", 0 };
	out[0] = '\0';
	while (next(&path, '/', &p)) {
		const char *id = NULL;
		/* podman's monitor stands outside the container it watches. */
		bool is_monitor = starts_with(p, "libpod-conmon-");
		struct piece name = named_container(before, p);
		if (!is_monitor && find_id(p, &id))
			copy((struct piece){ id, ID_SHOWN }, out, size);
		else if (name.len > 0)
			copy(name, out, size);
		before = p;
	}
}
