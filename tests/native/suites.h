/*
 * What main.c can run; each in a file of that name.
 */
#ifndef SUITES_H
#define SUITES_H

void declarations(void);
void firing(void);
void storage(void);
void planted(void);
void mounts(void);
void collection(void);
void threads(void);
void forks(void);
void growth(void);
void fuzz(void);
void memory(void);
void images(void);

#endif
