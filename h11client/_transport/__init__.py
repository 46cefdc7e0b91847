"""From a route to bytes: sockets and TLS, connections, the pool."""
