/*
 * link_driver.c: a connection to NATS, told what to do by standard input, and what came
 * of it, a line of JSON each, on standard output; for fleet_link.py and fleet_spool.py.
 *
 *   link_driver SERVERS [CREDENTIALS [CA [INBOX]]]     "-": none
 *   streams REPLICAS BYTES_MAX        publish SUBJECT MSGID TEXT [TIMEOUT_MS]
 *   follow LANE SINCE_US   heads LANE   unfollow   pull LANE done|again|hold   waiting
 * LANE trim LANE OLDER_THAN_US           up ask SUBJECT TEXT   tell SUBJECT TEXT answer
 * SUBJECT QUEUE   hear SUBJECT get KEY   put KEY REVISION VALUE   remove KEY REVISION
 * each PREFIX   watch PREFIX            REVISION: "any": whatever there is
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hex.h"
#include "fleet/batch.h"
#include "fleet/link.h"

enum { LINE_BYTES = 8192, WORDS = 5, DECIMAL = 10, TIMEOUT_MS = 2000, AT_ONCE = 100 };

static struct link *connection;
static struct link_pull *pulls[FLEET_LANES];
static struct link_follow *follow;
/* Callbacks come on threads: a line is written as a whole. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	pthread_mutex_lock(&writing);
	vprintf(format, arguments);
	putchar('\n');
	fflush(stdout);
	pthread_mutex_unlock(&writing);
	va_end(arguments);
}

static void say_result(const char *what, int result, const char *error)
{
	struct buf text = { 0 };
	buf_json_text(&text, result != 0 ? error : "");
	say("{\"%s\": %d, \"error\": \"%s\"}", what, result, buf_cstr(&text));
	buf_free(&text);
}

static uint64_t number(const char *word)
{
	return word != NULL ? strtoull(word, NULL, DECIMAL) : 0;
}

static enum fleet_lane lane_of(const char *word)
{
	for (int lane = 0; lane < FLEET_LANES; lane++)
		if (word != NULL && strcmp(word, fleet_lane_name(lane)) == 0)
			return lane;
	exit(EXIT_FAILURE);
}

/* ---- streams ---- */

static void make_streams(char **word)
{
	char error[LINK_ERROR_MAX] = "";
	struct link_streams streams = { .replicas = (int)number(word[1]) };
	for (int lane = 0; lane < FLEET_LANES; lane++) {
		streams.bytes_max[lane] = number(word[2]);
	}
	say_result("streams", link_make_streams(connection, &streams, error), error);
}

static void publish(char **word)
{
	char error[LINK_ERROR_MAX] = "";
	int timeout_ms = word[4] != NULL ? (int)number(word[4]) : TIMEOUT_MS;
	int result = link_publish(connection, word[1], word[2], word[3],
				  strlen(word[3]), timeout_ms, error);
	say_result("publish", result, error);
}

static void print_message(const char *how, const struct link_message *message)
{
	say("{\"%s\": {\"subject\": \"%s\", \"text\": \"%.*s\", \"sequence\": %llu, "
	    "\"delivered\": %llu, \"stored_us\": %lld}}",
	    how, message->subject, (int)message->len, (const char *)message->bytes,
	    (unsigned long long)message->sequence,
	    (unsigned long long)message->delivered, (long long)message->stored_us);
}

static void take_followed(void *self, const struct link_message *message)
{
	(void)self;
	print_message("followed", message);
}

/* Of a batch, which it is. */
static void take_head(void *self, const struct link_message *message)
{
	struct batch_head head;
	char error[BATCH_ERROR_MAX];
	(void)self;
	if (!batch_read_head(message->bytes, message->len, &head, error))
		say("{\"head\": {\"error\": \"%s\"}}", error);
	else
		say("{\"head\": {\"sensor\": \"%s\", \"lane\": \"%s\", "
		    "\"epoch\": %llu, \"sequence\": %llu, \"records\": %u, "
		    "\"lost\": %llu, \"late_us\": %lld, \"stored_us\": %lld, "
		    "\"bytes\": %zu}}",
		    head.id.sensor, fleet_lane_name(head.id.lane),
		    (unsigned long long)head.id.epoch,
		    (unsigned long long)head.id.sequence, head.records,
		    (unsigned long long)head.lost,
		    (long long)(clock_us(CLOCK_REALTIME) - head.made_us),
		    (long long)message->stored_us, message->len);
}

