/* ordeal-injector: one process, one place, one pipe. docs/formats/protocol.md says what it reads
 * and writes. */
#include "injector/lease/serve.h"

int main(void)
{
	return inj_serve(ord_injectors, ord_n_injectors);
}
