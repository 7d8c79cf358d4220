"""State of services that offer it in kang's way: over HTTP, from files, from our own processes."""
