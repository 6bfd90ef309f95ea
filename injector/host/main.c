/* ordeal-injector: one process, one place, one pipe. docs/formats/protocol.md says what it reads
 * and writes. With --policy it serves who is not root, within what that file allows. */
#include <stdio.h>
#include <string.h>

#include "injector/door/door.h"
#include "injector/lease/lease.h"

int main(int argc, char **argv)
{
	if (argc == 1)
		return inj_serve(&inj_host_program, NULL);
	if (argc == 3 && strcmp(argv[1], "--policy") == 0)
		return inj_serve(&inj_host_program, door_at(argv[2]));
	(void)fputs("usage: ordeal-injector [--policy FILE]\n", stderr);
	return INJ_EXIT_REQUEST;
}
