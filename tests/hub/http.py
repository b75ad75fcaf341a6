"""Plain HTTP calls with the patience that a loaded machine needs: httpx's own is five seconds."""

import httpx

_client = httpx.Client(timeout=120, limits=httpx.Limits(max_keepalive_connections=0))
get, head, post, put = _client.get, _client.head, _client.post, _client.put
