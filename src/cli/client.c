/*
 * client.c: ask the daemon with libcurl; see client.h.
 */
#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/patience.h"

enum {
	CONNECT_MS = 3000,
	ANSWER_MS = 15000,
	PATIENT_MS = 60000,           /* the daemon reads its store for at most 30 s */
	BODY_MAX = 256 * 1024 * 1024, /* 100,000 records, with room */
};

struct client {
	CURL *curl;
	char path[SOCKET_PATH_SIZE];
	char other[SOCKET_PATH_SIZE]; /* tried when nobody is at path; "" none */
	long answer_ms;
	bool patient;
};

/* One answer while it arrives. */
struct incoming {
	CURL *curl;
	struct buf *body;
	FILE *copy;
	const struct buf *sent; /* NULL: a GET */
	struct client_told told;
};

struct client *client_open(const struct common_options *common)
{
	struct client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return NULL;
	client->answer_ms = ANSWER_MS;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	client->curl = curl_easy_init();
	if (client->curl == NULL) {
		free(client);
		return NULL;
	}
	if (common->socket != NULL) {
		snprintf(client->path, sizeof(client->path), "%s", common->socket);
		return client;
	}
	socket_path_default(client->path);
	if (strcmp(client->path, SOCKET_PATH_SYSTEM) != 0)
		snprintf(client->other, sizeof(client->other), "%s",
			 SOCKET_PATH_SYSTEM);
	return client;
}

void client_close(struct client *client)
{
	if (client == NULL)
		return;
	curl_easy_cleanup(client->curl);
	curl_global_cleanup();
	free(client);
}

/* The value of the header of that name, as text; false if it is another. */
static bool header_value(const char *line, size_t len, const char *name, char *out,
			 size_t size)
{
	size_t name_len = strlen(name);
	if (len <= name_len || strncasecmp(line, name, name_len) != 0)
		return false;
	line += name_len;
	len -= name_len;
	while (len > 0 && *line == ' ') {
		line++;
		len--;
	}
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	snprintf(out, size, "%.*s", (int)len, line);
	return true;
}

static size_t take_header(char *line, size_t size, size_t count, void *to)
{
	struct client_told *told = &((struct incoming *)to)->told;
	char value[CLIENT_ERROR_MAX];
	size_t len = size * count;
	if (header_value(line, len, "Breakwater-Total:", value, sizeof(value)))
		told->total = strtoull(value, NULL, 10);
	else if (header_value(line, len, "Breakwater-Gaps:", value, sizeof(value)))
		told->gaps = strtoull(value, NULL, 10);
	else if (header_value(line, len, "Breakwater-More:", value, sizeof(value)))
		told->more = true;
	else if (header_value(line, len, "Breakwater-Since:", value, sizeof(value)))
		snprintf(told->since, sizeof(told->since), "%.*s",
			 (int)sizeof(told->since) - 1, value);
	else if (header_value(line, len, "Breakwater-Incomplete:", value,
			      sizeof(value)))
		memcpy(told->incomplete, value, sizeof(value));
	return len;
}

static size_t take_body(char *part, size_t size, size_t count, void *to)
{
	struct incoming *incoming = to;
	size_t len = size * count;
	long code = 0;
	curl_easy_getinfo(incoming->curl, CURLINFO_RESPONSE_CODE, &code);
	if (incoming->copy != NULL && code == 200)
		return fwrite(part, 1, len, incoming->copy);
	if (incoming->body->len + len > BODY_MAX)
		return 0;
	buf_add(incoming->body, part, len);
	return buf_ok(incoming->body) ? len : 0;
}

/* Called now and then while we wait, and when a signal has come. */
static int look_up(void *of, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)of;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	patience_tell("waiting for the store");
	return patience_has_ended() ? 1 : 0;
}

static void set_patience(const struct client *client)
{
	CURL *curl = client->curl;
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, client->answer_ms);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, client->patient ? 0L : 1L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_up);
}

static void set_body(CURL *curl, const struct buf *sent)
{
	if (sent == NULL) {
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
		return;
	}
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, sent->at == NULL ? "" : sent->at);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)sent->len);
}

static CURLcode perform(struct client *client, const char *socket_path,
			const char *path, struct incoming *incoming)
{
	struct buf url = { 0 };
	CURL *curl = client->curl;
	buf_text(&url, "http://breakwater");
	buf_text(&url, path);
	curl_easy_setopt(curl, CURLOPT_URL, buf_cstr(&url));
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	set_patience(client);
	set_body(curl, incoming->sent);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, incoming);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, incoming);
	if (client->patient)
		patience_begin();
	CURLcode result = curl_easy_perform(curl);
	if (client->patient)
		patience_end();
	buf_free(&url);
	return result;
}