static void say_missed(void *self, int64_t since_us)
{
	(void)self;
	say("{\"missed\": %lld}", (long long)since_us);
}

static void begin_following(char **word, link_take take)
{
	char error[LINK_ERROR_MAX];
	link_follow_close(follow);
	follow = link_follow(connection, lane_of(word[1]), (int64_t)number(word[2]),
			     take, say_missed, NULL, error);
	say_result("follow", follow != NULL ? 0 : -1, error);
}

static void pull(char **word)
{
	char error[LINK_ERROR_MAX] = "";
	enum fleet_lane lane = lane_of(word[1]);
	struct link_message messages[AT_ONCE];
	if (pulls[lane] == NULL)
		pulls[lane] = link_pull_open(connection, lane, error);
	int count = link_pull_fetch(pulls[lane], messages, AT_ONCE, TIMEOUT_MS);
	for (int i = 0; i < count; i++) {
		print_message("pulled", &messages[i]);
		if (strcmp(word[2], "done") == 0)
			link_message_done(&messages[i]);
		else if (strcmp(word[2], "again") == 0)
			link_message_again(&messages[i]);
	}
	say("{\"pull\": %d}", count);
}

/* ---- questions ---- */

static void answer_it(void *self, const char *subject, const void *bytes, size_t len,
		      struct buf *answer)
{
	(void)self;
	say("{\"heard\": \"%.*s\", \"subject\": \"%s\"}", (int)len, (const char *)bytes,
	    subject);
	if (answer != NULL)
		buf_printf(answer, "%s said %.*s", subject, (int)len,
			   (const char *)bytes);
}

static void ask(char **word)
{
	struct buf answer = { 0 };
	int result = link_ask(connection, word[1], word[2], strlen(word[2]), TIMEOUT_MS,
			      &answer);
	say("{\"ask\": %d, \"answer\": \"%s\"}", result, buf_cstr(&answer));
	buf_free(&answer);
}

static void listen_to(const char *subject, const char *queue)
{
	char error[LINK_ERROR_MAX];
	say_result("listen",
		   link_listen(connection, subject, queue, answer_it, NULL, error) ? 0
										   : -1,
		   error);
}

/* ---- the bucket ---- */

static void print_key(void *to, const char *key, const void *value, size_t len,
		      uint64_t revision)
{
	if (value == NULL)
		say("{\"%s\": \"%s\", \"value\": null, \"revision\": %llu}",
		    (const char *)to, key, (unsigned long long)revision);
	else
		say("{\"%s\": \"%s\", \"value\": \"%.*s\", \"revision\": %llu}",
		    (const char *)to, key, (int)len, (const char *)value,
		    (unsigned long long)revision);
}

static void get(const char *key)
{
	struct buf value = { 0 };
	uint64_t revision = 0;
	int result = link_get(connection, key, &value, &revision);
	say("{\"get\": %d, \"value\": \"%s\", \"revision\": %llu}", result,
	    buf_cstr(&value), (unsigned long long)revision);
	buf_free(&value);
}

static uint64_t revision_of(const char *word)
{
	return strcmp(word, "any") == 0 ? UINT64_MAX : number(word);
}

static void put(char **word)
{
	uint64_t now = 0;
	int result = link_put(connection, word[1], word[3], strlen(word[3]),
			      revision_of(word[2]), &now);
	say("{\"put\": %d, \"revision\": %llu}", result, (unsigned long long)now);
}

/* What is no word: its octets in hexadecimal digits. */
static void put_octets(char **word)
{
	size_t len = strlen(word[3]) / 2;
	uint8_t *octets = malloc(len + 1);
	uint64_t now = 0;
	if (octets == NULL || !hex_read(word[3], octets, len))
		exit(EXIT_FAILURE);
	int result = link_put(connection, word[1], octets, len, UINT64_MAX, &now);
	say("{\"put\": %d, \"revision\": %llu}", result, (unsigned long long)now);
	free(octets);
}

