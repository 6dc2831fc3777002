/*
 * link_ids.c: by which ids messages of a lane were published, without what is in them.
 */
#include <stdlib.h>

#include "fleet/link_inside.h"

struct link_ids {
	struct link_follow *follow;
	link_take_id take;
	void *self;
};

static void take_one(void *self, natsMsg *message, const struct link_message *told)
{
	struct link_ids *ids = self;
	const char *id = NULL;
	if (natsMsgHeader_Get(message, "Nats-Msg-Id", &id) == NATS_OK && id != NULL)
		ids->take(ids->self, told->subject, id, told->stored_us);
}

struct link_ids *link_ids_follow(struct link *link, enum fleet_lane lane,
				 int64_t since_us, link_take_id take,
				 link_missed missed, void *self)
{
	struct link_followed what = { .since_us = since_us,
				      .is_heads = true,
				      .missed = missed,
				      .missed_self = self };
	struct link_ids *ids = calloc(1, sizeof(*ids));
	if (ids == NULL)
		return NULL;
	link_stream_name(lane, what.stream);
	ids->take = take;
	ids->self = self;
	ids->follow = link_follow_raw(link, &what, take_one, ids);
	if (ids->follow != NULL)
		return ids;
	free(ids);
	return NULL;
}

void link_ids_close(struct link_ids *ids)
{
	if (ids == NULL)
		return;
	link_follow_close(ids->follow);
	free(ids);
}
