/* The kinds beside experiments, in ordeal-spec(5). */
#include "base/auto.h"
#include "ordeal/gameday.h"
#include "ordeal/pick.h"
#include "scheduler/spec/gameday.h"
#include "scheduler/spec/manual.h"
#include "scheduler/spec/pick.h"

static const char *const game_day[] = {
	"A game day, for ordeal gameday:",
	"  apiVersion: ordeal.dev/v1",
	"  kind: GameDay",
	"  metadata: {name: orders-without-a-store}",
	"  spec:",
	"    briefing: We learn how we notice that orders fail. Anybody may say abort.",
	"    roles:",
	"      - {name: owner, does: decides}",
	"      - {name: on-call, does: answers the pager}",
	"    steps:",
	"      - name: The first hour",
	"        experiment: store-down.yaml",
	"        hidden: true",
	"        expect: {impact: Orders fail for a second, detectWithin: 30s}",
	"        timeBox: 10m",
	"    coolDown: 30s",
};

void ord_gameday_manual(FILE *out)
{
	manual_prose(out, game_day, ORD_COUNT(game_day));
	for (size_t i = 0; i < n_gameday_tables; i++)
		manual_table(out, gameday_tables[i]);
}

static const char *const one_of[] = {
	"One of several experiments at each time, for ordeal serve; here each weekday, at a time",
	"that only ordeal next knows:",
	"  apiVersion: ordeal.dev/v1",
	"  kind: Schedule",
	"  metadata: {name: weekday-monkey}",
	"  spec:",
	"    schedule:",
	"      random: {each: day}",
	"      windows: [{days: mon-fri, from: \"09:00\", to: \"16:00\"}]",
	"      timezone: Europe/Berlin",
	"    oneOf: [slow-store, lost-pod, full-disk.yaml]",
	"Which it is, is drawn from seed, name and planned time: the same after a restart, and",
	"told beforehand. It runs as the experiment is at that time, with its own limits and",
	"targets; concurrency is that of the Schedule.",
};

void ord_pick_manual(FILE *out)
{
	manual_prose(out, one_of, ORD_COUNT(one_of));
	for (size_t i = 0; i < n_pick_tables; i++)
		manual_table(out, pick_tables[i]);
}
