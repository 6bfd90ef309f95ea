/* The JSON Schema of each type; owned, NULL: out of memory. */
#ifndef ORDEAL_SPEC_SCHEMA_H
#define ORDEAL_SPEC_SCHEMA_H

#include <stdint.h>

struct json_t;
struct key;

/* At most a hundred. */
#define SCHEMA_PERCENT "^0*(100(\\.0{1,4})?|[0-9]{1,2}(\\.[0-9]{1,4})?)%?$"

struct json_t *schema_type_map(const struct key *key);
struct json_t *schema_type_list(const struct key *key);
struct json_t *schema_type_text(const struct key *key);
struct json_t *schema_type_name(const struct key *key);
struct json_t *schema_type_duration(const struct key *key);
struct json_t *schema_type_bool(const struct key *key);
struct json_t *schema_type_int(const struct key *key);
struct json_t *schema_type_choice(const struct key *key);
struct json_t *schema_type_words(const struct key *key);
struct json_t *schema_type_labels(const struct key *key);
struct json_t *schema_type_url(const struct key *key);
struct json_t *schema_type_status(const struct key *key);
struct json_t *schema_type_headers(const struct key *key);
struct json_t *schema_type_pair_regex(const struct key *key);
struct json_t *schema_type_pair_any(const struct key *key);
struct json_t *schema_type_tcp(const struct key *key);
struct json_t *schema_type_kube_watch(const struct key *key);
struct json_t *schema_type_condition(const struct key *key);
struct json_t *schema_type_abort(const struct key *key);
struct json_t *schema_type_objective(const struct key *key);
struct json_t *schema_type_path(const struct key *key);
struct json_t *schema_type_unit(const struct key *key);
struct json_t *schema_type_listen(const struct key *key);
struct json_t *schema_type_share(const struct key *key);
struct json_t *schema_type_comparison(const struct key *key);
struct json_t *schema_type_addresses(const struct key *key);
struct json_t *schema_type_target_text(const struct key *key);
struct json_t *schema_type_pid(const struct key *key);
struct json_t *schema_type_listening(const struct key *key);
struct json_t *schema_type_true(const struct key *key);
struct json_t *schema_type_percent(const struct key *key);
struct json_t *schema_type_text_or_map(const struct key *key);
struct json_t *schema_type_socket(const struct key *key);
struct json_t *schema_type_names(const struct key *key);
struct json_t *schema_type_owners(const struct key *key);
struct json_t *schema_type_object_condition(const struct key *key);
struct json_t *schema_type_word(const struct key *key);
struct json_t *schema_type_beside(const struct key *key);
struct json_t *schema_type_endpoint_port(const struct key *key);
struct json_t *schema_type_endpoint_ports(const struct key *key);
struct json_t *schema_type_engine(const struct key *key);

/* Parts of them. */
struct json_t *schema_text(int64_t max, const char *pattern);
/* Of "a|b|c". */
struct json_t *schema_choices(const char *words);
struct table;
struct json_t *schema_table(const struct table *table);
/* A key's own schema, with what people read in an editor; takes it. */
struct json_t *schema_with_help(struct json_t *schema, const char *help, const char *def);

/* schema_fault.c */
/* Adds the faults of the catalogue to the schema of an item of spec.faults. -1: out of memory. */
int schema_faults(struct json_t *schema);

#endif
