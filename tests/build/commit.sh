#!/bin/sh
# The C of build/commit.c: which commit the tree is of, with -dirty behind it when files differ. A tree that is no checkout is of none,
# also below a directory that is one.
commit=$(git --git-dir=.git describe --always --dirty --abbrev=40 --exclude='*' 2> /dev/null) || commit=unknown
printf '#include "runtime-under-test/oci/commit.h"\n\nconst char commit[] = "%s";\n' "$commit"
