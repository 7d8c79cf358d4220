#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "image.h"

/*
 * The layout. Addresses are file offsets, so that what tools compute from one
 * or the other is the same.
 *
 *	R	ELF header, program headers, .note.gnu.build-id, .hash,
 *		.dynsym, .dynstr, .stapsdt.base
 *	R X	.text: SITE_STRIDE bytes for each probe
 *	R W	.dynamic, which the dynamic linker writes to, and .probes, the
 *		semaphores
 *	-	.note.stapsdt, .shstrtab, section headers
 *
 * What tools insist on: the section header of .note.stapsdt comes after that
 * of the first executable section (bcc, and bpftrace up to 0.20); there is a
 * build id (perf); semaphores are in a writable segment that has a file behind
 * it (the kernel).
 */
enum {
	NO_SECTION,
	BUILD_ID,
	HASH,
	DYNSYM,
	DYNSTR,
	BASE,
	TEXT,
	DYNAMIC,
	PROBES,
	NOTES,
	SHSTRTAB,
	SECTIONS,
};

static const char *const section_names[SECTIONS] = {
    [NO_SECTION] = "",        [BUILD_ID] = ".note.gnu.build-id",
    [HASH] = ".hash",         [DYNSYM] = ".dynsym",
    [DYNSTR] = ".dynstr",     [BASE] = ".stapsdt.base",
    [TEXT] = ".text",         [DYNAMIC] = ".dynamic",
    [PROBES] = ".probes",     [NOTES] = ".note.stapsdt",
    [SHSTRTAB] = ".shstrtab",
};

#define SEGMENTS       6
#define BUILD_ID_BYTES 16
#define NT_STAPSDT     3

struct builder {
	struct bytes out;
	Elf64_Shdr sections[SECTIONS];
};

/* The header of a section that begins here. */
static Elf64_Shdr *
begin(struct builder *b, int index, uint32_t type, uint64_t flags,
      uint64_t alignment)
{
	Elf64_Shdr *header = &b->sections[index];

	bytes_align(&b->out, alignment);
	header->sh_type = type;
	header->sh_flags = flags;
	header->sh_addralign = alignment;
	header->sh_offset = b->out.size;
	if (flags & SHF_ALLOC)
		header->sh_addr = b->out.size;
	return header;
}

static void
end(struct builder *b, int index)
{
	b->sections[index].sh_size = b->out.size - b->sections[index].sh_offset;
}

/* The hash of the System V ABI's symbol hash table. */
static uint32_t
symbol_hash(const char *name)
{
	uint32_t hash = 0;

	for (; *name != '\0'; name++) {
		hash = (hash << 4) + (unsigned char)*name;
		hash ^= (hash & 0xf0000000) >> 24;
		hash &= 0x0fffffff;
	}
	return hash;
}

/* FNV-1a of 128 bits (RFC 9923), in the order of its bytes from the lowest. */
static void
content_hash(const uint8_t *bytes, size_t size, uint8_t out[BUILD_ID_BYTES])
{
	__extension__ typedef unsigned __int128 wide;
	wide prime = ((wide)1 << 88) + 0x13b;
	wide hash = ((wide)0x6c62272e07bb0142ULL << 64) + 0x62b821756295c58dULL;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * prime;
	for (int i = 0; i < BUILD_ID_BYTES; i++)
		out[i] = (uint8_t)(hash >> (8 * i));
}

static size_t
append_note_header(struct builder *b, const char *owner, uint32_t type,
		   size_t descriptor)
{
	Elf64_Nhdr header = {
	    .n_namesz = (uint32_t)strlen(owner) + 1,
	    .n_descsz = (uint32_t)descriptor,
	    .n_type = type,
	};

	bytes_append(&b->out, &header, sizeof(header));
	bytes_append(&b->out, owner, header.n_namesz);
	bytes_align(&b->out, 4);
	return b->out.size;
}

