/*
 * USDT probes made at run time.
 *
 * A provider becomes a small ELF shared object with SystemTap SDT notes
 * (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation), which
 * bpftrace, perf, bcc, libbpf, gdb and tracefs know how to attach to. The API
 * is libstapsdt's, by name and meaning; what is not in libstapsdt is marked.
 *
 *	SDTProvider_t *provider = providerInit("shop");
 *	SDTProbe_t *sold = providerAddProbe(provider, "sold", 2, uint64, int32);
 *	if (providerLoad(provider) != 0)
 *		warnx("%s", provider->error);
 *	probeFire(sold, "apple", -3);
 *
 * Every function may be called from any thread, and from a forked child.
 * Nothing here aborts, prints, or starts a thread. Firing a probe takes no
 * lock. providerDestroy is like free: nobody else may use the provider then.
 */
#ifndef NODEOBS_STAPSDT_H
#define NODEOBS_STAPSDT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Arguments 1 to 6 are in registers, 7 to 12 are operands of the note, too;
 * the others are only in the block that argument block register points to
 * (r10 on x86-64, x9 on aarch64): uint64_t[argCount], all arguments. */
#define MAX_ARGUMENTS 32

/* Bytes of a provider's or a probe's name, at most. */
#define SDT_NAME_MAX 127

typedef enum {
	noError = -1,
	elfCreationError = 0,
	tmpCreationError = 1,
	sharedLibraryOpenError = 2,
	symbolLoadingError = 3,
	sharedLibraryCloseError = 4,
	invalidArgumentError = 5, /* not in libstapsdt */
	outOfMemoryError = 6,     /* not in libstapsdt */
} SDTError_t;

/* The size of an argument in bytes, negative where it is signed. A string is
 * a uint64: the address of its bytes, NUL at the end, valid during the call. */
typedef enum {
	noarg = 0,
	uint8 = 1,
	int8 = -1,
	uint16 = 2,
	int16 = -2,
	uint32 = 4,
	int32 = -4,
	uint64 = 8,
	int64 = -8,
} ArgType_t;

typedef enum {
	memfd_disabled = 0,
	memfd_enabled = 1,
} MemFDOption_t;

struct SDTProvider;

typedef struct SDTProbe {
	const char *name;
	ArgType_t argFmt[MAX_ARGUMENTS];
	int argCount;
	struct SDTProvider *provider;
} SDTProbe_t;

typedef struct SDTProbeList_ {
	SDTProbe_t probe;
	struct SDTProbeList_ *next;
} SDTProbeList_t;

typedef struct SDTProvider {
	const char *name;
	SDTProbeList_t *probes;
	/* What the last call on this provider failed with, and in words.
	 * (libstapsdt calls `code` errno, which <errno.h> does not allow.) */
	SDTError_t code;
	const char *error;
} SDTProvider_t;

/* NULL where the name is empty, longer than SDT_NAME_MAX or has a colon or a
 * control character in it, or without memory; stapsdtError says which. */
SDTProvider_t *providerInit(const char *name);

/*
 * Declares a probe with argCount arguments of the ArgType_t that follow. Also
 * possible after providerLoad: the next providerLoad makes it visible.
 * NULL, and provider->error, for a bad name or type, for one that is there
 * already, and for more than MAX_ARGUMENTS.
 */
SDTProbe_t *providerAddProbe(SDTProvider_t *provider, const char *name,
			     int argCount, ...);
/* The same with the types in an array. Not in libstapsdt. */
SDTProbe_t *providerAddProbeTypes(SDTProvider_t *provider, const char *name,
				  int argCount, const ArgType_t *types);

/*
 * Where the object is kept, to be said before providerLoad. Disabled, the
 * default: in a file that all processes with the same probes share, so that a
 * tracer can be given its path, even before they start; in a memfd only where
 * no file can be made or run. Enabled: in a memfd, whose descriptor stays
 * open. 0.
 */
int providerUseMemfd(SDTProvider_t *provider, MemFDOption_t useMemfd);

/* Not in libstapsdt. A semaphore is a 16-bit count that tracers raise while
 * they are attached; without one, as is the default, the probe's instruction
 * tells. Before providerLoad. 0. */
int providerUseSemaphores(SDTProvider_t *provider, int useSemaphores);

/* Not in libstapsdt. The length of the probe's instruction: 1, 5 (x86-64
 * only), or 0 for what the running kernel is fastest with. Before
 * providerLoad. 0, or -1 for another length. */
int providerUseNop(SDTProvider_t *provider, int length);

/* Not in libstapsdt. The directory for the file, which must be 0700 and our
 * own, and is made if it is not there. The default is "usdt" in
 * $NODEOBS_RUNTIME_DIR, else in $XDG_RUNTIME_DIR/nodeobs, else in
 * /tmp/nodeobs-<euid>. 0, or -1 where it is too long. */
int providerUseDirectory(SDTProvider_t *provider, const char *directory);

/* Makes the probes visible. 0, or -1 and provider->error. Loading again makes
 * the probes visible that were added since. */
int providerLoad(SDTProvider_t *provider);

/* The probes do not fire any more, until providerLoad. The object stays where
 * it is until providerDestroy, so that no thread and no tracer loses the
 * ground under its feet. 0. */
int providerUnload(SDTProvider_t *provider);

/* Frees the provider and its probes. What a tracer is attached to stays mapped
 * until it leaves. NULL is allowed. */
void providerDestroy(SDTProvider_t *provider);

/* Fires with probe->argCount arguments of 64 bits each, if somebody is
 * attached. Strings are passed as pointers. */
void probeFire(SDTProbe_t *probe, ...);
/* The same with the arguments in an array. Not in libstapsdt. */
void probeFireBlock(SDTProbe_t *probe, const uint64_t *arguments);

/* Whether a tracer is attached: one byte is read. */
int probeIsEnabled(const SDTProbe_t *probe);

/* Not in libstapsdt. The path of the object a tracer can attach to: the
 * file's, or /proc/PID/fd/N of a memfd. NULL before providerLoad. */
const char *probePath(const SDTProbe_t *probe);
/* Not in libstapsdt. The offset of the probe's instruction in that object. */
uint64_t probeOffset(const SDTProbe_t *probe);

/* Not in libstapsdt. Why there is no file although one was wanted; NULL where
 * there is one. */
const char *probeMemfdReason(const SDTProbe_t *probe);

/* Not in libstapsdt. Why the last providerInit of this thread gave NULL. */
const char *stapsdtError(void);

#ifdef __cplusplus
}
#endif

#endif
