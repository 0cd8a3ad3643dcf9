/* The tables of config.json, one per subject, and the words features repeats. Rows: spec_fields.h. */
#ifndef OCI_SPEC_TABLES_H
#define OCI_SPEC_TABLES_H

struct err;
struct field;
struct place;
struct spec;
struct word;

extern const struct field spec_process_fields[]; /* into struct spec_process */
extern const struct field spec_linux_fields[]; /* into struct spec */
extern const struct field spec_resources_fields[]; /* into struct spec_resources */
extern const struct field spec_seccomp_fields[]; /* into struct spec_seccomp */
extern const struct field spec_id_map_fields[]; /* into struct spec_id_map */

int spec_process_check(const struct place *place, void *process, struct err *err);
int spec_resources_check(const struct place *place, void *resources, struct err *err);
int spec_seccomp_check(const struct place *place, void *seccomp, struct err *err);
int spec_id_map_check(const struct place *place, void *id_map, struct err *err);
/* What needs the whole: namespaces that other fields demand. */
int spec_linux_check(const struct spec *spec, struct err *err);

extern const struct word spec_seccomp_actions[], spec_seccomp_operators[], spec_seccomp_archs[],
    spec_seccomp_flags[];
extern const struct word spec_scheduler_policies[];
extern const struct word spec_memory_policy_modes[], spec_memory_policy_flags[];

#endif
