/*
 * login_attempts.c: see login_attempts.h.
 */
#include "detect/login_attempts.h"

#include <ctype.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>

#include "detect/findings.h"

enum {
	GUESSERS_MAX = 16384,
	GUESTS_MAX = 32768,
	TARGETS_MAX = 1024,
	/* So often in a row a guest's failures are a changed password. */
	GUEST_FAILURES = 10,
	RANK_BUSY = 1,    /* failed more than once: stays longer */
	USER_HASHED = 64, /* octets of a name, all that a record has */
	/* Forgiven by one success that says no name: as often as ssh asks; and by all
	 * of two days, beside one for every two of them. */
	NAMELESS_EACH = 3,
	NAMELESS_FREE = 6,
};

#define MINUTE_US   (60 * SECOND_US)
#define HOUR_US     (60 * MINUTE_US)
#define DAY_US      (24 * HOUR_US)
#define FORGIVEN_US (10 * MINUTE_US) /* who mistyped has got in by then */
#define BEFORE_US   HOUR_US          /* failures that a success is held against */
#define EPISODE_US  DAY_US           /* without a failure, it is another story */

bool login_attempts_open(struct login_attempts *attempts)
{
	return roster_open(&attempts->guessers, sizeof(struct guesser), GUESSERS_MAX) &&
	       roster_open(&attempts->guests, sizeof(struct guest), GUESTS_MAX) &&
	       roster_open(&attempts->targets, sizeof(struct target), TARGETS_MAX);
}

void login_attempts_close(struct login_attempts *attempts)
{
	roster_close(&attempts->guessers);
	roster_close(&attempts->guests);
	roster_close(&attempts->targets);
}

/* ---- counting ---- */

unsigned tally_count(const struct tally *tally)
{
	const unsigned size = TALLY_WORDS * 64;
	unsigned set = 0;
	for (size_t i = 0; i < TALLY_WORDS; i++)
		set += (unsigned)__builtin_popcountll(tally->bits[i]);
	if (set == size)
		set--;
	return (unsigned)lround(-(double)size *
				log((double)(size - set) / (double)size));
}

/* False if it was there, or one that looks the same. */
static bool tally_add(struct tally *tally, uint64_t hash)
{
	uint64_t *word = &tally->bits[hash / 64 % TALLY_WORDS], bit = 1ULL << hash % 64;
	bool is_new = (*word & bit) == 0;
	*word |= bit;
	return is_new;
}

/* A replay counts the same; who makes his own names look like one hides nothing. */
static const struct hash_key fixed;

/* 0: there is no name. Names of users differ in case by accident only. */
static uint64_t user_hash(const char *user)
{
	char lower[USER_HASHED] = "";
	uint64_t words[USER_HASHED / 8];
	if (user[0] == '\0')
		return 0;
	for (size_t i = 0; i < sizeof(lower) && user[i] != '\0'; i++)
		lower[i] = (char)tolower((unsigned char)user[i]);
	memcpy(words, lower, sizeof(words));
	return hash_words(&fixed, words, USER_HASHED / 8) | 1;
}

static uint64_t addr_hash(const struct addr *addr)
{
	uint64_t words[2];
	memcpy(words, addr->ip6, sizeof(words));
	return hash_words(&fixed, words, 2);
}

/* Boyer and Moore's majority vote, over any number of names in the room of one. */
static void vote(char *most, size_t size, uint32_t *votes, const char *user)
{
	if (user[0] == '\0')
		return;
	if (*votes == 0)
		record_text(most, size, user);
	if (strcmp(most, user) == 0)
		++*votes;
	else
		--*votes;
}

/* ---- who got in ---- */

/*
 * Of that protocol: a broker or a share that lets in whoever comes, under any name,
 * must not make him a guest of SSH.  0: there is no name.
 */
static uint64_t guest_user(const struct login_record *login, uint64_t user)
{
	return user == 0 ? 0 : (user ^ user_hash(login->protocol)) | 1;
}

/* Servers of these may take any name (allow_anonymous; map to guest = Bad User). */
static bool may_take_any_name(const struct login_record *login)
{
	return strcmp(login->protocol, "mqtt") == 0 ||
	       strcmp(login->protocol, "smb") == 0;
}

static struct roster_key guest_key(const struct addr *source, uint64_t user)
{
	return (struct roster_key){ .first = *source, .rest = user };
}

static struct guest *find_guest(struct login_attempts *attempts,
				const struct addr *source, uint64_t user, int64_t at_us)
{
	const struct roster_key key = guest_key(source, user);
	struct guest *guest = user == 0 ? NULL : roster_find(&attempts->guests, &key);
	return guest != NULL && at_us - guest->last_us <= LOGIN_GUEST_US ? guest : NULL;
}

