"""The commands, one module a group; each is a thin layer over the module that does the work."""
