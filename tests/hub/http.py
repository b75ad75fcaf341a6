"""HTTP calls with a longer timeout than httpx's five seconds, for busy machines."""

import httpx

_client = httpx.Client(timeout=120, limits=httpx.Limits(max_keepalive_connections=0))
get, head, post, put = _client.get, _client.head, _client.post, _client.put