static void note_guest(struct login_attempts *attempts, const struct addr *source,
		       uint64_t user, int64_t at_us)
{
	const struct addr anywhere = { 0 };
	const struct addr *const both[] = { source, &anywhere };
	for (size_t i = 0; i < 2 && user != 0; i++) {
		const struct roster_key key = guest_key(both[i], user);
		struct guest *guest = roster_take(&attempts->guests, &key);
		guest->last_us = at_us;
		guest->failures = 0;
	}
}

static void begin_day(struct guesser *g, int64_t at_us)
{
	bool is_next = at_us - g->guests_us <= 2 * DAY_US;
	g->guests[1] = is_next ? g->guests[0] : 0;
	g->successes[1] = is_next ? g->successes[0] : 0;
	g->nameless[1] = is_next ? g->nameless[0] : 0;
	g->guests[0] = 0;
	g->successes[0] = g->nameless[0] = 0;
	g->guests_us = at_us;
}

/* Which users got in is counted for two days, and coarsely. */
static void count_success(struct guesser *g, int64_t at_us)
{
	if (at_us - g->guests_us > DAY_US)
		begin_day(g, at_us);
	if (g->successes[0] < UINT16_MAX)
		g->successes[0]++;
}

unsigned login_attempts_guests(const struct guesser *g)
{
	int set = __builtin_popcountll(g->guests[0] | g->guests[1]);
	return (unsigned)lround(-64 * log((set == 64 ? 0.5 : 64 - set) / 64));
}

unsigned login_attempts_allowance(const struct guesser *guesser)
{
	return login_attempts_guests(guesser) / 2;
}

/* ---- failures of a source ---- */

static void start_episode(struct guesser *g)
{
	g->failures = g->untold = 0;
	g->guess = GUESS_NONE;
	g->users = (struct tally){ 0 };
	g->revisits = g->votes = 0;
	g->last_user = g->first_user = 0;
	g->has_more_users = false;
	g->user[0] = '\0';
	g->port_count = 0;
	g->servers = 0;
}

/* Where: as the finding about it will say. */
static void start_story(struct guesser *g, const struct login_record *login)
{
	g->first_us = login->at;
	g->server = login->server_ip;
	g->port = login->server_port;
	g->is_udp = findings_same_word(login->transport, "udp");
	record_text(g->protocol, sizeof(g->protocol), login->protocol);
}

static void note_port(struct guesser *g, uint32_t port)
{
	uint8_t at = 0;
	if (port > UINT16_MAX)
		return;
	while (at < g->port_count && g->ports[at] < port)
		at++;
	if (g->port_count == SERVICES_MAX ||
	    (at < g->port_count && g->ports[at] == port))
		return;
	memmove(g->ports + at + 1, g->ports + at,
		(g->port_count - at) * sizeof(*g->ports));
	g->ports[at] = (uint16_t)port;
	g->port_count++;
}

static void note_user(struct guesser *g, uint64_t user, const char *name)
{
	uint32_t hash = (uint32_t)user;
	vote(g->user, sizeof(g->user), &g->votes, name);
	if (g->failures == 1)
		g->first_user = g->last_user = hash;
	g->has_more_users |= hash != g->first_user;
	bool is_new = user != 0 && tally_add(&g->users, user);
	g->revisits += user != 0 && !is_new && hash != g->last_user;
	g->last_user = hash;
}

/* Where it belongs: of a fleet's sensors one may be behind. */
static void note_recent(struct guesser *g, const struct failure *failure)
{
	uint8_t at = g->recent_count;
	while (at > 0 && g->recent[at - 1].at_us > failure->at_us)
		at--;
	if (g->recent_count < RECENT_MAX) {
		memmove(g->recent + at + 1, g->recent + at,
			(g->recent_count - at) * sizeof(*g->recent));
		g->recent[at] = *failure;
		g->recent_count++;
	} else if (at > 0) { /* the oldest makes room */
		memmove(g->recent, g->recent + 1, (at - 1) * sizeof(*g->recent));
		g->recent[at - 1] = *failure;
	}
}

static uint16_t connection_of(const struct login_record *login)
{
	return login->client_port <= UINT16_MAX ? (uint16_t)login->client_port : 0;
}

static bool is_by_size(const struct login_record *login)
{
	return findings_same_word(login->seen_by, "size");
}

/*
 * Read in the clear, of a protocol where who is not let in says nothing else: how long
 * his connections are shows whether it is the same password each time.
 */
static bool is_bare(const struct login_record *login)
{
	static const char *const protocols[] = { "ftp", "imap",   "pop3", "smtp",
						 "ssh", "telnet", "ldap", "redis" };
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(login->protocol, protocols[i]) == 0)
			return !findings_same_word(login->seen_by, "log");
	return false;
}

