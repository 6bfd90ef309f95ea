/* docs/formats/openapi.yaml, as it lies in the module. */
#ifndef ORDEAL_SERVE_API_OPENAPI_H
#define ORDEAL_SERVE_API_OPENAPI_H

#include <stddef.h>

extern const char *const api_openapi_yaml; /* not terminated */
extern const size_t api_openapi_yaml_size;

#endif
