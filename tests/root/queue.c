/* The packet queue against the kernel: a number that is taken is told apart from what is not
 * possible. */
#include "harness.h"

#include "injector/host/engines/queue.h"

int main(void)
{
	struct queue first, second;
	struct ord_err err;
	bool taken = true;

	world_enter();
	must(queue_open(&first, &err) == 0 && queue_open(&second, &err) == 0);
	if (queue_bind(&first, 20000, &taken, &err) < 0)
		skip("%s", err.msg);
	must(!taken);
	must(queue_bind(&second, 20000, &taken, &err) == 0 && taken);
	must(queue_bind(&second, 20001, &taken, &err) == 0 && !taken);
	/* With its socket the number is free again. */
	queue_close(&first);
	must(queue_open(&first, &err) == 0 && queue_bind(&first, 20000, &taken, &err) == 0 &&
	     !taken);
	queue_close(&first);
	queue_close(&second);
	return 0;
}
