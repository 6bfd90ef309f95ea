/* Makes one document: ordeal-docs NAME > FILE. Run by the build. */
#include <string.h>

#include "base/auto.h"
#include "docs/generate/pages.h"

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*write)(FILE *out);
	} pages[] = {{"ordeal.1", page_ordeal},
		     {"ordeal-spec.5", page_spec},
		     {"ordeal-rules.5", page_rules},
		     {"ordeal-injector.8", page_injector},
		     {"ordeal-injector-kube.8", page_injector_kube},
		     {"ordeal.bash", page_completion},
		     {"ordeal.fish", page_fish},
		     {"_ordeal", page_zsh},
		     {"ordeal.dict", page_dictionary}};

	for (size_t i = 0; argc == 2 && i < ORD_COUNT(pages); i++)
		if (!strcmp(argv[1], pages[i].name)) {
			pages[i].write(stdout);
			return fflush(stdout) ? 1 : 0;
		}
	(void)fputs("usage: ordeal-docs PAGE\n", stderr);
	return 2;
}
