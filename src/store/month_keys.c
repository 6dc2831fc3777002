/*
 * month_keys.c: see month_keys.h.
 */
#include "store/month_keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define SECOND_US 1000000LL

enum {
	YEAR_0 = 1900,
	YEAR_MOST = 9999,
	YEAR_LEN = 4,
	HUNDRED = 100,
	YEAR_MONTHS = 12,
	NAME_LEN = 11,
	DECIMAL = 10,
};

uint32_t month_of(int64_t at_us)
{
	struct tm tm;
	time_t at = (time_t)(at_us / SECOND_US) - (at_us % SECOND_US < 0);
	if (gmtime_r(&at, &tm) == NULL || tm.tm_year < -YEAR_0)
		return MONTH_NONE;
	return (uint32_t)((tm.tm_year + YEAR_0) * HUNDRED + tm.tm_mon + 1);
}

int64_t month_end_us(uint32_t month)
{
	struct tm tm = { .tm_year = (int)(month / HUNDRED) - YEAR_0,
			 .tm_mon = (int)(month % HUNDRED), /* the next one */
			 .tm_mday = 1 };
	return (int64_t)timegm(&tm) * SECOND_US;
}

static void key_path(const char *folder, uint32_t month, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/privacy/%04u-%02u.key", folder, month / HUNDRED,
		 month % HUNDRED);
}

/* ---- which there are ---- */

/* True for exactly "2026-11.key". */
static bool parse_name(const char *name, uint32_t *month)
{
	char again[NAME_LEN + 1];
	if (strlen(name) != NAME_LEN)
		return false;
	unsigned long year = strtoul(name, NULL, DECIMAL);
	unsigned long number = strtoul(name + YEAR_LEN + 1, NULL, DECIMAL);
	if (year > YEAR_MOST || number < 1 || number > YEAR_MONTHS)
		return false;
	*month = (uint32_t)(year * HUNDRED + number);
	snprintf(again, sizeof(again), "%04lu-%02lu.key", year, number);
	return strcmp(name, again) == 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

long month_keys_list(const char *folder, uint32_t **months)
{
	char path[PATH_MAX];
	long count = 0;
	*months = NULL;
	snprintf(path, sizeof(path), "%s/privacy", folder);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return errno == ENOENT ? 0 : -errno;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		uint32_t month;
		if (!parse_name(entry->d_name, &month))
			continue;
		uint32_t *grown =
			realloc(*months, (size_t)(count + 1) * sizeof(*grown));
		if (grown == NULL)
			break;
		*months = grown;
		grown[count++] = month;
	}
	closedir(dir);
	if (count > 0)
		qsort(*months, (size_t)count, sizeof(**months), by_number);
	return count;
}

/* ---- one ---- */

struct pseudonyms *month_key_open(const char *folder, uint32_t month, int *error)
{
	char path[PATH_MAX];
	struct buf key = { 0 };
	struct pseudonyms *pseudonyms = NULL;
	key_path(folder, month, path);
	*error = file_read(path, PSEUDONYM_KEY_LEN, &key);
	if (*error == 0 && key.len != PSEUDONYM_KEY_LEN)
		*error = -EINVAL;
	if (*error == 0) {
		pseudonyms = pseudonyms_open((const uint8_t *)key.at);
		*error = pseudonyms != NULL ? 0 : -ENOMEM;
	}
	if (key.at != NULL)
		OPENSSL_cleanse(key.at, key.size);
	buf_free(&key);
	return pseudonyms;
}

static int make(const char *folder, const char *path)
{
	char beside[PATH_MAX];
	uint8_t key[PSEUDONYM_KEY_LEN];
	snprintf(beside, sizeof(beside), "%s/privacy", folder);
	if (mkdir(beside, 0700) != 0 && errno != EEXIST)
		return -errno;
	if (RAND_bytes(key, sizeof(key)) != 1)
		return -EIO;
	int error = file_replace_private(path, (const char *)key, sizeof(key));
	OPENSSL_cleanse(key, sizeof(key));
	return error;
}

struct pseudonyms *month_key_make(const char *folder, uint32_t month, int *error)
{
	char path[PATH_MAX];
	struct pseudonyms *pseudonyms = month_key_open(folder, month, error);
	if (*error != -ENOENT)
		return pseudonyms;
	key_path(folder, month, path);
	*error = make(folder, path);
	return *error == 0 ? month_key_open(folder, month, error) : NULL;
}

int month_keys_own(const char *folder, struct buf *key)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/privacy/erasures.key", folder);
	int error = file_read(path, PSEUDONYM_KEY_LEN, key);
	if (error == -ENOENT) {
		error = make(folder, path);
		if (error == 0)
			error = file_read(path, PSEUDONYM_KEY_LEN, key);
	}
	return error;
}

int private_file_destroy(const char *path, size_t len)
{
	static const char nothing[512];
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	/* First its name: what is written next is no key that anybody may find. */
	int error = unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
	if (fd >= 0 && error == 0) {
		file_write(fd, nothing, len < sizeof(nothing) ? len : sizeof(nothing));
		fsync(fd);
	}
	if (fd >= 0)
		close(fd);
	return error;
}

int month_key_destroy(const char *folder, uint32_t month)
{
	char path[PATH_MAX];
	key_path(folder, month, path);
	return private_file_destroy(path, PSEUDONYM_KEY_LEN);
}
