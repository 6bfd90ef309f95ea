/* Of ordeal(1): the page of ordeal serve. */
#include "base/auto.h"
#include "docs/generate/pages.h"
#include "docs/generate/roff.h"

void part_console(FILE *out)
{
	static const char *const keys[][2] = {
		{"Shift+H", "asks whether to halt; again within three seconds it halts"},
		{"1 to 5", "now, calendar, schedules, history, game days"},
		{"/", "to the filter"},
		{"n", "in a game day: to the field for what one sees"},
		{"?", "the keys, and a switch that turns them off"},
		{"Esc", "takes a question back"},
	};

	roff_section(out, "CONSOLE");
	roff_text(
		out,
		"With --listen and --token-file ordeal serve also serves a page: http://ADDRESS:"
		"PORT/, or https with --tls-cert. It asks for one of the tokens and keeps a cookie "
		"for twelve hours. What its role may not do is greyed out.\n"
		"\n"
		"Now shows what runs and what waits: of each run its faults, a strip a probe (low "
		"and thin is good, high and hatched is bad, a hollow box is unknown; the line "
		"below "
		"is the latency, from 1 ms to 10 s), its phase, and what a person may do: abort, "
		"mark, note. The calendar tells each time in the viewer's zone, and in the "
		"schedule's where that is another. A file that is broken stands among the "
		"schedules "
		"with what is wrong with it. The history draws each figure over the runs: a dot is "
		"a run's median, its line goes to the worst repetition, what was not reached is an "
		"open triangle, and a dashed line stands where the plan changed.\n"
		"\n"
		"Game days lists the sessions and the days that can be begun. A session has its "
		"state, "
		"the time box that counts down, what may be said now, a card a step with what is "
		"expected and the checks, and the timeline; at its end what was expected beside "
		"what "
		"came, the report and the draft of the post-mortem. What one sees is said in the "
		"role "
		"that one plays, which the browser remembers; go is the owner's, hold and abort "
		"are "
		"anybody's. Who is below an operator is told nothing of a hidden step until it is "
		"revealed, and an operator may look through a responder's eyes. The session is not "
		"the "
		"daemon's: a restart of it, or a page that is reloaded, loses nothing.\n"
		"\n"
		"HALT takes two presses of the same place, which may come at once. Everything is "
		"reverted within a second and nothing starts until it is resumed; the page says "
		"who "
		"halted, and since when. Without a connection it says how old its data is, and "
		"comes back by itself. Ages and countdowns go by the daemon's clock, and where "
		"this "
		"device's differs by seconds the page says so. Its keys:");
	for (size_t i = 0; i < ORD_COUNT(keys); i++)
		roff_item(out, keys[i][0], NULL, keys[i][1]);
}
