/* A store of images on a tmpfs that is this test's own, in a mount namespace that is too. */
#ifndef TESTS_CRI_IMAGE_FIXTURE_H
#define TESTS_CRI_IMAGE_FIXTURE_H

#include <stdbool.h>

struct image_store;

/* False: this is not root's doing, and there is nothing to test. Ends the test where something else goes wrong. */
bool image_fixture_open(void);
/* Where everything lies: the tmpfs. */
#define IMAGE_PLACE "/media"

/* Runs "cd IMAGE_PLACE; SCRIPT", with $image the script that makes images. */
void image_shell(const char *script);
/* ROOT is IMAGE_PLACE/root. */
struct image_store *image_store_for_test(void);
/* The whole of a file; "" when there is none. Owned. */
char *image_file(const char *path);
/* A user namespace with the ids 0 to 999 at 100000; its descriptor. */
int image_userns(void);

#endif
