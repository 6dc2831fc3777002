/*
 * machine_files.c: whom the machine's files name: resolvers, time servers, and who
 * leased us an address.
 *
 * All of these files have lines with a word that says what follows, then addresses or
 * names.  Which programs run is not looked at: what is left of one that is gone spares
 * an address too many, which is the better mistake.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "guard/machine_inside.h"

enum {
	FILE_MOST = 1 << 20, /* of each file, its begin */
	FILES_MOST = 64,     /* of each pattern */
	WORD_MAX = 256,
};

struct source {
	const char *pattern; /* glob(7) */
	const char *keywords[4];
	enum never_reason reason;
};

#define TIME_KEYWORDS                                                                  \
	{                                                                              \
		"server", "peer", "pool", NULL                                         \
	}

static const struct source sources[] = {
	{ "/etc/resolv.conf", { "nameserver" }, NEVER_resolver },
	{ "/etc/systemd/resolved.conf", { "DNS", "FallbackDNS" }, NEVER_resolver },
	{ "/run/systemd/resolve/resolv.conf", { "nameserver" }, NEVER_resolver },
	{ "/run/systemd/resolve/netif/*", { "SERVERS" }, NEVER_resolver },
	{ "/run/systemd/netif/links/*", { "DNS" }, NEVER_resolver },
	{ "/run/NetworkManager/*resolv.conf", { "nameserver" }, NEVER_resolver },
	{ "/run/resolvconf/resolv.conf", { "nameserver" }, NEVER_resolver },
	{ "/run/systemd/netif/links/*", { "NTP" }, NEVER_ntp },
	{ "/etc/systemd/timesyncd.conf", { "NTP", "FallbackNTP" }, NEVER_ntp },
	{ "/etc/systemd/timesyncd.conf.d/*.conf", { "NTP", "FallbackNTP" }, NEVER_ntp },
	{ "/etc/chrony/chrony.conf", TIME_KEYWORDS, NEVER_ntp },
	{ "/etc/chrony/*.d/*", TIME_KEYWORDS, NEVER_ntp },
	{ "/etc/chrony.conf", TIME_KEYWORDS, NEVER_ntp },
	{ "/run/chrony-dhcp/*", TIME_KEYWORDS, NEVER_ntp },
	{ "/etc/ntp.conf", TIME_KEYWORDS, NEVER_ntp },
	{ "/etc/ntpsec/ntp.conf", TIME_KEYWORDS, NEVER_ntp },
	{ "/etc/ntpsec/ntp.d/*.conf", TIME_KEYWORDS, NEVER_ntp },
	{ "/etc/openntpd/ntpd.conf", { "server", "servers" }, NEVER_ntp },
	{ "/run/systemd/netif/leases/*", { "SERVER_ADDRESS" }, NEVER_dhcp },
	{ "/run/systemd/netif/leases/*", { "NTP" }, NEVER_ntp },
	{ "/run/systemd/netif/leases/*", { "DNS" }, NEVER_resolver },
	{ "/var/lib/NetworkManager/*.lease", { "SERVER_ADDRESS" }, NEVER_dhcp },
	{ "/var/lib/dhcp/*.leases", { "option dhcp-server-identifier" }, NEVER_dhcp },
	{ "/var/lib/NetworkManager/dhclient*.lease",
	  { "option dhcp-server-identifier" },
	  NEVER_dhcp },
};

static const char hosts_path[] = "/etc/hosts";

/* A rule of Landlock is for what is there: folders, as files are replaced. */
const char *const machine_file_paths[] = { "/etc",
					   "/run/systemd/resolve",
					   "/run/systemd/netif",
					   "/run/NetworkManager",
					   "/run/resolvconf",
					   "/run/chrony-dhcp",
					   "/var/lib/NetworkManager",
					   "/var/lib/dhcp",
					   "/run/utmp",
					   "/var/log",
					   NULL };

/* ---- words ---- */

struct text {
	const char *at;
	size_t len;
};

static struct text cut_line(struct text *rest)
{
	const char *end = memchr(rest->at, '\n', rest->len);
	struct text line = { rest->at,
			     end != NULL ? (size_t)(end - rest->at) : rest->len };
	size_t taken = line.len + (end != NULL);
	rest->at += taken;
	rest->len -= taken;
	return line;
}

static bool is_between(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == ',' || c == ';' || c == '=' ||
	       c == '"' || c == '\0';
}

/* Empty at the end of the line, which a comment is, too. */
static struct text cut_word(struct text *line)
{
	while (line->len > 0 && is_between(line->at[0])) {
		line->at++;
		line->len--;
	}
	struct text word = { line->at, 0 };
	if (line->len > 0 && line->at[0] == '#')
		return word;
	while (word.len < line->len && !is_between(word.at[word.len]))
		word.len++;
	line->at += word.len;
	line->len -= word.len;
	return word;
}

static bool begins_with(struct text line, const char *keyword)
{
	size_t len = strlen(keyword);
	return line.len > len && memcmp(line.at, keyword, len) == 0 &&
	       is_between(line.at[len]);
}