static void note_failure(struct login_attempts *attempts, struct guesser *g,
			 const struct login_record *login, uint64_t user)
{
	const struct failure failure = {
		.at_us = login->at,
		.user = (uint32_t)guest_user(login, user),
		.connection = connection_of(login),
		.is_vague = is_by_size(login) && login->method == NULL,
		.is_bare = is_bare(login),
	};
	if (login->at - g->last_us > EPISODE_US)
		start_episode(g);
	if (g->untold == 0 && login->at - g->told_us > g->hold_us)
		start_story(g, login);
	g->failures++;
	g->untold++;
	g->last_us = login->at;
	note_user(g, user, login->user);
	note_port(g, login->server_port);
	if (!addr_is_unset(&login->server_ip))
		g->servers |= 1ULL << addr_hash(&login->server_ip) % 64;
	note_recent(g, &failure);
	if (g->failures > 1)
		roster_rank(&attempts->guessers, g, RANK_BUSY);
}

/* ---- successes of a source ---- */

static bool is_of_user(const struct failure *failure, uint64_t user)
{
	return user == 0 || failure->user == 0 || failure->user == (uint32_t)user;
}

static unsigned failures_before(const struct guesser *g, uint64_t user, int64_t at_us)
{
	unsigned count = 0;
	for (size_t i = 0; i < g->recent_count; i++)
		count += is_of_user(&g->recent[i], user) &&
			 at_us - g->recent[i].at_us <= BEFORE_US;
	return count;
}

/* Without names, a success forgives what its connection, or the one before, did. */
static bool is_forgiven(const struct failure *failure, uint64_t user,
			uint16_t connection)
{
	bool is_here = connection != 0 && failure->connection == connection;
	if (user != 0 && failure->user != 0)
		return failure->user == (uint32_t)user;
	return is_here;
}

/* The newest of them, so many at most; how many there were. */
static unsigned forgive(struct guesser *g, uint64_t user, uint16_t connection,
			int64_t at_us, unsigned most)
{
	uint8_t count = g->recent_count, to = count;
	unsigned gone = 0;
	for (uint8_t i = count; i-- > 0;) {
		const struct failure *failure = &g->recent[i];
		if (gone < most && at_us - failure->at_us <= FORGIVEN_US &&
		    is_forgiven(failure, user, connection))
			gone++;
		else
			g->recent[--to] = *failure;
	}
	memmove(g->recent, g->recent + to, (count - to) * sizeof(*g->recent));
	g->recent_count = count - to;
	g->failures -= gone < g->failures ? gone : g->failures;
	g->untold -= gone < g->untold ? gone : g->untold;
	return gone;
}

/* One in two of those who get in may have mistyped, beside a few. */
static unsigned nameless_left(const struct guesser *g)
{
	uint32_t limit = NAMELESS_FREE + (g->successes[0] + g->successes[1]) / 2;
	uint32_t used = g->nameless[0] + g->nameless[1];
	uint32_t left = used < limit ? limit - used : 0;
	return left < NAMELESS_EACH ? left : NAMELESS_EACH;
}

static void forgive_nameless(struct guesser *g, uint16_t connection, int64_t at_us)
{
	unsigned left = nameless_left(g);
	unsigned gone = forgive(g, 0, connection, at_us, left);
	if (gone == 0 && g->recent_count > 0) {
		const struct failure *newest = &g->recent[g->recent_count - 1];
		if (newest->user == 0)
			gone = forgive(g, 0, newest->connection, at_us, left);
	}
	g->nameless[0] += gone;
}

static void forgive_one(struct guesser *g, uint64_t user,
			const struct login_record *login)
{
	uint16_t connection = connection_of(login);
	if (user != 0)
		forgive(g, user, connection, login->at, RECENT_MAX);
	else
		forgive_nameless(g, connection, login->at);
}

/* ---- services ---- */

/* Log lines may not say which port: then the protocol stands for it. */
static uint64_t service_of(const struct login_record *login)
{
	if (login->server_port != UNKNOWN_U32)
		return login->server_port;
	return user_hash(login->protocol) | 1ULL << 63;
}

static struct target *target_of(struct login_attempts *attempts,
				const struct login_record *login)
{
	const struct roster_key key = { .first = login->server_ip,
					.rest = service_of(login) };
	return roster_take(&attempts->targets, &key);
}

/* Its row, or that of who was here longest ago. */
static struct asker *asker_of(struct target *target, const struct addr *source)
{
	struct asker *oldest = &target->askers[0];
	for (size_t i = 0; i < ASKERS_MAX; i++) {
		struct asker *asker = &target->askers[i];
		if (asker->at_us != 0 && addr_equal(&asker->source, source))
			return asker;
		if (asker->at_us < oldest->at_us)
			oldest = asker;
	}
	*oldest = (struct asker){ .source = *source };
	return oldest;
}

