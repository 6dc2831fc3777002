/*
 * sensor_driver.c: tells NATS servers what it is told, as sensors would, or as who only
 * says that it is one.
 *
 *   sensor_driver SERVERS [CREDENTIALS CA SENSOR] < COMMANDS
 *
 * Each command is an object of JSON on a line, each answer one with "done": 0 or
 * -errno. tell    "sensor", "lane", "epoch", "sequence", "records": [...], and if
 * wanted "as" (whose subject it is), "made" (microseconds since 1970) and "lost" flood
 * the same, "count" batches of one login each from "sequence" on, whose users are their
 * numbers raw     "subject", "text": what is no batch
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fleet/batch.h"
#include "fleet/link.h"
#include "record/from_json.h"

enum { PUBLISH_MS = 2000, AGAIN_US = 100000, TRIES = 300, RECORD_MOST = 16384 };

static struct link *servers;
static struct batch *batch;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "sensor_driver: %s\n", what);
	exit(2);
}

static int64_t number_of(const json_t *object, const char *name, int64_t other)
{
	const json_t *value = json_object_get(object, name);
	return json_is_integer(value) ? (int64_t)json_integer_value(value) : other;
}

static const char *text_of(const json_t *object, const char *name, const char *other)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : other;
}

static enum fleet_lane lane_of(const char *name)
{
	int lane = fleet_lane_named(name);
	if (lane == LANE_NONE)
		die("no such lane");
	return (enum fleet_lane)lane;
}

/* As a courier does: until it is known to be stored; a stream that is full has room
 * later. */
static int publish(const char *subject, const char *msgid, const void *bytes,
		   size_t len)
{
	char error[LINK_ERROR_MAX];
	int result = -EAGAIN;
	for (int i = 0; i < TRIES && (result == -EAGAIN || result == -ENOSPC); i++) {
		result = link_publish(servers, subject, msgid, bytes, len, PUBLISH_MS,
				      error);
		if (result != 0)
			usleep(AGAIN_US);
	}
	return result;
}

static int publish_batch(const json_t *command, struct batch_head *head)
{
	char subject[FLEET_SUBJECT_MAX], msgid[BATCH_MSGID_MAX];
	struct buf message = { 0 };
	if (!batch_finish(batch, head, &message) || !buf_ok(&message))
		die("a batch could not be made");
	snprintf(subject, sizeof(subject), FLEET_RECORDS,
		 text_of(command, "as", head->id.sensor),
		 fleet_lane_name(head->id.lane));
	batch_msgid(&head->id, msgid);
	int result = publish(subject, msgid, message.at, message.len);
	buf_free(&message);
	return result;
}

static struct batch_head head_of(const json_t *command)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	struct batch_head head = { .lost = (uint64_t)number_of(command, "lost", 0) };
	head.made_us = number_of(command, "made", now_us);
	head.lost_us = head.lost > 0 ? head.made_us - 1000000 : UNKNOWN_TIME;
	snprintf(head.id.sensor, sizeof(head.id.sensor), "%s",
		 text_of(command, "sensor", ""));
	head.id.lane = lane_of(text_of(command, "lane", "event"));
	head.id.epoch = (uint64_t)number_of(command, "epoch", 1);
	head.id.sequence = (uint64_t)number_of(command, "sequence", 1);
	return head;
}

static void add_json(const json_t *object)
{
	_Alignas(16) static char record[RECORD_MOST];
	const struct schema *schema = schema_by_name(text_of(object, "record", ""));
	enum record_kind kind =
		schema != NULL ? (enum record_kind)(schema - schemas) : RECORD_KINDS;
	if (schema == NULL || !record_from_json(kind, object, record) ||
	    !batch_add(batch, kind, record))
		die("no such record");
}

static int tell(const json_t *command)
{
	size_t i;
	json_t *object;
	struct batch_head head = head_of(command);
	json_array_foreach(json_object_get(command, "records"), i, object)
	{
		add_json(object);
	}
	return publish_batch(command, &head);
}

static int flood(const json_t *command)
{
	struct batch_head head = head_of(command);
	const int64_t count = number_of(command, "count", 1);
	int result = 0;
	for (int64_t i = 0; i < count && result == 0; i++) {
		struct login_record login;
		record_init(RECORD_login, &login);
		login.at = clock_us(CLOCK_REALTIME);
		login.outcome = "failure";
		snprintf(login.user, sizeof(login.user), "%llu",
			 (unsigned long long)head.id.sequence);
		batch_add(batch, RECORD_login, &login);
		head.made_us = login.at;
		result = publish_batch(command, &head);
		head.id.sequence++;
	}
	return result;
}

static int raw(const json_t *command)
{
	const char *text = text_of(command, "text", "");
	return publish(text_of(command, "subject", ""), "raw", text, strlen(text));
}

int main(int argc, char **argv)
{
	static char line[1 << 20];
	char error[LINK_ERROR_MAX], inbox[FLEET_SUBJECT_MAX];
	struct link_options options = { .servers = argc > 1 ? argv[1] : "",
					.name = "sensor_driver" };
	if (argc > 4) {
		options.credentials = argv[2];
		options.ca = argv[3];
		snprintf(inbox, sizeof(inbox), FLEET_INBOX, argv[4]);
		options.inbox = inbox;
	}
	servers = link_open(&options, error);
	batch = batch_new();
	if (servers == NULL || batch == NULL)
		die("can't begin");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		json_t *command = json_loads(line, 0, NULL);
		const char *what = text_of(command, "do", "");
		int result = strcmp(what, "tell") == 0    ? tell(command)
			     : strcmp(what, "flood") == 0 ? flood(command)
			     : strcmp(what, "raw") == 0   ? raw(command)
							  : -EINVAL;
		printf("{\"done\":%d}\n", result);
		fflush(stdout);
		json_decref(command);
	}
	batch_free(batch);
	link_close(servers);
	return 0;
}
