/*
 * libcurl, opened at run time and only for a pull: with what it is linked with in turn (TLS twice, LDAP, Kerberos, SSH) it was half of
 * what the loader did at each start of the server. docs/PERFORMANCE.md has what that costs.
 */
#ifndef CRI_IMAGE_CURL_LIBRARY_H
#define CRI_IMAGE_CURL_LIBRARY_H

#include <curl/curl.h>

struct err;

/*
 * One row a function, without the "curl_" in front: so that the header's macros of the same names leave the calls alone. The types come
 * from the header, but for what is variable in setopt and getinfo, which nobody checks here: 1L, not 1.
 */
#define CURL_FUNCTIONS(X)                                                                                    \
	X(easy_cleanup)                                                                                      \
	X(easy_getinfo)                                                                                      \
	X(easy_init)                                                                                         \
	X(easy_setopt)                                                                                       \
	X(easy_strerror)                                                                                     \
	X(multi_add_handle)                                                                                  \
	X(multi_cleanup)                                                                                     \
	X(multi_info_read)                                                                                   \
	X(multi_init)                                                                                        \
	X(multi_perform)                                                                                     \
	X(multi_poll)                                                                                        \
	X(multi_remove_handle)                                                                               \
	X(slist_append)                                                                                      \
	X(slist_free_all)

struct curl_library {
#define CURL_MEMBER(name) __typeof__(&curl_##name) name;
	CURL_FUNCTIONS(CURL_MEMBER)
#undef CURL_MEMBER
};

/* -ELIBACC: it is not there, and err says which package has it. It stays until the program ends. */
int curl_library_open(struct curl_library *ret, struct err *err);

#endif