/* One symbol, and its name in .dynstr. */
static void
add_symbol(struct builder *b, size_t number, const char *name,
	   const char *suffix, int type, int section)
{
	Elf64_Sym symbol = {
	    .st_name = (uint32_t)(b->out.size - b->sections[DYNSTR].sh_offset),
	    .st_info = ELF64_ST_INFO(STB_GLOBAL, type),
	    .st_shndx = (uint16_t)section,
	};

	bytes_append(&b->out, name, strlen(name));
	bytes_append(&b->out, suffix, strlen(suffix) + 1);
	bytes_put(&b->out,
		  b->sections[DYNSYM].sh_offset + number * sizeof(symbol),
		  &symbol, sizeof(symbol));
}

/* Symbols are known by name before it is known where they are. */
static void
place_symbol(struct builder *b, size_t number, uint64_t value, uint64_t size)
{
	size_t at = b->sections[DYNSYM].sh_offset + number * sizeof(Elf64_Sym);

	bytes_put(&b->out, at + offsetof(Elf64_Sym, st_value), &value,
		  sizeof(value));
	bytes_put(&b->out, at + offsetof(Elf64_Sym, st_size), &size,
		  sizeof(size));
}

static void
fill_hash(struct builder *b, size_t symbols)
{
	uint32_t *table, *buckets, *chains;
	const Elf64_Sym *symbol;

	if (b->out.failed)
		return;
	table = (uint32_t *)(void *)(b->out.data + b->sections[HASH].sh_offset);
	symbol =
	    (const Elf64_Sym *)(const void *)(b->out.data +
					      b->sections[DYNSYM].sh_offset);
	table[0] = (uint32_t)symbols;
	table[1] = (uint32_t)symbols;
	buckets = table + 2;
	chains = buckets + symbols;
	for (size_t i = 1; i < symbols; i++) {
		const char *name = (const char *)b->out.data +
				   b->sections[DYNSTR].sh_offset +
				   symbol[i].st_name;
		uint32_t bucket = symbol_hash(name) % (uint32_t)symbols;
		chains[i] = buckets[bucket];
		buckets[bucket] = (uint32_t)i;
	}
}

static void
append_operands(struct builder *b, const struct site *site,
		const SDTProbe_t *probe)
{
	char text[32];

	for (int i = 0; i < probe->argCount && i < SITE_OPERANDS; i++) {
		if (i > 0)
			bytes_append(&b->out, " ", 1);
		bytes_append(&b->out, text,
			     (size_t)site_operand(site, i, probe->argFmt[i],
						  text, sizeof(text)));
	}
	bytes_append(&b->out, "", 1);
}

/* The descriptor of an SDT note: three addresses, three strings. */
static void
append_stapsdt_note(struct builder *b, const struct site *site,
		    const char *provider, const SDTProbe_t *probe, uint64_t nop,
		    uint64_t semaphore)
{
	uint64_t addresses[3] = {nop, b->sections[BASE].sh_addr, semaphore};
	size_t start = append_note_header(b, "stapsdt", NT_STAPSDT, 0);
	uint32_t size;

	bytes_append(&b->out, addresses, sizeof(addresses));
	bytes_append(&b->out, provider, strlen(provider) + 1);
	bytes_append(&b->out, probe->name, strlen(probe->name) + 1);
	append_operands(b, site, probe);
	size = (uint32_t)(b->out.size - start);
	bytes_put(&b->out,
		  start - 8 - sizeof(Elf64_Nhdr) +
		      offsetof(Elf64_Nhdr, n_descsz),
		  &size, sizeof(size));
	bytes_align(&b->out, 4);
}