/* Answers once it would tell of any change. */
static void watch(const char *prefix)
{
	const struct timespec some = { .tv_nsec = 10000000 };
	struct link_watch *begun = link_watch(connection, prefix, print_key, "changed");
	while (begun != NULL && !link_watch_has_begun(begun))
		nanosleep(&some, NULL);
	say("{\"watch\": %d}", begun != NULL ? 0 : -1);
}

static void print_up(void)
{
	char error[LINK_ERROR_MAX];
	link_trouble(connection, error);
	say_result("up", link_is_up(connection) ? 0 : -1, error);
}

static void obey(char **word)
{
	if (strcmp(word[0], "streams") == 0)
		make_streams(word);
	else if (strcmp(word[0], "publish") == 0)
		publish(word);
	else if (strcmp(word[0], "follow") == 0)
		begin_following(word, take_followed);
	else if (strcmp(word[0], "heads") == 0)
		begin_following(word, take_head);
	else if (strcmp(word[0], "unfollow") == 0)
		link_follow_close(follow), follow = NULL;
	else if (strcmp(word[0], "pull") == 0)
		pull(word);
	else if (strcmp(word[0], "waiting") == 0)
		say("{\"waiting\": %lld}",
		    (long long)link_pull_waiting(pulls[lane_of(word[1])]));
	else if (strcmp(word[0], "trim") == 0)
		say("{\"trim\": %d}",
		    link_trim(connection, lane_of(word[1]), (int64_t)number(word[2])));
	else if (strcmp(word[0], "ask") == 0)
		ask(word);
	else if (strcmp(word[0], "tell") == 0)
		say("{\"tell\": %d}",
		    link_tell(connection, word[1], word[2], strlen(word[2])));
	else if (strcmp(word[0], "answer") == 0 || strcmp(word[0], "hear") == 0)
		listen_to(word[1], word[2]);
	else if (strcmp(word[0], "get") == 0)
		get(word[1]);
	else if (strcmp(word[0], "octets") == 0)
		put_octets(word);
	else if (strcmp(word[0], "put") == 0)
		put(word);
	else if (strcmp(word[0], "remove") == 0)
		say("{\"remove\": %d}",
		    link_remove_if(connection, word[1], revision_of(word[2])));
	else if (strcmp(word[0], "each") == 0)
		say("{\"each\": %d}",
		    link_each(connection, word[1] != NULL ? word[1] : "", print_key,
			      "key"));
	else if (strcmp(word[0], "watch") == 0)
		watch(word[1]);
	else
		print_up();
}

static const char *given(int argc, char **argv, int which)
{
	return which < argc && strcmp(argv[which], "-") != 0 ? argv[which] : NULL;
}

int main(int argc, char **argv)
{
	char line[LINE_BYTES], error[LINK_ERROR_MAX];
	const struct link_options options = { .servers = given(argc, argv, 1),
					      .name = "link_driver",
					      .credentials = given(argc, argv, 2),
					      .ca = given(argc, argv, 3),
					      .inbox = given(argc, argv, 4) };
	connection = link_open(&options, error);
	say_result("open", connection != NULL ? 0 : -1, error);
	while (connection != NULL && fgets(line, sizeof(line), stdin) != NULL) {
		char *word[WORDS + 1] = { NULL }, *rest = NULL;
		line[strcspn(line, "\n")] = '\0';
		word[0] = strtok_r(line, " ", &rest);
		for (int i = 1; i < WORDS && word[i - 1] != NULL; i++)
			word[i] = strtok_r(NULL, " ", &rest);
		if (word[0] != NULL)
			obey(word);
	}
	link_follow_close(follow);
	for (int lane = 0; lane < FLEET_LANES; lane++)
		link_pull_close(pulls[lane]);
	return EXIT_SUCCESS;
}
