#include "scheduler/serve/api/openapi.h"

__asm__(".pushsection .rodata\n"
	"openapi_begin:\n"
	".incbin \"" OPENAPI "\"\n"
	".popsection");
extern const char openapi_begin[] __attribute__((visibility("hidden")));

const char *const api_openapi_yaml = openapi_begin;
const size_t api_openapi_yaml_size = OPENAPI_SIZE;
