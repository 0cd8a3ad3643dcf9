/* A record's strings are whatever a runtime printed: cut and cleaned here before a format's escaper sees them. */
#ifndef REPORTS_SAFE_H
#define REPORTS_SAFE_H

#include <stddef.h>

struct text;

/* At most max bytes of string, never half a UTF-8 character. */
size_t clip_length(const char *string, size_t max);
/*
 * Appends valid UTF-8 without control characters (newline and tab stay) and without the invisible ones that
 * reorder or hide their neighbours ("Trojan source", CVE-2021-42574): each becomes U+FFFD.
 */
void safe_add_bytes(struct text *out, const char *bytes, size_t len);
/* Cleans, cuts to max bytes, says how much was cut, and passes it through one of base/text.h's escapers. */
void safe_add(struct text *out, const char *string, size_t max,
	      void (*escape)(struct text *out, const char *bytes, size_t len));

#endif
