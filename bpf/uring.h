/* The operations of io_uring: linux/io_uring.h. */
#ifndef BPF_URING_H
#define BPF_URING_H

#include <stdint.h>

const char *uring_operation_name(uint64_t number); /* "mkdirat"; NULL: newer than this table */

#endif
