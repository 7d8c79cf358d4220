/*
 * The probes of native/stapsdt for JavaScript (js/probes/kernel.js).
 *
 * N-API 8, so one binary serves Node.js 20 and everything after it. Nothing
 * here throws: a call that makes no sense gives undefined. The caller is our
 * own JavaScript alone.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"

/* Bytes of a string that a tracer can see, with the NUL. Tracers read less. */
#define STRING_MAX (32 << 10)

/* Arguments that most probes do not have more of. */
#define FEW 6

/* The kind of a string argument; the others are ArgType_t. */
#define STRING 0

/* A probe that JavaScript knows by its number. */
struct entry {
	SDTProbe_t *probe; /* NULL: free */
	int8_t kinds[MAX_ARGUMENTS];
	uint32_t next_free;
};

/* What a thread of Node.js has. It lives as long as the thread's environment
 * or one of its providers, whichever is longer: the order in which Node.js
 * finalizes them is not known. */
struct thread {
	unsigned references;
	struct entry *entries;
	uint32_t count;
	uint32_t free; /* the first free entry; `count` where there is none */
	char *strings; /* of the firing under way */
};

struct provider_handle {
	SDTProvider_t *provider;
	struct thread *thread;
};

static void
release_thread(struct thread *thread)
{
	if (--thread->references > 0)
		return;
	free(thread->entries);
	free(thread->strings);
	free(thread);
}

static void
finalize_thread(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	release_thread(data);
}

static void
finalize_provider(napi_env env, void *data, void *hint)
{
	struct provider_handle *handle = data;
	struct thread *thread = handle->thread;

	(void)env;
	(void)hint;
	for (uint32_t i = 0; i < thread->count; i++) {
		struct entry *entry = &thread->entries[i];
		if (entry->probe == NULL ||
		    entry->probe->provider != handle->provider)
			continue;
		entry->probe = NULL;
		entry->next_free = thread->free;
		thread->free = i;
	}
	providerDestroy(handle->provider);
	release_thread(thread);
	free(handle);
}

static void
finalize_code(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)data;
	objects_lock();
	object_release(hint);
	objects_unlock();
}

static struct thread *
this_thread(napi_env env)
{
	void *data = NULL;

	napi_get_instance_data(env, &data);
	return data;
}

static napi_value
text(napi_env env, const char *utf8)
{
	napi_value value = NULL;

	napi_create_string_utf8(env, utf8, NAPI_AUTO_LENGTH, &value);
	return value;
}

/* The arguments of a call, at most `count`; the missing ones are undefined. */
static void
arguments(napi_env env, napi_callback_info info, size_t count,
	  napi_value *values)
{
	napi_get_cb_info(env, info, &count, values, NULL, NULL);
}

/* A name as JavaScript gives it; what is too long is refused by stapsdt. */
static const char *
name_of(napi_env env, napi_value value, char name[SDT_NAME_MAX + 6])
{
	size_t length = 0;

	if (napi_get_value_string_utf8(env, value, name, SDT_NAME_MAX + 6,
				       &length) != napi_ok)
		length = 0;
	name[length] = '\0';
	/* An embedded NUL would end the name early. */
	return memchr(name, '\0', length) != NULL ? "\n" : name;
}

static struct entry *
entry_of(napi_env env, napi_value value)
{
	struct thread *thread = this_thread(env);
	uint32_t id;

	if (thread == NULL ||
	    napi_get_value_uint32(env, value, &id) != napi_ok ||
	    id >= thread->count || thread->entries[id].probe == NULL)
		return NULL;
	return &thread->entries[id];
}

/* provider(name, directory): a provider, or the text of why there is none.
 * Without a directory its objects are in memfds. */
static napi_value
make_provider(napi_env env, napi_callback_info info)
{
	char name[SDT_NAME_MAX + 6];
	struct thread *thread = this_thread(env);
	struct provider_handle *handle;
	napi_value values[2], value;
	char directory[PATH_MAX];
	size_t length;

	arguments(env, info, 2, values);
	handle = calloc(1, sizeof(*handle));
	if (thread == NULL || handle == NULL) {
		free(handle);
		return text(env, "out of memory");
	}
	handle->provider = providerInit(name_of(env, values[0], name));
	if (handle->provider == NULL) {
		free(handle);
		return text(env, stapsdtError());
	}
	if (napi_get_value_string_utf8(env, values[1], directory,
				       sizeof(directory), &length) != napi_ok ||
	    providerUseDirectory(handle->provider, directory) != 0)
		providerUseMemfd(handle->provider, memfd_enabled);
	handle->thread = thread;
	if (napi_create_external(env, handle, finalize_provider, NULL,
				 &value) != napi_ok) {
		providerDestroy(handle->provider);
		free(handle);
		return text(env, "out of memory");
	}
	thread->references++;
	return value;
}

