/*
 * sink.c: the notifiers, and sinks as configured; see notifier.h.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert/notifier.h"
#include "base/file.h"

#define NOTIFIER(name) extern const struct notifier notifier_##name;
#include "notifier_list.h"
#undef NOTIFIER

static const struct notifier *const all[] = {
#define NOTIFIER(name) &notifier_##name,
#include "notifier_list.h"
#undef NOTIFIER
};
enum {
	COUNT = sizeof(all) / sizeof(all[0]),
	OPTIONS_MAX = 24,
	KEPT_MAX = 64,   /* secrets */
	RATE_MAX = 6000, /* a minute */
	DECIMAL = 10,
	HEX = 16,
};

/* What every sink has. */
static const struct notifier_option common[] = {
	{ "rate", SINK_TEXT, false,
	  "Messages a minute at most, 1 to 6000; 30 if not given." },
	{ NULL, SINK_TEXT, false, NULL },
};

const struct notifier *const *notifiers(size_t *count)
{
	*count = COUNT;
	return all;
}

static bool holds_word(const char *words, const char *word, size_t len)
{
	for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
		size_t here = strcspn(at, " ");
		if (here == len && strncmp(at, word, len) == 0)
			return true;
		at += here;
	}
	return false;
}

const struct notifier *notifier_of(const char *scheme, size_t len)
{
	for (size_t i = 0; i < COUNT; i++)
		if (holds_word(all[i]->schemes, scheme, len))
			return all[i];
	return NULL;
}

/* ---- making one ---- */

/* All in one piece of memory but the texts. */
struct made {
	struct sink sink; /* the first, so that a pointer to it is one to this */
	char *name, *url;
	char *options[2 * OPTIONS_MAX + 1];
	size_t count;
};

static void free_made(struct made *made)
{
	free(made->name);
	free(made->url);
	for (size_t i = 0; i < 2 * made->count; i++)
		free(made->options[i]);
	free(made);
}

void sink_free(struct sink *sink)
{
	if (sink == NULL)
		return;
	if (sink->notifier->close != NULL)
		sink->notifier->close(sink);
	free_made((struct made *)sink);
}

static const struct notifier_option *option_in(const struct notifier_option *options,
					       const char *name)
{
	for (; options != NULL && options->name != NULL; options++)
		if (strcmp(options->name, name) == 0)
			return options;
	return NULL;
}

static const struct notifier_option *option_of(const struct notifier *notifier,
					       const char *name)
{
	const struct notifier_option *found = option_in(notifier->options, name);
	return found != NULL ? found : option_in(common, name);
}

static void list_options(const struct notifier *notifier, struct buf *message)
{
	const struct notifier_option *option = notifier->options;
	for (; option != NULL && option->name != NULL; option++)
		buf_printf(message, "%s, ", option->name);
	for (option = common; option->name != NULL; option++)
		buf_printf(message, "%s%s", option == common ? "" : ", ", option->name);
}

/* False without memory, or if there are too many. */
static bool put_option(struct made *made, const char *name, size_t name_len,
		       const char *value, size_t value_len)
{
	if (made->count == OPTIONS_MAX)
		return false;
	char **place = &made->options[2 * made->count++];
	place[0] = strndup(name, name_len);
	place[1] = strndup(value, value_len);
	return place[0] != NULL && place[1] != NULL;
}

