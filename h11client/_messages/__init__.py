"""What is said: headers, URLs, bodies, requests and responses, without any I/O."""
