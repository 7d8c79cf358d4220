#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"

struct descriptor
descriptor_of(int fd)
{
	struct descriptor descriptor = NO_DESCRIPTOR;
	struct stat stat_;

	if (fd < 0 || fstat(fd, &stat_) != 0)
		return descriptor;
	descriptor.fd = fd;
	descriptor.device = stat_.st_dev;
	descriptor.inode = stat_.st_ino;
	return descriptor;
}

int
descriptor_is_ours(const struct descriptor *descriptor)
{
	struct stat stat_;

	return descriptor->fd >= 0 && fstat(descriptor->fd, &stat_) == 0 &&
	       stat_.st_dev == descriptor->device &&
	       stat_.st_ino == descriptor->inode;
}

void
descriptor_close(struct descriptor *descriptor)
{
	if (descriptor_is_ours(descriptor))
		close(descriptor->fd);
	*descriptor = NO_DESCRIPTOR;
}
