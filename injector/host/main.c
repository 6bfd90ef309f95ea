/* ordeal-injector: one process, one place, one pipe. docs/formats/protocol.md says what it reads
 * and writes. */
#include "injector/lease/serve.h"

int main(void)
{
	return inj_serve(&inj_host_program);
}
