/* Which commit of the tree the program is built from: tests/build/commit.sh writes it, so that a commit compiles nothing else. */
#ifndef OCI_COMMIT_H
#define OCI_COMMIT_H

extern const char commit[]; /* "unknown" outside of a checkout */

#endif