static int64_t
new_entry(struct thread *thread)
{
	uint32_t id = thread->free;

	if (id < thread->count) {
		thread->free = thread->entries[id].next_free;
	} else {
		size_t count = thread->count == 0 ? 32 : 2 * thread->count;
		struct entry *entries =
		    realloc(thread->entries, count * sizeof(*entries));
		if (entries == NULL)
			return -1;
		memset(entries + thread->count, 0,
		       (count - thread->count) * sizeof(*entries));
		for (size_t i = thread->count; i < count; i++)
			entries[i].next_free = (uint32_t)i + 1;
		thread->entries = entries;
		thread->count = (uint32_t)count;
		thread->free = id + 1;
	}
	return id;
}

/* probe(provider, name, kinds): its number, or the text of why there is none.
 */
static napi_value
make_probe(napi_env env, napi_callback_info info)
{
	char name[SDT_NAME_MAX + 6];
	int8_t kinds[MAX_ARGUMENTS] = {0};
	ArgType_t types[MAX_ARGUMENTS];
	struct provider_handle *handle = NULL;
	struct thread *thread = this_thread(env);
	napi_value values[3], result = NULL;
	SDTProbe_t *probe;
	uint32_t count = 0;
	int64_t id;

	arguments(env, info, 3, values);
	if (napi_get_value_external(env, values[0], (void **)&handle) !=
		napi_ok ||
	    napi_get_array_length(env, values[2], &count) != napi_ok ||
	    count > MAX_ARGUMENTS)
		return text(env, "a probe has 0 to 32 arguments");
	for (uint32_t i = 0; i < count; i++) {
		napi_value kind;
		int32_t number = 0;
		if (napi_get_element(env, values[2], i, &kind) == napi_ok)
			napi_get_value_int32(env, kind, &number);
		kinds[i] = (int8_t)number;
		types[i] = number == STRING ? uint64 : (ArgType_t)number;
	}
	probe = providerAddProbeTypes(
	    handle->provider, name_of(env, values[1], name), (int)count, types);
	if (probe == NULL)
		return text(env, handle->provider->error);
	id = new_entry(thread);
	if (id < 0)
		return text(env, "out of memory");
	thread->entries[id].probe = probe;
	memcpy(thread->entries[id].kinds, kinds, sizeof(kinds));
	napi_create_int64(env, id, &result);
	return result;
}

/* load(provider): undefined, or the text of what went wrong. */
static napi_value
load(napi_env env, napi_callback_info info)
{
	struct provider_handle *handle = NULL;
	napi_value value;

	arguments(env, info, 1, &value);
	if (napi_get_value_external(env, value, (void **)&handle) != napi_ok)
		return text(env, "no provider");
	if (providerLoad(handle->provider) != 0)
		return text(env, handle->provider->error);
	return NULL;
}

/* code(id): an ArrayBuffer of one byte, the first one of the probe's nop, as
 * it is now and will be; undefined where Node.js refuses external memory. */
static napi_value
code(napi_env env, napi_callback_info info)
{
	struct object *object;
	struct entry *entry;
	napi_value value, buffer = NULL;
	size_t number;
	void *nop;

	arguments(env, info, 1, &value);
	entry = entry_of(env, value);
	object = entry == NULL ? NULL : probe_object(entry->probe, &number);
	if (object == NULL)
		return NULL;
	objects_lock();
	object_hold(object);
	objects_unlock();
	nop = (void *)(uintptr_t)object_nop(object, number);
	if (napi_create_external_arraybuffer(env, nop, 1, finalize_code, object,
					     &buffer) != napi_ok) {
		finalize_code(env, NULL, object);
		return NULL;
	}
	return buffer;
}

/* enabled(id): whether a tracer is attached, for where `code` cannot tell. */
static napi_value
enabled(napi_env env, napi_callback_info info)
{
	napi_value value, result = NULL;
	struct entry *entry;

	arguments(env, info, 1, &value);
	entry = entry_of(env, value);
	napi_get_boolean(env, entry != NULL && probeIsEnabled(entry->probe),
			 &result);
	return result;
}

/* place(id): { path, offset, reason }, where tracers can attach; undefined
 * before load. */