static void note_target(struct login_attempts *attempts,
			const struct login_record *login, const struct addr *source,
			uint64_t user)
{
	struct login_attempt *now = &attempts->now;
	struct target *target = now->target;
	struct asker *asker = asker_of(target, source);
	asker->at_us = login->at;
	if (!now->has_failed) {
		asker->is_guest |= now->source->recent_count == 0;
		return;
	}
	target->failures++;
	target->untold++;
	tally_add(&target->sources, addr_hash(source));
	if (user != 0)
		tally_add(&target->users, user);
	vote(target->user, sizeof(target->user), &target->votes, login->user);
	roster_rank(&attempts->targets, target, RANK_BUSY);
}

/* ---- attempts ---- */

/* Keys can't be guessed: who shows all he has, or may not yet, is no guesser. */
static bool is_password(const struct login_record *login)
{
	static const char *const others[] = { "publickey", "hostbased", "none",
					      "EXTERNAL" };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (findings_same_word(login->method, others[i]))
			return false;
	return true;
}

static void take_failure(struct login_attempts *attempts,
			 const struct login_record *login, const struct addr *source,
			 uint64_t user)
{
	struct login_attempt *now = &attempts->now;
	const struct addr anywhere = { 0 };
	uint64_t guest_of = guest_user(login, user);
	struct guest *guest = find_guest(attempts, source, guest_of, login->at);
	if (!now->is_password)
		return;
	if (guest != NULL && ++guest->failures <= GUEST_FAILURES)
		return;
	now->has_failed = true;
	now->was_guest = guest != NULL;
	now->is_known = guest == NULL &&
			find_guest(attempts, &anywhere, guest_of, login->at) != NULL;
	const struct roster_key key = { .first = *source };
	now->source = roster_take(&attempts->guessers, &key);
	note_failure(attempts, now->source, login, user);
}

static void take_success(struct login_attempts *attempts,
			 const struct login_record *login, const struct addr *source,
			 uint64_t user)
{
	enum { TOO_MANY = 5 }; /* to be a person's mistakes: detect.md, D8 */
	struct login_attempt *now = &attempts->now;
	const struct roster_key key = { .first = *source };
	struct guesser *g = roster_take(&attempts->guessers, &key);
	now->source = g;
	count_success(g, login->at);
	uint64_t guest = guest_user(login, user);
	now->was_guest = find_guest(attempts, source, guest, login->at) != NULL;
	now->guests = login_attempts_guests(g);
	unsigned allowed = TOO_MANY + login_attempts_allowance(g);
	if (now->is_password)
		now->failures_of_user = failures_before(g, guest, login->at);
	if (now->failures_of_user < allowed)
		forgive_one(g, guest, login);
	if (failures_before(g, 0, login->at) >= allowed)
		return; /* who guessed a password is no guest */
	if (!may_take_any_name(login))
		g->guests[0] |= 1ULL << (user != 0 ? user : login->client_port) % 64;
	note_guest(attempts, source, guest, login->at);
}

void login_attempts_take(struct login_attempts *attempts,
			 const struct login_record *login)
{
	const struct addr source = addr_source(&login->client_ip);
	uint64_t user = user_hash(login->user);
	attempts->now = (struct login_attempt){ .login = login,
						.guesses = attempts->guesses,
						.is_password = is_password(login) };
	if (addr_is_unset(&login->client_ip))
		return;
	if (findings_same_word(login->outcome, "failure"))
		take_failure(attempts, login, &source, user);
	else if (findings_same_word(login->outcome, "success"))
		take_success(attempts, login, &source, user);
	if (attempts->now.source == NULL)
		return;
	attempts->now.target = target_of(attempts, login);
	note_target(attempts, login, &source, user);
}

struct guesser *login_attempts_by(struct login_attempts *attempts,
				  const struct addr *client)
{
	const struct roster_key key = { .first = addr_source(client) };
	return roster_find(&attempts->guessers, &key);
}

void login_attempts_end(struct guesser *g, const struct flow_record *flow)
{
	if (flow->client_payload_bytes > UINT32_MAX)
		return;
	for (size_t i = 0; i < g->recent_count; i++) {
		struct failure *failure = &g->recent[i];
		if (failure->connection == flow->client_port && failure->is_bare &&
		    failure->at_us >= flow->start && failure->at_us <= flow->end)
			failure->bytes = (uint32_t)flow->client_payload_bytes;
	}
}

const char *login_attempts_transport(const struct guesser *guesser)
{
	return guesser->is_udp ? "udp" : "tcp";
}
