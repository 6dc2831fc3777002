/*
 * spoken.c: see spoken.h.
 */
#include "flow/spoken.h"

#include <string.h>

#include "base/hash.h"

/* Without a secret: which one is forgotten must be the same in every replay. */
static struct spoken_service *bucket_of(struct spoken_services *spoken,
					const struct port_sample *sample)
{
	uint64_t words[3];
	memcpy(words, sample->server.ip6, 16);
	words[2] = (uint64_t)sample->port << 8 | sample->proto;
	uint64_t hash = hash_words(&(struct hash_key){ 0 }, words, 3);
	return spoken->at[hash % SPOKEN_BUCKETS];
}

static bool is_of(const struct spoken_service *service,
		  const struct port_sample *sample)
{
	return service->protocol != NULL && service->port == sample->port &&
	       service->proto == sample->proto &&
	       addr_equal(&service->server, &sample->server);
}

/* Its place, or the one to give it: free, or recognised longest ago. */
static struct spoken_service *place_of(struct spoken_service *bucket,
				       const struct port_sample *sample)
{
	struct spoken_service *oldest = bucket;
	for (unsigned i = 0; i < SPOKEN_WAYS; i++) {
		if (is_of(&bucket[i], sample))
			return &bucket[i];
		if (oldest->protocol != NULL &&
		    (bucket[i].protocol == NULL || bucket[i].at_us < oldest->at_us))
			oldest = &bucket[i];
	}
	return oldest;
}

void spoken_complete(struct spoken_services *spoken, struct port_sample *sample)
{
	struct spoken_service *service = place_of(bucket_of(spoken, sample), sample);
	if (sample->protocol != NULL)
		*service = (struct spoken_service){
			.server = sample->server,
			.port = sample->port,
			.proto = sample->proto,
			.protocol = sample->protocol,
			.at_us = sample->protocol_us,
		};
	else if (is_of(service, sample))
		sample->protocol = service->protocol;
}
