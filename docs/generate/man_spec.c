#include "docs/generate/pages.h"
#include "docs/generate/roff.h"
#include "ordeal/gameday.h"
#include "ordeal/pick.h"
#include "ordeal/spec.h"

/* What no key says: how the questions are put, and what an answer counts as. */
static void put_probing(FILE *out)
{
	roff_section(out, "HOW PROBES ASK");
	roff_text(
		out,
		"Slot n of a probe is due n periods after its first, whatever became of the slots "
		"before it, and latency is counted from there. A slot that ordeal itself reaches "
		"more than 50 ms late, or for which too many are in flight, is skipped: unknown, "
		"neither good nor bad. So is one that could not be asked for want of descriptors, "
		"ports or memory.\n"
		"\n"
		"Where the probes of a run come to 10,000 slots a second or more, ordeal does not "
		"sleep between them but looks at the clock all the time: it keeps one core busy "
		"for as long as it probes. Give it one that the service does not need. So many are "
		"only reached by http with keep-alive, a GET of http:// and an address, and "
		"answers that give their length; connections for 5 ms of slots are then opened "
		"before the first. All else is left to libcurl, which takes some 0.1 ms for each.\n"
		"\n"
		"http: HTTP/1.1; redirects are not followed, they are answers; proxies of the "
		"environment are not used; a name is looked up anew after a second, an address "
		"never. A fresh connection is asked to be closed by the server. On a kept-alive "
		"one, a request that meets a connection closed meanwhile is sent again on a new "
		"one, as any client does. Of a body, 1 MiB is looked at, and only where it is "
		"expected to be something.\n"
		"\n"
		"tcp: the name is looked up when the run begins; its addresses are tried in turn "
		"while they refuse.\n"
		"\n"
		"exec: no shell. Under sudo it runs as the user who called sudo, for root without "
		"sudo as nobody (uid 65534). When its time is up its process group is killed. Its "
		"standard output is the body.");
	roff_section(out, "HOW CONDITIONS ARE READ");
	roff_text(out,
		  "A sample belongs to the window in which it was decided, so that a short window "
		  "sees "
		  "slots that ran into a long timeout. ok_ratio is good samples over known ones; "
		  "latency "
		  "is that of answers and of timeouts, not of refusals; a quantile is the smallest "
		  "latency that so large a share does not exceed.\n"
		  "\n"
		  "An abort condition is asked from the first whole window on, every 10 ms at "
		  "most; one "
		  "in whose whole window nothing was decided aborts too. Let its window be longer "
		  "than "
		  "the probe's timeout, or a service that hangs aborts for want of samples. One on "
		  "an alert must have been "
		  "told before anything is injected, and aborts when it could not be asked for 5 s "
		  "(three looks and a timeout, where these are longer), or when the rules of "
		  "detection.prometheus have no such alert: a name that is mistyped guards "
		  "nothing. Of alerts at Alertmanager that is asked only where Prometheus "
		  "evaluates any.");
}

static void put_schedules(FILE *out)
{
	roff_section(out, "HOW SCHEDULES ARE READ");
	roff_text(
		out,
		"cron: five fields, minute (0-59), hour (0-23), day of the month (1-31), month "
		"(1-12 or jan-dec) and weekday (0-7 or sun-sat; 0 and 7 are Sunday); a sixth "
		"before "
		"them is the second. A field is * or a list of values and ranges, with a step "
		"where "
		"wanted: */15, 9-17/2, mon-fri. Ranges of weekdays may go round: fri-mon. Days "
		"besides: L is the last of the month, L-2 two days before it, fri#2 the second "
		"Friday, friL the last. Where day and weekday both restrict, either is enough; "
		"where one of them begins with *, both must hold. ? is *.\n"
		"\n"
		"A local time that does not exist, as clocks are put forward, is the next that "
		"does; one that comes twice, as they are put back, is the first. So */10 pauses "
		"for "
		"the hour that is shown again; an interval that never does is 'every'.\n"
		"\n"
		"Windows say when runs may begin, except when none may; a time that falls outside "
		"is left out, not moved. Jitter and random times never leave a window. Both are "
		"drawn from the seed (0 where the file has none), the name and the planned time: "
		"ordeal next tells them beforehand. Jitter ends before the next planned time, too, "
		"so that runs keep their order.\n"
		"\n"
		"Under ordeal serve each planned time is dealt with once: a run is started, or it "
		"is recorded as skipped with the reason. A time that nothing could start, as the "
		"machine was off or asleep, is missed once it is a minute late, or the next one is "
		"due. catchUp says what becomes of it; skip is the default, since an experiment "
		"was "
		"written for its hour, and one that begins as a machine comes back is a surprise. "
		"A clock that is put back runs nothing again.\n"
		"\n"
		"Two experiments never have a target in common, unless both say shareTargets: one "
		"waits until the other has ended, first come first served. Who is behind a name is "
		"known only when a run begins, so targets count as the same unless they are surely "
		"not: different pids, units that are no slices, ids or names of containers, or "
		"control "
		"groups "
		"of which none is in the other, and these only where not both faults are of the "
		"network; in a cluster other namespaces, or other names of the same kind. All "
		"others may be the same process, or the same pod, and wait.");
}

static void put_containers(FILE *out)
{
	roff_section(out, "HOW CONTAINERS ARE FOUND");
	roff_text(
		out,
		"Docker and Podman are asked at the socket that is named; else at DOCKER_HOST or "
		"CONTAINER_HOST where these are unix sockets, else at /var/run/docker.sock and "
		"/run/podman/podman.sock and the caller's own below XDG_RUNTIME_DIR. containerd's "
		"containers are seen without its socket, by root, with the names that nerdctl and "
		"CRI gave them; socket says which containerd. Others' are found by the id in their "
		"control group. All that are there are asked, for two seconds in all, and two "
		"containers that match are refused.\n"
		"\n"
		"A container's network is that of its first process: where it shares the host's, a "
		"fault of the network is the host's. Each repetition finds the container anew; one "
		"that is replaced between being found and being hit is not hit.");
}

void page_spec(FILE *out)
{
	roff_title(out, "ORDEAL-SPEC", "5", "the language of experiments");
	roff_section(out, "DESCRIPTION");
	roff_text(out, "An experiment is one YAML document of at most 1 MiB. Unknown keys, "
		       "duplicate keys and values out of range are "
		       "errors; ordeal validate shows all of a file at once, each with its line "
		       "and column. ordeal schema prints the same "
		       "language as a JSON Schema for editors.\n"
		       "\n"
		       "Durations are written as 200ms, 1.5s, 2m; sizes as 512MiB; shares as 25%. "
		       "Anchors and aliases work.");
	roff_tables(out, ord_spec_manual);
	put_containers(out);
	put_probing(out);
	put_schedules(out);
	roff_section(out, "ONE OF SEVERAL");
	roff_tables(out, ord_pick_manual);
	roff_section(out, "GAME DAYS");
	roff_tables(out, ord_gameday_manual);
	part_alerts(out);
	(void)fputs(".SH SEE ALSO\n.BR ordeal (1)\n", out);
}