static napi_value
place(napi_env env, napi_callback_info info)
{
	napi_value value, result = NULL, offset = NULL;
	struct entry *entry;
	const char *path, *reason;

	arguments(env, info, 1, &value);
	entry = entry_of(env, value);
	path = entry == NULL ? NULL : probePath(entry->probe);
	if (path == NULL || napi_create_object(env, &result) != napi_ok)
		return NULL;
	napi_create_double(env, (double)probeOffset(entry->probe), &offset);
	napi_set_named_property(env, result, "path", text(env, path));
	napi_set_named_property(env, result, "offset", offset);
	reason = probeMemfdReason(entry->probe);
	if (reason != NULL)
		napi_set_named_property(env, result, "reason",
					text(env, reason));
	return result;
}

/* A number or a BigInt as 64 bits, cut to fit; 0 for anything else. */
static uint64_t
integer(napi_env env, napi_value value, int kind)
{
	int64_t number = 0;
	double real;
	bool lossless;

	if (napi_get_value_int64(env, value, &number) == napi_ok) {
		/* It stops at the largest int64. */
		if (kind == uint64 && number == INT64_MAX &&
		    napi_get_value_double(env, value, &real) == napi_ok &&
		    real < 0x1p64)
			return (uint64_t)real;
	} else if (napi_get_value_bigint_int64(env, value, &number,
					       &lossless) != napi_ok) {
		return 0;
	}
	/* What an operand of fewer bytes leaves out is not to be seen in the
	 * block either. */
	switch (kind) {
	case uint8:
		return (uint8_t)number;
	case int8:
		return (uint64_t)(int8_t)number;
	case uint16:
		return (uint16_t)number;
	case int16:
		return (uint64_t)(int16_t)number;
	case uint32:
		return (uint32_t)number;
	case int32:
		return (uint64_t)(int32_t)number;
	default:
		return (uint64_t)number;
	}
}

/* fire(id, …values): strings, numbers and BigInts by the probe's kinds. */
static napi_value
fire(napi_env env, napi_callback_info info)
{
	napi_value values[1 + MAX_ARGUMENTS];
	uint64_t block[MAX_ARGUMENTS];
	struct thread *thread = this_thread(env);
	struct entry *entry;
	char *strings;

	/* What is asked for takes time, given or not. */
	arguments(env, info, 1 + FEW, values);
	entry = entry_of(env, values[0]);
	if (entry == NULL)
		return NULL;
	if (entry->probe->argCount > FEW)
		arguments(env, info, 1 + (size_t)entry->probe->argCount,
			  values);
	if (thread->strings == NULL)
		thread->strings = malloc(MAX_ARGUMENTS * STRING_MAX);
	strings = thread->strings;
	for (int i = 0; i < entry->probe->argCount; i++) {
		if (entry->kinds[i] != STRING) {
			block[i] = integer(env, values[1 + i], entry->kinds[i]);
			continue;
		}
		size_t length = 0;
		block[i] = (uint64_t)(uintptr_t)"undefined";
		if (strings != NULL && napi_get_value_string_utf8(
					   env, values[1 + i], strings,
					   STRING_MAX, &length) == napi_ok) {
			block[i] = (uint64_t)(uintptr_t)strings;
			strings += length + 1;
		}
	}
	probeFireBlock(entry->probe, block);
	return NULL;
}

NAPI_MODULE_INIT()
{
	const struct site *site = site_for(site_machine(), 0);
	struct thread *thread = calloc(1, sizeof(*thread));
	napi_value nop = NULL;
	const napi_property_descriptor methods[] = {
	    {"provider", NULL, make_provider, NULL, NULL, NULL, napi_enumerable,
	     NULL},
	    {"probe", NULL, make_probe, NULL, NULL, NULL, napi_enumerable,
	     NULL},
	    {"load", NULL, load, NULL, NULL, NULL, napi_enumerable, NULL},
	    {"code", NULL, code, NULL, NULL, NULL, napi_enumerable, NULL},
	    {"enabled", NULL, enabled, NULL, NULL, NULL, napi_enumerable, NULL},
	    {"place", NULL, place, NULL, NULL, NULL, napi_enumerable, NULL},
	    {"fire", NULL, fire, NULL, NULL, NULL, napi_enumerable, NULL},
	};

	if (thread == NULL || site == NULL) {
		free(thread);
		napi_throw_error(env, NULL,
				 site == NULL ? "no probes on this machine"
					      : "out of memory");
		return NULL;
	}
	thread->references = 1;
	napi_set_instance_data(env, thread, finalize_thread, NULL);
	napi_create_uint32(env, site->code[site->nop], &nop);
	napi_set_named_property(env, exports, "nop", nop);
	napi_define_properties(env, exports,
			       sizeof(methods) / sizeof(methods[0]), methods);
	return exports;
}
