/* What is made from the tables. */
#ifndef ORDEAL_DOCS_PAGES_H
#define ORDEAL_DOCS_PAGES_H

#include <stdio.h>

void page_ordeal(FILE *out);	    /* ordeal(1) */
void page_injector(FILE *out);	    /* ordeal-injector(8) */
void page_injector_kube(FILE *out); /* ordeal-injector-kube(8) */
void page_spec(FILE *out);	    /* ordeal-spec(5) */
void page_rules(FILE *out);	    /* ordeal-rules(5) */
void page_completion(FILE *out);    /* bash */
void page_fish(FILE *out);
void page_zsh(FILE *out);
void part_cluster(FILE *out);	 /* of ordeal(1): faults in a cluster */
void part_policies(FILE *out);	 /* of ordeal(1): who must allow it */
void part_console(FILE *out);	 /* of ordeal(1): the page of ordeal serve */
void part_alerts(FILE *out);	 /* of ordeal-spec(5): detection by alerts */
void page_dictionary(FILE *out); /* words for the fuzzers */

#endif
