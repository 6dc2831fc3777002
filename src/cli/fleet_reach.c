/*
 * fleet_reach.c: how commands of a hub's machine reach its fleet; see fleet_command.h.
 */
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "cli/cli.h"
#include "cli/fleet_command.h"
#include "cli/view.h"
#include "guard/guard.h"

enum {
	REACH_MS = 10000,
	AGREE_MS = 40000,
	LOOK_MS = 50,
	US_PER_MS = 1000,
	MS_PER_S = 1000
};

int fleet_complain(const char *verb, int status, const char *format, ...)
{
	char text[1024], clean[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_clean(clean, sizeof(clean), text);
	fprintf(stderr, "breakwater fleet %s: %s\n", verb, clean);
	return status;
}

int64_t fleet_now_s(void)
{
	return clock_us(CLOCK_REALTIME) / (US_PER_MS * MS_PER_S);
}

void fleet_actor(char out[static CLAIMS_WHO_MAX])
{
	const struct passwd *user = getpwuid(getuid());
	if (user != NULL && claims_word_is_good(user->pw_name))
		snprintf(out, CLAIMS_WHO_MAX, "%s", user->pw_name);
	else
		snprintf(out, CLAIMS_WHO_MAX, "uid:%u", (unsigned)getuid());
}

static int load(const char *verb, const struct fleet_options *o, struct config *config)
{
	struct buf errors = { 0 };
	config_init(config);
	int result = config_load(config, o->config_path, &errors);
	const char *text = buf_cstr(&errors);
	if (result != 0 && text != NULL)
		fputs(text, stderr);
	else if (result != 0)
		fleet_complain(verb, 0, "out of memory");
	buf_free(&errors);
	if (result != 0)
		return result == -EACCES ? STATUS_NOT_PERMITTED : STATUS_USAGE;
	return STATUS_OK;
}

int fleet_stream_size(const char *verb, const struct fleet_options *o, uint64_t *bytes)
{
	static struct config config;
	int status = load(verb, o, &config);
	*bytes = config.hub_stream_size;
	return status;
}

int fleet_state(const char *verb, const struct fleet_options *o, config_text folder,
		config_text user)
{
	static struct config config;
	int status = load(verb, o, &config);
	if (status != STATUS_OK)
		return status;
	if (user != NULL)
		memcpy(user, config.user, sizeof(config.user));
	memcpy(folder, config.state, sizeof(config.state));
	if (o->state != NULL)
		snprintf(folder, CONFIG_TEXT_MAX, "%s", o->state);
	return STATUS_OK;
}

static int make_as_ourselves(const char *state, const char *folder)
{
	enum { FOLDER_MODE = 0750 };
	if (mkdir(state, FOLDER_MODE) != 0 && errno != EEXIST)
		return -errno;
	return mkdir(folder, FOLDER_MODE) == 0 || errno == EEXIST ? 0 : -errno;
}

int fleet_make_folder(const char *verb, const char *state, const char *user)
{
	char folder[KEYRING_PATH_MAX];
	int error = -ENAMETOOLONG;
	if (keyring_path(state, NULL, folder))
		error = geteuid() == 0 ? sandbox_own_inside(state, FLEET_FOLDER, user)
				       : make_as_ourselves(state, folder);
	if (error == 0)
		return STATUS_OK;
	return fleet_complain(verb,
			      error == -EACCES || error == -EPERM ? STATUS_NOT_PERMITTED
								  : STATUS_USAGE,
			      "%s: %s", folder, strerror(-error));
}

/* ---- connections ---- */

static bool wait_for(struct link *link)
{
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + REACH_MS * US_PER_MS;
	while (!link_is_up(link) && clock_us(CLOCK_MONOTONIC) < until_us)
		usleep(LOOK_MS * US_PER_MS);
	return link_is_up(link);
}

struct link *fleet_connect(const char *verb, const struct fleet_reach *reach,
			   const char *credentials)
{
	char why[LINK_ERROR_MAX], ca[KEYRING_PATH_MAX], file[KEYRING_PATH_MAX];
	struct link_options options = { .servers = reach->keys.servers,
					.name = "breakwater fleet",
					.ca = ca,
					.credentials = file };
	if (!keyring_path(reach->state, FLEET_FILE_CA, ca) ||
	    !keyring_path(reach->state, credentials, file)) {
		fleet_complain(verb, 0, "%s: the path is too long", reach->state);
		return NULL;
	}
	struct link *link = link_open(&options, why);
	if (link != NULL && wait_for(link))
		return link;
	if (link != NULL)
		link_trouble(link, why);
	fleet_complain(verb, 0, "no server of %s answers: %s", reach->keys.servers,
		       why);
	if (link != NULL)
		link_close(link);
	return NULL;
}

int64_t fleet_patience_us(void)
{
	return clock_us(CLOCK_MONOTONIC) + AGREE_MS * US_PER_MS;
}

bool fleet_try_again(int result, int64_t until_us)
{
	if (result != -EAGAIN || clock_us(CLOCK_MONOTONIC) > until_us)
		return false;
	usleep(LOOK_MS * US_PER_MS);
	return true;
}

static bool bucket_answers(struct link *link)
{
	int64_t until_us = fleet_patience_us();
	int result;
	do {
		struct buf text = { 0 };
		uint64_t revision;
		result = link_get(link, ACCOUNT_KEY, &text, &revision);
		buf_free(&text);
	} while (fleet_try_again(result, until_us));
	return result != -EAGAIN;
}

int fleet_reach_open(const char *verb, const struct fleet_options *o,
		     struct fleet_reach *reach)
{
	char error[KEYRING_ERROR_MAX];
	*reach = (struct fleet_reach){ .link = NULL };
	int status = fleet_state(verb, o, reach->state, NULL);
	if (status != STATUS_OK)
		return status;
	int result = keyring_read(reach->state, &reach->keys, error);
	if (result == -ENOENT)
		return fleet_complain(verb, STATUS_USAGE,
				      "%s; this is for a hub's machine, where "
				      "\"breakwater fleet init\" was",
				      error);
	if (result != 0)
		return fleet_complain(
			verb, result == -EACCES ? STATUS_NOT_PERMITTED : STATUS_USAGE,
			"%s", error);
	reach->link = fleet_connect(verb, reach, FLEET_FILE_HUB);
	if (reach->link == NULL)
		return STATUS_UNREACHABLE;
	return bucket_answers(reach->link)
		       ? STATUS_OK
		       : fleet_complain(
				 verb, STATUS_UNREACHABLE,
				 "servers answer, but not the fleet's bucket: has "
				 "a hub been started, which makes it, and do most "
				 "of the servers run?");
}

void fleet_reach_close(struct fleet_reach *reach)
{
	if (reach->link != NULL)
		link_close(reach->link);
	keyring_forget(&reach->keys);
}

bool fleet_put_new(const struct fleet_reach *reach, const char *key,
		   const struct buf *value)
{
	int64_t until_us = fleet_patience_us();
	uint64_t now;
	int result;
	do {
		result = link_put(reach->link, key, value->at, value->len, 0, &now);
	} while (fleet_try_again(result, until_us));
	/* That it is there: by an earlier try, whose answer was lost. */
	return result == 0 || result == -EEXIST;
}

/* ---- the audit chain ---- */

bool fleet_note(const struct fleet_reach *reach, const char *action,
		const char *subject, const char *before, const char *after)
{
	enum { RANDOM_LEN = 8 };
	uint8_t random[RANDOM_LEN];
	char number[2 * RANDOM_LEN + 1], key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	struct note note = { .at_us = clock_us(CLOCK_REALTIME) };
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	hex_text(number, random, sizeof(random));
	snprintf(key, sizeof(key), NOTE_KEY "%s", number);
	fleet_actor(note.actor);
	snprintf(note.action, sizeof(note.action), "%s", action);
	snprintf(note.subject, sizeof(note.subject), "%.63s", subject);
	snprintf(note.before, sizeof(note.before), "%.255s", before);
	snprintf(note.after, sizeof(note.after), "%.255s", after);
	bool is_kept = note_write(&note, &text) && fleet_put_new(reach, key, &text);
	buf_free(&text);
	return is_kept;
}
