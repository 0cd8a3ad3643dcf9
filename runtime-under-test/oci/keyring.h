/* The session keyring of a container: "_ses.ID", as other runtimes name it. session-keyring(7) */
#ifndef OCI_KEYRING_H
#define OCI_KEYRING_H

/* In init: a new one, which later processes of the container can find. 0 also where the kernel has no keyrings. */
int keyring_make(const char *id);
/* In what exec adds: the one of the container. */
int keyring_join(const char *id);

#endif
