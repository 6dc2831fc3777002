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

enum {
	CONNECT_MS = 3000,
	ANSWER_MS = 15000,
	BODY_MAX = 256 * 1024 * 1024, /* 100,000 records, with room */
};

struct client {
	CURL *curl;
	char path[SOCKET_PATH_SIZE];
	char other[SOCKET_PATH_SIZE]; /* tried when nobody is at path; "" none */
};

/* One answer while it arrives. */
struct incoming {
	CURL *curl;
	struct buf *body;
	FILE *copy;
	uint64_t total;
};

struct client *client_open(const struct common_options *common)
{
	struct client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return NULL;
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

static size_t take_header(char *line, size_t size, size_t count, void *to)
{
	static const char name[] = "Breakwater-Total:";
	struct incoming *incoming = to;
	char value[32];
	size_t len = size * count;
	if (len > strlen(name) && strncasecmp(line, name, strlen(name)) == 0) {
		snprintf(value, sizeof(value), "%.*s", (int)(len - strlen(name)),
			 line + strlen(name));
		incoming->total = strtoull(value, NULL, 10);
	}
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
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, incoming);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, incoming);
	CURLcode result = curl_easy_perform(curl);
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
	return code == 400 ? STATUS_USAGE : STATUS_UNREACHABLE;
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

int client_get(struct client *client, const char *path, struct buf *body, FILE *copy,
	       uint64_t *total, char error[static CLIENT_ERROR_MAX])
{
	struct incoming incoming = { client->curl, body, copy, 0 };
	long problem, code = 0;
	CURLcode result = ask(client, path, &incoming, &problem);
	if (result == CURLE_COULDNT_CONNECT && client->other[0] != '\0') {
		char first[SOCKET_PATH_SIZE];
		memcpy(first, client->path, sizeof(first));
		memcpy(client->path, client->other, sizeof(client->path));
		client->other[0] = '\0';
		result = ask(client, path, &incoming, &problem);
		if (result == CURLE_COULDNT_CONNECT && problem != EACCES)
			memcpy(client->path, first, sizeof(client->path));
	}
	if (result != CURLE_OK)
		return explain_silence(client->path, result, (int)problem, error);
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &code);
	/* /health answers 503 with its reasons: an answer all the same. */
	if (code != 200 && code != 503)
		return explain_refusal(code, body, error);
	if (total != NULL)
		*total = incoming.total;
	return STATUS_OK;
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
