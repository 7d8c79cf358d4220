#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memfd.h"
#include "write.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

int
memfd_make(const char *provider, const struct image *image,
	   char reason[REASON_MAX])
{
	int fd;

	/* Where vm.memfd_noexec is set, a memfd has to say that it is code. */
	fd = (int)syscall(SYS_memfd_create, provider, MFD_CLOEXEC | MFD_EXEC);
	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_memfd_create, provider, MFD_CLOEXEC);
	if (fd < 0) {
		explain(reason, "memfd_create: %s", strerror(errno));
		return -1;
	}
	if (write_all(fd, image->bytes, image->size) != 0) {
		explain(reason, "cannot write into a memfd: %s",
			strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}