static void
append_dynamic(struct builder *b, uint64_t soname)
{
	const Elf64_Shdr *strings = &b->sections[DYNSTR];
	Elf64_Dyn entries[] = {
	    {DT_SONAME, {soname}},
	    {DT_HASH, {b->sections[HASH].sh_addr}},
	    {DT_STRTAB, {strings->sh_addr}},
	    {DT_SYMTAB, {b->sections[DYNSYM].sh_addr}},
	    {DT_STRSZ, {strings->sh_size}},
	    {DT_SYMENT, {sizeof(Elf64_Sym)}},
	    {DT_NULL, {0}},
	};

	bytes_append(&b->out, entries, sizeof(entries));
}

static Elf64_Phdr
segment(uint32_t type, uint32_t flags, uint64_t from, uint64_t to,
	uint64_t alignment)
{
	return (Elf64_Phdr){
	    .p_type = type,
	    .p_flags = flags,
	    .p_offset = from,
	    .p_vaddr = from,
	    .p_paddr = from,
	    .p_filesz = to - from,
	    .p_memsz = to - from,
	    .p_align = alignment,
	};
}

static void
finish_sections(struct builder *b, int semaphores)
{
	Elf64_Ehdr *header;
	size_t at, count = 0;
	uint32_t number[SECTIONS];

	begin(b, SHSTRTAB, SHT_STRTAB, 0, 1);
	for (int i = 0; i < SECTIONS; i++) {
		if (i == PROBES && !semaphores)
			continue;
		number[i] = (uint32_t)count++;
		b->sections[i].sh_name =
		    (uint32_t)(b->out.size - b->sections[SHSTRTAB].sh_offset);
		bytes_append(&b->out, section_names[i],
			     strlen(section_names[i]) + 1);
	}
	end(b, SHSTRTAB);
	bytes_align(&b->out, 8);
	b->sections[NO_SECTION].sh_name = 0;
	b->sections[HASH].sh_link = number[DYNSYM];
	b->sections[DYNSYM].sh_link = number[DYNSTR];
	b->sections[DYNSYM].sh_info = 1; /* the first that is not local */
	b->sections[DYNAMIC].sh_link = number[DYNSTR];
	at = b->out.size;
	for (int i = 0; i < SECTIONS; i++) {
		if (i == PROBES && !semaphores)
			continue;
		bytes_append(&b->out, &b->sections[i], sizeof(b->sections[i]));
	}
	if (b->out.failed)
		return;
	header = (Elf64_Ehdr *)(void *)b->out.data;
	header->e_shoff = at;
	header->e_shentsize = sizeof(Elf64_Shdr);
	header->e_shnum = (uint16_t)count;
	header->e_shstrndx = (uint16_t)number[SHSTRTAB];
}