static int hex_digit(char c)
{
	const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/* RFC 3986 2.1, in place. */
static void percent_decode(char *text)
{
	char *out = text;
	for (const char *in = text; *in != '\0'; in++) {
		int high = *in == '%' ? hex_digit(in[1]) : -1;
		int low = high >= 0 ? hex_digit(in[2]) : -1;
		*out++ = low >= 0 ? (char)(high * HEX + low) : *in;
		in += low >= 0 ? 2 : 0;
	}
	*out = '\0';
}

static bool take_query(struct made *made, const char *query)
{
	while (*query != '\0') {
		size_t len = strcspn(query, "&");
		const char *is = memchr(query, '=', len);
		size_t name_len = is != NULL ? (size_t)(is - query) : len;
		const char *value = is != NULL ? is + 1 : "yes";
		size_t value_len = is != NULL ? len - name_len - 1 : strlen(value);
		if (!put_option(made, query, name_len, value, value_len))
			return false;
		percent_decode(made->options[2 * made->count - 2]);
		percent_decode(made->options[2 * made->count - 1]);
		query += len;
		query += *query == '&' ? 1 : 0;
	}
	return true;
}

static bool take_options(struct made *made, const char *const *options)
{
	for (; options != NULL && options[0] != NULL; options += 2)
		if (!put_option(made, options[0], strlen(options[0]), options[1],
				strlen(options[1])))
			return false;
	return true;
}

/* ---- checks ---- */

static const char credential[] = "credential:";

static bool is_credential(const char *value)
{
	return strncmp(value, credential, sizeof(credential) - 1) == 0;
}

static bool has_controls(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

/* NULL: it may be that; or what is allowed. */
static const char *complaint_of(const struct notifier_option *option, const char *value)
{
	bool is_file = value[0] == '/';
	bool is_named = is_credential(value) && strchr(value, '/') == NULL &&
			value[sizeof(credential) - 1] != '\0';
	if (value[0] == '\0' || has_controls(value))
		return "a text without control characters";
	switch (option->kind) {
	case SINK_FLAG:
		return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0
			       ? NULL
			       : "yes or no";
	case SINK_SECRET:
	case SINK_READ:
		return is_file || is_named
			       ? NULL
			       : "a file with an absolute path, or credential:NAME";
	case SINK_WRITTEN:
		return is_file ? NULL : "a file with an absolute path";
	default:
		return NULL;
	}
}

static bool check_option(const struct made *made, size_t i, struct buf *message)
{
	const char *name = made->options[2 * i], *value = made->options[2 * i + 1];
	const struct notifier_option *option = option_of(made->sink.notifier, name);
	if (option == NULL) {
		buf_printf(message, "%s has no option \"%s\"; it has: ",
			   made->sink.notifier->name, name);
		list_options(made->sink.notifier, message);
		return false;
	}
	const char *allowed = complaint_of(option, value);
	if (allowed != NULL) {
		buf_printf(message, "%s: %s is needed", name, allowed);
		return false;
	}
	for (size_t k = 0; k < i; k++)
		if (strcmp(made->options[2 * k], name) == 0) {
			buf_printf(message, "%s is given twice", name);
			return false;
		}
	return true;
}

static bool check_rate(const struct sink *sink, struct buf *message)
{
	const char *rate = sink_option(sink, "rate");
	char *end = NULL;
	long number = rate != NULL ? strtol(rate, &end, DECIMAL) : 1;
	if (number >= 1 && number <= RATE_MAX && (end == NULL || *end == '\0'))
		return true;
	buf_printf(message, "rate: a number of messages a minute is needed, 1 to %d",
		   RATE_MAX);
	return false;
}

static bool check_needed(const struct sink *sink, struct buf *message)
{
	const struct notifier_option *option = sink->notifier->options;
	for (; option != NULL && option->name != NULL; option++)
		if (option->is_needed && sink_option(sink, option->name) == NULL) {
			buf_printf(message, "%s needs %s: %s", sink->notifier->name,
				   option->name, option->doc);
			return false;
		}
	return true;
}

static bool check_all(const struct made *made, struct buf *message)
{
	const struct sink *sink = &made->sink;
	for (size_t i = 0; i < made->count; i++)
		if (!check_option(made, i, message))
			return false;
	return check_rate(sink, message) && check_needed(sink, message) &&
	       (sink->notifier->check == NULL || sink->notifier->check(sink, message));
}

static void list_schemes(struct buf *message)
{
	buf_text(message, "no notifier has that scheme; allowed are ");
	for (size_t i = 0; i < COUNT; i++)
		buf_printf(message, "%s%s", i == 0 ? "" : " ", all[i]->schemes);
}

/* What people see must not hold a password. */
static bool has_user(const char *url, size_t len)
{
	const char *authority = memmem(url, len, "://", 3);
	if (authority == NULL)
		return false;
	authority += 3;
	size_t left = len - (size_t)(authority - url);
	size_t end = strcspn(authority, "/?#");
	return memchr(authority, '@', end < left ? end : left) != NULL;
}

/* What the scheme and the rest before the query say. */
static const struct notifier *judge_url(const char *url, struct buf *message)
{
	const struct notifier *notifier = notifier_of(url, strcspn(url, ":"));
	if (notifier == NULL || strchr(url, ':') == NULL) {
		list_schemes(message);
		return NULL;
	}
	if (has_user(url, strlen(url))) {
		buf_text(message, "a user in the URL, where all can read it; allowed "
				  "are the options user and password_file");
		return NULL;
	}
	if (has_controls(url)) {
		buf_text(message, "control characters in the URL");
		return NULL;
	}
	return notifier;
}

struct sink *sink_new(const char *name, const char *url, const char *const *options,
		      struct buf *message)
{
	const struct notifier *notifier = judge_url(url, message);
	struct made *made = notifier != NULL ? calloc(1, sizeof(*made)) : NULL;
	if (made == NULL)
		return NULL;
	size_t len = strcspn(url, "?#");
	made->name = strdup(name);
	made->url = strndup(url, len);
	bool is_whole = made->name != NULL && made->url != NULL &&
			take_query(made, url[len] == '?' ? url + len + 1 : "") &&
			take_options(made, options);
	made->sink = (struct sink){ .name = made->name,
				    .notifier = notifier,
				    .url = made->url,
				    .options = (const char *const *)made->options };
	if (!is_whole)
		buf_printf(message, "more than %d options", OPTIONS_MAX);
	if (is_whole && check_all(made, message))
		return &made->sink;
	free_made(made);
	return NULL;
}

/* ---- options ---- */

const char *sink_option(const struct sink *sink, const char *name)
{
	const char *const *at = sink->options;
	for (; at != NULL && at[0] != NULL; at += 2)
		if (strcmp(at[0], name) == 0)
			return at[1];
	return NULL;
}

bool sink_flag(const struct sink *sink, const char *name, bool if_not_given)
{
	const char *value = sink_option(sink, name);
	return value != NULL ? strcmp(value, "yes") == 0 : if_not_given;
}

/* False: there is no folder of credentials, or no room. */
static bool path_of(const char *value, char out[static SINK_PATH_MAX])
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	int len;
	if (!is_credential(value))
		len = snprintf(out, SINK_PATH_MAX, "%s", value);
	else if (folder != NULL)
		len = snprintf(out, SINK_PATH_MAX, "%s/%s", folder,
			       value + sizeof(credential) - 1);
	else
		return false;
	return len < SINK_PATH_MAX;
}

bool sink_path(const struct sink *sink, const char *option,
	       char out[static SINK_PATH_MAX])
{
	const char *value = sink_option(sink, option);
	return value != NULL && path_of(value, out);
}

const char *sink_url_path(const struct sink *sink)
{
	const char *path = strchr(sink->url, ':') + 1;
	return strncmp(path, "///", 3) == 0 ? path + 2 : path;
}

void sink_each_file(const struct sink *sink, sink_take_file *take, void *self)
{
	const char *const *at = sink->options;
	char path[SINK_PATH_MAX];
	if (sink->notifier->writes_path)
		take(self, SINK_WRITTEN, sink_url_path(sink));
	for (; at != NULL && at[0] != NULL; at += 2) {
		const struct notifier_option *option = option_of(sink->notifier, at[0]);
		bool is_file = option != NULL && (option->kind == SINK_SECRET ||
						  option->kind == SINK_READ ||
						  option->kind == SINK_WRITTEN);
		if (is_file && path_of(at[1], path))
			take(self, option->kind, path);
	}
}

/* ---- secrets ---- */

void secret_free(struct buf *secret)
{
	if (secret->at != NULL)
		explicit_bzero(secret->at, secret->size);
	buf_free(secret);
}

/* Appends it without white space around it; false: it is no line of text. */
static bool add_trimmed(struct buf *whole, struct buf *secret)
{
	const char *text = buf_cstr(whole);
	size_t len = text != NULL ? strlen(text) : 0;
	if (text == NULL || len != whole->len)
		return false;
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	while (len > 0 && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ')
			return false;
	buf_add(secret, text, len);
	return len > 0;
}

/* Of files that only root may read, for the life of the process. */
static struct {
	char path[SINK_PATH_MAX];
	struct buf text; /* owned; not at: free */
} kept[KEPT_MAX];

static void keep(void *self, enum sink_option_kind kind, const char *path)
{
	size_t i = 0;
	(void)self;
	while (i < KEPT_MAX && kept[i].text.at != NULL &&
	       strcmp(kept[i].path, path) != 0)
		i++;
	if (kind != SINK_SECRET || i == KEPT_MAX || kept[i].text.at != NULL)
		return;
	record_text(kept[i].path, sizeof(kept[i].path), path);
	if (file_read(path, SECRET_MAX, &kept[i].text) != 0)
		secret_free(&kept[i].text);
}

void sink_prepare(const struct sink *sink)
{
	sink_each_file(sink, keep, NULL);
}

/* As it is now; or, if it is not for us, as it was. 0 or -errno. */
static int read_secret(const char *path, struct buf *whole)
{
	int error = file_read(path, SECRET_MAX, whole);
	for (size_t i = 0; i < KEPT_MAX && error == -EACCES; i++)
		if (kept[i].text.at != NULL && strcmp(kept[i].path, path) == 0) {
			buf_add(whole, kept[i].text.at, kept[i].text.len);
			return 0;
		}
	return error;
}

int sink_file_try(enum sink_option_kind kind, const char *path)
{
	struct buf secret = { 0 };
	if (kind == SINK_SECRET) {
		int error = read_secret(path, &secret);
		secret_free(&secret);
		return error;
	}
	int how = kind == SINK_WRITTEN ? O_RDWR | O_APPEND | O_CREAT : O_RDONLY;
	int fd = open(path, how | O_CLOEXEC | O_NONBLOCK, SINK_FILE_MODE);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

bool sink_secret(const struct sink *sink, const char *option, struct buf *secret,
		 struct buf *error)
{
	const char *value = sink_option(sink, option);
	char path[SINK_PATH_MAX];
	struct buf whole = { 0 };
	if (value == NULL)
		return true;
	if (!path_of(value, path)) {
		buf_printf(error, "%s: $CREDENTIALS_DIRECTORY is not set", option);
		return false;
	}
	int status = read_secret(path, &whole);
	bool is_good = status == 0 && add_trimmed(&whole, secret);
	if (status != 0)
		buf_printf(error, "%s: %s: %s", option, path, strerror(-status));
	else if (!is_good)
		buf_printf(error, "%s: %s: one line of text is needed", option, path);
	secret_free(&whole);
	return is_good;
}
