/*
 * countries.c: see countries.h.
 */
#include "cli/countries.h"

#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/view.h"
#include "record/record.h"

enum {
	DATABASE_MIB_MAX = 512,
	/* A database of countries has one early; one of something else never. */
	NODES_LOOKED_AT_MAX = 1 << 16,
	ADDRESS_BITS = 128,
};

/* The last second of the year 9999 (UTC): times after it can't be written. */
#define BUILT_MAX_S 253402300799

struct countries {
	MMDB_s database;
};

/* ---- a copy of the file ---- */

static int copy(int from, int to)
{
	char piece[1 << 16];
	uint64_t total = 0;
	for (;;) {
		ssize_t len = read(from, piece, sizeof(piece));
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return len < 0 ? -errno : 0;
		total += (uint64_t)len;
		if (total > (uint64_t)DATABASE_MIB_MAX << 20)
			return -EFBIG;
		int error = file_write(to, piece, (size_t)len);
		if (error != 0)
			return error;
	}
}

/* O_NONBLOCK: nobody writes to a FIFO. */
static int open_plain(const char *path)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

/* Memory that has all of the file and can't change any more; or -errno. */
static int copy_file(const char *path)
{
	static const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int from = open_plain(path);
	if (from < 0)
		return from;
	int to = memfd_create("countries", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int error = to < 0 ? -errno : copy(from, to);
	if (error == 0 && fcntl(to, F_ADD_SEALS, seals) != 0)
		error = -errno;
	close(from);
	if (error == 0)
		return to;
	if (to >= 0)
		close(to);
	return error;
}

/* ---- is it one of countries ---- */

static bool text_at(MMDB_entry_s *entry, const char *const *path, char *out,
		    size_t size)
{
	MMDB_entry_data_s value;
	if (MMDB_aget_value(entry, &value, path) != MMDB_SUCCESS || !value.has_data ||
	    value.type != MMDB_DATA_TYPE_UTF8_STRING)
		return false;
	snprintf(out, size, "%.*s",
		 (int)(value.data_size < size ? value.data_size : size),
		 value.utf8_string);
	return out[0] != '\0';
}

static bool country_of(MMDB_entry_s *entry, struct web_country *out)
{
	static const char *const code[] = { "country", "iso_code", NULL };
	static const char *const name[] = { "country", "names", "en", NULL };
	if (!text_at(entry, code, out->code, sizeof(out->code)))
		return false;
	if (!text_at(entry, name, out->name, sizeof(out->name)))
		out->name[0] = '\0';
	return true;
}

static bool has_country(const MMDB_s *database, uint64_t node, int depth, int *left);

static bool record_has_country(const MMDB_s *database, uint8_t type, uint64_t record,
			       MMDB_entry_s *entry, int depth, int *left)
{
	struct web_country country;
	if (type == MMDB_RECORD_TYPE_SEARCH_NODE)
		return has_country(database, record, depth + 1, left);
	return type == MMDB_RECORD_TYPE_DATA && country_of(entry, &country);
}

/* A broken tree may lead round in circles: depth and steps are bounded. */
static bool has_country(const MMDB_s *database, uint64_t node, int depth, int *left)
{
	MMDB_search_node_s both;
	if (depth >= ADDRESS_BITS || (*left)-- <= 0 ||
	    MMDB_read_node(database, (uint32_t)node, &both) != MMDB_SUCCESS)
		return false;
	return record_has_country(database, both.left_record_type, both.left_record,
				  &both.left_record_entry, depth, left) ||
	       record_has_country(database, both.right_record_type, both.right_record,
				  &both.right_record_entry, depth, left);
}

/* ---- in use ---- */

static bool complain(char error[static COUNTRIES_ERROR_MAX], const char *path,
		     const char *why)
{
	snprintf(error, COUNTRIES_ERROR_MAX,
		 "geo.database: %s: %s; allowed is a MaxMind DB file (format 2.0) of "
		 "countries or cities, of at most %d MiB",
		 path, why, DATABASE_MIB_MAX);
	return false;
}

static bool open_copy(struct countries *countries, const char *path, int fd,
		      char error[static COUNTRIES_ERROR_MAX])
{
	char copied[32], kind[64], why[160];
	int left = NODES_LOOKED_AT_MAX;
	snprintf(copied, sizeof(copied), "/proc/self/fd/%d", fd);
	int failed = MMDB_open(copied, MMDB_MODE_MMAP, &countries->database);
	if (failed != MMDB_SUCCESS)
		return complain(error, path, MMDB_strerror(failed));
	if (has_country(&countries->database, 0, 0, &left))
		return true;
	text_clean(kind, sizeof(kind), countries->database.metadata.database_type);
	snprintf(why, sizeof(why), "names no country: it is a \"%s\"", kind);
	MMDB_close(&countries->database);
	return complain(error, path, why);
}

static bool open_file(struct countries *countries, const char *path,
		      char error[static COUNTRIES_ERROR_MAX])
{
	int fd = copy_file(path);
	if (fd < 0)
		return complain(error, path,
				fd == -EINVAL ? "not a plain file" : strerror(-fd));
	bool good = open_copy(countries, path, fd, error);
	close(fd);
	return good;
}

bool countries_replace(struct countries **countries, const char *path,
		       char error[static COUNTRIES_ERROR_MAX])
{
	struct countries *fresh = NULL;
	if (path[0] != '\0') {
		fresh = calloc(1, sizeof(*fresh));
		if (fresh == NULL)
			return complain(error, path, strerror(ENOMEM));
		if (!open_file(fresh, path, error)) {
			free(fresh);
			return false;
		}
	}
	countries_close(*countries);
	*countries = fresh;
	return true;
}

int64_t countries_built_us(const struct countries *countries)
{
	uint64_t built_s = countries->database.metadata.build_epoch;
	return built_s == 0 || built_s > BUILT_MAX_S ? UNKNOWN_TIME
						     : (int64_t)built_s * 1000000;
}

bool countries_find(const struct countries *countries, const struct addr *addr,
		    struct web_country *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const void *socket = addr_is_v4(addr) ? (const void *)&v4 : (const void *)&v6;
	int error;
	memcpy(&v4.sin_addr, addr->ip6 + 12, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, addr->ip6, sizeof(v6.sin6_addr));
	MMDB_lookup_result_s found =
		MMDB_lookup_sockaddr(&countries->database, socket, &error);
	return error == MMDB_SUCCESS && found.found_entry &&
	       country_of(&found.entry, out);
}

void countries_close(struct countries *countries)
{
	if (countries == NULL)
		return;
	MMDB_close(&countries->database);
	free(countries);
}
