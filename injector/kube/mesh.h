/*
 * What a fault in Istio's mesh looks like as http routes of a VirtualService. Pure.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute
 */
#ifndef ORDEAL_INJECTOR_KUBE_MESH_H
#define ORDEAL_INJECTOR_KUBE_MESH_H

#include <jansson.h>
#include <stdint.h>

#include "ordeal/err.h"
#include "ordeal/fault.h"

struct mesh_fault {
	uint64_t delay_ns; /* 0: none */
	int64_t abort;	   /* status, 0: none */
	int64_t percent_ppm;
	char header[ORD_ARG_TEXT], value[ORD_ARG_TEXT]; /* header "": any request */
	json_t *source; /* labels of the caller, owned; NULL: anybody */
};
int mesh_fault_read(const struct ord_args *args, struct mesh_fault *ret, struct ord_err *err);
void mesh_fault_done(struct mesh_fault *f);

/*
 * The routes to be put before those of a VirtualService: a copy of each, with the fault and with
 * the fault's own conditions added to its own, so that a request goes where it would have gone.
 * Routes that forward nothing (redirect, direct response, delegate) are copied as they are where
 * one with the fault follows. Each is named NAME-0, NAME-1... *ret is owned.
 */
int mesh_routes(const json_t *spec, const struct mesh_fault *f, const char *name, json_t **ret,
		struct ord_err *err);
/* The same for a service that has no VirtualService: all that is needed. */
int mesh_routes_of_host(const char *host, const struct mesh_fault *f, const char *name,
			json_t **ret, struct ord_err *err);
/* Whether a route is one of those named so. */
bool mesh_route_is(const json_t *route, const char *name);

/* Whether the hosts of a VirtualService in namespace `its_ns` name the service, to callers in the
 * mesh. */
bool mesh_applies(const json_t *virtual_service, const char *service, const char *ns);
/* Whether a port of the service may carry HTTP, by its name and appProtocol, as Istio reads them.
 */
bool mesh_service_http(const json_t *service);

#endif
