/*
 * Why something does not work, in words for the operator.
 */
#ifndef STAPSDT_REASON_H
#define STAPSDT_REASON_H

#define REASON_MAX 512

void explain(char reason[REASON_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
