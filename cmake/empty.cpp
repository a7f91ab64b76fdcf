// Keeps a folder that is still all headers a valid static library.
