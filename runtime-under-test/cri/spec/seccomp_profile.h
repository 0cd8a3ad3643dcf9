/* The filter behind RuntimeDefault. */
#ifndef CRI_SPEC_SECCOMP_PROFILE_H
#define CRI_SPEC_SECCOMP_PROFILE_H

struct json;

/* A linux.seccomp object for a process that may have these capabilities (array of names). Owned by the caller. */
struct json *seccomp_profile(const struct json *capabilities);

#endif
