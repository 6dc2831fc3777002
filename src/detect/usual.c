/*
 * usual.c: see usual.h.
 */
#include "detect/usual.h"

#include "base/median.h"

/* HIGH_OF: of slots that are more than usual, one in so many is learned. */
enum { DEVIATIONS = 8, SPREAD_OF_MEDIAN = 4, HIGH_OF = 60 };
#define SECOND_OF(at_us) ((at_us) / 1000000)

static void judge(struct usual *usual)
{
	uint64_t at[USUAL_SLOTS];
	for (uint32_t i = 0; i < usual->count; i++)
		at[i] = usual->past[i];
	usual->median = median_u64(at, usual->count);
	usual->spread = median_deviation_u64(at, usual->count, usual->median);
}

static void learn(struct usual *usual, uint64_t rate)
{
	usual->past[usual->next] = rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
	usual->next = (usual->next + 1) % USUAL_SLOTS;
	usual->count += usual->count < USUAL_SLOTS;
}

/* The slot is over, and those until that one were silent. */
static void turn(struct usual *usual, int64_t slot)
{
	int64_t silent = slot - usual->slot - 1;
	if (!usual->is_high || ++usual->high_slots % HIGH_OF == 0)
		learn(usual, usual->now);
	for (int64_t i = 0; i < silent && i < USUAL_SLOTS; i++)
		learn(usual, 0);
	if (usual->count > 0)
		judge(usual);
	usual->slot = slot;
	usual->now = 0;
	usual->is_high = false;
}

void usual_note(struct usual *usual, int64_t at_us, uint64_t rate, bool is_high)
{
	int64_t slot = SECOND_OF(at_us) / USUAL_SLOT_S;
	if (usual->slot == 0)
		usual->slot = slot;
	if (slot > usual->slot)
		turn(usual, slot);
	usual->is_high |= is_high;
	if (rate > usual->now)
		usual->now = rate;
}

uint64_t usual_limit(const struct usual *usual)
{
	uint64_t least = usual->median / SPREAD_OF_MEDIAN;
	uint64_t spread = usual->spread > least ? usual->spread : least;
	return usual->median + DEVIATIONS * spread;
}

unsigned lately_note(struct lately *lately, int64_t at_us, bool counts)
{
	int64_t second = SECOND_OF(at_us);
	int64_t over = second - lately->second;
	if (over > 0) {
		lately->bits = over < LATELY_S ? lately->bits << over : 0;
		lately->second = second;
	}
	lately->bits |= counts;
	return (unsigned)__builtin_popcount(lately->bits & ((1u << LATELY_S) - 1));
}
