/* The two parsers of the privileged half: a request line, and an undo record that `rescue` is to
 * replay. */
#include <stddef.h>
#include <stdint.h>

#include "injector/lease/request.h"
#include "injector/lease/serve.h"
#include "injector/lease/undo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct inj_request request;
	const char *text = (const char *)data;
	struct inj_record record;
	struct ord_err err;

	(void)inj_request_parse(text, size, &request, &err);
	if (inj_record_parse(text, size, &record, &err) == 0) {
		const struct ord_injector *inj =
			inj_find(record.fault->program == ORD_PROGRAM_KUBE ? &inj_kube_program
									   : &inj_host_program,
				 record.fault->name);

		if (inj && inj->validate)
			(void)inj->validate(record.undo, &err);
		inj_record_done(&record);
	}
	return 0;
}
