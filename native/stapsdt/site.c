#include <elf.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "site.h"

/*
 * x86-64: push %rbp; mov %rsp,%rbp; nop; pop %rbp; ret
 *
 * A uprobe on the 5-byte nop (0f 1f 44 00 00) becomes a call on Linux 6.18 and
 * later, which saves the trap. Earlier kernels step over that nop in a copy,
 * but skip the single byte, so they get that.
 *
 * aarch64: stp x29,x30,[sp,#-16]!; mov x29,sp; nop; ldp x29,x30,[sp],#16; ret
 */
static const struct site kinds[] = {
    {
	.machine = EM_X86_64,
	.page = 4,
	.length = 5,
	.nop = 4,
	.size = 11,
	.code = {0x55, 0x48, 0x89, 0xe5, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0x5d,
		 0xc3},
    },
    {
	.machine = EM_X86_64,
	.page = 4,
	.length = 1,
	.nop = 4,
	.size = 7,
	.code = {0x55, 0x48, 0x89, 0xe5, 0x90, 0x5d, 0xc3},
    },
    {
	.machine = EM_AARCH64,
	.page = 64,
	.length = 4,
	.nop = 8,
	.size = 20,
	.code = {0xfd, 0x7b, 0xbf, 0xa9, 0xfd, 0x03, 0x00, 0x91, 0x1f, 0x20,
		 0x03, 0xd5, 0xfd, 0x7b, 0xc1, 0xa8, 0xc0, 0x03, 0x5f, 0xd6},
    },
};

/* Whether uprobes on the 5-byte nop are optimised. The kernel can be asked, by
 * a system call that older ones do not have; but seccomp filters may kill for
 * unknown system calls, and we are a guest in this process. */
static int
kernel_optimises(void)
{
	struct utsname name;
	unsigned major, minor;

	if (uname(&name) != 0 ||
	    sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return 0;
	return major > 6 || (major == 6 && minor >= 18);
}

const struct site *
site_for(uint16_t machine, int length)
{
	if (length == 0 && machine == EM_X86_64)
		length = kernel_optimises() ? 5 : 1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].machine == machine &&
		    (length == 0 || kinds[i].length == length))
			return &kinds[i];
	}
	return NULL;
}

int
site_operand(const struct site *site, int index, ArgType_t type, char *text,
	     size_t size)
{
	static const char *const x86[6][4] = {
	    {"dil", "di", "edi", "rdi"}, {"sil", "si", "esi", "rsi"},
	    {"dl", "dx", "edx", "rdx"},  {"cl", "cx", "ecx", "rcx"},
	    {"r8b", "r8w", "r8d", "r8"}, {"r9b", "r9w", "r9d", "r9"},
	};
	int bytes = type < 0 ? -(int)type : (int)type;
	int width = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
	int x86_64 = site->machine == EM_X86_64;

	if (index < 6) {
		/* bcc knows the registers of aarch64 by their x names only. */
		if (x86_64)
			return snprintf(text, size, "%d@%%%s", (int)type,
					x86[index][width]);
		return snprintf(text, size, "%d@x%d", (int)type, index);
	}
	return snprintf(text, size, x86_64 ? "%d@%d(%%r10)" : "%d@[x9, %d]",
			(int)type, index * 8);
}

/* Calls with registers of our choice cannot be written in C; in an inline
 * assembly statement, the call would overwrite the red zone. */
#if defined(__x86_64__)

uint16_t
site_machine(void)
{
	return EM_X86_64;
}

__asm__(".text\n"
	".globl site_call\n"
	".hidden site_call\n"
	".type site_call, @function\n"
	"site_call:\n"
	"	.cfi_startproc\n"
	"	pushq %rbp\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset %rbp, -16\n"
	"	movq %rsp, %rbp\n"
	"	.cfi_def_cfa_register %rbp\n"
	"	movq %rdi, %r11\n"
	"	movq %rsi, %r10\n"
	"	movq (%r10), %rdi\n"
	"	movq 8(%r10), %rsi\n"
	"	movq 16(%r10), %rdx\n"
	"	movq 24(%r10), %rcx\n"
	"	movq 32(%r10), %r8\n"
	"	movq 40(%r10), %r9\n"
	"	call *%r11\n"
	"	popq %rbp\n"
	"	.cfi_def_cfa %rsp, 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size site_call, .-site_call\n");

#elif defined(__aarch64__)

uint16_t
site_machine(void)
{
	return EM_AARCH64;
}

__asm__(".text\n"
	".globl site_call\n"
	".hidden site_call\n"
	".type site_call, %function\n"
	"site_call:\n"
	"	.cfi_startproc\n"
	"	stp x29, x30, [sp, #-16]!\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset x29, -16\n"
	"	.cfi_offset x30, -8\n"
	"	mov x29, sp\n"
	"	mov x16, x0\n"
	"	mov x9, x1\n"
	"	ldp x0, x1, [x9]\n"
	"	ldp x2, x3, [x9, #16]\n"
	"	ldp x4, x5, [x9, #32]\n"
	"	blr x16\n"
	"	ldp x29, x30, [sp], #16\n"
	"	.cfi_restore x29\n"
	"	.cfi_restore x30\n"
	"	.cfi_def_cfa_offset 0\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size site_call, .-site_call\n");

#else

uint16_t
site_machine(void)
{
	return 0;
}

void
site_call(const void *code, const uint64_t *block)
{
	(void)code;
	(void)block;
}

#endif