static int explain_silence(const char *socket_path, CURLcode result, int problem,
			   char error[static CLIENT_ERROR_MAX])
{
	if (result == CURLE_COULDNT_CONNECT &&
	    (problem == EACCES || problem == EPERM)) {
		snprintf(error, CLIENT_ERROR_MAX,
			 "not permitted to ask the daemon on %s; run this as root",
			 socket_path);
		return STATUS_NOT_PERMITTED;
	}
	if (result == CURLE_ABORTED_BY_CALLBACK) {
		snprintf(error, CLIENT_ERROR_MAX, "ended before there was an answer");
		return STATUS_INCOMPLETE;
	}
	if (result == CURLE_COULDNT_CONNECT)
		snprintf(
			error, CLIENT_ERROR_MAX,
			"no daemon answers on %s; start one with \"breakwater run\" as "
			"root, or name its socket with --socket PATH",
			socket_path);
	else
		snprintf(error, CLIENT_ERROR_MAX, "the daemon on %s did not answer: %s",
			 socket_path, curl_easy_strerror(result));
	return STATUS_UNREACHABLE;
}

static int explain_refusal(long code, struct buf *body,
			   char error[static CLIENT_ERROR_MAX])
{
	json_t *object =
		json_loadb(body->at == NULL ? "" : body->at, body->len, 0, NULL);
	const char *text = json_string_value(json_object_get(object, "error"));
	if (text != NULL)
		snprintf(error, CLIENT_ERROR_MAX, "%s", text);
	else
		snprintf(error, CLIENT_ERROR_MAX,
			 "the daemon answered with HTTP status %ld", code);
	json_decref(object);
	switch (code) {
	case 400:
	case 404:
	case 409:
	case 413:
		return STATUS_USAGE;
	case 403:
		return STATUS_NOT_PERMITTED;
	case 500:
	case 503:
		return STATUS_INCOMPLETE;
	default:
		return STATUS_UNREACHABLE;
	}
}

static CURLcode ask(struct client *client, const char *path, struct incoming *incoming,
		    long *problem)
{
	CURLcode result = perform(client, client->path, path, incoming);
	*problem = 0;
	if (result != CURLE_OK)
		curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, problem);
	return result;
}

/* /health answers 503 with its reasons, which is an answer; an error is none. */
static bool is_answer(long code, const struct buf *body)
{
	static const char error[] = "{\"error\":";
	bool is_error = body->len >= strlen(error) &&
			memcmp(body->at, error, strlen(error)) == 0;
	return code == 200 || (code == 503 && !is_error);
}

static int exchange(struct client *client, const char *path, struct incoming *incoming,
		    char error[static CLIENT_ERROR_MAX])
{
	long problem, code = 0;
	CURLcode result = ask(client, path, incoming, &problem);
	if (result == CURLE_COULDNT_CONNECT && client->other[0] != '\0') {
		char first[SOCKET_PATH_SIZE];
		memcpy(first, client->path, sizeof(first));
		memcpy(client->path, client->other, sizeof(client->path));
		client->other[0] = '\0';
		result = ask(client, path, incoming, &problem);
		if (result == CURLE_COULDNT_CONNECT && problem != EACCES)
			memcpy(client->path, first, sizeof(client->path));
	}
	if (result != CURLE_OK)
		return explain_silence(client->path, result, (int)problem, error);
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &code);
	if (!is_answer(code, incoming->body))
		return explain_refusal(code, incoming->body, error);
	return STATUS_OK;
}

int client_get(struct client *client, const char *path, struct buf *body, FILE *copy,
	       struct client_told *told, char error[static CLIENT_ERROR_MAX])
{
	struct incoming incoming = { .curl = client->curl, .body = body, .copy = copy };
	int status = exchange(client, path, &incoming, error);
	if (status == STATUS_OK && told != NULL)
		*told = incoming.told;
	return status;
}

int client_post(struct client *client, const char *path, const struct buf *body,
		struct buf *answer, char error[static CLIENT_ERROR_MAX])
{
	struct incoming incoming = { .curl = client->curl,
				     .body = answer,
				     .sent = body };
	return exchange(client, path, &incoming, error);
}

void client_be_patient(struct client *client)
{
	client->patient = true;
	client->answer_ms = PATIENT_MS;
}

void client_answer_within(struct client *client, int ms)
{
	client->answer_ms = ms;
}

void client_parameter(struct buf *path, const char *name, const char *value)
{
	bool first = path->len == 0 || memchr(path->at, '?', path->len) == NULL;
	if (value == NULL)
		return;
	buf_char(path, first ? '?' : '&');
	buf_text(path, name);
	buf_char(path, '=');
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z') || strchr("-._~", c) != NULL;
		if (plain)
			buf_char(path, (char)c);
		else
			buf_printf(path, "%%%02X", c);
	}
}

void client_sensors(struct buf *path, const struct sensor_options *sensors)
{
	client_parameter(path, "sensor", sensors->sensor);
	client_parameter(path, "site", sensors->site);
	client_parameter(path, "tag", sensors->tag);
}
