"""The network as named equations over one time step; the compiler's half. Never computes a number."""
