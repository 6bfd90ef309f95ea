/*
 * kill_at PROGRAM holder|guardian|both K <request: runs the injector PROGRAM with one request (a
 * line) and kills the victim at its K-th system call; 0: nobody. Prints how many calls the victim
 * made, and whether it was killed; returns when all that was started has ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "trace.h"

int main(int argc, char **argv)
{
	static char line[1 << 20];
	static struct trace run;
	char *end;

	if (argc != 4)
		die("usage: kill_at PROGRAM holder|guardian|both K <request");
	if (!fgets(line, sizeof line, stdin) || !strchr(line, '\n'))
		die("no request on standard input");
	run.victim = strcmp(argv[2], "holder") == 0 ? TRACE_HOLDER : TRACE_GUARDIAN;
	run.both = strcmp(argv[2], "both") == 0;
	run.k = (unsigned)strtoul(argv[3], &end, 10);
	if (*end)
		die("'%s' is no number", argv[3]);
	trace_run(&run, argv[1], line, 0);
	(void)printf("%u %d\n", run.seen, run.killed);
	return 0;
}
