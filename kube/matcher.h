/* A target made ready to match: its selectors parsed. Of kube/ alone. */
#ifndef ORDEAL_KUBE_MATCHER_H
#define ORDEAL_KUBE_MATCHER_H

#include "kube/match.h"
#include "base/selector.h"

struct kube_filter {
	const struct ord_kube_filter *of;			   /* NULL: there is none */
	struct ord_selector *selector, *ns_selector, *annotations; /* NULL: any */
};

struct kube_match {
	const struct ord_target *of;
	enum ord_target_kind kind;
	struct kube_filter match, exclude;
};

bool kube_any_glob(const struct ord_texts *t, const char *text);

#endif