/* "192.0.2.1", "192.0.2.1:53", "192.0.2.1#name", "[2001:db8::1]:53", "fe80::1%eth0". */
static bool parse_address(const char *word, struct addr *out)
{
	char plain[WORD_MAX];
	snprintf(plain, sizeof(plain), "%s", word[0] == '[' ? word + 1 : word);
	plain[strcspn(plain, "]#%")] = '\0';
	if (addr_parse(plain, out))
		return true;
	plain[strcspn(plain, ":")] = '\0';
	return strchr(plain, '.') != NULL && addr_parse(plain, out);
}

static bool is_name(const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
	size_t len = strlen(word);
	return len < MACHINE_NAME_MAX && word[0] != '-' && strspn(word, letters) == len;
}

static void note_name(const char *word, enum never_reason reason,
		      struct machine_names *names)
{
	if (names->count == MACHINE_NAMES_MAX || !is_name(word))
		return;
	memcpy(names->at[names->count], word, strlen(word) + 1);
	names->reason[names->count++] = reason;
}

/* False at the end of the line. */
static bool next_word(struct text *line, char out[static WORD_MAX])
{
	struct text word = cut_word(line);
	size_t len = word.len < WORD_MAX ? word.len : WORD_MAX - 1;
	memcpy(out, word.at, len);
	out[len] = '\0';
	return word.len > 0;
}

static void parse_line(struct text line, const char *const *keywords,
		       enum never_reason reason, struct never *list,
		       struct machine_names *names)
{
	char word[WORD_MAX];
	struct addr addr;
	while (line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t')) {
		line.at++;
		line.len--;
	}
	while (*keywords != NULL && !begins_with(line, *keywords))
		keywords++;
	if (*keywords == NULL)
		return;
	line.at += strlen(*keywords);
	line.len -= strlen(*keywords);
	while (next_word(&line, word)) {
		if (parse_address(word, &addr))
			machine_add(list, &addr, reason);
		else
			note_name(word, reason, names);
	}
}

void machine_parse(const char *text, size_t len, const char *const *keywords,
		   enum never_reason reason, struct never *list,
		   struct machine_names *names)
{
	struct text rest = { text, len };
	while (rest.len > 0)
		parse_line(cut_line(&rest), keywords, reason, list, names);
}

static void add_host(const char *name, const struct addr *addr,
		     const struct machine_names *names, struct never *list)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcasecmp(names->at[i], name) == 0)
			machine_add(list, addr, names->reason[i]);
}

void machine_parse_hosts(const char *text, size_t len,
			 const struct machine_names *names, struct never *list)
{
	char word[WORD_MAX];
	struct addr addr;
	struct text rest = { text, len };
	while (rest.len > 0 && names->count > 0) {
		struct text line = cut_line(&rest);
		if (!next_word(&line, word) || !parse_address(word, &addr))
			continue;
		while (next_word(&line, word))
			add_host(word, &addr, names, list);
	}
}

/* ---- files ---- */

ssize_t machine_read(const char *path, off_t from, char *out, size_t size)
{
	struct stat st;
	size_t len = 0;
	ssize_t more = 1;
	/* A pipe in its place would keep us waiting for whoever writes it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	while (len < size && more > 0) {
		more = pread(fd, out + len, size - len, from + (off_t)len);
		len += more > 0 ? (size_t)more : 0;
	}
	close(fd);
	return (ssize_t)len;
}

/* Shows each file that is there, and not too many. */
static void each_file(const struct source *source,
		      void (*see)(const char *path, const struct source *source,
				  void *to),
		      void *to)
{
	glob_t found;
	if (glob(source->pattern, GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc && i < FILES_MOST; i++)
			see(found.gl_pathv[i], source, to);
	globfree(&found);
}

static uint64_t stamp_of(const char *path)
{
	static const struct hash_key same = { 0, 0 };
	struct stat st;
	if (stat(path, &st) != 0)
		return 0;
	const uint64_t words[] = { st.st_dev, st.st_ino, (uint64_t)st.st_size,
				   (uint64_t)st.st_mtim.tv_sec,
				   (uint64_t)st.st_mtim.tv_nsec };
	return hash_words(&same, words, sizeof(words) / sizeof(words[0]));
}

/* A sum: in whatever order the folder tells them. */
static void add_stamp(const char *path, const struct source *source, void *to)
{
	uint64_t *sum = to;
	(void)source;
	*sum += stamp_of(path);
}

uint64_t machine_files_stamp(void)
{
	uint64_t sum = stamp_of(hosts_path);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		each_file(&sources[i], add_stamp, &sum);
	return sum;
}

struct files_reading {
	struct never *list;
	struct machine_names names;
	char *room;
};

static void read_file(const char *path, const struct source *source, void *to)
{
	struct files_reading *reading = to;
	ssize_t len = machine_read(path, 0, reading->room, FILE_MOST);
	if (len > 0)
		machine_parse(reading->room, (size_t)len, source->keywords,
			      source->reason, reading->list, &reading->names);
}

void machine_read_files(struct never *list)
{
	struct files_reading reading = { .list = list, .room = malloc(FILE_MOST) };
	if (reading.room == NULL)
		return;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		each_file(&sources[i], read_file, &reading);
	ssize_t len = machine_read(hosts_path, 0, reading.room, FILE_MOST);
	if (len > 0)
		machine_parse_hosts(reading.room, (size_t)len, &reading.names, list);
	free(reading.room);
}
