/* ordeal-injector-kube: one process, one place in a cluster, one pipe. docs/formats/protocol.md
 * says what it reads and writes. */
#include "injector/lease/serve.h"

int main(void)
{
	return inj_serve(&inj_kube_program, NULL);
}