int
image_make(struct image *image, const struct site *site, const char *provider,
	   const SDTProbe_t *const *probes, size_t count, int semaphores)
{
	struct builder b = {0};
	size_t page = site->page * (size_t)1024;
	size_t symbols = 1 + count + (semaphores ? count : 0);
	size_t build_id, read_only, code, writable, semaphore = 0;
	Elf64_Ehdr header = {
	    .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			ELFDATA2LSB, EV_CURRENT, ELFOSABI_SYSV},
	    .e_type = ET_DYN,
	    .e_machine = site->machine,
	    .e_version = EV_CURRENT,
	    .e_phoff = sizeof(Elf64_Ehdr),
	    .e_ehsize = sizeof(Elf64_Ehdr),
	    .e_phentsize = sizeof(Elf64_Phdr),
	    .e_phnum = SEGMENTS,
	};

	bytes_append(&b.out, &header, sizeof(header));
	bytes_reserve(&b.out, SEGMENTS * sizeof(Elf64_Phdr));

	begin(&b, BUILD_ID, SHT_NOTE, SHF_ALLOC, 4);
	build_id =
	    append_note_header(&b, "GNU", NT_GNU_BUILD_ID, BUILD_ID_BYTES);
	bytes_reserve(&b.out, BUILD_ID_BYTES);
	end(&b, BUILD_ID);

	begin(&b, HASH, SHT_HASH, SHF_ALLOC, 8)->sh_entsize = 4;
	bytes_reserve(&b.out, 4 * (2 + 2 * symbols));
	end(&b, HASH);

	begin(&b, DYNSYM, SHT_DYNSYM, SHF_ALLOC, 8)->sh_entsize =
	    sizeof(Elf64_Sym);
	bytes_reserve(&b.out, symbols * sizeof(Elf64_Sym));
	end(&b, DYNSYM);

	begin(&b, DYNSTR, SHT_STRTAB, SHF_ALLOC, 1);
	bytes_append(&b.out, "", 1);
	bytes_append(&b.out, provider, strlen(provider));
	bytes_append(&b.out, ".usdt", sizeof(".usdt"));
	for (size_t i = 0; i < count; i++)
		add_symbol(&b, 1 + i, probes[i]->name, "", STT_FUNC, TEXT);
	for (size_t i = 0; semaphores && i < count; i++)
		add_symbol(&b, 1 + count + i, probes[i]->name, "_semaphore",
			   STT_OBJECT, PROBES);
	end(&b, DYNSTR);

	begin(&b, BASE, SHT_PROGBITS, SHF_ALLOC, 1);
	bytes_reserve(&b.out, 1);
	end(&b, BASE);
	read_only = b.out.size;

	bytes_align(&b.out, page);
	begin(&b, TEXT, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 16);
	code = b.out.size;
	for (size_t i = 0; i < count; i++) {
		place_symbol(&b, 1 + i, b.out.size, site->size);
		bytes_append(&b.out, site->code, SITE_STRIDE);
	}
	end(&b, TEXT);

	bytes_align(&b.out, page);
	writable = b.out.size;
	begin(&b, DYNAMIC, SHT_DYNAMIC, SHF_ALLOC | SHF_WRITE, 8)->sh_entsize =
	    sizeof(Elf64_Dyn);
	append_dynamic(&b, 1);
	end(&b, DYNAMIC);
	if (semaphores) {
		begin(&b, PROBES, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 2);
		semaphore = b.out.size;
		for (size_t i = 0; i < count; i++)
			place_symbol(&b, 1 + count + i,
				     bytes_reserve(&b.out, 2), 2);
		end(&b, PROBES);
	}

	Elf64_Phdr segments[SEGMENTS] = {
	    segment(PT_LOAD, PF_R, 0, read_only, page),
	    segment(PT_LOAD, PF_R | PF_X, code, b.sections[TEXT].sh_size + code,
		    page),
	    segment(PT_LOAD, PF_R | PF_W, writable, b.out.size, page),
	    segment(PT_DYNAMIC, PF_R | PF_W, writable,
		    writable + b.sections[DYNAMIC].sh_size, 8),
	    segment(PT_NOTE, PF_R, b.sections[BUILD_ID].sh_offset,
		    build_id + BUILD_ID_BYTES, 4),
	    segment(PT_GNU_STACK, PF_R | PF_W, 0, 0, 16),
	};
	bytes_put(&b.out, sizeof(header), segments, sizeof(segments));

	begin(&b, NOTES, SHT_NOTE, 0, 4);
	for (size_t i = 0; i < count; i++)
		append_stapsdt_note(&b, site, provider, probes[i],
				    code + i * SITE_STRIDE + site->nop,
				    semaphores ? semaphore + i * 2 : 0);
	end(&b, NOTES);

	fill_hash(&b, symbols);
	finish_sections(&b, semaphores);
	if (b.out.failed) {
		free(b.out.data);
		return -1;
	}
	*image = (struct image){
	    .bytes = b.out.data,
	    .size = b.out.size,
	    .site = site,
	    .code = code,
	    .head = read_only,
	    .semaphores = semaphore,
	};
	content_hash(image->bytes, image->size, image->id);
	memcpy(image->bytes + build_id, image->id, BUILD_ID_BYTES);
	return 0;
}

void
image_free(struct image *image)
{
	free(image->bytes);
	image->bytes = NULL;
}
