/* The signal that StopContainer sends first. */
#ifndef CRI_SPEC_SIGNALS_H
#define CRI_SPEC_SIGNALS_H

struct spec_build;

int stop_signal(const struct spec_build *build);

#endif
