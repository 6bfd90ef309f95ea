#include <string.h>

#include "ordeal/fault.h"

int ord_args_spare(struct ord_args *args, const char *endpoint, bool *ret_added,
		   struct ord_err *err)
{
	char text[ORD_ENDPOINT_TEXT], there[ORD_ENDPOINT_TEXT];
	struct ord_endpoint e;
	struct ord_value *v = NULL;

	*ret_added = false;
	for (size_t i = 0; i < args->fault->n_params; i++)
		if (args->fault->params[i].type == ORD_PARAM_ENDPOINTS &&
		    !strcmp(args->fault->params[i].name, "exclude"))
			v = &args->v[i];
	if (!v)
		return 0;
	if (ord_endpoint_parse(endpoint, &e, err))
		return -1;
	for (size_t i = 0; i < v->eps.n; i++)
		if (!strcmp(ord_endpoint_format(&v->eps.v[i], there),
			    ord_endpoint_format(&e, text)))
			return 0;
	if (v->eps.n == ORD_ENDPOINTS_MAX)
		return ord_fail(
			err, ORD_GUARD,
			"exclude: there is no room for %s, the caller's SSH connection: name "
			"fewer",
			endpoint);
	v->eps.v[v->eps.n++] = e;
	v->set = *ret_added = true;
	return 0;
}
